"""Every setting runs through one step, one loop of each kind, one store and one selection."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import xferlab

pytestmark = pytest.mark.fast

ROOT = Path(xferlab.__file__).parent
CALLERS = {
    # What moves parameters, from the optimiser's update up to the two ways of repeating a step.
    "update_group": {"training/step.py:_run_phase"},
    "_run_phase": {"training/step.py:train_step"},
    "train_step": {"training/scan.py:logged_step", "training/scan.py:empty_log"},
    "logged_step": {
        "training/scan.py:run_chunk",  # Resident data, inside one program.
        "training/stage.py:step",  # Streamed data, a call for each batch.
    },
    "run_chunk": {"training/stage.py:chunk"},
    "run_loop": {"training/run.py:_train_to"},
    # Gradients of what methods minimise.
    "_differentiate": {"training/step.py:_run_phase"},
    # Runs: of a suite, and of the networks whose features others read.
    "Training": {"benchmark/runs/executor.py:_start", "benchmark/runs/featured.py:_network"},
    "Executor": {"benchmark/runs/suite_run.py:train_suite"},
    "Scorer": {"benchmark/runs/executor.py:_train", "benchmark/runs/executor.py:_fit"},
    # The store of runs, and selection among its records.
    "RunStore": {
        "benchmark/present.py:present",
        "benchmark/present.py:report_suite",
        "benchmark/runs/suite_run.py:train_suite",
    },
    "select": {
        "benchmark/tables/cells.py:rule_cells",
        "benchmark/tables/over_tasks.py:compare_methods",
    },
}
"""Function or type → who may name it, beside imports: a second loop would be another name here."""


def mentions() -> dict[str, set[str]]:
    """Returns who names each of them: file and innermost function; imports and exports aside."""
    found: dict[str, set[str]] = {name: set() for name in CALLERS}
    for path in sorted(ROOT.rglob("*.py")):
        _visit(ast.parse(path.read_text("utf-8")), str(path.relative_to(ROOT)), "", found)
    return found


def _visit(node: ast.AST, file: str, function: str, found: dict[str, set[str]]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            outer = function or child.name  # Of a function within one the outer one is named.
            for part in child.body:
                _visit_one(part, file, outer, found)
        else:
            _visit_one(child, file, function, found)


def _visit_one(node: ast.AST, file: str, function: str, found: dict[str, set[str]]) -> None:
    if isinstance(node, ast.Call):
        _note(node.func, file, function, found)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "partial":
            for argument in node.args:  # `functools.partial(train_step, program)` calls it too.
                _note(argument, file, function, found)
    _visit(node, file, function, found)


def _note(node: ast.AST, file: str, function: str, found: dict[str, set[str]]) -> None:
    name = node.id if isinstance(node, ast.Name) else None
    name = node.attr if isinstance(node, ast.Attribute) else name
    if name in found and not (name == "select" and isinstance(node, ast.Attribute)):
        found[name].add(f"{file}:{function}")


MENTIONS = mentions()


@pytest.mark.parametrize("name", CALLERS)
def test_it_has_these_callers_alone(name):
    assert MENTIONS[name] == CALLERS[name]


def test_nothing_else_takes_a_gradient_in_training():
    """Losses and methods take some of inputs, such as a gradient penalty; none of them updates."""
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "training").rglob("*.py")
        for word in ("jax.grad", "jax.jacrev", "jax.value_and_grad", "optax.apply_updates")
        if word in path.read_text("utf-8")
    }
    assert users <= {"training/step.py", "training/optimiser.py"}
