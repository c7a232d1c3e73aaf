"""A suite from a user's own files."""

import dataclasses
import re

import numpy as np
import pytest
import scipy.sparse

import xferlab
from xferlab.benchmark.store.manifest import Manifest, read_manifest, write_manifest
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.own_data import Reading, load_domain
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.shots import draw_shots

pytestmark = pytest.mark.fast


def save(path, *, shape=(2,), dtype=np.float32, n=40, classes=2, **others):
    generator = np.random.default_rng(len(path.name))
    inputs = generator.integers(0, 256, (n, *shape)).astype(dtype)
    arrays = {"x": inputs, "y": np.arange(n) % classes} | others
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return str(path)


def make_suite(source, target, network="", *, steps=0):
    domains = (load_domain(text, Reading()) for text in (source, target))
    return own_suite(own_task(*domains), network, SuiteRequest(steps=steps))


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
    assert load_domain("moons", Reading()).name == "moons"


@pytest.mark.parametrize("text", ["moon", "./nowhere", "file.txt"])
def test_what_is_no_domain_is_refused_with_what_is_allowed(text):
    with pytest.raises(InputError, match=r"unknown domain.*xferlab list.*\.npz.*folder of images"):
        load_domain(text, Reading())


LABELS = np.arange(40) % 2


def with_nan():
    inputs = np.zeros((40, 2), np.float32)
    inputs[3, 0] = np.nan
    return {"x": inputs}


BAD_TARGETS = {
    "nan": (with_nan(), "index 3 contains nan"),
    "out of range": ({"class_names": ["u", "v"], "y": np.arange(40) % 3}, "label 2 at index 2"),
    "other classes": ({"y": np.arange(40) % 3}, "do not share their classes"),
    "empty": ({"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "no examples"),
    "shape": ({"x": np.zeros((40, 3), np.float32)}, r"float32 \[n, 3\]"),
    "image shape": ({"x": np.zeros((40, 8, 8, 5), np.uint8)}, "c 1 or 3"),
    "dtype": ({"x": np.full((40, 2), "a")}, "dtype <U1"),
    "float labels": ({"y": np.zeros(40)}, "labels have dtype float64"),
    "labels by another name": ({"labels": LABELS, "y": None}, "lacks y, and has labels"),
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


RNG = np.random.default_rng(0)


def of_arrays(*shape, dtype=np.float32, labels=LABELS, seed=1, **options):
    """Source and target of random inputs."""
    rng = np.random.default_rng(seed)
    inputs = [rng.integers(0, 256, (40, *shape)).astype(dtype) for _ in "ab"]
    return [domain_from_arrays(n, x, labels, **options) for n, x in zip("ab", inputs, strict=True)]


def protocol(source, target, network="", **options):
    suite = own_suite(own_task(source, target), network, SuiteRequest(), **options)
    return "\n".join(suite.header.protocol)


CHOSEN = [
    ((5,), np.float32, r"\[n, 5\], taken as vectors. Network: mlp"),
    ((16, 16), np.float32, r"taken as windows \[time.*temporal_conv.*Grey images need"),
    ((16, 16), np.int16, "windows.*temporal_conv.*Grey images need"),
    ((16, 16), np.uint8, r"uint8 \[n, 16, 16, 1\], taken as images.*small_conv"),
    ((16, 16, 1), np.float64, "taken as images.*small_conv"),
    ((16, 16, 7), np.float32, "taken as images.*small_conv"),
    ((3, 3, 3), np.uint8, "images.*too small for small_conv. Network: mlp"),
    ((5, 2), np.float32, "windows.*too small for temporal_conv. Network: mlp"),
    ((4, 4, 4, 2), np.float32, "without a known order. Network: mlp"),
]


@pytest.mark.parametrize(("shape", "dtype", "said"), CHOSEN)
def test_the_chosen_network_is_named_with_its_reason(shape, dtype, said):
    assert re.search(said, protocol(*of_arrays(*shape, dtype=dtype)))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((3, 128), r"3 time steps and 128 channels.*transpose\(0, 2, 1\).*network temporal_conv"),
        ((9, 10), "9 time steps and 10 channels"),
        ((3, 32, 32), r"3 rows and 32 channels.*transpose\(0, 2, 3, 1\)"),
        ((1, 28, 28), r"1 rows and 28 channels.*transpose\(0, 2, 3, 1\)"),
    ],
)
def test_channels_first_is_refused_unless_a_network_is_asked_for(shape, said):
    domains = of_arrays(*shape)
    with pytest.raises(InputError, match=said):
        own_suite(own_task(*domains), "", SuiteRequest())
    assert "Network: mlp, as asked for." in protocol(*domains, "mlp")


def scaled(shape, scale):
    """Domains with one column or channel in other units."""
    domains = of_arrays(*shape)
    units = np.ones(shape[-1], np.float32)
    units[-1] = scale
    return [domain.map_inputs(lambda x: x * units) for domain in domains]


@pytest.mark.parametrize("shape", [(4,), (16, 3), (8, 8, 2)])
def test_units_make_no_difference_to_float_inputs(shape):
    suites = [
        own_suite(own_task(*scaled(shape, unit)), "", SuiteRequest())
        for unit in (1.0, 1e5, 2.0**-20)
    ]
    trains = []
    for suite in suites:
        task = suite.tasks[0].task
        trains.append([d.splits["train"].inputs for d in (task.source, task.target)])
        both = np.concatenate(trains[-1]).reshape(-1, shape[-1]).astype(np.float64)
        np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(both.std(axis=0), 1, rtol=1e-5)
        assert "Inputs are standardised: each" in suite.header.protocol[2]
    for other in trains[1:]:
        for a, b in zip(trains[0], other, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_standardising_sees_neither_labels_nor_test_inputs():
    source, target = of_arrays(4)
    train, test = (target.splits[part] for part in ("train", "test"))
    other = {"train": (train.inputs, train.labels[::-1]), "test": (test.inputs * 9, test.labels)}
    moved = Domain("b", other, target.class_names)
    one, two = (
        own_suite(own_task(source, each), "", SuiteRequest()).tasks[0].task.target
        for each in (target, moved)
    )
    assert (one.splits["train"].inputs == two.splits["train"].inputs).all()


def test_standardising_is_part_of_the_identity_and_can_be_turned_off():
    domains = of_arrays(4)
    suites = [
        own_suite(own_task(*domains), "", SuiteRequest(), standardise=s) for s in (True, False)
    ]
    prints = {suite.tasks[0].task.fingerprint for suite in suites}
    assert len(prints) == 2
    assert suites[1].tasks[0].task.source is domains[0]
    assert "own units" in suites[1].header.protocol[2]


def test_a_column_that_hides_the_others_is_named_where_nothing_is_scaled():
    dense = scaled((4,), 1e5)
    sparse = [
        domain_from_arrays(d.name, scipy.sparse.csr_array(d.splits["train"].inputs),
                           d.splits["train"].labels) for d in dense
    ]  # fmt: skip
    for said in (protocol(*dense, standardise=False), protocol(*sparse)):
        assert "own units" in said and "Column 3 is more than 100 times as large" in said
    assert "Column" not in protocol(*of_arrays(4), standardise=False)


def test_constant_columns_stay_finite():
    columns = np.stack([RNG.normal(size=40), np.full(40, 0.1)], 1).astype(np.float32)
    test = (columns + 1, LABELS)
    domains = [domain_from_arrays(n, columns, LABELS, test=test) for n in "ab"]
    task = own_suite(own_task(*domains), "", SuiteRequest()).tasks[0].task
    assert abs(task.source.splits["train"].inputs[:, 1]).max() < 1e-6
    np.testing.assert_allclose(task.source.splits["test"].inputs[:, 1], 1, rtol=1e-5)


def test_images_of_bytes_and_of_floats_say_how_they_are_scaled():
    assert "x / 127.5 - 1" in protocol(*of_arrays(8, 8, 3, dtype=np.uint8))
    assert "each channel less its mean" in protocol(*of_arrays(8, 8, 3, dtype=np.float32))


def test_a_target_without_some_classes_is_numbered_like_the_source():
    inputs = RNG.normal(size=(60, 3))
    source = domain_from_arrays("a", inputs, np.array([2, 5, 9])[np.arange(60) % 3])
    target = domain_from_arrays("b", inputs + 1, np.array([2, 9])[np.arange(60) % 2])
    suite = own_suite(own_task(source, target), "", SuiteRequest())
    task, said = suite.tasks[0].task, "\n".join(suite.header.protocol)
    assert task.target.class_names == ("2", "5", "9")
    assert set(task.target.splits["test"].labels) == {0, 2}
    assert "'b' has no test example of class 5" in said
    assert "Domain 'a': the 3 classes are called by their labels, 2, 5, 9." in said
    with pytest.raises(InputError, match="only the target has"):
        own_suite(own_task(target, source), "", SuiteRequest())


def test_the_same_data_twice_and_the_same_name_twice_are_said():
    a, b = of_arrays(4)
    said = protocol(a, a)
    assert "32 of 32 train and 0 of 8 test inputs of the target are training inputs" in said
    assert "both called 'a'" in said
    other_draw = domain_from_arrays("c", *map(np.concatenate, zip(*a.splits.values(), strict=True)))
    assert "of 8 test inputs of the target are training inputs" in protocol(a, other_draw)
    assert "training inputs of the source" not in protocol(a, b)


@pytest.mark.parametrize("value", [None, "a.npz", 3, np.zeros((9, 2)), ["a"], {"x": 1}])
def test_what_is_no_domain_is_refused(value):
    domain = of_arrays(4)[0]
    for pair, role in (((value, domain), "source"), ((domain, value), "target")):
        with pytest.raises(InputError, match=rf"(?s){role} is .*Give a Domain"):
            own_suite(own_task(*pair), "", SuiteRequest())
    with pytest.raises(InputError, match="two of the sources a, a have the same name"):
        xferlab.compare([domain, domain], domain)
    with pytest.raises(InputError, match="source is empty"):
        xferlab.compare([], domain)


def test_several_sources_are_numbered_and_scaled_alike():
    """By the first source's names, and by the training inputs of all."""
    a, b = of_arrays(4)
    turned = {
        name: dataclasses.replace(split, labels=split.labels[::-1].copy() * 0 + (1 - split.labels))
        for name, split in b.splits.items()
    }
    second = Domain("second", turned, b.class_names[::-1])
    task = own_task([a, second], b)
    assert task.name == "a+second->b" and task.sources[1].class_names == a.class_names
    np.testing.assert_array_equal(task.sources[1].splits["train"].labels, b.splits["train"].labels)
    (each,) = own_suite(task, "", SuiteRequest()).tasks
    inputs = [domain.splits["train"].inputs for domain in (*each.task.sources, each.task.target)]
    pooled = np.concatenate(inputs)
    np.testing.assert_allclose(pooled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(pooled.std(axis=0), 1, atol=1e-4)
    assert each.training.batch_sizes == (64, 32)


def test_shots_are_given_with_a_setting_that_shows_them():
    a, b = of_arrays(4)
    with pytest.raises(InputError, match=r"shows shots, and task .a->b. has none.*draw_shots"):
        own_task(a, b, setting=Setting.SEMI_SUPERVISED)
    rows = draw_shots(b, 2)
    suite = own_suite(
        own_task(a, b, setting=Setting.SEMI_SUPERVISED, shots=rows), "", SuiteRequest()
    )
    assert suite.tasks[0].task.shots == rows
    assert suite.tasks[0].training.batch_sizes == (32, 32 - len(rows), len(rows))
    assert any(
        f"{len(rows)} training examples of the target are shots" in s for s in suite.header.protocol
    )


def test_notes_stand_in_tables_and_reports_now_and_later(tmp_path):
    a, b = (
        dataclasses.replace(domain, notes=("3 files are no images",)) for domain in of_arrays(4)
    )
    suite = own_suite(own_task(a, b), "", SuiteRequest())
    write_manifest(tmp_path / "own.suite", Manifest(suite.header, {}, ()))
    header = read_manifest(tmp_path / "own.suite").header
    assert header.protocol[-2:] == tuple(f"Domain '{n}': 3 files are no images." for n in "ab")
    assert dataclasses.replace(suite).header.protocol == header.protocol


def test_tables_of_several_pairs_stay_in_one_folder(tmp_path):
    """A second pair of domains does not take the place of the first."""
    a, b = of_arrays(4)
    for pair in ((a, b), (b, a)):
        xferlab.compare(*pair, methods=["nearest_neighbour"], seeds=1, out=tmp_path)
    names = sorted(path.name for path in tmp_path.glob("*.md"))
    assert names == ["own-a-to-b.md", "own-b-to-a.md"]
    assert {path.name for path in tmp_path.glob("*.suite")} == {
        "own-a-to-b.suite",
        "own-b-to-a.suite",
    }
