"""Digests and seeds never change between versions: runs on disk are named after them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xferlab.core.seeds import canonical_json, digest, stable_seed

pytestmark = pytest.mark.fast

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_digest_is_the_sha256_of_canonical_json():
    text = b'{"a":[1,2.5,null],"b":"x"}'
    assert digest({"b": "x", "a": [1, 2.5, None]}, length=64) == hashlib.sha256(text).hexdigest()
    assert digest({"b": "x", "a": [1, 2.5, None]}) == hashlib.sha256(text).hexdigest()[:16]


def test_known_values():
    """Computed once with hashlib alone: sha256 of '{"a":1}' and of '["moons",0]'."""
    assert digest({"a": 1}) == "015abd7f5cc57a2d"
    assert (
        stable_seed("moons", 0) == int(hashlib.sha256(b'["moons",0]').hexdigest()[:16], 16) % 2**31
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_has_no_digest(value):
    with pytest.raises(ValueError, match="JSON"):
        digest([value])


@given(st.dictionaries(st.text(), PLAIN))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


def test_seeds_are_distinct_and_in_range():
    seeds = [stable_seed("run", task, i) for task in ("a", "b", "a → b") for i in range(500)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0 and max(seeds) < 2**31


def test_parts_are_not_merely_joined():
    assert stable_seed("ab", "c") != stable_seed("a", "bc")
    assert stable_seed("a", 1) != stable_seed("a", "1")
