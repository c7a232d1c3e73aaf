"""Data sets of images that do not fit in memory: VisDA-2017 and DomainNet.

They are read image by image through their `ImageTree`; reading one of their forms as arrays is
refused where it would not fit (`xferlab.data.catalogue.image_tree.MAX_BYTES`).

References:
    Peng, Usman, Kaushik, Hoffman, Wang, Saenko. "VisDA: The Visual Domain Adaptation Challenge".
    2017. arXiv:1710.06924.
    Peng, Bai, Xia, Huang, Saenko, Wang. "Moment Matching for Multi-Source Domain Adaptation". ICCV
    2019. arXiv:1812.01754. (DomainNet.)
"""

from __future__ import annotations

from xferlab.data.catalogue.dataset import DataSet, Download
from xferlab.data.catalogue.image_tree import ImageTree, image_forms
from xferlab.data.catalogue.sets.domainnet_classes import DOMAINNET_CLASSES

_VISDA_FILES = "http://csr.bu.edu/ftp/visda17/clf"
_DOMAINNET_FILES = "http://csr.bu.edu/ftp/visda/2019/multi-source"
_DOMAINNET_ARCHIVES = {
    "clipart": "groundtruth/clipart.zip",
    "infograph": "infograph.zip",
    "painting": "groundtruth/painting.zip",
    "quickdraw": "quickdraw.zip",
    "real": "real.zip",
    "sketch": "sketch.zip",
}
"""The cleaned version, which the authors recommend for clipart and painting."""

VISDA2017_TREE = ImageTree(
    name="visda2017",
    class_names=(
        "aeroplane",
        "bicycle",
        "bus",
        "car",
        "horse",
        "knife",
        "motorcycle",
        "person",
        "plant",
        "skateboard",
        "train",
        "truck",
    ),
    places={"synthetic": ("train",), "real": ("validation",)},
    lists={
        "synthetic": {"train": "train/image_list.txt"},
        "real": {"train": "validation/image_list.txt"},
    },
)
"""The challenge's third domain, its test images, is no part of the published comparisons."""

DOMAINNET_TREE = ImageTree(
    name="domainnet",
    class_names=DOMAINNET_CLASSES,
    places=dict.fromkeys(_DOMAINNET_ARCHIVES, (".",)),
    lists={
        name: {"train": f"{name}_train.txt", "test": f"{name}_test.txt"}
        for name in _DOMAINNET_ARCHIVES
    },
)


def _domainnet_downloads() -> tuple[Download, ...]:
    """Returns the archive and the two lists of each domain."""
    downloads = []
    for domain, archive in _DOMAINNET_ARCHIVES.items():
        downloads.append(Download(f"{_DOMAINNET_FILES}/{archive}", f"{domain}.zip"))
        for part in ("train", "test"):
            file = f"{domain}_{part}.txt"
            url = f"{_DOMAINNET_FILES}/domainnet/txt/{file}"
            downloads.append(Download(url, file, unpack=False))
    return tuple(downloads)


LARGE_IMAGES = (
    DataSet(
        name="visda2017",
        title="VisDA-2017: 152397 renderings and 55388 photographs of twelve classes",
        modality="images",
        domains=tuple(VISDA2017_TREE.places),
        examples={"synthetic": 152397, "real": 55388},
        class_names=VISDA2017_TREE.class_names,
        licence="non-commercial research and education; the images may not be redistributed",
        citation="peng2017visda",
        homepage="https://github.com/VisionLearningGroup/taskcv-2017-public",
        forms=image_forms(VISDA2017_TREE, "train and validation with their image_list.txt"),
        downloads=tuple(
            Download(f"{_VISDA_FILES}/{part}.tar", f"{part}.tar")
            for part in ("train", "validation")
        ),
        by_hand="Unpack train.tar and validation.tar in the data set's folder; each holds a folder "
        "of its name with image_list.txt.",
    ),
    DataSet(
        name="domainnet",
        title="DomainNet (cleaned): about 587000 pictures of 345 classes in six styles",
        modality="images",
        domains=tuple(DOMAINNET_TREE.places),
        class_names=DOMAINNET_CLASSES,
        licence="not stated; its page has a fair-use notice",
        citation="peng2019domainnet",
        homepage="https://ai.bu.edu/M3SDA/",
        forms=image_forms(DOMAINNET_TREE, "the six archives, unpacked, and their lists"),
        downloads=_domainnet_downloads(),
        by_hand="Unpack clipart.zip (cleaned), infograph.zip, painting.zip (cleaned), "
        "quickdraw.zip, real.zip and sketch.zip in the data set's folder, with the twelve lists "
        "<domain>_train.txt and <domain>_test.txt beside them. TFDS has it too, but its builder "
        "needs TensorFlow.",
    ),
)
