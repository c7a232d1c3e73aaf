"""A run on sparse inputs is the run on the dense matrix."""

import dataclasses

import jax
import numpy as np
import pytest

from tests.methods.toys import CACHE, assert_close, make_options, make_spec, make_task
from tests.methods.toys import make_training as start
from xferlab.core.sparse import SparseRows
from xferlab.data.domain import Domain
from xferlab.data.feeds.pieces import CPU_BLOCK
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.dann import DANN
from xferlab.methods.shot import SHOT
from xferlab.training.run import Member, Training

OPTIONS = make_options(steps=8, batch_sizes=(12, 10))
SPEC = make_spec()
DENSE = make_task(sizes=(40, 30))


def as_sparse(inputs, slots=5):
    """Every value in a slot, in another order, and the first one in two halves."""
    order = np.tile(np.int32([3, 0, 2, 1]), (len(inputs), 1))
    values = np.take_along_axis(inputs, order, axis=1)
    values[:, 0] /= 2
    rows = SparseRows(
        np.hstack([order, order[:, :1]]), np.hstack([values, values[:, :1]]), inputs.shape[1]
    )
    return rows.with_slots(slots)


def sparse_task():
    def convert(domain, slots):
        splits = {
            name: dataclasses.replace(split, inputs=as_sparse(split.inputs, slots))
            for name, split in domain.splits.items()
        }
        return Domain(domain.name, splits, domain.class_names)

    return dataclasses.replace(
        DENSE, sources=(convert(DENSE.source, 5),), target=convert(DENSE.target, 8)
    )


SPARSE = sparse_task()


def assert_same_runs(runs, inputs=None):
    """Equal parameters, state and predictions; `inputs` are the test split's unless given."""
    dense, sparse = runs
    assert_close(sparse.state.params, dense.state.params, atol=1e-5)
    assert_close(sparse.state.statistics, dense.state.statistics, atol=1e-5)
    assert_close(sparse.state.method_state, dense.state.method_state, atol=1e-5)
    outputs = [
        run.predict(task.target.splits["test"].inputs, "target")
        for run, task in zip(runs, (DENSE, SPARSE), strict=True)
    ]
    assert_close(outputs[1], outputs[0], atol=1e-4)


def advance(runs, steps):
    logs = [run.advance(steps) for run in runs]
    for dense, sparse in zip(*logs, strict=True):
        assert sparse.means == pytest.approx(dense.means, abs=1e-4)


@pytest.mark.parametrize("pad_to", [(0, 0, 0), (50, 44, 0)])
def test_a_run_on_sparse_rows_is_the_run_on_the_dense_matrix(pad_to):
    runs = [
        start(DANN(), task=task, spec=SPEC, options=OPTIONS, pad_to=pad_to)
        for task in (DENSE, SPARSE)
    ]
    advance(runs, 8)
    assert_same_runs(runs)


def test_pseudo_labels_of_sparse_rows():
    """SHOT looks at the whole target split, its padding too."""
    runs = [
        start(SHOT(), task=task, spec=SPEC, options=OPTIONS, pad_to=(50, 44, 0))
        for task in (DENSE, SPARSE)
    ]
    advance(runs, 8)
    assert len(np.unique(runs[0].state.method_state["pseudo_labels"][:30])) > 1
    assert_same_runs(runs)


def test_a_stack_of_sparse_runs():
    members = [Member(DANN(weight=weight), OPTIONS, 0) for weight in (1.0, 0.1)]
    runs = [start(DANN(), task=t, spec=SPEC, members=members) for t in (DENSE, SPARSE)]
    advance(runs, 4)
    assert_same_runs(runs)


def test_streamed_sparse_rows():
    pytest.importorskip("grain")
    runs = []
    for task in (DENSE, SPARSE):
        data = {task.setting: Streamed.of(task.training_arrays())}
        runs.append(Training(SPEC, [Member(DANN(), OPTIONS, 0)], data, task.setting, CACHE))
    advance(runs, 4)
    assert_same_runs(runs)


@pytest.mark.parametrize("n", [1, CPU_BLOCK, CPU_BLOCK + 3])
def test_predictions_of_any_number_of_rows(n):
    training = start(DANN(), task=SPARSE, spec=SPEC, options=OPTIONS)
    inputs = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    rows = as_sparse(inputs)
    (output,) = training.predict(rows, "target")
    assert output.logits.shape == (n, 3)
    (dense,) = training.predict(inputs, "target")
    assert_close(output, dense, atol=1e-5)
    assert not isinstance(output.logits, jax.Array)
