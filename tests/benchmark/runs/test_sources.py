"""An edit of what decides numbers makes another run; one of comments and layout does not."""

import shutil
import subprocess
import sys

import jax
import pytest

from tests.benchmark.tiny import tiny_packs
from xferlab.benchmark.runs import sources
from xferlab.benchmark.runs.methods import find_method
from xferlab.methods.episodic.table import EPISODIC
from xferlab.methods.table import ALL_METHODS

pytestmark = pytest.mark.fast


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package, whose files may be edited."""
    folder = tmp_path / "xferlab"
    shutil.copytree(sources.PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "PACKAGE", folder)
    return folder


def digests(package):
    """The digests of two methods and of the code that all share."""
    shared = sources.source_digest([package / name for name in sources.SHARED])
    return [sources.source_digest([package / f"methods/{m}.py"]) for m in ("dann", "dan")] + [
        shared
    ]


EDITS = {
    "a loss of one": ("losses/adversarial.py", "x_1 = 1\n", [True, False, False]),
    "a loss of the other": ("losses/mmd.py", "x_1 = 1\n", [False, True, False]),
    "a method": ("methods/dann.py", "x_1 = 1\n", [True, False, False]),
    "a schedule": ("methods/schedules.py", "x_1 = 1\n", [True, False, False]),
    "a layer": ("models/layers.py", "x_1 = 1\n", [True, True, True]),
    "the step": ("training/step.py", "x_1 = 1\n", [False, False, True]),
    "the optimiser": ("training/optimiser.py", "x_1 = 1\n", [False, False, True]),
    "how batches are drawn": ("data/feeds/resident.py", "x_1 = 1\n", [False, False, True]),
    "how splits are drawn": ("data/split.py", "x_1 = 1\n", [False, False, True]),
    "a validator": ("evaluation/validators/dev.py", "x_1 = 1\n", [False, False, True]),
    "the scores": ("benchmark/runs/scoring.py", "x_1 = 1\n", [False, False, True]),
    "a table's layout": ("benchmark/text/per_task.py", "x_1 = 1\n", [False, False, False]),
    "the command line": ("cli/main.py", "x_1 = 1\n", [False, False, False]),
    "a comment": ("training/step.py", "# a comment\n\n\n", [False, False, False]),
    "a docstring": ("training/step.py", '"""A text."""\n', [False, False, False]),
}


@pytest.mark.parametrize(("file", "line", "changed"), EDITS.values(), ids=EDITS)
def test_what_an_edit_of_the_package_changes(package, file, line, changed):
    before = digests(package)
    path = package / file
    path.write_text(path.read_text("utf-8") + line, "utf-8")
    assert [a != b for a, b in zip(before, digests(package), strict=True)] == changed


def test_a_changed_number_within_a_function_counts_and_layout_does_not(tmp_path):
    path = tmp_path / "mine.py"

    def digest(text):
        path.write_text(text)
        return sources.source_digest([path])

    plain = digest("def f(x):\n    return 2 * x\n")
    assert digest('def f(x):\n    """Twice."""\n    return 2 * x  # twice\n') == plain
    assert digest("def f(x):\n\n        return (2 *\n x)\n") != plain  # Brackets are tokens.
    assert digest("def f(x):\n\n        return 2 * x\n") == plain
    assert digest("def f(x):\n    return 3 * x\n") != plain
    inside = digest("if a:\n    b()\n    c()\n")
    assert digest("if a:\n    b()\nc()\n") != inside


METHOD = """\
from xferlab.methods import Method, Term, method
from {module} import weigh

@method
class Mine(Method):
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        return {{"zero": Term(weigh(0.0 * nets.forward(batch)[0].logits.sum()))}}
"""


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("helper_a", "helper_a.py"),
        ("parts_b", "parts_b/__init__.py"),
        ("parts_c.weights", "parts_c/weights.py"),
        ("parts_d", "parts_d/inner.py"),
        ("helper_e", "deep_e.py"),
    ],
)
def test_a_file_beside_a_method_belongs_to_it(tmp_path, module, file):
    """However the neighbour is imported, and through however many files."""
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("def weigh(x):\n    return 1.0 * x\n")
    if module == "parts_d":
        (tmp_path / "parts_d/__init__.py").write_text("from .inner import weigh\n")
    if module == "helper_e":
        (tmp_path / "helper_e.py").write_text("import deep_e\nweigh = deep_e.weigh\n")
    mine = tmp_path / "mine.py"
    mine.write_text(METHOD.format(module=module))
    before = sources.source_digest([mine])
    assert path.resolve() in sources.source_files([mine])
    path.write_text("def weigh(x):\n    return 2.0 * x\n")
    assert sources.source_digest([mine]) != before


def test_a_method_from_outside_does_not_hang_on_the_methods_it_does_not_use(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from xferlab.methods import Method, method\nfrom xferlab.losses import mmd_loss"
    )
    names = {path.name for path in sources.source_files([mine])}
    assert {"base.py", "mmd.py"} <= names
    assert not {"dann.py", "table.py", "coral.py"} & names


def test_every_method_has_its_own_source():
    found = {name: find_method(name) for name in ALL_METHODS}
    # Those of episodes stand in tasks of new classes: their source is found in the same way.
    specs = {
        name: tiny_packs(methods=[name])[0].runs[0][0] for name in found if name not in EPISODIC
    }
    assert all(len(spec.method.source) == 16 for spec in specs.values())
    assert all(spec.code == sources.shared_digest() != "" for spec in specs.values())


def test_nothing_that_trains_or_scores_is_outside_the_digests():
    """The modules that a run has loaded in the end are among the files of its digests."""
    code = """
import sys, tempfile, pathlib
from tests.benchmark.tiny import execute, tiny_packs
for name in ("dann", "nearest_neighbour"):
    execute(pathlib.Path(tempfile.mkdtemp()), tiny_packs(methods=[name]))
for name, module in sys.modules.items():
    if name.startswith(("xferlab.losses.", "xferlab.models.", "xferlab.training.")):
        print(module.__file__)
    if name.startswith("xferlab.evaluation.validators"):
        print(module.__file__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    methods = [
        sources.PACKAGE / f"methods/{name}.py" for name in ("dann", "closed_form/nearest_neighbour")
    ]
    counted = sources.source_files([sources.PACKAGE / s for s in sources.SHARED] + methods)
    every = sources.source_files(sorted((sources.PACKAGE / "methods").rglob("*.py")))
    loaded = {p for p in map(sources.Path, done.stdout.split()) if p.name != "__init__.py"}
    apart = {sources.PACKAGE / "training/checkpoint.py"}  # Keeps numbers, makes none.
    assert loaded - counted - apart <= every  # Losses of methods that the table has loaded.
    assert any(path.name == "step.py" for path in loaded)


def test_arithmetic_is_part_of_the_identity():
    """A run in 64 bits, or with other products, is another one."""

    def spec():
        return tiny_packs()[0].runs[0][0]

    plain = spec()
    with jax.enable_x64(True):
        wide = spec()
    with jax.default_matmul_precision("bfloat16"):
        coarse = spec()
    assert (plain.arithmetic, wide.arithmetic) == ("", "float64")
    assert coarse.arithmetic == "products bfloat16"
    assert len({plain.digest, wide.digest, coarse.digest}) == 3
    assert "arithmetic" not in plain.to_json()
