"""Several heads from data to table: outside methods, further metrics, directions, refusals."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.benchmark.tiny import two_heads_suite
from xferlab.benchmark.present import run_suite
from xferlab.benchmark.runs.methods import find_methods
from xferlab.benchmark.runs.options import BenchOptions
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.suites.multi_task import KNOWN, multi_task
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.data.made.slanted import slanted_digits, standard_slants

OUTSIDE = """
from xferlab.methods import Method, Term, method
from xferlab.methods.supervised import supervised


@method
class NearMeans(Method):
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        gap = source.features.mean(0) - target.features.mean(0)
        return {**supervised(nets, source, batch), "gap": Term((gap**2).sum(), self.weight)}
"""


def silent(pack, steps, state):
    """Reports nothing."""


def run(suite, out, methods=("source_only", "dann"), **options):
    options = BenchOptions(out=out, seeds=3, **options)
    candidates = list(find_methods(methods).values())
    return run_suite(suite, plan_suite(suite, candidates, options), options, silent)


def test_a_method_from_outside_stands_in_every_table(tmp_path):
    file = tmp_path / "near_means.py"
    file.write_text(OUTSIDE)
    methods = ("source_only", "dann", f"{file}:NearMeans")
    results = run(two_heads_suite(), tmp_path / "out", methods)
    (further,) = results.table.further
    for table, metric in ((results.table, "accuracy"), (further, "angle/rmse")):
        assert set(table.cells["metric"]) == {metric}
        assert table.cells["method"].nunique() == 3 and table.cells["mean"].notna().all()
        assert (table.cells["low"] >= 0).all()
    page = (tmp_path / "out/tiny.md").read_text()
    assert "angle: root mean squared error, lower is better" in page
    assert "angle/rmse" in (tmp_path / "out/tiny.csv").read_text()
    assert "root mean squared error" in (tmp_path / "out/tiny.html").read_text()


def test_what_is_lower_is_better_where_a_metric_says_so(tmp_path):
    results = run(two_heads_suite(60, evaluations=4), tmp_path, metric="angle/rmse")
    cells = results.table.cells
    steps = cells.set_index(["method", "rule"])["mean"]
    assert (steps[:, "oracle"] <= steps[:, "last"]).all()
    compared = cells.dropna(subset=["difference_points"])
    assert (compared["gain"] == -compared["difference_points"]).all()
    lower = compared["difference_points"] < 0
    assert ((compared["verdict"] == "better") <= lower).all()
    assert ((compared["verdict"] == "worse") <= ~lower).all()
    assert not results.table.further
    assert results.table.trivial.empty


def test_the_suite_hides_half_of_each_kind_of_label_and_all_of_the_target():
    suite = multi_task(SuiteRequest())
    for each in suite.tasks:
        batch = each.task.training_arrays()
        for labels in batch.source.by_head:
            assert abs(labels.known.mean() - KNOWN) < 0.01
        neither = ~batch.source.by_head[0].known & ~batch.source.by_head[1].known
        assert 0.15 < neither.mean() < 0.35
        assert not hasattr(batch.target, "by_head")


def test_slants_are_standard_and_belong_to_their_digits():
    slants = standard_slants()
    assert abs(slants.mean()) < 1e-5 and abs(slants.std() - 1) < 1e-5
    clean, photo = (slanted_digits(v, half="a") for v in ("optdigits", "optdigits_photo"))
    for part in ("train", "test"):
        (own,), (other,) = clean.splits[part].others, photo.splits[part].others
        np.testing.assert_array_equal(own.values, other.values)
    images = clean.splits["train"].inputs[..., 0].astype(float)
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    moments = [(images * axis).sum((1, 2)) / images.sum((1, 2)) for axis in (rows, columns)]
    down, across = (each[:, None, None] for each in moments)
    shear = (images * (rows - down) * (columns - across)).sum((1, 2))
    shear /= (images * (rows - down) ** 2).sum((1, 2))
    correlation = np.corrcoef(shear, clean.splits["train"].others[0].values[:, 0])[0, 1]
    assert correlation > 0.98


REFUSED = {
    "closed form": (("svm",), {}, "'svm' predicts classes alone.*'angle'"),
    "metric of no head": (
        ("dann",),
        {"metric": "angel/rmse"},
        "unknown metric 'angel/rmse'",
    ),
}


@pytest.mark.parametrize(("methods", "options", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_does_not_fit_several_heads_is_refused(tmp_path, methods, options, message):
    with pytest.raises(InputError, match=message):
        run(two_heads_suite(), Path(tmp_path), methods, **options)


def test_a_network_has_the_heads_of_its_task():
    suite = two_heads_suite()
    each = suite.tasks[0]
    for heads in ((("class", 2),), (("class", 2), ("angle", 2, "numbers")), (("class", 3),)):
        network = dataclasses.replace(each.network, heads=heads)
        with pytest.raises(InputError, match=r"has the heads 'class' \(2 classes\), 'angle'"):
            dataclasses.replace(each, network=network)
