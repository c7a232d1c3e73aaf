"""Predictions of whole sets: one program whatever their size, each row as if it were alone."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest
import scipy.sparse

from tests.methods.toys import compilations, make_options, make_spec, make_training
from xferlab.core.sparse import SparseRows
from xferlab.data.feeds import pieces
from xferlab.data.feeds.pieces import CPU_BLOCK, Pieces
from xferlab.methods.base import Stage
from xferlab.methods.source_only import SourceOnly
from xferlab.models.layers import forward_formulation
from xferlab.models.spec import NetworkSpec
from xferlab.training.stage import make_stage

SIZES = (1, CPU_BLOCK, CPU_BLOCK + 1, 700)
ROWS = np.random.default_rng(0).normal(size=(SIZES[-1], 4)).astype(np.float32)


@pytest.fixture(scope="module")
def training():
    return make_training(SourceOnly())


@pytest.fixture(scope="module")
def whole(training):
    (output,) = training.predict(ROWS, "target")
    return output


def test_sets_of_any_size_share_a_program(training, whole):
    with compilations() as compiled:
        lengths = [len(training.predict(ROWS[:n], "target")[0].logits) for n in SIZES]
    assert lengths == list(SIZES)
    assert not compiled


@pytest.mark.parametrize("n", SIZES)
def test_padding_changes_no_bit(training, whole, n):
    (output,) = training.predict(ROWS[:n], "target")
    assert output.logits.tobytes() == whole.logits[:n].tobytes()
    assert output.features.tobytes() == whole.features[:n].tobytes()


def test_other_rows_change_no_bit(training, whole):
    others = np.where(np.arange(len(ROWS))[:, None] % 3 == 0, ROWS, 1e6 * ROWS)
    (output,) = training.predict(others, "target")
    assert output.logits[::3].tobytes() == whole.logits[::3].tobytes()


@pytest.mark.parametrize("kept_bytes", [0, 2**20])
def test_many_pieces_are_one_set(training, whole, kept_bytes, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 2 * CPU_BLOCK)
    monkeypatch.setattr(pieces, "KEPT_BYTES", kept_bytes)
    rows = Pieces(ROWS)
    for _ in range(2):
        assert [piece.rows for piece in rows] == [256, 256, 188]
        (output,) = training.predict(rows, "target")
        np.testing.assert_allclose(output.logits, whole.logits, atol=1e-6)
    assert (next(iter(rows)) is next(iter(rows))) == bool(kept_bytes)


def test_sparse_rows_predict_as_their_dense_matrix_does(training):
    sparse = np.where(np.abs(ROWS) > 1, ROWS, 0)
    sparse[5] = ROWS[5]  # The fullest row.
    (dense,) = training.predict(sparse, "target")
    rows = SparseRows.from_scipy(scipy.sparse.csr_array(sparse))
    for inputs in (rows, rows[:1], rows.with_slots(40)):
        (output,) = training.predict(inputs, "target")
        assert output.logits.tobytes() == dense.logits[: len(inputs)].tobytes()


def test_slots_that_only_the_fullest_row_needs_take_no_room():
    rows = SparseRows(np.zeros((700, 1000), np.int32), np.eye(700, 1000, dtype=np.float32), 4)
    (piece,) = Pieces(rows)
    assert piece.blocks.values.shape == (32, CPU_BLOCK)


def test_no_piece_is_larger_than_its_bytes_unless_a_block_is():
    wide = Pieces(np.zeros((300, 2**17), np.float32))  # Half a megabyte a row.
    assert [piece.rows for piece in wide] == [128, 128, 44]


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="another backend predicts as it trains")
@pytest.mark.parametrize(
    ("backbone", "shape", "hidden"),
    [("lenet", (20, 20, 2), (3, 4, 8)), ("small_conv", (8, 8, 1), (4, 4)),
     ("temporal_conv", (16, 3), (4, 4))],
)  # fmt: skip
def test_networks_predict_in_another_formulation_with_the_same_parameters(backbone, shape, hidden):
    spec = NetworkSpec(backbone=backbone, input_shape=shape, heads=(("c", 3),), hidden=hidden)
    assert forward_formulation("auto") == "forward"
    outputs = []
    for convolution in ("auto", "im2col"):
        own = dataclasses.replace(spec, convolution=convolution)
        functions = make_stage(own, Stage(SourceOnly()), make_options(), 10)
        same = functions.forward is functions.program.blueprint
        assert same == (convolution == "im2col")
        state = functions.init(SourceOnly(), make_options(), jax.random.key(0), ({}, {}), 0)
        inputs = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
        outputs.append(functions.predict(state, SourceOnly(), inputs, "target"))
    for own, other in zip(*map(jax.tree.leaves, outputs), strict=True):
        np.testing.assert_allclose(own, other, atol=1e-5)


def test_networks_without_convolutions_keep_their_structure():
    functions = make_stage(make_spec(), Stage(SourceOnly()), make_options(), 10)
    assert functions.forward is functions.program.blueprint
