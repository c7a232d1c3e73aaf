"""Made data sets in a made catalogue, and their files in an authors' form."""

import numpy as np
import scipy.sparse

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.data.catalogue.dataset import DataSet, Form
from xferlab.data.catalogue.image_tree import ImageTree, image_forms
from xferlab.data.catalogue.load import forget_forms
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split

CLASSES = ("no", "yes")
READINGS = []
"""The folder of every reading of a form."""


def made_split(n=12, seed=0):
    inputs = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    return Split(inputs, np.arange(n, dtype=np.int32) % 2)


def sparse_split(n=8, seed=0):
    rows = scipy.sparse.random_array((n, 6), density=0.4, rng=seed, dtype=np.float32, format="csr")
    return Split(rows, np.arange(n, dtype=np.int32) % 2)


def read_pair(folder):
    """The authors' form: left.txt and right.txt, numbers with the label last."""
    READINGS.append(folder)
    domains = {}
    for name in ("left", "right"):
        if (folder / f"{name}.txt").is_file():
            try:
                table = np.loadtxt(folder / f"{name}.txt")
            except ValueError as error:
                raise InputError(f"{folder / name}.txt is damaged: {error}") from error
            split = Split(table[:, :-1].astype(np.float32), table[:, -1].astype(np.int32))
            test = split if name == "right" else None
            domains[name] = RawDomain(split, test, CLASSES)
    return domains


def write_pair(folder, names=("left", "right"), label=None):
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        split = made_split(seed=seed)
        labels = split.labels if label is None else np.full(12, label)
        np.savetxt(folder / f"{name}.txt", np.column_stack([split.inputs, labels]))


def read_bags(folder):
    READINGS.append(folder)
    return {"words": RawDomain(sparse_split(), sparse_split(4, 1), CLASSES)}


def make_set(name="pair", **changes):
    known = {
        "title": "Made numbers of two domains",
        "modality": "features",
        "domains": ("left", "right"),
        "class_names": CLASSES,
        "licence": "CC0",
        "citation": "ganin2016dann",
        "homepage": "https://example.org/pair",
        "forms": (Form("the text files", "*.txt", read_pair),),
        "by_hand": "Ask its authors for left.txt and right.txt.",
    }
    return DataSet(name=name, **known | changes)


PAIR = make_set()
BAGS = make_set(
    "bags", domains=("words",), forms=(Form("the bags", "bags.bin", read_bags, folder="sacks"),)
)
TREE = ImageTree(
    name="tree", class_names=CLASSES, places={"photo": ("photo",), "drawing": ("drawing",)}
)
IMAGES = make_set(
    "tree",
    modality="images",
    domains=("photo", "drawing"),
    forms=image_forms(TREE, "folders"),
)
CATALOGUE = NameTable("data set", {each.name: each for each in (PAIR, BAGS, IMAGES)})


def use_catalogue(monkeypatch, *modules):
    """Puts the made catalogue in the place of the real one."""
    for module in modules:
        monkeypatch.setattr(f"{module}.DATA_SETS", CATALOGUE)
    READINGS.clear()
    forget_forms()
