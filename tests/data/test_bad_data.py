"""Bad data by every door: each gets an error that names it and says what is allowed, or a note."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from PIL import Image

from xferlab.core.errors import InputError
from xferlab.core.sparse import SparseRows
from xferlab.data import domain_from_folder, domain_from_npz, domains_from_csv
from xferlab.data.domain import Domain
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.split import Split, split_train_test

pytestmark = pytest.mark.fast
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 3)), np.arange(24) % 2
IMAGES = RNG.integers(0, 256, (24, 4, 4, 3)).astype(np.uint8)
MASKED = np.ma.masked_greater(X, 1.0)


class Tensor:
    """A foreign array that cannot be read: a gradient, another device."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


class OnlyDLPack:
    """A foreign array that knows DLPack alone."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **kwargs):
        return self._array.__dlpack__()

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def changed(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


SECONDS = 1.7e9 + np.arange(24.0)
STRUCTURED = np.zeros(24, [("a", float), ("b", int)])
INPUTS = {
    "ragged windows": ([np.zeros((n % 3 + 5, 2)) for n in range(24)], "list cannot be read"),
    "ragged images": ([np.zeros((8 + n % 2, 8, 3), np.uint8) for n in range(24)], "one size"),
    "ragged lists": ([[0.0] * (1 + n % 2) for n in range(24)], "one shape throughout"),
    "tensor with gradient": (Tensor(), "Tensor cannot be read as one array.*requires grad"),
    "list of such": ([Tensor() for _ in range(24)], "cannot be read as one array|dtype object"),
    "masked": (MASKED, "values are masked"),
    "objects": (X.astype(object), "values of type float"),
    "objects with None": (changed(X.astype(object), (2, 1), None), "NoneType, float"),
    "frame with text": (pd.DataFrame({"a": ["u", "v"] * 12, "b": range(24)}), "type int, str"),
    "frame with NA": (pd.DataFrame({"a": pd.array([1, None] * 12)}), "dtype object|contains nan"),
    "frame of times": (pd.DataFrame({"a": pd.date_range("2020", periods=24)}), "dtype datetime64"),
    "complex": (X.astype(complex), "dtype complex128"),
    "datetimes": (np.zeros((24, 2), "datetime64[s]"), "dtype datetime64"),
    "durations": (np.zeros((24, 2), "timedelta64[s]"), "dtype timedelta64"),
    "text": (X.astype(str), "dtype <U32"),
    "bytes": (X.astype("S"), "dtype .S32"),
    "records": (STRUCTURED, r"dtype \["),
    "a path": ("a.npz", "str holds no examples"),
    "none": (None, "NoneType holds no examples"),
    "a number": (3.5, "float holds no examples"),
    "a 0-d array": (np.array(2.0), "ndarray holds no examples"),
    "a dict": ({"x": X}, "dict holds no examples"),
    "a set": ({1.0, 2.0}, "set holds no examples"),
    "a generator": ((row for row in X), "generator holds no examples"),
    "no rows": (X[:0], "no examples"),
    "no columns": (X[:, :0], "empty axis"),
    "an empty list": ([], "no examples"),
    "one axis": (X[:, 0], r"inputs\[:, None\]"),
    "a series": (pd.Series(X[:, 0]), r"inputs\[:, None\]"),
    "nan": (changed(X, (3, 1), np.nan), "index 3 contains nan"),
    "infinite": (changed(X, (3, 1), np.inf), "index 3 contains inf"),
    "minus infinite": (changed(X, (5, 0), -np.inf), "index 5 contains -inf"),
    "beyond float32": (changed(X, (3, 1), 1e39), "range of float32"),
    "too few": (X[:-1], "23 inputs but 24 labels"),
    "8-bit vectors": (np.zeros((24, 7), np.uint8), r"shape \(24, 7\)"),
    "four channels": (np.zeros((24, 4, 4, 4), np.uint8), "c 1 or 3"),
    "channels first": (np.zeros((24, 3, 8, 8), np.uint8), "c 1 or 3"),
    "time stamps": (np.stack([SECONDS, X[:, 0]], 1), "column 0 apart: 24 different.*become 1"),
    "time stamps, whole": (SECONDS.astype(np.int64)[:, None], "column 0 apart"),
    "nanoseconds": ((1.7e18 + np.arange(24) * 1e3).astype(np.int64)[:, None], "column 0"),
    "identifiers": (2**24 + np.arange(24)[:, None], "24 different ones.*become 13"),
    "unsigned identifiers": ((2**63 + np.arange(24, dtype=np.uint64))[:, None], "become 1"),
    "a grid": (np.stack([X[:, 0], 4412345.0 + np.arange(24) / 8], 1), "column 1 apart"),
    "far from zero": (1e6 + 1e-3 * X, "column 0 apart"),
    "channels of windows": (1e9 + RNG.integers(0, 9, (24, 6, 2)), "column [01] apart"),
    "sparse time stamps": (scipy.sparse.csr_array(SECONDS[:, None]), "column 0: float32"),
    "sparse nan": (scipy.sparse.csr_array(changed(X, (3, 1), np.nan)), "contains nan"),
    "sparse complex": (scipy.sparse.csr_array(X.astype(complex)), "complex128"),
    "sparse without columns": (scipy.sparse.csr_array((24, 0)), r"shape \(24, 0\)"),
    "sparse, one axis": (scipy.sparse.coo_array(X[:, 0]), r"real numbers \[n, d\]"),
    "sparse rows beyond": (SparseRows(np.full((24, 1), 9), np.ones((24, 1)), 4), "columns from 9"),
}


@pytest.mark.parametrize(("inputs", "message"), INPUTS.values(), ids=INPUTS)
def test_inputs(inputs, message):
    with pytest.raises(InputError, match=f"(?s)domain 'mine'.*({message})"):
        domain_from_arrays("mine", inputs, Y)


@pytest.mark.parametrize(("inputs", "message"), INPUTS.values(), ids=INPUTS)
def test_inputs_of_a_domain_made_by_hand(inputs, message):
    if isinstance(inputs, type(row for row in ())):
        inputs = (row for row in X)
    with pytest.raises(InputError, match=f"(?s)domain 'mine'.*({message})"):
        Domain("mine", {"train": Split(inputs, Y), "test": Split(X, Y)}, ("u", "v"))


LABELS = {
    "text": (np.array(["u", "v"] * 12), "np.unique"),
    "floats": (Y.astype(float), "labels.astype"),
    "floats with nan": (changed(Y.astype(float), 3, np.nan), "dtype float64"),
    "truth values": (Y == 1, "truth values"),
    "one-hot": (np.eye(2, dtype=int)[Y], "argmax"),
    "a column": (Y[:, None], "ravel"),
    "a frame": (pd.DataFrame({"y": Y}), r"shape \(24, 1\)"),
    "categories": (pd.Series(["u", "v"] * 12, dtype="category"), "dtype object|np.unique"),
    "objects": (changed(Y.astype(object), 3, None), "NoneType, int"),
    "one number": (1, "int holds no examples"),
    "a tensor with gradient": (Tensor(), "Tensor cannot be read"),
    "negative": (Y - 1, "label -1 at index 0"),
    "too few": (Y[:-1], "24 inputs but 23 labels"),
    "none at all": (Y[:0], "24 inputs but 0 labels"),
    "sparse": (scipy.sparse.csr_array(Y[None]), "holds no examples"),
}


@pytest.mark.parametrize(("labels", "message"), LABELS.values(), ids=LABELS)
def test_labels(labels, message):
    with pytest.raises(InputError, match=f"(?s)domain 'mine'.*({message})"):
        domain_from_arrays("mine", X, labels)


NAMES = {
    "none": (None, "NoneType"),
    "a float": (1.5, "float"),
    "a truth value": (True, "bool"),
    "a list": (["a"], "list"),
    "empty": ("", "of 0 characters"),
    "blank": (" \t", "of 2 characters"),
    "too long": ("x" * 201, "of 201 characters"),
    "a line break": ("a\nb", "'\\\\n'"),
    "a bell": ("a\x07", "x07"),
    "a null byte": ("a\0", "x00"),
    "a separator of lines": ("a\u2028b", "u2028"),
    "a lone surrogate": ("a\udcff", "udcff"),
    "bytes that are no UTF-8": (b"\xff\xfe", "udcff"),
}
PATHS = {
    "a path": "data/photos",
    "a path of Windows": "data\\photos",
    "the folder": "..",
    "here": ".",
}


@pytest.mark.parametrize(("name", "message"), NAMES.values(), ids=NAMES)
def test_names_of_domains_and_classes(name, message):
    with pytest.raises(InputError, match=f"a domain's name is .*{message}"):
        domain_from_arrays(name, X, Y)
    with pytest.raises(InputError, match=f"a domain's name is .*{message}"):
        Domain(name, {"train": (X, Y), "test": (X, Y)}, ("u", "v"))
    with pytest.raises(InputError, match=f"a class name of domain 'mine' is .*{message}"):
        domain_from_arrays("mine", X, Y, class_names=[name, "v"])


@pytest.mark.parametrize("name", PATHS.values(), ids=PATHS)
def test_a_domain_is_not_called_like_a_path(name):
    with pytest.raises(InputError, match="name of a file"):
        domain_from_arrays(name, X, Y)


@pytest.mark.parametrize("names", [3, "uv", b"uv", ("u", "u"), (1, "1")])
def test_class_names_are_one_for_each_class(names):
    with pytest.raises(InputError, match=r"domain 'mine' has class.names"):
        domain_from_arrays("mine", X, Y, class_names=names)


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (np.array([3, 8]), ("3", "8")),
        (np.array([b"cat", b"dog"]), ("cat", "dog")),
        (np.array(["cat", "dog"]), ("cat", "dog")),
        (pd.Index(["cat", "dog"]), ("cat", "dog")),
        ((np.int8(1), 2), ("1", "2")),
        (("cafe\u0301", "the\u0301"), ("caf\u00e9", "th\u00e9")),
        (iter(("u", "v")), ("u", "v")),
    ],
)
def test_names_become_text(names, kept):
    domain = domain_from_arrays(b"mine", X, Y, class_names=names)
    assert domain.class_names == kept and domain.name == "mine"
    assert {type(name) for name in (domain.name, *domain.class_names)} == {str}


@pytest.mark.parametrize(
    ("names", "message"), [(("u",), "label 1 at index 1 is out of range"), ((), "Give a name for")]
)
def test_fewer_names_than_classes(names, message):
    with pytest.raises(InputError, match=f"domain 'mine'.*{message}"):
        domain_from_arrays("mine", X, Y, class_names=names)


TESTS = {
    "text": ("0.2", "test_fraction '0.2'"),
    "zero": (0, "test_fraction 0 "),
    "one": (1.0, "test_fraction 1.0 "),
    "true": (True, "test_fraction True"),
    "nan": (float("nan"), "test_fraction nan"),
    "half a pair": ((X,), "tuple of 1"),
    "three": ((X, Y, Y), "tuple of 3"),
    "an array": (X, "test_fraction"),
    "other inputs": ((X[:, :2], Y), r"float32 \[n, 2\] in split 'test'"),
    "images": ((IMAGES, Y), "uint8"),
    "empty": ((X[:0], Y[:0]), "split 'test': no examples"),
}


@pytest.mark.parametrize(("test", "message"), TESTS.values(), ids=TESTS)
def test_test_splits(test, message):
    with pytest.raises(InputError, match=message):
        domain_from_arrays("mine", X, Y, test=test)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", None, True])
def test_seeds_of_the_draw(seed):
    with pytest.raises(InputError, match=f"seed is {seed!r}. Allowed: a whole number from 0"):
        domain_from_arrays("mine", X, Y, seed=seed)


@pytest.mark.parametrize(
    "splits", [None, (), {"train": (X, Y)}, {"train": (X, Y), "test": X}, {"train": 3, "test": 4}]
)
def test_splits_of_a_domain_made_by_hand(splits):
    with pytest.raises(InputError, match="domain 'mine'"):
        Domain("mine", splits, ("u", "v"))


def test_more_classes_than_a_run_records():
    labels = np.arange(80_000) % 40_000
    with pytest.raises(InputError, match=r"40000 classes\. Allowed: 2 to 32767"):
        domain_from_arrays("mine", labels[:, None].astype(np.float32), labels)


GOOD = {
    "lists": X.tolist(),
    "a frame": pd.DataFrame(X),
    "whole numbers and floats": pd.DataFrame({"a": range(24), "b": X[:, 0]}),
    "DLPack alone": OnlyDLPack(X),
    "unmasked": np.ma.masked_greater(X, 99.0),
    "16 bits": X.astype(np.float16),
    "truth values": X > 0,
    "the other byte order": X.astype(">f8"),
    "long doubles": X.astype(np.longdouble),
    "exact whole numbers": (2**24 + 2 * np.arange(24))[:, None],
    "hot, in kelvin": 300 + X,
    "rounded already": SECONDS.astype(np.float32)[:, None],
    "constant but for rounding": np.where(X > 0, 1.0, 1.0 + 2**-52),
}


@pytest.mark.parametrize("inputs", GOOD.values(), ids=GOOD)
def test_good_inputs_of_every_kind_pass(inputs):
    domain = domain_from_arrays("mine", inputs, Y.tolist())
    assert domain.input_dtype == np.float32 and not domain.notes
    expected = inputs._array if isinstance(inputs, OnlyDLPack) else inputs
    kept = np.concatenate([split.inputs for split in domain.splits.values()])
    assert sorted(map(tuple, kept)) == sorted(map(tuple, np.asarray(expected, np.float32)))


def test_a_jax_array_of_16_bits_passes():
    import jax.numpy as jnp

    inputs = jnp.asarray(X, jnp.bfloat16)
    domain = domain_from_arrays("mine", inputs, jnp.asarray(Y), test=0.5)
    kept = np.concatenate([split.inputs for split in domain.splits.values()])
    assert np.isin(kept, np.asarray(inputs.astype(jnp.float32))).all()


@pytest.mark.parametrize("values", [[1, 2], [0, 2, 9], [5, 2**40], [7, 2**63 + 1], [0, 40_000]])
def test_labels_from_one_and_with_gaps_are_classes_by_their_own_name(values):
    dtype = np.uint64 if max(values) > 2**62 else np.int64
    labels = np.array(values, dtype)[np.arange(24) % len(values)]
    domain = domain_from_arrays("mine", X, labels, test=(X, labels[::-1]))
    assert domain.class_names == tuple(map(str, values))
    for split, given in (("train", labels), ("test", labels[::-1])):
        names = np.array(domain.class_names)[domain.splits[split].labels]
        assert names.tolist() == [str(label) for label in given.tolist()]
    assert "are called by their labels" in domain.notes[0]


def test_labels_of_both_splits_are_numbered_alike():
    domain = domain_from_arrays("mine", X, Y + 1, test=(X, 2 * Y + 1))
    assert domain.class_names == ("1", "2", "3")
    assert set(domain.splits["train"].labels) == {0, 1}
    assert set(domain.splits["test"].labels) == {0, 2}


def test_a_rare_class_is_on_both_sides_whatever_the_seed():
    labels = np.array([0] * 40 + [1] * 40 + [2] * 3 + [3] * 2)
    inputs = np.arange(85)[:, None]
    for seed, share in [(s, f) for s in range(10) for f in (0.1, 0.2, 0.9)]:
        splits = split_train_test(inputs, labels, test_fraction=share, seed=seed)
        for split in splits.values():
            assert (np.bincount(split.labels, minlength=4) > 0).all()
            assert (labels[split.inputs[:, 0]] == split.labels).all()
        both = np.concatenate([split.inputs[:, 0] for split in splits.values()])
        assert sorted(both) == list(range(85))
    with pytest.raises(InputError, match="cannot hold out"):
        split_train_test(inputs, np.arange(85) // 84, test_fraction=0.2, seed=0)


def test_npz_files_obey_the_same_rules(tmp_path):
    for name, (inputs, message) in INPUTS.items():
        if isinstance(inputs, np.ndarray) and not isinstance(inputs, np.ma.MaskedArray):
            np.savez(tmp_path / "mine.npz", x=inputs, y=Y, allow_pickle=True)
            with pytest.raises(InputError, match=f"(?s)mine.*({message}|pickled)"):
                domain_from_npz(tmp_path / "mine.npz")
            assert name


@pytest.fixture
def folder(tmp_path):
    for name in ("u", "v"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (6, 4 + number)).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


@pytest.mark.parametrize("size", [0, -1, 1.5, "32", (8, 8), None, True, 10**6, 4097])
def test_image_sizes(folder, size):
    with pytest.raises(InputError, match=r"image_size is .*whole number from 1 to 4096"):
        domain_from_folder(folder, image_size=size)


@pytest.mark.parametrize("channels", [0, 2, 4, "3", None, (3,)])
def test_numbers_of_channels(folder, channels):
    with pytest.raises(InputError, match=r"channels=.* is not possible"):
        domain_from_folder(folder, image_size=4, channels=channels)


@pytest.mark.parametrize("value", [None, 3, "", b"photos", ["photos"], X])
def test_what_is_no_path(value):
    for read in (domain_from_npz, lambda path: domain_from_folder(path, image_size=4)):
        with pytest.raises(InputError, match="is no path"):
            read(value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test_fraction": 2}, "test_fraction 2"),
        ({"test_fraction": "0.2"}, "test_fraction '0.2'"),
        ({"seed": -1}, "seed is -1"),
        ({"name": "a/b"}, "name of a file"),
        ({"name": 1.5}, "a domain's name is 1.5"),
    ],
)
def test_options_of_folders_and_files(folder, tmp_path, options, message):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    with pytest.raises(InputError, match=message):
        domain_from_npz(tmp_path / "a.npz", **options)
    with pytest.raises(InputError, match=message):
        domain_from_folder(folder, image_size=4, **options)


@pytest.mark.parametrize("ending", ["gif", "tiff", "webp", "png"])
def test_an_image_of_several_frames_is_refused(folder, ending):
    frames = [Image.new("RGB", (6, 4), color) for color in ("red", "blue")]
    frames[0].save(folder / "u" / f"film.{ending}", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="several frames or pages"):
        domain_from_folder(folder, image_size=4)


def test_what_a_folder_leaves_out_or_changes_is_noted(folder):
    (folder / "v" / "readme.txt").write_text("text")
    notes = domain_from_folder(folder, image_size=4).notes
    assert notes == (
        "passed over 1 file(s) that are no images: readme.txt",
        "images of 6 x 4 to 6 x 9 pixels were resized to 4 x 4",
    )


def test_what_an_npz_file_has_beside_its_domain_is_refused_or_noted(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=X, y=Y, groups=Y)
    assert domain_from_npz(path).notes == ("a.npz has other arrays, left out: groups",)
    parts = {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y}
    for other in ("x_val", "y", "x"):
        np.savez(path, **parts, **{other: X})
        with pytest.raises(InputError, match=f"beside x_train.*, {other}, which would be left out"):
            domain_from_npz(path)


def write_csv(path, rows=6, header="text,label"):
    extra = "," * (header.count(",") - 1)
    lines = [f"word{n % 3} word{n % 2} thing,{'uv'[n % 2]}{extra}" for n in range(rows)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


CSV = [
    ((3,), {}, "paths is 3"),
    ((None,), {}, "paths is None"),
    (("a.csv",), {}, "paths is 'a.csv'"),
    (([3],), {}, "3 of type int is no path"),
    (({"a": None},), {}, "None of type NoneType is no path"),
    (None, {"columns": "text"}, "columns is 'text'"),
    (None, {"columns": ("text",)}, "columns is"),
    (None, {"columns": (0, 1)}, "columns is"),
    (None, {"columns": ("text", "lable")}, "Did you mean: label"),
    (None, {"max_features": 0}, "max_features is 0"),
    (None, {"max_features": "9"}, "max_features is '9'"),
    (None, {"encoding": "utf-99"}, "unknown encoding 'utf-99'"),
    (None, {"encoding": 3}, "unknown encoding 3"),
    (None, {"seed": "0"}, "seed is '0'"),
]


@pytest.mark.parametrize(("paths", "options", "message"), CSV)
def test_csv_files(tmp_path, paths, options, message):
    given = paths or ([write_csv(tmp_path / "a.csv", 12)],)
    with pytest.raises(InputError, match=message):
        domains_from_csv(*given, **{"test": 0.5} | options)


def test_what_a_csv_file_loses_is_noted(tmp_path):
    path = write_csv(tmp_path / "a.csv", 12, "text,label,date")
    path.write_text(path.read_text() + "zzz,u,\n")
    notes = domains_from_csv([path], test=0.5)["a"].notes
    assert re.match("texts are counts of [0-9]+ words", notes[0])
    assert notes[1:] == (
        "1 of 13 texts have none of these words",
        "other columns of a.csv were passed over: date",
    )
