"""The house: every folder is a room, rooms have an order, and no circle runs through them."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

import xferlab

pytestmark = pytest.mark.fast

ROOT = Path(xferlab.__file__).parent
MODULES = {
    ".".join(("xferlab", *path.relative_to(ROOT).with_suffix("").parts)): path
    for path in sorted(ROOT.rglob("*.py"))
    if path.name != "__init__.py"
}
WORDS = {"core", "data"}
"""Errors, checks and names; and the words domain, split and task."""
ROOMS = {
    "core": set(),
    "data": {"core"},
    "data/readers": WORDS,
    "data/features": WORDS,
    "data/made": WORDS | {"data/readers"},
    "data/catalogue": WORDS | {"data/readers", "data/features", "data/made"},
    "data/feeds": WORDS,
    "losses": {"core"},
    "models": {"core"},
    "methods": {"core", "losses", "models"},
    "evaluation": {"core"},
    "training": WORDS | {"data/feeds", "methods", "models", "losses"},
}
ROOMS["data/readers"] = WORDS | {"data/features"}
BELOW = set(ROOMS)
SUITES, STORE, TABLES = "benchmark/suites", "benchmark/store", "benchmark/tables"
TEXT, FIGURES, HTML = "benchmark/text", "benchmark/figures", "benchmark/html"
SHOWN = {"core", "evaluation"}
ROOMS |= {
    SUITES: BELOW,
    "benchmark/own": {"core"},
    STORE: {"core", "evaluation", "models", "training", SUITES},
    "benchmark/runs": BELOW | {SUITES, STORE, "benchmark/own"},
    TABLES: SHOWN | {STORE},
    TEXT: SHOWN | {STORE, TABLES},
    FIGURES: SHOWN | {STORE, TABLES, TEXT},
    HTML: SHOWN | {STORE, TABLES, TEXT, FIGURES},
}
ROOMS["benchmark/trained"] = BELOW | {STORE, "benchmark/runs"}
ROOMS["benchmark"] = set(ROOMS)
ROOMS["cli"] = set(ROOMS)
"""Room → the rooms that it may import; a folder within one of them is part of it."""
NO_JAX = {TABLES, TEXT, FIGURES, HTML, STORE}
JAX = {"jax", "flax", "optax", "orbax"}
FEW = 20
MANY = {"data/catalogue/sets", "benchmark/suites", "methods", "losses"}
"""Rooms with one file for each thing of a kind."""


def room_of(module: str) -> str:
    """The innermost room that a module lies in; '' for the files beside the rooms."""
    parts = module.split(".")[1:-1]
    names = ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return next((name for name in names if name in ROOMS), "")


def imports(path: Path) -> set[str]:
    """Everything imported, wherever in the file, also for type checkers alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


GRAPH = {name: imports(path) & MODULES.keys() - {name} for name, path in MODULES.items()}


def test_no_circle_of_modules():
    tuple(graphlib.TopologicalSorter(GRAPH).static_order())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_is_below_it(room):
    own = [module for module in MODULES if room_of(module) == room]
    assert own
    for module in own:
        reached = {room_of(other) for other in GRAPH[module]} - {room, ""}
        assert reached <= ROOMS[room], module


def test_rooms_have_an_order():
    tuple(graphlib.TopologicalSorter(ROOMS).static_order())


def test_every_file_is_in_a_room():
    assert {m for m in MODULES if not room_of(m)} <= {"xferlab.__main__", "xferlab.version"}


def test_present_and_compare_alone_see_both_halves():
    show, make = {TEXT, FIGURES, HTML}, {"benchmark/runs"}
    both = [
        module
        for module, others in GRAPH.items()
        if {room_of(o) for o in others} & show and {room_of(o) for o in others} & make
    ]
    assert [m for m in both if not m.startswith("xferlab.cli.")] == [
        "xferlab.benchmark.compare",
        "xferlab.benchmark.present",
    ]


@pytest.mark.parametrize("room", sorted(NO_JAX))
def test_what_keeps_decides_and_shows_imports_no_jax(room):
    for module, path in MODULES.items():
        if room_of(module) == room:
            assert not {name.split(".")[0] for name in imports(path)} & JAX, module


def test_no_room_is_crowded():
    folders = {path.parent for path in MODULES.values()} - {ROOT}
    counts = {str(f.relative_to(ROOT)): len(list(f.glob("*.py"))) for f in folders}
    assert {f: n for f, n in counts.items() if n > FEW and f not in MANY} == {}
