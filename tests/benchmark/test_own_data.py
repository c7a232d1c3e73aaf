"""A suite from a user's own files."""

import numpy as np
import pytest

from xferlab.benchmark.own_data import load_domain, own_suite
from xferlab.benchmark.suite import SuiteRequest
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast


def save(path, *, shape=(2,), dtype=np.float32, n=40, classes=2, **others):
    generator = np.random.default_rng(len(path.name))
    inputs = generator.integers(0, 256, (n, *shape)).astype(dtype)
    np.savez(path, **{"x": inputs, "y": np.arange(n) % classes} | others)
    return str(path)


def make_suite(source, target, network="", *, steps=0):
    domains = (load_domain(text, None) for text in (source, target))
    return own_suite(*domains, network, SuiteRequest(steps=steps))


def test_the_network_follows_from_the_inputs(tmp_path):
    a, b = save(tmp_path / "a.npz"), save(tmp_path / "b.npz")
    suite = make_suite(a, b, steps=30)
    (only,) = suite.tasks
    assert (only.task.name, only.network.backbone, only.training.steps) == ("a->b", "mlp", 30)
    assert only.training.batch_sizes == (32, 32)
    images = {"shape": (8, 8, 3), "dtype": np.uint8}
    a, b = save(tmp_path / "a.npz", **images), save(tmp_path / "b.npz", **images)
    assert make_suite(a, b).tasks[0].network.backbone == "small_conv"
    windows = save(tmp_path / "windows.npz", shape=(16, 3))
    network = make_suite(windows, windows).tasks[0].network
    assert (network.backbone, network.input_shape) == ("temporal_conv", (16, 3))
    assert make_suite(windows, windows, "mlp").tasks[0].network.backbone == "mlp"


def test_named_domains_are_taken_from_the_catalogue():
    assert load_domain("moons", None).name == "moons"


@pytest.mark.parametrize("text", ["moon", "./nowhere", "file.txt"])
def test_what_is_no_domain_is_refused_with_what_is_allowed(text):
    with pytest.raises(InputError, match=r"unknown domain.*xferlab list.*\.npz.*folder of images"):
        load_domain(text, None)


def with_nan():
    inputs = np.zeros((40, 2), np.float32)
    inputs[3, 0] = np.nan
    return {"x": inputs}


BAD_TARGETS = {
    "nan": (with_nan(), "index 3 contains nan"),
    "out of range": ({"class_names": ["u", "v"], "y": np.arange(40) % 3}, "label 2 at index 2"),
    "other classes": ({"y": np.arange(40) % 3}, "do not share their classes"),
    "one class": ({"y": np.zeros(40, int)}, "all 40 labels are 0"),
    "empty": ({"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "no examples"),
    "shape": ({"x": np.zeros((40, 3), np.float32)}, r"float32 \[n, 3\]"),
    "image shape": ({"x": np.zeros((40, 8, 8, 5), np.uint8)}, "c 1 or 3"),
    "dtype": ({"x": np.full((40, 2), "a")}, "dtype <U1"),
    "float labels": ({"y": np.zeros(40)}, "labels have dtype float64"),
    "lengths": ({"y": np.arange(39) % 2}, "40 inputs but 39 labels"),
}


@pytest.mark.parametrize(("arrays", "message"), BAD_TARGETS.values(), ids=BAD_TARGETS)
def test_bad_arrays_are_refused(tmp_path, arrays, message):
    a, b = save(tmp_path / "a.npz"), save(tmp_path / "b.npz", **arrays)
    with pytest.raises(InputError, match=message):
        make_suite(a, b)


@pytest.mark.parametrize("damage", [lambda d: d[: len(d) // 2], lambda d: b"", lambda d: b"no"])
def test_damaged_files_are_refused(tmp_path, damage):
    a, b = save(tmp_path / "a.npz"), tmp_path / "b.npz"
    save(b)
    b.write_bytes(damage(b.read_bytes()))
    with pytest.raises(InputError, match=r"cannot read .*b\.npz"):
        make_suite(a, str(b))


def test_a_network_that_does_not_exist_and_a_data_folder_that_does_not(tmp_path):
    a = save(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"unknown network 'lenett'\. Did you mean: lenet"):
        make_suite(a, a, "lenett")
    with pytest.raises(InputError, match=r"data_dir '.*nowhere' is no folder"):
        SuiteRequest(data_dir=tmp_path / "nowhere")
