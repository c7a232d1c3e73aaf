"""Suites become runs, runs become packs."""

import dataclasses

import pytest

from tests.benchmark.tiny import tiny_packs, tiny_suite, tiny_task
from xferlab.benchmark.external import find_method
from xferlab.benchmark.grid import Candidate, expand_grid, make_packs
from xferlab.benchmark.run import parse_sweeps
from xferlab.benchmark.spec import RunSpec
from xferlab.cli.bench import choose_candidates
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.two_moons import moons
from xferlab.methods import Method, method
from xferlab.methods.base import Stage
from xferlab.methods.shallow.svm import SVM
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.methods.target_only import TargetOnly

pytestmark = pytest.mark.fast


@method
class SourceFree(Method):
    """Supports a setting that no test task has."""

    settings = (Setting.SOURCE_FREE,)

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


def test_packs_hold_seeds_and_hyper_parameters_in_order():
    candidate = expand_grid(find_method("dann"), {"weight": [0.1, 1.0]})
    packs = make_packs(tiny_suite(), [candidate], seeds=3, width=4)
    runs = [[(spec.seed, spec.hyper_json) for spec, _ in pack.runs] for pack in packs]
    low = '{"weight":0.1}'
    assert runs == [[(0, low), (0, ""), (1, low), (1, "")], [(2, low), (2, "")]]
    assert packs[0].runs[0][1].weight == 0.1
    assert packs[0].runs[1][1].weight == 1.0


def test_a_method_that_draws_nothing_runs_once():
    """Folds to choose a penalty are drawn, a nearest neighbour is not."""
    for name, runs in {"nearest_neighbour": 1, "pca": 1, "gfk": 1, "svm": 3, "coral": 3}.items():
        packs = make_packs(tiny_suite(), [find_method(name)], seeds=3, width=2)
        specs = [spec for pack in packs for spec, _ in pack.runs]
        assert [spec.seed for spec in specs] == list(range(runs)), name
        assert all(spec.deterministic == (runs == 1) for spec in specs), name
    fixed = Candidate("svm", dataclasses.replace(SVM(), penalties=(1.0,)))
    ((run,),) = (pack.runs for pack in make_packs(tiny_suite(), [fixed], seeds=3, width=2))
    assert run[0].deterministic


def test_every_point_of_a_grid_stands_once():
    candidate = expand_grid(find_method("wdgrl"), {"weight": [1, 1.0, 2], "penalty": [10, 10.0]})
    assert candidate.grid == ({}, {"weight": 2.0})


def test_an_unsupported_setting_is_refused():
    with pytest.raises(
        InputError, match=r"'sf' does not support setting 'unsupervised_da'.*source_free"
    ):
        make_packs(tiny_suite(), [Candidate("sf", SourceFree())], seeds=1, width=1)


@method
class Peeks(Method):
    """A foreign method that declares nothing and looks at target labels in its second stage."""

    def stages(self):
        return Stage(SourceOnly(), 0.5), Stage(TargetOnly(), 0.5, Setting.SUPERVISED)

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


@method
class Returns(Peeks):
    """A foreign method whose source-free stage comes first: it then asks for the source again."""

    settings = (Setting.SOURCE_FREE,)

    def stages(self):
        return Stage(self, 0.5), Stage(SourceOnly(), 0.5, Setting.UNSUPERVISED_DA)


def only_run(candidate, suite=None):
    ((run,),) = (
        pack.runs for pack in make_packs(suite or tiny_suite(), [candidate], seeds=1, width=1)
    )
    return run[0]


def test_a_stage_that_shows_more_than_the_task_makes_an_oracle():
    spec = only_run(Candidate("peeks", Peeks()))
    assert spec.oracle and spec.sees == "supervised"
    assert RunSpec.from_json(spec.to_json()) == spec
    free = tiny_suite(task=tiny_task().with_setting(Setting.SOURCE_FREE))
    assert only_run(Candidate("returns", Returns()), free).oracle
    assert not any(only_run(find_method(name)).oracle for name in set(METHODS) - {"target_only"})


def test_a_stage_that_shows_labels_needs_a_test_split_too():
    with pytest.raises(InputError, match="'peeks' would be tested on what it is trained on"):
        make_packs(transductive_suite(), [Candidate("peeks", Peeks())], seeds=1, width=1)


def transductive_suite():
    moon = moons(rotation_degrees=35.0, points=20)
    splits = {"train": moon.splits["train"], "test": moon.splits["train"]}
    return tiny_suite(task=tiny_task(dataclasses.replace(moon, splits=splits)))


def test_what_trains_on_target_labels_needs_a_test_split():
    message = r"'target_only' would be tested on what it is trained on.*'moons->turned'"
    with pytest.raises(InputError, match=message):
        tiny_packs(transductive_suite(), methods=("source_only", "target_only"))
    assert len(tiny_packs(transductive_suite(), methods=("source_only", "dann"))) == 2


def test_all_methods_are_all_that_the_suite_can_score():
    names = [
        {each.name for each in choose_candidates(suite, "all", [], [])}
        for suite in (tiny_suite(), transductive_suite())
    ]
    assert names[0] == set(METHODS)
    assert names[0] - names[1] == {"target_only"}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("dann", {"wait": [1.0]}, "unknown hyper-parameter of method 'dann' 'wait'.*weight"),
        ("cdan", {"entropy_conditioning": [1.0]}, "entropy_conditioning.*Allowed: weight"),
        ("source_only", {"x": [1.0]}, "Allowed: none"),
    ],
)
def test_unknown_and_structural_hyper_parameters_are_refused(name, values, message):
    with pytest.raises(InputError, match=message):
        expand_grid(find_method(name), values)


def test_sweeps_are_parsed_by_method():
    texts = ["dann.weight=0.1,1", "wdgrl.weight=2", "wdgrl.penalty=1e1"]
    expected = {"dann": {"weight": [0.1, 1.0]}, "wdgrl": {"weight": [2.0], "penalty": [10.0]}}
    assert parse_sweeps(texts) == expected


@pytest.mark.parametrize(
    "text",
    ["", "dann", "dann=1", "dann.=1", ".weight=1", "dann.weight", "dann.weight=", "dann.weight=a",
     "dann.weight=1,", "dann.weight=nan", "dann.weight=1,inf"],
)  # fmt: skip
def test_malformed_sweeps_are_refused(text):
    with pytest.raises(InputError, match=r"METHOD\.HYPER=VALUE.*dann\.weight=0\.1,1"):
        parse_sweeps([text])
