"""Rules that address parameters by path pattern, such as `("encoder/**", 0.1), ("**", 1.0)`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import jax

from xferlab.core.errors import InputError

Rules = Sequence[tuple[str, float]]


def path_of(key_path: tuple[Any, ...]) -> str:
    """Returns a parameter's path, e.g. 'encoder/backbone/conv1/kernel'."""
    return "/".join(str(getattr(k, "key", getattr(k, "idx", k))) for k in key_path)


def resolve_rules(rules: Rules, params: Any) -> Any:
    """Returns a tree like `params` with, for each leaf, the value of the first rule that matches.

    In a pattern `*` stands for one path component or a part of it, `**` for any number of them, and
    `{encoder,target_encoder}` for either of the two. With `@scale` behind it a pattern is of those
    parameters alone whose module has one called `scale`: `encoder/**@scale` are the scales and
    shifts of norm layers, whatever these are called.

    Args:
        rules: `(pattern, value)` pairs, tried in order.
        params: nested dict of parameters.

    Raises:
        InputError: if a parameter matches no rule, or a rule matches no parameter.
    """
    paths = [path_of(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    matched = [(set(_found(pattern, paths)), pattern, value) for pattern, value in rules]
    used: set[str] = set()

    def first_match(key_path: tuple[Any, ...], _: Any) -> float:
        path = path_of(key_path)
        for found, pattern, value in matched:
            if path in found:
                used.add(pattern)
                return value
        raise InputError(
            f"no rule covers parameter {path!r}; patterns are {[p for p, _ in rules]}. Add a last"
            " rule ('**', value) for the rest"
        )

    tree = jax.tree_util.tree_map_with_path(first_match, params)
    unused = [pattern for pattern, _ in rules if pattern not in used and pattern != "**"]
    if unused:
        beside = unused[0].partition("@")[2]
        hint = _NO_MODULE.format(beside) if beside else ""
        raise InputError(
            f"rule {unused[0]!r} matches no parameter{hint}; the parameters are {paths}"
        )
    return tree


_NO_MODULE = (
    ": no module there has a {!r}, as norm layers have. Choose a network with such, by a bottleneck"
    " for example (NetworkSpec(bottleneck=64)), or another method"
)


def _found(pattern: str, paths: Sequence[str]) -> list[str]:
    """Returns the paths that the pattern of a rule matches."""
    pattern, _, beside = pattern.partition("@")
    found = matching(pattern, paths)
    if not beside:
        return found
    every = set(paths)
    return [path for path in found if f"{path.rpartition('/')[0]}/{beside}" in every]


def matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """Returns the paths that a pattern matches, in their order.

    >>> matching("encoder/**/kernel", ["encoder/a/0/kernel", "encoder/a/0/bias", "heads/kernel"])
    ['encoder/a/0/kernel']
    >>> matching("{encoder,heads}/bias", ["encoder/bias", "heads/bias", "critic/bias"])
    ['encoder/bias', 'heads/bias']
    """
    regex = _to_regex(pattern)
    return [path for path in paths if regex.fullmatch(path)]


def trained_part(tree: Any, multipliers: Any) -> Any:
    """Returns a tree with None, which is no leaf of JAX's, in place of what is frozen.

    Args:
        tree: parameters, or what has their structure.
        multipliers: a number for each leaf; 0 freezes it.

    >>> trained_part({"kernel": 3.0, "bias": 4.0}, {"kernel": 1.0, "bias": 0.0})
    {'bias': None, 'kernel': 3.0}
    """
    return jax.tree.map(lambda rate, leaf: None if rate == 0 else leaf, multipliers, tree)


def with_part(part: Any, whole: Any) -> Any:
    """Returns the whole tree with the leaves of a `trained_part` of it.

    >>> with_part({"bias": None, "kernel": 5.0}, {"bias": 4.0, "kernel": 3.0})
    {'bias': 4.0, 'kernel': 5.0}
    """

    def newer(own: Any, leaf: Any) -> Any:
        return leaf if own is None else own

    return jax.tree.map(newer, part, whole, is_leaf=lambda leaf: leaf is None)


def frozen_paths(multipliers: Any, path: tuple[Any, ...] = ()) -> tuple[tuple[Any, ...], ...]:
    """Returns the highest places of a nested dict below which every leaf is 0.

    >>> frozen_paths({"encoder": {"layers": {0: 0.0, 1: 0.0}}, "heads": {"a": 0.0, "b": 1.0}})
    (('encoder',), ('heads', 'a'))
    """
    leaves = jax.tree.leaves(multipliers)
    if leaves and not any(leaves):
        return (path,)
    if not isinstance(multipliers, dict):
        return ()
    below = (frozen_paths(part, (*path, name)) for name, part in multipliers.items())
    return tuple(found for part in below for found in part)


def _to_regex(pattern: str) -> re.Pattern[str]:
    special = {"**": ".*", "*": "[^/]*"}
    parts = re.split(r"(\*\*|\*|\{[^{}]*\})", pattern)
    return re.compile("".join(special.get(part) or _either(part) for part in parts))


def _either(part: str) -> str:
    """Returns the expression for '{a,b}', or for a text that stands for itself."""
    if not part.startswith("{") or not part.endswith("}"):
        return re.escape(part)
    return f"({'|'.join(map(re.escape, part[1:-1].split(',')))})"
