"""Trees of image files: made ones in each published layout, incomplete ones, and a real one."""

import itertools

import numpy as np
import pytest
from PIL import Image

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.image_tree import central_image, image_forms, read_image_tree
from xferlab.data.catalogue.sets.image_trees import (
    IMAGE_TREES,
    OFFICE31_TREE,
    OFFICE_CALTECH10_TREE,
    OFFICE_HOME_TREE,
    PACS_TREE,
    pacs_tree_with_lists,
)
from xferlab.data.catalogue.sets.large_images import DOMAINNET_TREE, LARGE_IMAGES, VISDA2017_TREE

fast = pytest.mark.fast
SETS = {each.name: each for each in (*IMAGE_TREES, *LARGE_IMAGES)}


def save_image(file, colour=(10, 20, 30), size=(6, 5)):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(file)


def save_tree(tree, folder, place=0):
    """Two images for each class of each domain, in one of its places."""
    for places in tree.places.values():
        for name, number in itertools.product(tree.class_names, range(2)):
            save_image(folder / places[place] / name / f"frame_{number}.png")


def save_listed(tree, folder):
    """An image for each of the first two classes in every list of a tree with lists."""
    for domain, lists in tree.lists.items():
        place = folder / tree.places[domain][0]
        for part, list_file in lists.items():
            lines = []
            for label in range(2):
                path = f"{domain}/{tree.class_names[label]}/{part}.png"
                save_image(place / path)
                lines.append(f"{path} {label + tree.first_label}\n")
            (folder / list_file).parent.mkdir(parents=True, exist_ok=True)
            (folder / list_file).write_text("".join(lines))


def read(name, folder, **settings):
    form = next(f for f in SETS[name].forms if next(folder.glob(f.marker), None))
    return form.read(folder, **settings)


@fast
@pytest.mark.parametrize(
    ("tree", "classes"),
    [(OFFICE31_TREE, 31), (OFFICE_CALTECH10_TREE, 10), (OFFICE_HOME_TREE, 65), (PACS_TREE, 7)],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("place", [0, -1])
def test_folders_are_labels(tmp_path, tree, classes, place):
    save_tree(tree, tmp_path, place)
    domains = tuple(tree.places)
    assert len(set(tree.class_names)) == classes
    assert SETS[tree.name].domains == domains
    examples = list(tree.examples(tmp_path, domains[-1]))
    assert [label for _, label in examples] == np.repeat(np.arange(classes), 2).tolist()
    assert all(file.parent.name == tree.class_names[label] for file, label in examples)
    images, labels = read(tree.name, tmp_path, image_size=14)[domains[0]].train
    assert images.shape == (2 * classes, 14, 14, 3) and images.dtype == np.uint8
    assert (images == np.array([10, 20, 30])).all()
    assert labels.tolist() == [label for _, label in examples]


@fast
@pytest.mark.parametrize("name", ["pacs", "domainnet", "visda2017"])
def test_lists_are_labels(tmp_path, name):
    tree = {
        "pacs": pacs_tree_with_lists("splits/"),
        "domainnet": DOMAINNET_TREE,
        "visda2017": VISDA2017_TREE,
    }[name]
    save_listed(tree, tmp_path)
    domains = read(name, tmp_path, image_size=7)
    assert tuple(domains) == SETS[name].domains
    for domain, raw in domains.items():
        assert raw.train.labels.tolist() == [0, 1]
        assert raw.train.inputs.shape == (2, 7, 7, 3)
        assert (raw.test is None) == (name == "visda2017")
        every = list(tree.examples(tmp_path, domain))
        parts = [list(tree.examples(tmp_path, domain, split=s)) for s in tree.split_names(domain)]
        assert every == list(itertools.chain(*parts)) and len(set(every)) == len(every)


@fast
def test_domainnet_counts_its_classes_as_tfds_does():
    domainnet = pytest.importorskip("tensorflow_datasets.image_classification.domainnet.domainnet")
    assert list(DOMAINNET_TREE.class_names) == domainnet._CLASS_NAMES
    configs = {config.name for config in domainnet.Domainnet.BUILDER_CONFIGS}
    assert set(DOMAINNET_TREE.places) == configs


@fast
def test_examples_open_no_image(tmp_path):
    save_tree(PACS_TREE, tmp_path)
    broken = tmp_path / "kfold/photo/dog/frame_0.png"
    broken.write_bytes(b"no image")
    assert next(PACS_TREE.examples(tmp_path, "photo")) == (broken, 0)
    with pytest.raises(InputError, match=r"cannot read the image .*frame_0.png"):
        read("pacs", tmp_path, image_size=7)


@fast
def test_trees_that_are_incomplete(tmp_path):
    save_tree(PACS_TREE, tmp_path)
    with pytest.raises(InputError, match=r"unknown domain of pacs 'foto'. Did you mean: photo"):
        PACS_TREE.examples(tmp_path, "foto")
    with pytest.raises(InputError, match="unknown split of pacs/photo 'test'"):
        PACS_TREE.examples(tmp_path, "photo", split="test")
    (tmp_path / "kfold/photo/dog").rename(tmp_path / "kfold/photo/dogs")
    with pytest.raises(InputError, match=r"lacks the class folders \['dog'\] .*unknown .*'dogs'"):
        list(PACS_TREE.examples(tmp_path, "photo"))
    (tmp_path / "kfold/photo/dogs").rename(tmp_path / "kfold/photo/dog")
    (tmp_path / "kfold/sketch").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="the domain 'sketch' is missing"):
        read("pacs", tmp_path)
    for file in (tmp_path / "kfold/photo/dog").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"photo/dog has no image"):
        list(PACS_TREE.examples(tmp_path, "photo"))


@fast
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("photo/dog/train.png 8", "line 1 of .* a label from 1 to 7"),
        ("photo/dog/train.png 0", "a label from 1 to 7"),
        ("photo/dog/train.png dog", "a label from 1 to 7"),
        ("photo/dog/train.png", "a label from 1 to 7"),
        ("photo/dog/gone.png 1", "gone.png is missing .line 1"),
        ("", "is empty"),
        (b"photo/\xff\xfe.png 1", "cannot read the list"),
        (None, "cannot read the list"),
    ],
)
def test_lists_that_are_bad(tmp_path, line, message):
    tree = pacs_tree_with_lists("")
    save_listed(tree, tmp_path)
    list_file = tmp_path / tree.lists["photo"]["train"]
    list_file.unlink()
    if line is not None:
        list_file.write_bytes(line if isinstance(line, bytes) else line.encode())
    with pytest.raises(InputError, match=message):
        read("pacs", tmp_path, image_size=7)


@fast
def test_what_does_not_fit_is_refused_before_it_is_decoded(tmp_path):
    save_tree(PACS_TREE, tmp_path)
    with pytest.raises(InputError, match=r"pacs has 56 images, 0.0 GiB at 224 x 224 .*by image"):
        read_image_tree(PACS_TREE, tmp_path, max_bytes=56 * 224 * 224 * 3 - 1)
    assert len(read_image_tree(PACS_TREE, tmp_path, image_size=7, max_bytes=56 * 147)) == 4


@fast
def test_the_centre_is_seven_eighths():
    image = np.zeros((256, 256, 3), np.uint8)
    image[16:240, 16:240] = 255
    assert (central_image(image, 224) == 255).all()
    image[16, 16] = 0
    assert (central_image(image, 224)[0, 0] == 0).all()
    assert central_image(np.zeros((9, 40, 3), np.uint8), 224).shape == (224, 224, 3)


@fast
def test_each_place_has_a_form():
    markers = [form.marker for form in image_forms(OFFICE31_TREE, "any")]
    assert markers == ["amazon/images/back_pack", "amazon/back_pack"]


def test_the_real_tree_of_office_caltech10():
    folder = shared_data("office_caltech10") / "office_caltech10"
    counts = {
        d: len(list(OFFICE_CALTECH10_TREE.examples(folder, d)))
        for d in SETS["office_caltech10"].domains
    }
    assert counts == {"amazon": 958, "caltech10": 1123, "dslr": 157, "webcam": 295}
    raw = read("office_caltech10", folder, image_size=28)["dslr"]
    with np.load(folder / "features_surf800.npz") as features:  # The same images in this order.
        np.testing.assert_array_equal(raw.train.labels, np.sort(features["dslr_y"]))
