"""TransferTask: what a method sees under each setting, and which domains make no task."""

import numpy as np
import pytest

from tests.data.made import make_domain, make_split
from xferlab.core.batch import Labelled, Unlabelled
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting, View
from xferlab.data.split import Split
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast
TYPES = {View.ABSENT: type(None), View.INPUTS: Unlabelled, View.LABELS: Labelled}


def make_task(sources=None, target=None, setting=Setting.UNSUPERVISED_DA):
    sources = sources or (make_domain("left"),)
    target = target or make_domain("right", train=make_split(9, seed=5))
    return TransferTask("left → right", sources, target, setting)


@pytest.mark.parametrize("setting", Setting)
def test_hidden_labels_do_not_exist(setting):
    batch = make_task().training_arrays(setting, oracle=True)
    assert type(batch.source) is TYPES[setting.source]
    assert type(batch.target) is TYPES[setting.target]
    for part, view in zip(batch, (setting.source, setting.target), strict=True):
        assert hasattr(part, "labels") == (view is View.LABELS)


@pytest.mark.parametrize("own", Setting)
@pytest.mark.parametrize("asked", Setting)
def test_more_than_the_task_shows_is_for_oracles_alone(own, asked):
    task = make_task(setting=own)
    if asked.source <= own.source and asked.target <= own.target:
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
    ]
    assert len({task.fingerprint for task in tasks}) == 4
    assert make_task().fingerprint == tasks[0].fingerprint


def test_needs_a_source():
    with pytest.raises(InputError, match="'left → right' has no source"):
        TransferTask("left → right", (), make_domain(), Setting.SUPERVISED)


def test_input_shapes_and_dtypes_agree():
    wide = make_domain("right", train=make_split(shape=(4,)), test=make_split(shape=(4,)))
    with pytest.raises(InputError, match=r"'left' are float32 \[n, 3\], of target 'right' .* 4\]"):
        make_task(target=wide)
    image = Split(np.zeros((12, 2, 2, 1), np.uint8), np.arange(12) % 3)
    other = image._replace(inputs=image.inputs.astype(np.float32))
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
