"""Features of images: SURF histograms of Office-Caltech10, network features of it and of PACS.

References:
    Gong, Shi, Sha, Grauman. "Geodesic Flow Kernel for Unsupervised Domain Adaptation". CVPR 2012.
    doi:10.1109/CVPR.2012.6247911. (Office-Caltech10 and its SURF histograms.)
    Li, Yang, Song, Hospedales. "Deeper, Broader and Artier Domain Generalization". ICCV 2017.
    arXiv:1710.03077. (PACS.)
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import DataSet, Form
from xferlab.data.labels import check_labels_in_range
from xferlab.data.raw import RawDomain
from xferlab.data.readers.arrays import read_npz
from xferlab.data.readers.matlab import read_mat
from xferlab.data.split import Split

OFFICE_CALTECH10_CLASSES = (
    "backpack",
    "bike",
    "calculator",
    "headphones",
    "keyboard",
    "laptop",
    "monitor",
    "mouse",
    "mug",
    "projector",
)
OFFICE_CALTECH10_DOMAINS = ("amazon", "caltech10", "dslr", "webcam")
PACS_CLASSES = ("dog", "elephant", "giraffe", "guitar", "horse", "house", "person")
PACS_DOMAINS = ("art_painting", "cartoon", "photo", "sketch")

_SURF_FILES = {
    "amazon": "amazon_SURF_L10.mat",
    "caltech10": "Caltech10_SURF_L10.mat",
    "dslr": "dslr_SURF_L10.mat",
    "webcam": "webcam_SURF_L10.mat",
}
_SURF_BINS = 800
_NETWORK = "features_efficientnet_lite0.npz"


def _read_surf_npz(folder: Path) -> dict[str, RawDomain]:
    """Returns the domains of `features_surf800.npz`: <domain>_x counts and <domain>_y labels."""
    path = folder / "features_surf800.npz"
    arrays = read_npz(path)
    missing = [f"{d}_{a}" for d in _SURF_FILES for a in "xy" if f"{d}_{a}" not in arrays]
    if missing:
        raise InputError(
            f"{path} has no {', '.join(missing)}. Needed: <domain>_x and <domain>_y for "
            f"{', '.join(_SURF_FILES)}; copy the file again."
        )
    return {d: _surf_domain(arrays[f"{d}_x"], arrays[f"{d}_y"], path) for d in _SURF_FILES}


def _read_surf_mat(folder: Path) -> dict[str, RawDomain]:
    """Returns the domains of the four *_SURF_L10.mat: counts fts, labels from 1 to 10."""
    domains = {}
    for domain, file in _SURF_FILES.items():
        counts, labels = read_mat(folder / file, "fts", "labels")
        domains[domain] = _surf_domain(counts, labels.astype(np.int64).ravel() - 1, folder / file)
    return domains


def _surf_domain(counts: np.ndarray, labels: np.ndarray, path: Path) -> RawDomain:
    """Returns one domain of SURF histograms, checked."""
    if counts.ndim != 2 or counts.shape[1] != _SURF_BINS:
        raise InputError(
            f"{path}: the histograms have shape {counts.shape}. Needed: [n, {_SURF_BINS}] counts; "
            "is it a file of this data set?"
        )
    check_labels_in_range(labels, len(OFFICE_CALTECH10_CLASSES), str(path))
    split = Split(counts.astype(np.float32), labels)
    return RawDomain(split, None, OFFICE_CALTECH10_CLASSES)


def _read_network_features(
    folder: Path, *, domains: tuple[str, ...], class_names: tuple[str, ...]
) -> dict[str, RawDomain]:
    """Returns the domains of a file with features x, labels y and domain numbers."""
    path = folder / _NETWORK
    arrays = read_npz(path)
    missing = [key for key in ("x", "y", "domain") if key not in arrays]
    present = set(arrays.get("domain", np.empty(0)).tolist())
    if missing or present != set(range(len(domains))):
        raise InputError(
            f"{path} has no {', '.join(missing) or 'rows of each domain'}: its domain numbers are "
            f"{sorted(present)}. Needed: x, y and domain, with rows of 0 to {len(domains) - 1} for "
            f"{', '.join(domains)}; copy the file again."
        )
    check_labels_in_range(arrays["y"], len(class_names), str(path))
    rows = {name: arrays["domain"] == index for index, name in enumerate(domains)}
    return {
        name: RawDomain(
            Split(arrays["x"][chosen].astype(np.float32), arrays["y"][chosen]), None, class_names
        )
        for name, chosen in rows.items()
    }


OFFICE_FEATURES = (
    DataSet(
        name="office_caltech10_surf",
        title="Office-Caltech10 as histograms of 800 SURF words (counts)",
        modality="features",
        domains=OFFICE_CALTECH10_DOMAINS,
        examples={"amazon": 958, "caltech10": 1123, "dslr": 157, "webcam": 295},
        class_names=OFFICE_CALTECH10_CLASSES,
        licence="not stated",
        citation="gong2012gfk",
        homepage="https://www.cs.utexas.edu/~grauman/research/adapt/",
        forms=(
            Form(
                "the compact features_surf800.npz",
                "features_surf800.npz",
                _read_surf_npz,
                folder="office_caltech10",
            ),
            Form("the four *_SURF_L10.mat", _SURF_FILES["amazon"], _read_surf_mat),
        ),
        by_hand="Its page links the features; the files amazon_SURF_L10.mat, "
        "Caltech10_SURF_L10.mat, dslr_SURF_L10.mat and webcam_SURF_L10.mat are also in many public "
        "repositories, such as github.com/jtahmores/MDA. Put the four into the data set's folder.",
    ),
    DataSet(
        name="office_caltech10_efficientnet",
        title="Office-Caltech10 as 1280 features of EfficientNet-Lite0 (ImageNet weights)",
        modality="features",
        domains=OFFICE_CALTECH10_DOMAINS,
        examples={"amazon": 958, "caltech10": 1123, "dslr": 157, "webcam": 295},
        class_names=OFFICE_CALTECH10_CLASSES,
        licence="not stated",
        citation="gong2012gfk",
        homepage="https://www.cs.utexas.edu/~grauman/research/adapt/",
        forms=(
            Form(
                f"the compact {_NETWORK}",
                _NETWORK,
                functools.partial(
                    _read_network_features,
                    domains=OFFICE_CALTECH10_DOMAINS,
                    class_names=OFFICE_CALTECH10_CLASSES,
                ),
                folder="office_caltech10",
            ),
        ),
        by_hand="Average-pooled features of the images resized to 256 and cropped to 224 pixels, "
        f"pixels (x - 127) / 128: save x [n, 1280], y and domain (0 to 3) in {_NETWORK}.",
    ),
    DataSet(
        name="pacs_efficientnet",
        title="PACS as 1280 features of EfficientNet-Lite0 (ImageNet weights)",
        modality="features",
        domains=PACS_DOMAINS,
        examples={"art_painting": 2048, "cartoon": 2344, "photo": 1670, "sketch": 3929},
        class_names=PACS_CLASSES,
        licence="not stated",
        citation="li2017pacs",
        homepage="https://dali-dl.github.io/project_iccv2017.html",
        forms=(
            Form(
                f"the compact {_NETWORK}",
                _NETWORK,
                functools.partial(
                    _read_network_features, domains=PACS_DOMAINS, class_names=PACS_CLASSES
                ),
                folder="pacs",
            ),
        ),
        by_hand="Average-pooled features of the images resized to 224 pixels, pixels "
        f"(x - 127) / 128: save x [n, 1280], y and domain (0 to 3) in {_NETWORK}.",
    ),
)
