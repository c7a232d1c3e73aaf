"""Data sets of images that fit in memory: Office-31, Office-Caltech10, Office-Home and PACS.

Each is read from its files as unpacked (`xferlab.data.catalogue.image_tree`); features of the same
images are in `office`, larger sets in `large_images`.

References:
    Saenko, Kulis, Fritz, Darrell. "Adapting Visual Category Models to New Domains". ECCV 2010.
    doi:10.1007/978-3-642-15561-1_16. (Office-31.)
    Gong, Shi, Sha, Grauman. "Geodesic Flow Kernel for Unsupervised Domain Adaptation". CVPR 2012.
    doi:10.1109/CVPR.2012.6247911. (Office-Caltech10.)
    Venkateswara, Eusebio, Chakraborty, Panchanathan. "Deep Hashing Network for Unsupervised Domain
    Adaptation". CVPR 2017. arXiv:1706.07522. (Office-Home.)
    Li, Yang, Song, Hospedales. "Deeper, Broader and Artier Domain Generalization". ICCV 2017.
    arXiv:1710.03077. (PACS.)
"""

from __future__ import annotations

from xferlab.data.catalogue.dataset import DataSet
from xferlab.data.catalogue.image_tree import ImageTree, image_forms
from xferlab.data.catalogue.sets.office import OFFICE_CALTECH10_CLASSES, PACS_CLASSES

_OFFICE31_NAMES = """
back_pack bike bike_helmet bookcase bottle calculator desk_chair desk_lamp desktop_computer
file_cabinet headphones keyboard laptop_computer letter_tray mobile_phone monitor mouse mug
paper_notebook pen phone printer projector punchers ring_binder ruler scissors speaker stapler
tape_dispenser trash_can
"""
OFFICE31_CLASSES = tuple(_OFFICE31_NAMES.split())

_OFFICE_HOME_NAMES = """
Alarm_Clock Backpack Batteries Bed Bike Bottle Bucket Calculator Calendar Candles Chair
Clipboards Computer Couch Curtains Desk_Lamp Drill Eraser Exit_Sign Fan File_Cabinet Flipflops
Flowers Folder Fork Glasses Hammer Helmet Kettle Keyboard Knives Lamp_Shade Laptop Marker
Monitor Mop Mouse Mug Notebook Oven Pan Paper_Clip Pen Pencil Postit_Notes Printer Push_Pin
Radio Refrigerator Ruler Scissors Screwdriver Shelf Sink Sneakers Soda Speaker Spoon TV Table
Telephone ToothBrush Toys Trash_Can Webcam
"""
OFFICE_HOME_CLASSES = tuple(_OFFICE_HOME_NAMES.split())
"""In alphabetical order, as DomainBed has them; TLL numbers the same classes otherwise."""

OFFICE31_TREE = ImageTree(
    name="office31",
    class_names=OFFICE31_CLASSES,
    places={name: (f"{name}/images", name) for name in ("amazon", "dslr", "webcam")},
)
OFFICE_CALTECH10_TREE = ImageTree(
    name="office_caltech10",
    class_names=OFFICE_CALTECH10_CLASSES,
    places={name: (f"images/{name}", name) for name in ("amazon", "caltech10", "dslr", "webcam")},
)
OFFICE_HOME_TREE = ImageTree(
    name="office_home",
    class_names=OFFICE_HOME_CLASSES,
    places={
        "art": ("OfficeHomeDataset_10072016/Art", "Art"),
        "clipart": ("OfficeHomeDataset_10072016/Clipart", "Clipart"),
        "product": ("OfficeHomeDataset_10072016/Product", "Product"),
        "real_world": (
            "OfficeHomeDataset_10072016/Real World",
            "Real World",
            "Real_World",
            "RealWorld",
        ),
    },
)
_PACS_PLACES = {
    name: (f"kfold/{name}", f"images/{name}", name)
    for name in ("art_painting", "cartoon", "photo", "sketch")
}
PACS_TREE = ImageTree(name="pacs", class_names=PACS_CLASSES, places=_PACS_PLACES)


def pacs_tree_with_lists(lists_folder: str) -> ImageTree:
    """Returns PACS with the split of its authors: nine tenths for training, one tenth held out.

    The lists are `<domain>_train_kfold.txt` and `<domain>_crossval_kfold.txt`, which count classes
    from one. The third, `<domain>_test_kfold.txt`, is both together: the published protocol trains
    on the first of the sources, selects on the second and tests on the whole target.

    Args:
        lists_folder: that holds them, relative to the data set's folder.
    """
    return ImageTree(
        name="pacs",
        class_names=PACS_CLASSES,
        places={
            # A line is <domain>/<class>/<file>, relative to the folder that holds the domains.
            name: tuple(place.removesuffix(name) or "." for place in places)
            for name, places in _PACS_PLACES.items()
        },
        lists={
            name: {
                "train": f"{lists_folder}{name}_train_kfold.txt",
                "test": f"{lists_folder}{name}_crossval_kfold.txt",
            }
            for name in _PACS_PLACES
        },
        first_label=1,
    )


IMAGE_TREES = (
    DataSet(
        name="office31",
        title="Office-31: 4110 photographs of office objects from a shop and two cameras",
        modality="images",
        domains=tuple(OFFICE31_TREE.places),
        examples={"amazon": 2817, "dslr": 498, "webcam": 795},
        class_names=OFFICE31_CLASSES,
        licence="not stated",
        citation="saenko2010office",
        homepage="https://faculty.cc.gatech.edu/~judy/domainadapt/",
        forms=image_forms(OFFICE31_TREE, "DOMAIN/images/CLASS/*.jpg, as the archive unpacks"),
        by_hand="Its page links an archive domain_adaptation_images.tar.gz that no program can "
        "fetch (4110 images: amazon 2817, dslr 498, webcam 795). Unpack it so that the folder has "
        "amazon/images, dslr/images and webcam/images.",
    ),
    DataSet(
        name="office_caltech10",
        title="Office-Caltech10: 2533 photographs, the ten classes of Office-31 in Caltech-256",
        modality="images",
        domains=tuple(OFFICE_CALTECH10_TREE.places),
        examples={"amazon": 958, "caltech10": 1123, "dslr": 157, "webcam": 295},
        class_names=OFFICE_CALTECH10_CLASSES,
        licence="not stated",
        citation="gong2012gfk",
        homepage="https://www.cs.utexas.edu/~grauman/research/adapt/",
        forms=image_forms(OFFICE_CALTECH10_TREE, "DOMAIN/CLASS/*.jpg"),
        by_hand="Take the ten classes from Office-31 and from Caltech-256 (amazon 958, caltech10 "
        "1123, dslr 157, webcam 295 images), in folders images/DOMAIN/CLASS.",
    ),
    DataSet(
        name="office_home",
        title="Office-Home: 15588 pictures of everyday objects in four styles",
        modality="images",
        domains=tuple(OFFICE_HOME_TREE.places),
        examples={"art": 2427, "clipart": 4365, "product": 4439, "real_world": 4357},
        class_names=OFFICE_HOME_CLASSES,
        licence="not stated",
        citation="venkateswara2017officehome",
        homepage="https://www.hemanthdv.org/officeHomeDataset.html",
        forms=image_forms(OFFICE_HOME_TREE, "Art, Clipart, Product and Real World, as published"),
        by_hand="Its page links an archive OfficeHomeDataset_10072016.zip on a cloud drive that no "
        "program can fetch. Unpack it in the data set's folder.",
    ),
    DataSet(
        name="pacs",
        title="PACS: 9991 pictures of seven classes as photographs, paintings, cartoons, sketches",
        modality="images",
        domains=tuple(PACS_TREE.places),
        examples={"art_painting": 2048, "cartoon": 2344, "photo": 1670, "sketch": 3929},
        class_names=PACS_CLASSES,
        licence="not stated",
        citation="li2017pacs",
        homepage="https://dali-dl.github.io/project_iccv2017.html",
        forms=(
            *image_forms(pacs_tree_with_lists(""), "images and the authors' lists beside them"),
            *image_forms(pacs_tree_with_lists("splits/"), "images and the authors' lists"),
            *image_forms(PACS_TREE, "DOMAIN/CLASS/*, without lists"),
        ),
        by_hand="Its page links a cloud drive that no program can fetch (art_painting 2048, "
        "cartoon 2344, photo 1670, sketch 3929 images). Put the folders of the four domains into "
        "kfold, and the lists <domain>_train_kfold.txt and <domain>_crossval_kfold.txt, if you "
        "have them, beside it.",
    ),
)
