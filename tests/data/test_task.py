"""TransferTask: what a method sees under each setting, and which domains make no task."""

import dataclasses

import numpy as np
import pytest

from tests.data.made import make_domain, make_split
from xferlab.core.batch import Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.settings import NAMED, Setting, View
from xferlab.data.shots import draw_shots
from xferlab.data.split import Split
from xferlab.data.stream import as_stream
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast
TYPES = {View.ABSENT: type(None), View.INPUTS: Unlabelled, View.LABELS: Labelled}


SHOTS = (1, 5)
SAME_CLASSES = [setting for setting in NAMED if setting.classes == "equal"]
"""Others are in `test_classes`."""
each_setting = pytest.mark.parametrize("setting", SAME_CLASSES, ids=lambda s: s.label)


def make_task(sources=None, target=None, setting=Setting.UNSUPERVISED_DA, shots=()):
    sources = sources or (make_domain("left"),)
    target = target or make_domain("right", train=make_split(9, seed=5))
    target = as_stream(target, "train") if setting.online else target
    return TransferTask("left → right", sources, target, setting, shots)


@each_setting
def test_hidden_labels_do_not_exist(setting):
    batch = make_task(shots=SHOTS).training_arrays(setting, oracle=True)
    for part, view in zip(batch, setting.views, strict=True):
        assert type(part) is TYPES[view]
        assert hasattr(part, "labels") == (view is View.LABELS)


@pytest.mark.parametrize("own", SAME_CLASSES, ids=lambda s: s.label)
@pytest.mark.parametrize("asked", SAME_CLASSES, ids=lambda s: s.label)
def test_more_than_the_task_shows_is_for_oracles_alone(own, asked):
    task = make_task(setting=own, shots=SHOTS)
    if all(a <= b for a, b in zip(asked.views, own.views, strict=True)):
        task.training_arrays(asked)
    else:
        with pytest.raises(InputError, match=f"'{asked.label}' shows more than.*'{own.label}'"):
            task.training_arrays(asked)
    task.training_arrays(asked, oracle=True)


def test_training_arrays_are_the_whole_training_splits():
    task = make_task()
    batch = task.training_arrays()
    assert batch.source.inputs is task.source.splits["train"].inputs
    assert (batch.source.labels == np.arange(12) % 3).all()
    assert batch.target.inputs.shape == (9, 3)
    assert batch.target.index.tolist() == list(range(9)) and batch.target.index.dtype == np.int32


def test_with_setting_changes_the_default_view_alone():
    task = make_task()
    supervised = task.with_setting(Setting.SUPERVISED)
    assert supervised.training_arrays().target.labels.shape == (9,)
    assert not hasattr(task.training_arrays().target, "labels")
    assert supervised.target is task.target


def test_held_out_has_no_target_training_labels():
    task = make_task()
    held_out = task.held_out()
    assert not hasattr(held_out.target_train, "labels")
    assert (held_out.target_test.labels == task.target.splits["test"].labels).all()
    assert len(held_out.source_train.labels) == 12 and len(held_out.source_test.labels) == 6


def test_several_sources_are_one_after_the_other():
    other = make_domain("middle", train=make_split(4, seed=7))
    task = make_task(sources=(make_domain("left"), other))
    assert task.source.name == "left+middle"
    batch = task.training_arrays()
    assert (batch.source.inputs[12:] == other.splits["train"].inputs).all()
    assert batch.source.index.tolist() == list(range(16))
    assert len(task.held_out().source_test.labels) == 12


def test_fingerprint_follows_domains_and_setting():
    tasks = [
        make_task(),
        make_task(setting=Setting.SUPERVISED),
        make_task(target=make_domain("right")),
        make_task(sources=(make_domain("left"), make_domain("middle"))),
        make_task(shots=SHOTS),
        make_task(shots=SHOTS, setting=Setting.SEMI_SUPERVISED),
    ]
    assert len({task.fingerprint for task in tasks}) == 6
    assert make_task().fingerprint == tasks[0].fingerprint


@each_setting
def test_shots_are_no_other_target_examples(setting):
    task = make_task(setting=setting, shots=SHOTS)
    whole, batch = task.target.splits["train"], task.training_arrays(oracle=True)
    assert task.sizes == (12, 7, 2)
    rest = np.delete(whole.inputs, SHOTS, axis=0)
    if setting.target > View.ABSENT:
        np.testing.assert_array_equal(batch.target.inputs, rest)
        assert batch.target.index.tolist() == list(range(7))
    if setting.shots is View.LABELS:
        np.testing.assert_array_equal(batch.shots.inputs, whole.inputs[list(SHOTS)])
        np.testing.assert_array_equal(batch.shots.labels, whole.labels[list(SHOTS)])
    np.testing.assert_array_equal(task.held_out().target_train.inputs, rest)


def test_shots_are_not_scored_where_the_test_split_is_the_training_split():
    split = make_split(9, seed=5)
    task = make_task(target=make_domain("right", train=split, test=split), shots=SHOTS)
    np.testing.assert_array_equal(
        task.held_out().target_test.labels, np.delete(split.labels, SHOTS, axis=0)
    )
    assert len(make_task(shots=SHOTS).held_out().target_test.labels) == 6


def test_as_many_shots_of_each_class_are_drawn_and_others_with_another_seed():
    target = make_domain("right", train=make_split(30, seed=5))
    drawn = {seed: draw_shots(target, 3, seed=seed) for seed in range(3)}
    for rows in drawn.values():
        counts = np.bincount(target.splits["train"].labels[list(rows)])
        assert counts.tolist() == [3, 3, 3]
    assert len(set(drawn.values())) == 3 and drawn[1] == draw_shots(target, 3, seed=1)


@pytest.mark.parametrize(
    ("shots", "message"),
    [
        ((0, 9), "'left → right': shots have row 9 of 9. Give different rows"),
        ((2, 2), "shots have a row twice"),
        ((-1,), r"shots is \(-1,\); each must be at least 0"),
        ((0.5,), r"shots is \(0.5,\)"),
        ("01", "shots is '01'. Give a tuple"),
        (3, r"shots is 3 \(int\). Give a tuple"),
        (tuple(range(9)), "all 9 training examples of the target are shots"),
    ],
)
def test_bad_shots(shots, message):
    with pytest.raises(InputError, match=message):
        make_task(shots=shots)


def test_shown_shots_are_there_and_fewer_than_a_class_has():
    with pytest.raises(InputError, match="'semi_supervised' shows shots, and task 'left"):
        make_task(setting=Setting.SEMI_SUPERVISED)
    with pytest.raises(InputError, match="'semi_supervised' shows shots, and task 'left"):
        make_task().training_arrays(Setting.SEMI_SUPERVISED, oracle=True)
    target = make_domain("right", train=make_split(9, seed=5))
    with pytest.raises(InputError, match=r"3 shots of class '.*' has 3 training examples of it"):
        draw_shots(target, 3)
    for count in (0, -1, 2.5, True, "two"):
        with pytest.raises(InputError, match="per_class"):
            draw_shots(target, count)


def test_needs_a_source():
    with pytest.raises(InputError, match="'left → right' has no source"):
        TransferTask("left → right", (), make_domain(), Setting.SUPERVISED)


def test_input_shapes_and_dtypes_agree():
    wide = make_domain("right", train=make_split(shape=(4,)), test=make_split(shape=(4,)))
    with pytest.raises(InputError, match=r"'left' are float32 \[n, 3\], of target 'right' .* 4\]"):
        make_task(target=wide)
    image = Split(np.zeros((12, 2, 2, 1), np.uint8), np.arange(12) % 3)
    other = dataclasses.replace(image, inputs=image.inputs.astype(np.float32))
    with pytest.raises(InputError, match="the same image size and channels"):
        make_task(
            sources=(make_domain("left", train=image, test=image),),
            target=make_domain("right", train=other, test=other),
        )


def test_classes_agree():
    with pytest.raises(InputError, match=r"only the source has \['y'\].*target has \['v', 'w'\]"):
        make_task(target=make_domain(class_names=("x", "v", "z", "w")))
    with pytest.raises(InputError, match=r"order differs: \['x', 'y', 'z'\] and \['y', 'x', 'z'\]"):
        make_task(target=make_domain(class_names=("y", "x", "z")))


def test_what_a_stream_leaves_out_is_said():
    """The tables of a task say it, as every note of a domain; of one that is a stream, nothing."""
    target = make_domain("right", train=make_split(9, seed=5))
    for split, left in (("test", "train"), ("train", "test")):
        stream = as_stream(target, split)
        count = len(target.splits[left].labels)
        said = f"the {count} examples of the {left} split are left out"
        assert stream.notes[-1] == f"its {split} split is the stream; {said}"
        assert as_stream(stream) is stream
