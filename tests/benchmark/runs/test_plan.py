"""Suites become runs, runs become packs."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from tests.benchmark.tiny import tiny_packs, tiny_suite, tiny_task
from tests.methods.toys import UNSUPERVISED
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import OF_TRAINING, Candidate, expand_grid, make_packs
from xferlab.benchmark.store.spec import RunSpec
from xferlab.benchmark.suites.sweeps import parse_sweeps
from xferlab.cli.bench import choose_candidates
from xferlab.core.errors import InputError
from xferlab.core.seeds import canonical_json
from xferlab.core.settings import Setting
from xferlab.data.made.moons import moons
from xferlab.methods import Method, method
from xferlab.methods.base import Stage, static
from xferlab.methods.closed_form.svm import SVM
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.methods.target_only import TargetOnly

pytestmark = pytest.mark.fast


@method
class FewLabels(Method):
    """Needs labelled target examples, which no test task has."""

    needs = Setting.SEMI_SUPERVISED

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
    message = "'few' needs the labels of the shots, which setting 'unsupervised_da' of task 'moons"
    with pytest.raises(InputError, match=message):
        make_packs(tiny_suite(), [Candidate("few", FewLabels())], seeds=1, width=1)


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

    needs = Setting.SOURCE_FREE

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
    assert names[0] == set(METHODS) - UNSUPERVISED - {"tent"}
    assert names[0] - names[1] == {"target_only"}


def test_all_methods_have_norms_to_train_and_a_metric_that_tells_of_features():
    """`tent` asks for norm layers, `simclr` for a probe."""
    suite = tiny_suite()
    (task,) = suite.tasks
    normed = dataclasses.replace(task, network=dataclasses.replace(task.network, bottleneck=4))
    header = dataclasses.replace(suite.header, metric="knn_probe")
    suite = dataclasses.replace(suite, tasks=(normed,), header=header)
    assert {each.name for each in choose_candidates(suite, "all", [], [])} == set(METHODS)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("dann", {"wait": [1.0]}, "unknown hyper-parameter of method 'dann' 'wait'.*weight"),
        ("cdan", {"entropy_conditioning": [1.0]}, "is 1.0. It takes true or false"),
        ("cdan", {"entropy_conditioning": ["yes"]}, "is 'yes'. It takes true or false"),
        ("source_only", {"x": [1.0]}, "Allowed: label_smoothing, lr, weight_decay"),
        ("source_only", {"momentum": [0.5]}, "unknown hyper-parameter .* 'momentum'"),
        ("pca", {"lr": [0.1]}, "unknown hyper-parameter of method 'pca' 'lr'.*classifier, dims"),
        ("svm", {"penalties": [0.1]}, "'penalties'.*Allowed: folds, kernel"),
        ("pca", {"dims": ["2.5"]}, r"pca\.dims is '2.5'. It takes whole numbers"),
        ("pca", {"dims": [2.5]}, r"pca\.dims is 2.5. It takes whole numbers"),
        ("pca", {"dims": [True]}, "is True. It takes whole numbers"),
        ("pca", {"classifier": [3]}, "is 3. It takes texts"),
        ("dann", {"weight": ["a"]}, r"dann\.weight is 'a'. It takes finite numbers"),
        ("dann", {"weight": ["nan"]}, "finite numbers"),
        ("dann", {"weight": ["1e999"]}, "finite numbers"),
        ("dann", {"weight": [np.inf]}, "finite numbers"),
        ("dann", {"weight": [None]}, "finite numbers"),
        ("dann", {"weight": [[1.0]]}, "finite numbers"),
        ("dann", {"weight": []}, "dann.weight has no value to try"),
        ("dann", {"lr": [-1.0]}, "lr is -1.0; it must be a finite number of at least 0"),
        ("dann", {"weight_decay": ["-1"]}, "weight_decay is -1.0"),
    ],
)
def test_unknown_hyper_parameters_and_values_of_another_type_are_refused(name, values, message):
    with pytest.raises(InputError, match=message):
        expand_grid(find_method(name), values)


def test_sweeps_are_parsed_by_method():
    texts = ["dann.weight=0.1,1", "wdgrl.weight=2", "wdgrl.penalty=1e1"]
    expected = {"dann": {"weight": ["0.1", "1"]}, "wdgrl": {"weight": ["2"], "penalty": ["1e1"]}}
    assert parse_sweeps(texts) == expected


@pytest.mark.parametrize(
    "text",
    ["", "dann", "dann=1", "dann.=1", ".weight=1", "dann.weight", "dann.weight=", "dann.weight=1,",
     "dann.weight= ", "dann.weight=,1"],
)  # fmt: skip
def test_malformed_sweeps_are_refused(text):
    with pytest.raises(InputError, match=r"METHOD\.HYPER=VALUE.*dann\.weight=0\.1,1"):
        parse_sweeps([text])


def test_a_hyper_parameter_swept_twice_is_refused():
    with pytest.raises(InputError, match=r"dann\.weight stands twice"):
        parse_sweeps(["dann.weight=1", "dann.weight=2"])


@method
class Everything(Method):
    """A foreign method with a field of every type that may be swept."""

    weight: float = 1
    scale: float = 2.0
    times: int = 3
    smooth: float = static(default=0.0)
    careful: bool = False
    kind: str = "a"

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


SWEPT = {
    "weight": ("1,0.5", [{}, {"weight": 0.5}]),
    "scale": ("2,1", [{}, {"scale": 1.0}]),
    "times": ("3,4", [{}, {"times": 4}]),
    "smooth": ("0,0.1", [{}, {"smooth": 0.1}]),
    "careful": ("true,False", [{"careful": True}, {}]),
    "kind": ("a,b", [{}, {"kind": "b"}]),
    "lr": ("0.01,0.1", [{}, {"lr": 0.1}]),
    "weight_decay": ("0.1,0", [{"weight_decay": 0.1}, {"weight_decay": 0.0}]),
}


@pytest.mark.parametrize("name", SWEPT)
def test_fields_of_every_type_and_options_of_the_training_are_swept(name):
    texts, named = SWEPT[name]
    candidate = expand_grid(Candidate("own", Everything()), {name: texts.split(",")})
    packs = make_packs(tiny_suite(), [candidate], seeds=2, width=4)
    runs = [run for pack in packs for run in pack.runs]
    assert sorted(spec.hyper_json for spec, _ in runs) == sorted(
        2 * [canonical_json(hyper) if hyper else "" for hyper in named]
    )
    for spec, own in runs:
        value = dict(spec.method.hyper).get(name)
        if value is not None:
            holder = spec.training if name in OF_TRAINING else own
            assert getattr(holder, name) == value and type(getattr(holder, name)) is type(value)
        assert RunSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    for pack in packs:
        assert len({jax.tree.structure((own, spec.training)) for spec, own in pack.runs}) == 1
        assert len(pack.runs) == (4 if name in ("weight", "scale", "lr", "weight_decay") else 2)


def test_an_int_default_of_a_float_field_is_a_float():
    assert type(Everything().weight) is float
    assert len(jax.tree.leaves(Everything())) == 2


def test_packs_without_structure_to_choose_are_as_they_were():
    """What a pack holds decides last bits; seeds and leaves alone never split one."""
    candidate = expand_grid(find_method("wdgrl"), {"weight": [1, 2], "critic_updates": [5, 2]})
    packs = make_packs(tiny_suite(), [candidate], seeds=2, width=3)
    shown = [[(s.seed, s.hyper_json) for s, _ in pack.runs] for pack in packs]
    assert shown[:2] == [
        [(0, ""), (0, '{"weight":2.0}'), (1, "")],
        [(1, '{"weight":2.0}')],
    ]
    assert all("critic_updates" in hyper for pack in shown[2:] for _, hyper in pack)
