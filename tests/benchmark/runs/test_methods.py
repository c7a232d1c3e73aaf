"""Methods from files of the user's: found by file and class, refused with one clear message."""

import sys
import textwrap

import pytest

from tests.benchmark.tiny import execute, tiny_suite
from xferlab.benchmark.runs.methods import find_method, find_methods
from xferlab.benchmark.runs.plan import make_packs
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
    "syntax": ("def f(:", "line 6 cannot be imported: SyntaxError"),
    "indentation": ("def f():\nreturn 1", "line 7 cannot be imported: IndentationError"),
    "null byte": ("\0", "cannot be imported"),
    "import error": ("import no_such_module", "line 6 cannot be imported: ModuleNotFoundError"),
    "raises": ("\n\nx = 1 / 0", "line 8 cannot be imported: ZeroDivisionError"),
    "exit": ("raise SystemExit(3)", "line 6 cannot be imported: SystemExit: 3"),
    "own __init__": (GOOD + "    def __init__(self, x): pass", "line 7, cannot be made.*a default"),
    "no class": ("", "no single method class; it has none.*Derive"),
    "two classes": (TWO, "no single method class; it has MyLoss, Other.*file.py:Class"),
    "abstract": (
        "@method\nclass A(Method): pass",
        "line 6, cannot be made.*abstract",
    ),
    "settings": (
        GOOD.replace("    weight", "    settings = ()\n    weight", 1),
        "'MyLoss'.*line 7, has `settings`, which nothing reads. Write needs = Setting",
    ),
    "needs": (
        GOOD.replace("    weight", "    needs = 'labels'\n    weight", 1),
        "line 7: needs is 'labels'. Write needs = Setting",
    ),
    "undecorated": (
        GOOD.replace("@method", ""),
        "'MyLoss'.*line 8, is not decorated.*write @x",
    ),
    "a constructor that fails": (
        GOOD + "\n    def __post_init__(self):\n        raise ValueError('own')\n",
        r"line \d+, cannot be made: own",
    ),
    "a default out of bounds": (
        GOOD.replace("= 1.0", "= float('nan')"),
        "cannot be made.*weight of MyLoss is nan",
    ),
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


@pytest.mark.fast
@pytest.mark.parametrize("text", ["nowhere.at_all:X", "json:X", "sys:X", ":X", "a b:c", "..x:y"])
def test_a_module_that_is_none_of_methods_is_refused(text):
    with pytest.raises(InputError, match=r"is not found|no method class 'X'; it has none"):
        find_method(text)


@pytest.mark.fast
def test_a_folder_is_no_method_file(tmp_path):
    (tmp_path / "methods.py").mkdir()
    with pytest.raises(InputError, match=r"methods\.py' is a folder"):
        find_method(f"{tmp_path / 'methods.py'}:X")


@pytest.mark.fast
def test_a_method_is_found_in_a_module_that_python_finds(tmp_path, monkeypatch):
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").touch()
    write(tmp_path / "my_package", GOOD, "losses.py")
    monkeypatch.syspath_prepend(tmp_path)
    candidate = find_method("my_package.losses:MyLoss")
    assert (candidate.name, len(candidate.source)) == ("my_loss", 16)


@pytest.mark.fast
def test_files_import_their_neighbours_and_no_one_elses(tmp_path):
    """Two folders with files of the same names: each method has its own helper, edited or not."""
    body = "from helper_losses import WEIGHT\nimport helpers.deep\n"
    body += GOOD.replace("float = 1.0", "float = WEIGHT")
    texts = []
    for name, weight in (("a", 2.0), ("b", 3.0)):
        (tmp_path / name / "helpers").mkdir(parents=True)
        (tmp_path / name / "helpers" / "__init__.py").touch()
        (tmp_path / name / "helpers" / "deep.py").write_text("import helper_losses")
        (tmp_path / name / "helper_losses.py").write_text(f"import numpy\nWEIGHT = {weight}\n")
        texts.append(str(write(tmp_path / name, body, "mine.py")))
    found = [find_method(text) for text in texts]
    assert [candidate.method.weight for candidate in found] == [2.0, 3.0]
    assert found[0].source != found[1].source
    (tmp_path / "a" / "helper_losses.py").write_text("WEIGHT = 5.0\n")
    assert find_method(texts[0]).method.weight == 5.0
    assert str(tmp_path / "a") not in sys.path and "helper_losses" not in sys.modules


@pytest.mark.fast
def test_a_neighbour_named_as_a_package_in_use_does_not_replace_it(tmp_path):
    import numpy

    (tmp_path / "numpy.py").write_text("raise RuntimeError")
    find_method(str(write(tmp_path, "import numpy\n" + GOOD)))
    assert sys.modules["numpy"] is numpy


@pytest.mark.fast
def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + (HEAD + GOOD).encode())
    with pytest.raises(InputError, match=r"cannot be read.*UTF-8"):
        find_method(str(path))


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
    with pytest.raises(InputError, match=rf"(?s)method Faulty.*{message}"):
        execute(tmp_path / "runs", packs)
    assert not list((tmp_path / "runs").glob("*/DONE"))
