"""What a method may hand back, checked where it does so, and where its faults are in its file.

Only structure, shapes and types are looked at, while a program is traced: it costs no step.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from xferlab.core.errors import InputError
from xferlab.core.heads import Head, describe_heads
from xferlab.core.inputs import Inputs
from xferlab.core.paths import path_of
from xferlab.core.roles import Role
from xferlab.methods.base import Method, Phase, Term, Terms
from xferlab.models.nets import Nets, Output
from xferlab.models.networks import ExtraNetworks

_LIBRARIES = tuple(
    str(folder)
    for folder in (
        Path(__file__).resolve().parents[1],
        Path(jax.__file__).resolve().parents[1],
        sysconfig.get_paths()["stdlib"],
    )
)
"""Frames of these folders are not the user's: xferlab itself, installed packages, Python."""
LONGEST = 300
"""Characters of another library's message that are repeated."""


_LOSS = (
    "A loss returns a dict of Term(scalar, weight) by name, and gets no other labels than those"
    " that the task's setting shows"
)


@contextlib.contextmanager
def user_code(method: object, member: str) -> Iterator[None]:
    """Turns what fails in a member of a user's method into an InputError that names the line.

    What fails in a method of the package is a fault of ours and keeps its traceback. Methods that
    train and closed-form ones alike.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, InputError) or type(method).__module__.startswith("xferlab."):
            raise
        old = isinstance(error, TypeError) and "keyword argument 'domain'" in str(error)
        raise InputError(
            f"method {type(method).__name__} failed in {member} ({type(error).__name__}:"
            f" {str(error)[:LONGEST]}{_line_of(error, method)}). {RENAMED if old else _LOSS}"
        ) from error


RENAMED = (
    "The argument that says whose inputs they are is called role, not domain: 'source', 'target' or"
    " 'shots' (xferlab.core.roles). predict(self, nets, inputs, state, *, role) is given it, and"
    " nets.encode and nets.apply take it: nets.apply(inputs, role=role)"
)
"""What an error says to a method of before roles."""


def check_takes_role(method: object, predict: Callable[..., Any], given: int) -> None:
    """Raises InputError, with file and line, where `predict` does not take a role.

    Args:
        method: whose it is, for the message.
        predict: the bound member.
        given: how many values it is given beside the role.
    """
    try:
        inspect.signature(predict).bind(*range(given), role=None)
    except TypeError as error:
        name, where = type(method).__name__, _defined(predict, method)
        raise InputError(
            f"method {name}: predict cannot be called with a role ({error}; {where}). {RENAMED}"
        ) from None


def broken(method: Method, member: str, gave: str, function: Any = None) -> InputError:
    """Returns the error for a member that gave something else than the contract asks for."""
    name = type(method).__name__
    where = _defined(function or inspect.getattr_static(type(method), member, None), method)
    return InputError(f"method {name}: {member} gave {gave} ({where})")


def shown(value: Any) -> str:
    """Returns a value in words, short: arrays by type and shape."""
    if isinstance(value, jax.Array):
        return f"an array {value.dtype}{list(value.shape)}"
    text = f"{value!r}"
    return f"{text[:57]}..." if len(text) > 60 else text


def networks_of(method: Method) -> ExtraNetworks:
    """Returns the method's `extra_networks`, with what they build checked."""

    def build(*args: Any) -> Mapping[str, nnx.Module]:
        with user_code(method, "extra_networks"):
            networks = method.extra_networks(*args)
        if not isinstance(networks, Mapping):
            raise broken(method, "extra_networks", f"{shown(networks)}, not a dict of nnx.Module")
        for name, network in networks.items():
            if not isinstance(name, str) or not name or "/" in name or name in _TAKEN:
                raise broken(
                    method,
                    "extra_networks",
                    f"the name {name!r}, which is taken or no plain text; choose one such as"
                    " 'discriminator' or 'second_head'",
                )
            if not isinstance(network, nnx.Module | nnx.Param):
                raise broken(
                    method,
                    "extra_networks",
                    f"{name!r} as {shown(network)}, not an nnx.Module that holds its parameters",
                )
        return networks

    return build


_TAKEN = {"encoder", "target_encoder", "head", "heads", *dir(nnx.Dict)}
"""Names of the shared networks, and attributes of the module that holds all of them."""


def phases_of(method: Method, groups: Mapping[str, Any]) -> tuple[Phase, ...]:
    """Returns the method's phases after checking that they name existing parameter groups."""
    with user_code(method, "phases"):
        phases = method.phases()
    if not isinstance(phases, tuple | list) or not phases:
        raise broken(method, "phases", f"{shown(phases)}, not a tuple of at least one Phase")
    for phase in phases:
        fault = _phase_fault(phase, groups)
        if fault:
            raise broken(method, "phases", fault)
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise broken(method, "phases", f"phases named {', '.join(names)}; names must differ")
    return tuple(phases)


def _phase_fault(phase: Any, groups: Mapping[str, Any]) -> str:
    if not isinstance(phase, Phase):
        return f"{shown(phase)}, not a Phase(name, loss, trains)"
    if not isinstance(phase.name, str) or not phase.name or "/" in phase.name:
        return f"a phase named {phase.name!r}, not by a text without '/'"
    if not callable(phase.loss):
        return f"phase {phase.name!r} with the loss {shown(phase.loss)}, not a function"
    if type(phase.repeats) is not int or phase.repeats < 1:
        return f"phase {phase.name!r} with repeats={phase.repeats!r}, not a whole number from 1"
    if phase.trains is not None and not isinstance(phase.trains, tuple | list):
        return f"phase {phase.name!r} with trains={phase.trains!r}, not a tuple of names, or None"
    for group in phase.trains or ():
        if group not in groups:
            return f"phase {phase.name!r}, which trains {group!r}; there are {sorted(groups)}"
    return ""


def checked_terms(method: Method, phase: Phase, terms: Any) -> Terms:
    """Returns the terms of a loss, their values as arrays."""
    fail = functools.partial(broken, method, f"loss of phase {phase.name!r}", function=phase.loss)
    if not isinstance(terms, Mapping) or isinstance(terms, Term):
        raise fail(gave=f"{shown(terms)}, not a dict of Term(scalar, weight) by name")
    if not terms and phase.trains != ():
        raise fail(gave="no terms, so there is nothing to minimise; give Term(scalar, weight)")
    for name, term in terms.items():
        if not isinstance(name, str) or not name:
            raise fail(gave=f"a term named {name!r}; names are text, each with a Term")
        if not isinstance(term, Term):
            raise fail(gave=f"{shown(term)} as {name!r}, not a Term(scalar, weight)")
        for part, value in (("value", term.value), ("weight", term.weight)):
            fault = _scalar_fault(value, whole=part == "weight")
            if fault:
                raise fail(gave=f"{fault} as the {part} of {name!r}, in a Term(scalar, weight)")
    return {name: term._replace(value=jnp.asarray(term.value)) for name, term in terms.items()}


def _scalar_fault(value: Any, *, whole: bool) -> str:
    """Returns what keeps a value from being a real number, '' for nothing."""
    try:
        array = jax.eval_shape(jnp.asarray, value)
    except (TypeError, ValueError):
        return f"{shown(value)}, which is no number,"
    if array.shape:
        return f"an array of shape {list(array.shape)}, which is no scalar,"
    real = jnp.issubdtype(array.dtype, jnp.floating)
    if not real and not (whole and jnp.issubdtype(array.dtype, jnp.integer)):
        return f"a {array.dtype} scalar, which is no real number with a gradient,"
    return ""


def checked_state(method: Method, member: str, old: Any, new: Any) -> Any:
    """Returns a method's state after checking that it kept structure, shapes and types."""
    if jax.tree.structure(old) != jax.tree.structure(new):
        raise broken(
            method, member, f"a state of the structure {shown(jax.tree.structure(new))} where it"
            f" was {shown(jax.tree.structure(old))}; a state keeps its structure",
        )  # fmt: skip
    pairs = zip(jax.tree_util.tree_leaves_with_path(old), jax.tree.leaves(new), strict=True)
    for (path, before), after in pairs:
        (was, now) = (_type_of(method, member, leaf) for leaf in (before, after))
        if was != now:
            raise broken(
                method, member, f"a state whose {path_of(path) or 'value'!r} is {now} where it was"
                f" {was}; a state keeps shapes and types",
            )  # fmt: skip
    return new


def _type_of(method: Method, member: str, leaf: Any) -> str:
    try:
        array = jax.eval_shape(jnp.asarray, leaf)
    except (TypeError, ValueError):
        raise broken(method, member, f"a state with {shown(leaf)}, which is no array") from None
    return f"{array.dtype}{list(array.shape)}"


def outputs_of(method: Method, nets: Nets, inputs: Inputs, state: Any, role: Role) -> Output:
    """Returns what a method predicts for inputs of one role, checked."""
    check_takes_role(method, method.predict, given=3)
    with user_code(method, "predict"):
        output = method.predict(nets, inputs, state, role=role)
    return checked_output(method, output, len(inputs), nets.heads)


def checked_output(
    method: Method, output: Any, rows: int, heads: Sequence[Head], member: str = "predict"
) -> Output:
    """Returns what a member of a method predicts for a number of rows after checking its shapes."""
    if not isinstance(output, Output):
        gave = f"{shown(output)}, not Output(features [n, d], logits [n, k])"
        raise broken(method, member, gave)
    if not isinstance(output.others, tuple) or len(output.heads) != len(heads):
        gave = (
            f"{shown(output.others)} in the place of the outputs of {len(heads) - 1} more heads:"
            f" {describe_heads(heads[1:])}; change an output by output._replace(logits=...)"
        )
        raise broken(method, member, gave)
    others = [(f"the outputs of head {head.name!r}", head.size) for head in heads[1:]]
    names = [("features", "d"), ("logits", heads[0].size), *others]
    for (name, columns), array in zip(names, (output.features, *output.heads), strict=True):
        shape = array.shape if isinstance(array, jax.Array) else ()
        if len(shape) != 2 or shape[0] != rows or columns not in ("d", shape[1]):
            expected = f"[{rows}, {columns}]"
            raise broken(method, member, f"{name} as {shown(array)}; the shape is {expected}")
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise broken(method, member, f"{name} as {shown(array)}; the type is float32")
    unknown = output.unknown
    if unknown is not None and (not isinstance(unknown, jax.Array) or unknown.shape != (rows,)):
        gave = f"unknown as {shown(unknown)}; the shape is [{rows}], positive for unknown examples"
        raise broken(method, member, gave)
    return output


def _line_of(error: Exception, method: object) -> str:
    """Returns the innermost line of the user's that an error passed through."""
    every = traceback.extract_tb(error.__traceback__)
    frames = [f for f in every if not f.filename.startswith((*_LIBRARIES, "<frozen"))]
    # A method that is installed as a package lies among the libraries.
    module = sys.modules[type(method).__module__].__file__
    frames = frames or [f for f in every if f.filename == module]
    return f", {frames[-1].filename} line {frames[-1].lineno}" if frames else ""


def _defined(function: Callable[..., Any] | None, method: object) -> str:
    """Returns file and line where a function begins, or those of the method's class."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function) if callable(function) else function
    if inspect.ismethod(function):
        function = function.__func__
    if inspect.isfunction(function):
        return f"{function.__code__.co_filename} line {function.__code__.co_firstlineno}"
    try:
        lines, first = inspect.getsourcelines(type(method))
        return f"{inspect.getfile(type(method))} line {first}" if lines else ""
    except (OSError, TypeError):
        return f"class {type(method).__qualname__}"
