"""Methods from files of the user's: found by file and class, refused with one clear message."""

import textwrap

import pytest

from tests.benchmark.tiny import execute, tiny_suite
from xferlab.benchmark.external import find_method, find_methods
from xferlab.benchmark.grid import make_packs
from xferlab.core.errors import InputError
from xferlab.methods.table import METHODS

HEAD = """\
from __future__ import annotations
from typing import ClassVar
import jax.numpy as jnp
from xferlab.losses import cross_entropy
from xferlab.methods import Method, Term, method
"""
GOOD = """
@method
class MyLoss(Method):
    reference: ClassVar[str] = ""
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        return {"c": Term(cross_entropy(source.logits, batch.source.labels).mean(), self.weight)}
"""


def write(folder, body, name="mine.py"):
    path = folder / name
    path.write_text(HEAD + textwrap.dedent(body))
    return path


@pytest.mark.fast
def test_a_method_is_found_by_file_with_and_without_its_class(tmp_path):
    path = write(tmp_path, GOOD)
    for text in (str(path), f"{path}:MyLoss"):
        candidate = find_method(text)
        assert candidate.name == "my_loss"
        assert candidate.method.weight == 1.0
        assert len(candidate.source) == 16


@pytest.mark.fast
def test_an_edited_file_is_another_method(tmp_path):
    path = write(tmp_path, GOOD)
    before = find_method(str(path)).source
    path.write_text(path.read_text().replace("= 1.0", "= 2.0"))
    assert find_method(str(path)).source != before


@pytest.mark.fast
def test_a_name_of_the_table_stays_the_tables(tmp_path):
    path = write(tmp_path, GOOD.replace("MyLoss", "Dann"))
    assert find_method(str(path)).name == "dann_from_file"
    assert find_method("dann").method is METHODS["dann"]


@pytest.mark.fast
def test_two_methods_of_one_name_are_refused(tmp_path):
    first = write(tmp_path, GOOD, "first.py")
    second = write(tmp_path, GOOD + "\n# edited\n", "second.py")
    assert list(find_methods([str(first), "dann"])) == ["my_loss", "dann"]
    for twice in ([str(first), f"{first}:MyLoss"], ["dann", "svm", "DANN"]):
        with pytest.raises(InputError, match="is named twice; name each method once"):
            find_methods(twice)
    with pytest.raises(InputError, match="'my_loss', as another one"):
        find_methods([str(first), str(second)])


TWO = GOOD + GOOD.replace("MyLoss", "Other")
WRONG_FILES = {
    "syntax": ("def f(:", "cannot be imported: SyntaxError"),
    "import error": ("import no_such_module", "cannot be imported: ModuleNotFoundError"),
    "exit": ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
    "no class": ("", "no single method class; it has none.*Derive"),
    "two classes": (TWO, "no single method class; it has MyLoss, Other.*file.py:Class"),
    "abstract": ("@method\nclass A(Method): pass", "cannot be made.*abstract.*needs a loss"),
    "undecorated": (GOOD.replace("@method", ""), "'MyLoss'.*not decorated.*xferlab.methods.method"),
    "no default": (GOOD.replace("float = 1.0", "float"), "cannot be made.*weight.*a default"),
}


@pytest.mark.fast
@pytest.mark.parametrize(("body", "message"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_wrong_files_are_refused(tmp_path, body, message):
    path = write(tmp_path, body)
    with pytest.raises(InputError, match=message) as caught:
        find_method(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.fast
def test_a_missing_file_and_class_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.py' does not exist"):
        find_method(str(tmp_path / "nowhere.py"))
    with pytest.raises(InputError, match="no method class 'Nope'; it has MyLoss"):
        find_method(f"{write(tmp_path, GOOD)}:Nope")


WRONG_LOSSES = {
    "raises": (
        "raise RuntimeError('my own fault')",
        r"RuntimeError: my own fault.*mine\.py line 9",
    ),
    "hidden labels": ("return {'c': Term(batch.target.labels.sum())}", r"'labels'.*line 9"),
    "plain arrays": ("return {'c': jnp.zeros(())}", r"Term\(scalar, weight\)"),
    "a scalar": ("return jnp.zeros(())", r"Term\(scalar, weight\)"),
    "nothing": ("pass", r"Term\(scalar, weight\)"),
    "no terms": ("return {}", r"Term\(scalar, weight\)"),
    "a vector": ("return {'c': Term(jnp.zeros(3))}", r"Term\(scalar, weight\)"),
}


@pytest.mark.parametrize(("line", "message"), WRONG_LOSSES.values(), ids=WRONG_LOSSES)
def test_a_faulty_loss_is_named_with_its_line(tmp_path, line, message):
    body = (
        f"@method\nclass Faulty(Method):\n    def loss(self, nets, batch, ctx):\n        {line}\n"
    )
    candidate = find_method(str(write(tmp_path, body)))
    packs = make_packs(tiny_suite(), [candidate], seeds=1, width=1)
    with pytest.raises(InputError, match=rf"(?s)method 'faulty' failed.*{message}"):
        execute(tmp_path / "runs", packs)
    assert not list((tmp_path / "runs").glob("*/DONE"))
