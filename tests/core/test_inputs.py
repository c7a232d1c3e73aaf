"""Inputs in all their forms: rows of every part are chosen, joined and mapped together."""

import jax
import numpy as np
import pytest
import scipy.sparse

from xferlab.core.inputs import Modalities, concatenate_inputs, map_parts, parts_of
from xferlab.core.sparse import SparseRows

pytestmark = pytest.mark.fast
IMAGES = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
WORDS = SparseRows.from_scipy(scipy.sparse.random(5, 7, density=0.4, rng=0, dtype=np.float32))
BOTH = Modalities(IMAGES, WORDS)


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([4, 0, 4]), np.arange(5) % 2 == 0])
def test_rows_are_chosen_in_every_part(rows):
    chosen = BOTH[rows]
    np.testing.assert_array_equal(chosen.parts[0], IMAGES[rows])
    np.testing.assert_array_equal(chosen.parts[1].to_dense(), WORDS.to_dense()[rows])
    assert len(chosen) == len(IMAGES[rows])


def test_it_is_a_pytree():
    moved = jax.tree.map(lambda a: a + 1, BOTH)
    assert isinstance(moved, Modalities)
    np.testing.assert_array_equal(moved.parts[0], IMAGES + 1)
    assert moved.shapes == ((2, 2, 1), (7,))


def test_several_are_joined_part_by_part():
    other = Modalities(IMAGES[:2], WORDS.with_slots(9)[:2])
    joined = concatenate_inputs([BOTH, other])
    np.testing.assert_array_equal(joined.parts[0], np.concatenate([IMAGES, IMAGES[:2]]))
    dense = np.concatenate([WORDS.to_dense(), WORDS.to_dense()[:2]])
    np.testing.assert_array_equal(joined.parts[1].to_dense(), dense)


def test_a_single_array_is_its_only_part():
    assert parts_of(IMAGES) == (IMAGES,)
    np.testing.assert_array_equal(map_parts(lambda a, b: a + b, IMAGES, IMAGES), 2 * IMAGES)
