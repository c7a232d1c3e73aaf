"""The suites `digits` and `digits_full` on a few made images: tasks, networks, schedules."""

import jax
import numpy as np
import pytest

from xferlab.benchmark.suites.digits import FULL
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.benchmark.suites.table import SUITES
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint

pytestmark = pytest.mark.fast

SHAPES = {"mnist": (28, 28, 1), "usps": (16, 16, 1), "mnistm": (28, 28, 3), "svhn": (32, 32, 3)}


@pytest.fixture
def folder(tmp_path):
    """A data folder with twenty images of each set but SVHN."""
    for name in ("mnist", "usps", "mnistm"):
        write_made(tmp_path, name)
    return tmp_path


def write_made(folder, name):
    images = np.random.default_rng(0).integers(0, 256, (20, *SHAPES[name]), np.uint8)
    split = Split(images, np.arange(20, dtype=np.int32) % 10)
    raw = RawDomain(split, split, tuple(str(digit) for digit in range(10)))
    write_plain(folder / name, name, raw)


def build(folder, name="digits"):
    return SUITES[name](SuiteRequest(data_dir=folder))


def test_three_pairs_and_svhn_where_it_is(folder):
    pairs = ["mnist->usps", "usps->mnist", "mnist->mnistm"]
    assert [each.task.name for each in build(folder).tasks] == pairs
    write_made(folder, "svhn")
    assert [each.task.name for each in build(folder).tasks] == [*pairs, "svhn->mnist"]


def test_the_short_schedule_is_the_full_one_with_fewer_steps(folder):
    short, full = build(folder), build(folder, "digits_full")
    assert {each.training for each in full.tasks} == {FULL}
    (training,) = {each.training for each in short.tasks}
    assert (training.steps, FULL.steps) == (600, 50_000)
    assert (training.optimiser, training.schedule, training.lr) == ("sgd", "dann", 0.01)
    assert [each.network for each in short.tasks] == [each.network for each in full.tasks]
    assert "SHORTENED SCHEDULE: 600 of 50000 steps" in short.header.protocol[0]
    assert "SHORTENED" not in full.header.protocol[0]


def test_the_discriminator_sees_what_it_sees_in_the_paper(folder):
    """MNIST architecture: 4 × 4 × 48 features; two dense layers are the label predictor's."""
    network = build(folder).tasks[2].network
    extra = METHODS["dann"].extra_networks
    init = jax.eval_shape(lambda: Blueprint.of(network, extra).init(extra, jax.random.key(0)))
    kernels = {
        jax.tree_util.keystr(path): leaf.shape
        for path, leaf in jax.tree_util.tree_leaves_with_path(init[0])
        if "kernel" in jax.tree_util.keystr(path)
    }
    assert set(kernels.values()) == {
        *((5, 5, 3, 32), (5, 5, 32, 48), (768, 100), (100, 100), (100, 10), (100, 1)),
    }
    assert sum(shape == (768, 100) for shape in kernels.values()) == 2
