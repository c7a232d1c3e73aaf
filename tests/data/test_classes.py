"""Classes that the domains share, and those that one has alone."""

import dataclasses

import numpy as np
import pytest

from tests.data.made import make_domain
from xferlab.core.errors import InputError
from xferlab.core.settings import CLASS_RELATIONS, Setting, View
from xferlab.data.classes import class_map
from xferlab.data.domain import Domain
from xferlab.data.shots import draw_shots
from xferlab.data.split import Split
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast
PAIRS = {
    "equal": (("a", "b", "c"), ("a", "b", "c")),
    "partial": (("a", "b", "c"), ("c", "a")),
    "open": (("b", "a"), ("a", "x", "b", "y")),
    "universal": (("a", "b", "c"), ("x", "c", "b")),
    "novel": (("a", "b"), ("x", "y")),  # Its tasks: tests/data/test_episodes.py.
}
FITS = {  # By hand: the relations that each pair is an example of.
    "equal": {"equal", "partial", "universal"},
    "partial": {"partial", "universal"},
    "open": {"open", "universal"},
    "universal": {"universal"},
    "novel": {"novel"},
}
SETTINGS = {setting.classes: setting for setting in (
    Setting.UNSUPERVISED_DA, Setting.PARTIAL_DA, Setting.OPEN_SET_DA, Setting.UNIVERSAL_DA
)}  # fmt: skip


@pytest.mark.parametrize("relation", CLASS_RELATIONS)
@pytest.mark.parametrize("pair", PAIRS)
def test_classes_that_contradict_the_relation_are_refused(pair, relation):
    if relation in FITS[pair]:
        class_map(*PAIRS[pair], relation, "task")
    else:
        with pytest.raises(
            InputError, match=f"task: source and target do not .* '{relation}' says"
        ):
            class_map(*PAIRS[pair], relation, "task")


def test_private_and_shared_classes():
    found = class_map(*PAIRS["universal"], "universal", "task")
    assert found.shared == ("b", "c")
    assert found.source_private == ("a",) and found.target_private == ("x",)
    assert found.scored == ("a", "b", "c", "unknown")
    assert found.numbers.tolist() == [3, 2, 1]


def test_no_shared_class_is_no_transfer():
    with pytest.raises(InputError, match="they share some; only the source has"):
        class_map(("a", "b"), ("c", "d"), "universal", "task")


def domain(name, names, *, seed):
    """Eight examples of each class; an example's first value is its class's letter."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(names)), 8)
    letters = np.array([ord(each) for each in names], np.float32)[labels]
    inputs = np.stack([letters, rng.normal(size=len(labels)).astype("f4")], axis=1)
    rows = rng.permutation(len(labels))
    return Domain(name, {"train": Split(inputs[rows], labels[rows]), "test": Split(inputs, labels)},
                  names)  # fmt: skip


def make_task(relation, **changes):
    source, target = (
        domain(name, names, seed=i)
        for i, (name, names) in enumerate(zip("st", PAIRS[relation], strict=True))
    )
    task = TransferTask("s->t", (source,), target, SETTINGS[relation])
    return dataclasses.replace(task, **changes)


@pytest.mark.parametrize("relation", SETTINGS)
def test_the_target_is_scored_by_the_names_of_the_source(relation):
    task = make_task(relation)
    names = task.class_map.scored
    test = task.held_out().target_test
    for row, label in zip(test.inputs, test.labels, strict=True):
        letter = chr(int(row[0]))
        assert names[label] == (letter if letter in PAIRS[relation][0] else "unknown")
    assert task.heads[0].size == len(PAIRS[relation][0])
    assert task.training_arrays().source.labels.max() == len(PAIRS[relation][0]) - 1


@pytest.mark.parametrize("relation", SETTINGS)
def test_an_oracle_sees_no_label_of_an_unknown_class(relation):
    task = make_task(relation)
    part = task.training_arrays(Setting("labels", target=View.LABELS), oracle=True).target
    values, known = part.by_head[0]
    letters = [chr(int(row[0])) for row in part.inputs]
    lacking = np.array([letter not in PAIRS[relation][0] for letter in letters])
    assert (known is None) == (not lacking.any())
    if known is not None:
        np.testing.assert_array_equal(known, ~lacking)
    for letter, value in zip(letters, values, strict=True):
        assert value == (PAIRS[relation][0].index(letter) if letter in PAIRS[relation][0] else -1)


def test_shots_of_an_unknown_class_are_refused():
    task = make_task("open")
    labels = task.target.splits["train"].labels
    shots = tuple(int(np.flatnonzero(labels == label)[0]) for label in (0, 2))
    with_shots = dataclasses.replace(task, shots=shots)
    assert with_shots.sizes.shots == 2
    with pytest.raises(InputError, match=r"shots are of class 'x'.*shared classes: b, a"):
        dataclasses.replace(task, shots=(*shots, int(np.flatnonzero(labels == 1)[0])))


def test_shots_are_drawn_of_shared_classes():
    task = make_task("open")
    shared = task.class_map.shared
    shots = draw_shots(task.target, 2, classes=shared)
    labels = task.target.splits["train"].labels[list(shots)]
    assert sorted(task.target.class_names[label] for label in labels) == ["a", "a", "b", "b"]
    assert dataclasses.replace(task, shots=shots).sizes.shots == 4
    with pytest.raises(InputError, match="unknown class of domain 't' 'z'"):
        draw_shots(task.target, 2, classes=("z",))


def test_shots_leave_a_test_split_that_is_the_training_split():
    task = make_task("open")
    train = task.target.splits["train"]
    target = dataclasses.replace(task.target, splits={"train": train, "test": train})
    shot = int(np.flatnonzero(train.labels == 0)[0])
    held_out = dataclasses.replace(task, target=target, shots=(shot,)).held_out()
    assert len(held_out.target_test.labels) == len(train.labels) - 1
    assert 2 in held_out.target_test.labels  # Unknown ones are scored.
    assert not hasattr(held_out.target_train, "by_head")


def test_a_setting_changes_the_fingerprint():
    task = make_task("equal")
    partial = dataclasses.replace(task, setting=Setting.PARTIAL_DA)
    assert partial.fingerprint != task.fingerprint


def test_several_sources_have_the_same_classes():
    first, other = domain("a", ("a", "b"), seed=0), domain("b", ("b", "a"), seed=1)
    with pytest.raises(InputError, match=r"sources of 's->t': .* do not share their classes"):
        TransferTask("s->t", (first, other), first, Setting.UNSUPERVISED_DA)


def test_made_domains_are_of_one_space_unless_the_setting_says_so():
    left = make_domain("left")
    narrow = domain("right", left.class_names, seed=0)
    with pytest.raises(InputError, match="own_inputs=True gives the target an encoder of its own"):
        TransferTask("task", (left,), narrow, Setting.UNSUPERVISED_DA)
    own = dataclasses.replace(Setting.UNSUPERVISED_DA, own_inputs=True)
    assert TransferTask("task", (left,), narrow, own).training_arrays().target.inputs.shape[1] == 2
