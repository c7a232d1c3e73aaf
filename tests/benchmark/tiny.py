"""A suite of one small task, for the tests of the benchmark and of the command line."""

from xferlab.benchmark.runs.executor import Executor, ExecutorOptions
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.suite import Suite, SuiteTask
from xferlab.core.settings import Setting
from xferlab.data.made.moons import moons
from xferlab.data.task import TransferTask
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

NETWORK = NetworkSpec(backbone="mlp", input_shape=(2,), hidden=(8,), heads=(("class", 2),))


def tiny_task(target=None):
    """The moons of 20 points, or the first of them with another target."""
    target = target or moons(rotation_degrees=35.0, points=20)
    return TransferTask("moons->turned", (moons(points=20),), target, Setting.UNSUPERVISED_DA)


def tiny_suite(steps=6, *, task=None, methods=("source_only",), evaluations=2):
    """One task, two seeds."""
    training = TrainingOptions(
        steps=steps, batch_sizes=(8, 8), optimiser="adam", lr=1e-2, evaluations=evaluations
    )
    return Suite(
        header=SuiteHeader(name="tiny", title="tiny: two moons", protocol=("Twenty points.",)),
        tasks=(SuiteTask(task=task or tiny_task(), network=NETWORK, training=training),),
        methods=methods,
        seeds=2,
    )


def build_tiny(request):
    """The tiny suite, for the tests of listings and flags."""
    return tiny_suite(request.steps or 6)


def execute(root, packs, *, report=None, jobs=1, checkpoint_seconds=60.0):
    """Runs packs into a folder and returns its store; raises what a pack failed with."""
    store = RunStore(root)
    options = ExecutorOptions(jobs=jobs, checkpoint_seconds=checkpoint_seconds)
    outcome = Executor(store, options, report or (lambda pack, steps, state: None)).run(packs)
    for failure in outcome.failures:
        raise failure.error
    return store


def tiny_packs(suite=None, *, methods=("source_only",), seeds=1, width=1):
    """The packs of a suite, the tiny one by default."""
    candidates = [find_method(name) for name in methods]
    return make_packs(suite or tiny_suite(), candidates, seeds=seeds, width=width)


def contents(folder):
    """The bytes of every file of a run except the times."""
    files = sorted(path for path in folder.iterdir() if path.name != "timing.json")
    return {path.name: path.read_bytes() for path in files}
