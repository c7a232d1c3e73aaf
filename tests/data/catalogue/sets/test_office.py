"""Features of Office-Caltech10 and PACS: made files, bad ones, and published numbers."""

import numpy as np
import pytest
import scipy.io
from sklearn.neighbors import KNeighborsClassifier

from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.office import OFFICE_FEATURES
from xferlab.data.features.standardising import row_sums_to_one, standardise_columns

RNG = np.random.default_rng(0)
SETS = {each.name: each for each in OFFICE_FEATURES}
MAT_FILES = [f"{d}_SURF_L10.mat" for d in ("amazon", "Caltech10", "dslr", "webcam")]


def read(name, folder):
    form = next(f for f in SETS[name].forms if next(folder.glob(f.marker), None))
    return form.read(folder)


def surf_arrays(domains=("amazon", "caltech10", "dslr", "webcam")):
    arrays = {}
    for domain in domains:
        arrays[f"{domain}_x"] = RNG.integers(0, 50, (20, 800)).astype(np.uint8)
        arrays[f"{domain}_y"] = np.arange(20) % 10
    return arrays


@pytest.mark.fast
def test_surf_of_matlab_files(tmp_path):
    counts = RNG.integers(0, 50, (20, 800)).astype(float)
    labels = (np.arange(20) % 10 + 1)[:, None]
    for file in MAT_FILES:
        scipy.io.savemat(tmp_path / file, {"fts": counts, "labels": labels})
    domains = read("office_caltech10_surf", tmp_path)
    assert tuple(domains) == SETS["office_caltech10_surf"].domains
    np.testing.assert_array_equal(domains["caltech10"].train.inputs, counts)
    assert domains["dslr"].train.labels.tolist() == list(range(10)) * 2
    assert domains["dslr"].test is None
    scipy.io.savemat(tmp_path / MAT_FILES[2], {"fts": counts, "labels": labels - 1})
    with pytest.raises(InputError, match=r"dslr_SURF_L10.mat: label -1 at index 0"):
        read("office_caltech10_surf", tmp_path)
    scipy.io.savemat(tmp_path / MAT_FILES[2], {"fts": counts[:, :400], "labels": labels})
    with pytest.raises(InputError, match=r"histograms have shape \(20, 400\)"):
        read("office_caltech10_surf", tmp_path)


@pytest.mark.fast
def test_surf_of_the_compact_file(tmp_path):
    arrays = surf_arrays()
    np.savez(tmp_path / "features_surf800.npz", **arrays)
    domains = read("office_caltech10_surf", tmp_path)
    np.testing.assert_array_equal(domains["webcam"].train.inputs, arrays["webcam_x"])
    np.savez(tmp_path / "features_surf800.npz", **surf_arrays(("amazon", "dslr", "webcam")))
    with pytest.raises(InputError, match="has no caltech10_x, caltech10_y"):
        read("office_caltech10_surf", tmp_path)
    objects = np.array([{}], object)
    np.savez(tmp_path / "features_surf800.npz", **{**arrays, "amazon_y": objects})
    with pytest.raises(InputError, match="pickled objects are refused"):
        read("office_caltech10_surf", tmp_path)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("name", "classes"), [("office_caltech10_efficientnet", 10), ("pacs_efficientnet", 7)]
)
def test_network_features(tmp_path, name, classes):
    file = tmp_path / "features_efficientnet_lite0.npz"
    features = RNG.normal(size=(40, 8)).astype(np.float16)
    labels, domain = np.arange(40) % classes, np.arange(40) // 10
    np.savez(file, x=features, y=labels, domain=domain)
    domains = read(name, tmp_path)
    assert tuple(domains) == SETS[name].domains
    third = domains[SETS[name].domains[2]]
    np.testing.assert_array_equal(third.train.inputs, features[20:30])
    assert third.train.inputs.dtype == np.float32 and len(third.class_names) == classes
    np.savez(file, x=features, y=labels, domain=domain.clip(0, 2))
    with pytest.raises(InputError, match=r"domain numbers are \[0, 1, 2\]. Needed: .*0 to 3"):
        read(name, tmp_path)
    np.savez(file, x=features, y=labels + 5, domain=domain)
    with pytest.raises(InputError, match=f"label {classes} at index"):
        read(name, tmp_path)
    np.savez(file, x=features, y=labels)
    with pytest.raises(InputError, match="has no domain"):
        read(name, tmp_path)


def test_published_nearest_neighbour_on_surf():
    """Long et al. 2013: rows divided by their sums, columns of each domain standardised, 1-NN."""
    folder = shared_data("office_caltech10") / "office_caltech10"
    domains = read("office_caltech10_surf", folder)
    assert [len(d.train.labels) for d in domains.values()] == [958, 1123, 157, 295]
    features = {
        name: standardise_columns(row_sums_to_one(raw.train.inputs))
        for name, raw in domains.items()
    }
    published = {
        ("caltech10", "amazon"): 23.7,
        ("caltech10", "dslr"): 25.5,
        ("webcam", "dslr"): 59.2,
        ("dslr", "webcam"): 63.4,
    }
    for (source, target), accuracy in published.items():
        neighbour = KNeighborsClassifier(1).fit(features[source], domains[source].train.labels)
        score = neighbour.score(features[target], domains[target].train.labels)
        assert 100 * score == pytest.approx(accuracy, abs=0.051)


@pytest.mark.parametrize(
    ("name", "folder", "counts"),
    [
        ("office_caltech10_efficientnet", "office_caltech10", [958, 1123, 157, 295]),
        ("pacs_efficientnet", "pacs", [2048, 2344, 1670, 3929]),
    ],
)
def test_the_compact_network_features(name, folder, counts):
    assert SETS[name].forms[0].folder == folder
    domains = read(name, shared_data(folder) / folder)
    assert [len(d.train.labels) for d in domains.values()] == counts
    assert {d.train.inputs.shape[1] for d in domains.values()} == {1280}
