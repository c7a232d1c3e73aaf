"""Domain: stored forms, every refusal with its value and its way out, the fingerprint."""

import pickle

import numpy as np
import pytest

from tests.data.made import make_domain, make_split
from xferlab.core.errors import InputError
from xferlab.data.domain import Domain
from xferlab.data.split import Split, split_train_test

pytestmark = pytest.mark.fast
LABELS = np.arange(12) % 3
VECTORS = np.zeros((12, 3), np.float32)


def with_value(array, index, value):
    changed = np.array(array)
    changed[index] = value
    return changed


def refusal(inputs=VECTORS, labels=LABELS, **parts):
    with pytest.raises(InputError) as caught:
        make_domain("mine", train=Split(inputs, labels), **parts)
    message = str(caught.value)
    assert "'mine'" in message
    return message


@pytest.mark.parametrize(
    ("inputs", "labels", "said"),
    [
        (VECTORS, with_value(LABELS, 4, 7), ("label 7 at index 4", "0 to 2", "correct the labels")),
        (VECTORS, with_value(LABELS, 5, -1), ("label -1 at index 5", "0 to 2")),
        (VECTORS, with_value(LABELS.astype(np.int64), 5, 2**32), ("index 5", "0 to 2")),
        (VECTORS, LABELS.astype(float), ("float64", "integers from 0", "np.unique")),
        (VECTORS, np.array(list("xyz") * 4), ("<U1", "np.unique")),
        (VECTORS, np.eye(3, dtype=int)[LABELS], ("(12, 3)", "argmax")),
        (VECTORS[:11], LABELS, ("11 inputs but 12 labels", "same order")),
        (VECTORS[:0], LABELS[:0], ("no examples", "check the file")),
        (VECTORS[:5], LABELS[:0], ("5 inputs but 0 labels",)),
        (
            with_value(VECTORS, (3, 1), np.nan),
            LABELS,
            ("index 3 contains nan", "1 of 12", "remove"),
        ),
        (with_value(VECTORS, (9, 0), -np.inf), LABELS, ("index 9 contains -inf",)),
        (with_value(VECTORS.astype(float), (2, 0), 1e300), LABELS, ("index 2", "range of float32")),
        (VECTORS.astype(complex), LABELS, ("complex128", "real numbers")),
        (VECTORS.astype(object), LABELS, ("object", "uint8 images")),
        (VECTORS.astype(str), LABELS, ("<U32", "encode text")),
        (np.zeros(12), LABELS, ("(12,)", "inputs[:, None]")),
        (np.zeros((12, 0)), LABELS, ("(12, 0)", "empty axis")),
        (np.zeros((12, 8, 8), np.uint8), LABELS, ("(12, 8, 8)", "images[..., None]")),
        (np.zeros((12, 3, 8, 8), np.uint8), LABELS, ("(12, 3, 8, 8)", "c 1 or 3")),
        (np.zeros((12, 8, 8, 4), np.uint8), LABELS, ("(12, 8, 8, 4)", "c 1 or 3")),
    ],
)
def test_refuses_and_says_what_to_do(inputs, labels, said):
    message = refusal(inputs, labels)
    for part in ("split 'train'", *said):
        assert part in message


def test_names_the_split_at_fault():
    with pytest.raises(InputError, match=r"domain 'made', split 'test': label 9 at index 0"):
        make_domain(test=Split(VECTORS[:3], np.array([9, 0, 1])))


def test_splits_must_agree_in_shape_and_dtype():
    message = refusal(test=make_split(shape=(4,)))
    assert "float32 [n, 3]" in message and "float32 [n, 4]" in message
    images = Split(np.zeros((12, 3), np.uint8).reshape(12, 1, 1, 3), LABELS)
    floats = Split(np.zeros((12, 1, 1, 3)), LABELS)
    assert "uint8" in refusal(*images, test=floats)


def test_class_names_are_different():
    assert "['x', 'y', 'x'], 'x' more than once" in refusal(class_names=("x", "y", "x"))


def test_needs_exactly_train_and_test():
    with pytest.raises(InputError, match=r"\['train'\].*exactly 'train' and 'test'.*split_train"):
        Domain("mine", {"train": make_split()}, ("x", "y", "z"))


@pytest.mark.parametrize("dtype", [bool, np.int16, np.int64, np.float16, np.float64, ">f4"])
def test_other_numbers_become_float32(dtype):
    domain = make_domain(train=Split(np.ones((12, 3), dtype), LABELS))
    inputs, labels = domain.splits["train"]
    assert inputs.dtype == np.float32 and inputs.dtype.isnative and (inputs == 1).all()
    assert labels.dtype == np.int32


def test_images_stay_bytes():
    images = Split(np.full((12, 4, 5, 3), 7, np.uint8), LABELS)
    domain = make_domain(train=images, test=images)
    assert domain.input_shape == (4, 5, 3) and domain.input_dtype == np.uint8
    assert domain.num_classes == 3


def test_arrays_are_read_only_and_the_callers_are_not():
    mine = make_split()
    domain = make_domain(train=mine)
    with pytest.raises(ValueError, match="read-only"):
        domain.splits["train"].inputs[0] = 1
    mine.inputs[0] = 1


def test_fingerprint_is_stable_across_versions_and_pickling():
    splits = {
        "train": Split(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0, 1, 1])),
        "test": Split(np.zeros((2, 2), np.float32), np.array([0, 1])),
    }
    domain = Domain("fixed", splits, ("no", "yes"))
    assert domain.fingerprint == "7324efd872e8cbd6"  # Of this code: it must never change.
    assert pickle.loads(pickle.dumps(domain)).fingerprint == domain.fingerprint


def test_fingerprint_sees_every_part():
    train = make_split(12, seed=1)
    other = [
        make_domain("other"),
        make_domain(class_names=("x", "y", "w")),
        make_domain(train=Split(with_value(train.inputs, (11, 2), 0), train.labels)),
        make_domain(train=Split(train.inputs, with_value(train.labels, 0, 2))),
        make_domain(test=make_split(6, seed=3)),
        make_domain(train=make_split(12, seed=1, shape=(1, 3)), test=make_split(6, shape=(1, 3))),
    ]
    prints = {domain.fingerprint for domain in [make_domain(), *other]}
    assert len(prints) == 7 and all(len(entry) == 16 for entry in prints)


def test_split_train_test_keeps_class_shares_and_every_example():
    inputs, labels = np.arange(100)[:, None], np.repeat([0, 1], [80, 20])
    splits = split_train_test(inputs, labels, test_fraction=0.25, seed=0)
    assert np.bincount(splits["test"].labels).tolist() == [20, 5]
    assert sorted(np.concatenate([s.inputs[:, 0] for s in splits.values()])) == list(range(100))
    again = split_train_test(inputs, labels, test_fraction=0.25, seed=0)
    assert (again["test"].inputs == splits["test"].inputs).all()
    another = split_train_test(inputs, labels, test_fraction=0.25, seed=1)
    assert (another["test"].inputs != splits["test"].inputs).any()


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_split_fraction_out_of_range(fraction):
    with pytest.raises(InputError, match=rf"test_fraction {fraction} .*below 1"):
        split_train_test(VECTORS, LABELS, test_fraction=fraction, seed=0)


def test_split_needs_every_class_on_both_sides():
    with pytest.raises(InputError, match=r"cannot hold out 0.5 of 3 .* Give more examples"):
        split_train_test(VECTORS[:3], np.array([0, 0, 1]), test_fraction=0.5, seed=0)


def test_the_same_inputs_are_the_same_examples_whatever_labels_lack():
    """A probe, or an oracle, would otherwise be scored on what it is fitted on."""
    inputs = np.arange(36.0).reshape(12, 3)
    known = np.arange(12) > 1
    half = Split(inputs, LABELS, known)
    for train, test in ((half, Split(inputs, LABELS)), (half, half), (Split(inputs, LABELS), half)):
        assert Domain("mine", {"train": train, "test": test}, ("a", "b", "c")).transductive
    other = Split(inputs + 1, LABELS)
    assert not Domain("mine", {"train": half, "test": other}, ("a", "b", "c")).transductive
