"""Target labels reach nothing but the oracle: permuting them changes no other number."""

import dataclasses
import json
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.benchmark.tiny import execute, tiny_suite, tiny_task
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.core.names import NameTable
from xferlab.core.outputs import HostOutput
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.moons import moons
from xferlab.evaluation.validators.base import Validator
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.losses import cross_entropy, entropy
from xferlab.methods.base import Method, Stage, Term, method
from xferlab.methods.closed_form.base import ClosedFormMethod, FittedMethod
from xferlab.methods.source_only import SourceOnly


@method
class Everything(Method):
    """From outside: every number that the contract gives it, in every member, enters its loss."""

    refreshes: ClassVar[int] = 2

    def init_state(self, params, statistics, target_size):
        return {"mean": jnp.zeros(2), "size": jnp.float32(target_size)}

    def loss(self, nets, batch, ctx):
        leaves = jax.tree.leaves((batch, ctx.state, ctx.progress, ctx.step))
        seen = sum(jnp.asarray(leaf, jnp.float32).mean() for leaf in leaves)
        source, target = nets.forward(batch)
        fit = cross_entropy(source.logits, batch.source.labels).mean()
        return {"fit": Term(fit), "seen": Term(target.logits.std() * jnp.tanh(seen))}

    def after_update(self, state, nets, ctx):
        return state | {"size": state["size"] + 1}

    def refresh(self, state, nets, target):
        return state | {"mean": (target.outputs.logits * target.mask[:, None]).mean(axis=0)}

    def predict(self, nets, inputs, state, *, role):
        output = nets.apply(inputs, role=role)
        return output._replace(logits=output.logits + state["mean"][None])


@method
class TwoStages(Method):
    """From outside: the source alone, then the target alone."""

    def stages(self):
        return (Stage(SourceOnly(), 0.5), Stage(self, 0.5, Setting.SOURCE_FREE))

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.target.inputs, role="target").logits
        return {"entropy": Term(entropy(logits).mean())}


@method
class Centroids(ClosedFormMethod):
    """From outside, closed form: reads all that a batch has."""

    @property
    def deterministic(self):
        return True

    def fit(self, batch, *, num_classes, seed):
        leaves = [np.asarray(leaf, float) for leaf in jax.tree.leaves(batch)]
        return FittedCentroids(batch, num_classes, sum(leaf.mean() for leaf in leaves))


class FittedCentroids(FittedMethod):
    """Distances to the class means of the source, moved by what else was seen."""

    def __init__(self, batch, classes, seen):
        means = [batch.source.inputs[batch.source.labels == c].mean(axis=0) for c in range(classes)]
        self.means = np.stack(means) + 1e-3 * seen

    def predict(self, inputs, *, role):
        distances = np.linalg.norm(inputs[:, None] - self.means, axis=2)
        return HostOutput(np.float32(inputs), np.float32(-distances))


class Nosy(Validator):
    """From outside: a score of every number that a validator is shown."""

    needs_source = True
    oracle = False

    def __call__(self, view):
        leaves = [np.asarray(leaf, float) for leaf in jax.tree.leaves(dataclasses.astuple(view))]
        return float(sum(np.abs(leaf).sum() for leaf in leaves))


BUILT_IN = ("source_only", "ada_bn", "dann", "shot", "self_ensembling", "mcd", "adda")
BUILT_IN += ("nearest_neighbour", "svm", "coral")
OUTSIDE = {"everything": Everything(), "two_stages": TwoStages(), "centroids": Centroids()}
METHODS = (*BUILT_IN, *OUTSIDE)
LABEL_FREE = ("logits", "predictions", "embedding_before", "embedding_after", "plane_classes")


def permuted(domain):
    """The domain with the labels of both splits in another order."""
    generator = np.random.default_rng(0)
    splits = {
        name: dataclasses.replace(split, labels=generator.permutation(split.labels))
        for name, split in domain.splits.items()
    }
    return Domain(domain.name, splits, domain.class_names)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Each method on the target as it is and with permuted labels, also scored by training back."""
    target = moons(rotation_degrees=35.0, points=20)
    suites = [tiny_suite(task=tiny_task(domain)) for domain in (target, permuted(target))]
    candidates = [*map(find_method, BUILT_IN), *(Candidate(n, m) for n, m in OUTSIDE.items())]
    packs = [
        [pack._replace(reverse=True) for pack in make_packs(suite, candidates, seeds=1, width=1)]
        for suite in suites
    ]
    scored = NameTable("validator", {**VALIDATORS, "nosy": Nosy()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xferlab.benchmark.runs.scoring.VALIDATORS", scored)
        return run_both(tmp_path_factory.mktemp("runs"), packs)


def run_both(folder, packs):
    store = execute(folder, [*packs[0], *packs[1]])
    return {
        first.runs[0][0].method.name: [store.read(p.runs[0][0].digest) for p in (first, second)]
        for first, second in zip(*packs, strict=True)
    }


@pytest.mark.parametrize("method", METHODS)
def test_permuted_target_labels_change_nothing_that_a_method_sees(runs, method):
    whole, changed = runs[method]
    assert not np.array_equal(whole["arrays"]["labels"], changed["arrays"]["labels"])
    kept = [name for name in LABEL_FREE if name in whole["arrays"]]
    assert {"logits", "predictions"} <= set(kept)
    for name in kept:
        assert whole["arrays"][name].tobytes() == changed["arrays"][name].tobytes(), name
    assert label_free_lines(whole) == label_free_lines(changed)
    scores = whole["metrics"][-1]["validators"]
    assert {"nosy", "oracle", "reverse_validation", "snd"} <= set(scores)


def test_labels_of_the_target_would_be_noticed(runs):
    """The check has teeth: the oracle, which does see them, has other scores."""
    pairs = [[run["metrics"][-1]["validators"]["oracle"] for run in pair] for pair in runs.values()]
    assert any(first != second for first, second in pairs)


def label_free_lines(run):
    """The lines of metrics.jsonl without what is scored on target labels."""
    lines = []
    for line in run["metrics"]:
        if line["kind"] == "evaluation":
            validators = {k: v for k, v in line["validators"].items() if k != "oracle"}
            line = line | {"metrics": None, "validators": validators}
        lines.append(json.dumps(line, sort_keys=True))
    return lines


def test_the_specs_differ_by_the_fingerprint_alone(runs):
    whole, changed = (run["spec"] for run in runs["dann"])
    fingerprint = {"fingerprint": whole["task"]["fingerprint"]}
    assert changed != whole
    assert changed | {"task": changed["task"] | fingerprint} == whole
