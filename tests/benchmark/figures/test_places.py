"""Where tasks stand on maps: by the domains of the records, never by what a task is called."""

import ast
from pathlib import Path

import pytest

import xferlab
from tests.benchmark.factory import make_run
from tests.benchmark.tiny import execute, tiny_packs
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.records import task_places

pytestmark = pytest.mark.fast


def test_a_task_stands_at_its_domains_whatever_it_is_called():
    runs = [
        make_run("first", sources=("a",), target="b"),
        make_run("x->y->z", sources=("b",), target="a->c"),
        make_run("nobody knows"),
    ]
    assert task_places(runs) == {"first": ("a", "b"), "x->y->z": ("b", "a->c")}


def test_several_sources_are_one_row():
    runs = [make_run(f"others->{t}", sources=("a", "b"), target=t) for t in "cd"]
    assert task_places(runs) == {"others->c": ("2 sources", "c"), "others->d": ("2 sources", "d")}


def test_tasks_of_the_same_domains_stand_side_by_side():
    runs = [make_run(f"a->b, {k} shots", sources=("a",), target="b") for k in (1, 5)]
    assert task_places(runs) == {run.task: ("a", run.task) for run in runs}


def test_a_record_has_its_domains(tmp_path):
    (pack,) = tiny_packs()
    record = load_record(execute(tmp_path, [pack]), pack.runs[0][0].digest)
    assert record.sources == tuple(domain.name for domain in pack.task.sources)
    assert record.target == pack.task.target.name


def test_no_name_of_a_task_is_taken_apart():
    """No call of `split` and its like has an arrow among its arguments."""
    taking = {"split", "rsplit", "partition", "rpartition", "replace", "removeprefix", "match"}
    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(xferlab.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in taking
        and any(isinstance(a, ast.Constant) and "->" in str(a.value) for a in node.args)
    ]
    assert found == []
