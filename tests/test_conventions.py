"""The conventions of the project that reading the source can check."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xferlab
from xferlab.core.bibliography import load_entries
from xferlab.methods.base import Method
from xferlab.methods.episodic.table import EPISODIC
from xferlab.methods.table import METHODS

pytestmark = pytest.mark.fast

ROOT = Path(xferlab.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

LOSSES_MAY = {"etils", "jax", "jaxtyping", "optax", "xferlab"} | sys.stdlib_module_names
NO_JAX = (
    "evaluation/comparison.py",
    "evaluation/metrics.py",
    "evaluation/ranks.py",
    "evaluation/statistics.py",
    "evaluation/views.py",
    "evaluation/validators/",
)
LOOK_UPS = {
    "benchmark/own/modules.py": "asks a module for its file",
    "benchmark/runs/methods.py": "compares the fields of a method with their defaults",
    "benchmark/runs/plan.py": "reads the default of a checked field",
    "benchmark/store/spec.py": "compares the fields of dataclasses with their defaults",
    "benchmark/tables/selection.py": "groups records by fields that the code names",
    "core/paths.py": "reads jax's own key types",
    "data/readers/tfds.py": "asks a TFDS feature whether it has class names",
}
"""Files that look an attribute up by name, and why that is no look-up of configuration."""
MANY_PARAMETERS = {
    ("benchmark/compare.py", "compare"): "all that a user may choose, each with a default",
    ("benchmark/train.py", "train"): "all that a user may choose, each with a default",
    ("data/readers/tables.py", "domain_from_table"): "all that a table leaves open",
    ("data/readers/folders.py", "domain_from_folder"): "all that a folder leaves open",
    ("data/feeds/streamed.py", "stream_batches"): "all that a stream is, each with a default",
    ("training/step.py", "_run_phase"): "the state of a step, passed on piece by piece",
}
"""Functions with more parameters than the convention allows, and why."""

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_modules(path: Path) -> set[str]:
    """Every imported module, however deep in the file the import stands."""
    modules = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def functions(path: Path) -> list[ast.FunctionDef]:
    return [n for n in ast.walk(parse(path)) if isinstance(n, ast.FunctionDef)]


def code_lines(function: ast.FunctionDef) -> int:
    """Lines from `def` to the end, without the docstring, decorators and blank lines."""
    skipped = set()
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        skipped = set(range(docstring.lineno, docstring.end_lineno + 1))
    return function.end_lineno - function.lineno + 1 - len(skipped)


def parameters(function: ast.FunctionDef) -> list[str]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [a.arg for a in every if a.arg not in ("self", "cls")]


@pytest.mark.parametrize("path", sorted((ROOT / "losses").glob("*.py")), ids=lambda p: p.name)
def test_losses_import_jax_and_optax_only(path):
    assert {module.split(".")[0] for module in imported_modules(path)} <= LOSSES_MAY


@pytest.mark.parametrize("prefix", NO_JAX)
def test_scores_import_no_jax(prefix):
    paths = [path for path in FILES if name_of(path).startswith(prefix)]
    assert paths
    for path in paths:
        tops = {module.split(".")[0] for module in imported_modules(path)}
        assert not tops & {"jax", "flax", "optax"}, name_of(path)


@each_file
def test_command_line_libraries_stay_in_the_command_line(path):
    tops = {module.split(".")[0] for module in imported_modules(path)}
    assert name_of(path).startswith("cli/") or not tops & {"absl", "ml_collections"}


@each_file
def test_no_transformation_of_nnx(path):
    """Plain jax transforms the step; `nnx.jit` and the like are slow and still moving."""
    used = {
        node.attr
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "nnx"
    }
    assert not used & {"jit", "grad", "value_and_grad", "vmap", "scan", "Optimizer", "Metric"}


def test_import_loads_nothing_slow():
    slow = "{'jax', 'flax', 'optax', 'orbax', 'scipy', 'sklearn', 'pandas', 'matplotlib', "
    slow += "'tensorflow_datasets', 'grain', 'numpy'}"
    code = f"import sys, xferlab; print(sorted(set(sys.modules) & {slow}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@each_file
def test_a_file_stops_at_300_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 300


@each_file
def test_a_function_stops_at_40_lines(path):
    long = {f.name: code_lines(f) for f in functions(path) if code_lines(f) > 40}
    assert not long


@each_file
def test_parameters(path):
    """At most 6, in a loss 8."""
    most = 8 if name_of(path).startswith("losses/") else 6
    many = {f.name for f in functions(path) if len(parameters(f)) > most}
    assert many == {name for file, name in MANY_PARAMETERS if file == name_of(path)}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("__init__.py")), ids=name_of)
def test_an_init_re_exports_and_has_no_logic(path):
    statements = parse(path).body
    docstring, *rest = statements
    assert isinstance(docstring, ast.Expr)
    for statement in rest:
        lazy = isinstance(statement, ast.With) and "epy.lazy_api_imports" in ast.unparse(statement)
        exports = (
            isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
        )
        assert lazy or exports or isinstance(statement, ast.Import | ast.ImportFrom)
        if lazy:
            assert all(isinstance(inner, ast.ImportFrom) for inner in statement.body)
    if rest:
        assert "__all__" in ast.unparse(parse(path))


@each_file
def test_no_assert(path):
    assert not [n.lineno for n in ast.walk(parse(path)) if isinstance(n, ast.Assert)]


def looks_up_by_name(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id in ("getattr", "globals", "eval", "exec", "vars", "locals")


@each_file
def test_no_look_up_of_configuration_by_name(path):
    if path.name == "__init__.py":
        return
    calls = [ast.unparse(n) for n in ast.walk(parse(path)) if looks_up_by_name(n)]
    assert bool(calls) == (name_of(path) in LOOK_UPS), calls


@pytest.mark.parametrize("path", sorted((ROOT / "losses").glob("*.py")), ids=lambda p: p.name)
def test_losses_take_no_free_keywords(path):
    for function in functions(path):
        assert function.args.kwarg is None, function.name
        assert "reduction" not in parameters(function), function.name


def concrete_methods() -> list[type[Method]]:
    every = {**METHODS, **EPISODIC}.values()
    return list({type(stage.method): 0 for method in every for stage in method.stages()})


each_method = pytest.mark.parametrize("cls", concrete_methods(), ids=lambda cls: cls.__name__)


@each_method
def test_a_method_cites_a_paper_in_the_bibliography(cls):
    if cls.reference:
        assert cls.reference in load_entries()
        assert "References:" in cls.__doc__
    else:
        assert cls.__name__ in ("SourceOnly", "TargetOnly")


@each_method
def test_a_method_is_final_and_alone_in_its_file(cls):
    assert cls.__bases__ == (Method,)
    assert cls.__subclasses__() == []
    classes = [n for n in parse(Path(inspect.getfile(cls))).body if isinstance(n, ast.ClassDef)]
    assert [c.name for c in classes] == [cls.__name__]


@each_method
def test_a_method_defines_contract_members_only(cls):
    """Beside fields, private helpers and the losses of its phases."""
    contract = {name for name in vars(Method) if not name.startswith("_")}
    phase_losses = {phase.loss.__name__ for phase in cls().phases()}
    fields = {field.name for field in dataclasses.fields(cls)}
    own = {name for name in vars(cls) if not name.startswith("_")}
    assert own <= contract | phase_losses | fields


@each_method
def test_a_method_documents_every_field(cls):
    for field in dataclasses.fields(cls):
        assert f"\n    {field.name}: " in inspect.getdoc(cls)


def test_every_method_file_is_in_the_table():
    listed = {Path(inspect.getfile(cls)).name for cls in concrete_methods()}
    helpers = {"__init__.py", "base.py", "recipes.py", "schedules.py", "supervised.py", "table.py"}
    helpers |= {"_parts.py"}  # Of methods that are trained by episodes.
    folders = (ROOT / "methods", ROOT / "methods/episodic")
    assert {path.name for own in folders for path in own.glob("*.py")} == listed | helpers


def public_types(path: Path) -> set[str]:
    """The classes and the names of types that a module defines at its top."""
    found = set()
    for node in parse(path).body:
        names = [node.name] if isinstance(node, ast.ClassDef) else []
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        found |= {name for name in names if re.fullmatch("[A-Z]+[a-z]\\w*", name)}
    return found


def test_no_two_public_types_share_a_name():
    """A word means one thing: `View`, `Method` and `Encoder` are the core's."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        for name in public_types(path):
            places.setdefault(name, []).append(name_of(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
    assert places["View"] == ["core/settings.py"]
    assert places["Method"] == ["methods/base.py"]
    assert places["Encoder"] == ["models/networks.py"]
