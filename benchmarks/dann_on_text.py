"""DANN on few product reviews: what a constant λ, the schedule and the learning rate do to it.

    python -m benchmarks.dann_on_text --data_dir=DATA [--seeds=30] [--steps=1000]

The network, batches and inputs are those that `xferlab.compare` chooses for 400 source and 400
target reviews as counts of the 1000 commonest words and pairs of words; scores are on the 1600
other target reviews. Printed for each choice over all seeds: mean and standard deviation of the
accuracy at the last of ten checkpoints and at the best one (an oracle), the range at the last, and
the source accuracy.

Expected on two CPU cores: half an hour.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks.output import show_table
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import SuiteRequest, SuiteTask
from xferlab.core.roles import SOURCE, TARGET
from xferlab.data.catalogue.domains import DOMAINS
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.split import Split
from xferlab.losses.adversarial import domain_loss, gradient_reversal
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Term, method
from xferlab.methods.dann import DANN
from xferlab.methods.source_only import SourceOnly
from xferlab.training.run import Member, StageCache, Training

PAIRS = (("books", "kitchen"), ("dvd", "electronics"))
TRAINING_REVIEWS = 400
WORDS = 1000
STACKED = 10
CHECKPOINTS = 10


@method
class ConstantDANN(DANN):
    """DANN without a ramp, as its authors train on product reviews: λ is the weight throughout."""

    def loss(self, nets, batch, ctx):
        """Returns the terms of DANN; the gradient is reversed, and weighed, from the first step."""
        source, target = nets.forward(batch)
        domains = (
            nets["discriminator"](gradient_reversal(output.features, 1.0))
            for output in (source, target)
        )
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "domain": Term(domain_loss(*domains), self.weight),
        }


class Choice(NamedTuple):
    """A method, and what it changes of the options that `compare` has."""

    method: Method
    options: dict[str, Any]


COSINE = {"schedule": "cosine"}
ANNEALED = {"schedule": "dann"}
SGD = {"schedule": "dann", "optimiser": "sgd", "lr": 0.01}
"""Optimiser and schedule of the paper's image experiments (section 5.2.2)."""
CHOICES = {
    "source only, Adam, cosine": Choice(SourceOnly(), COSINE),
    "ramp, Adam, cosine": Choice(DANN(), COSINE),
    "ramp, Adam, constant": Choice(DANN(), {"schedule": "constant"}),
    "ramp, Adam, annealed": Choice(DANN(), ANNEALED),
    "ramp, Adam 1e-4, cosine": Choice(DANN(), COSINE | {"lr": 1e-4}),
    "0.1 ramp, Adam, cosine": Choice(DANN(weight=0.1), COSINE),
    "λ 1, Adam, cosine": Choice(ConstantDANN(), COSINE),
    "λ 0.1, Adam, cosine": Choice(ConstantDANN(weight=0.1), COSINE),
    "source only, SGD, annealed": Choice(SourceOnly(), SGD),
    "ramp, SGD, annealed": Choice(DANN(), SGD),
    "0.1 ramp, SGD, annealed": Choice(DANN(weight=0.1), SGD),
    "λ 1, SGD, annealed": Choice(ConstantDANN(), SGD),
    "λ 0.1, SGD, annealed": Choice(ConstantDANN(weight=0.1), SGD),
}


def few_reviews(kinds: Sequence[str], data_dir: Path) -> list[Domain]:
    """Returns domains with 400 training reviews, drawn at random, as counts of frequent words."""
    domains = [DOMAINS[f"amazon_reviews_text/{kind}"].load(data_dir) for kind in kinds]
    counts = [_all(domain, lambda split: split.inputs.to_scipy().toarray()) for domain in domains]
    frequent = np.argsort(-np.concatenate(counts).sum(0), kind="stable")[:WORDS]
    return [_few(domain, rows[:, frequent]) for domain, rows in zip(domains, counts, strict=True)]


def _few(domain: Domain, inputs: np.ndarray) -> Domain:
    labels = _all(domain, lambda split: split.labels)
    rows = np.random.default_rng(0).permutation(len(labels))
    train, test = rows[:TRAINING_REVIEWS], rows[TRAINING_REVIEWS:]
    held_out = (inputs[test], labels[test])
    name, names = domain.name.removeprefix("amazon_reviews_text/"), domain.class_names
    return domain_from_arrays(name, inputs[train], labels[train], class_names=names, test=held_out)


def _all(domain: Domain, part: Callable[[Split], np.ndarray]) -> np.ndarray:
    return np.concatenate([part(split) for split in domain.splits.values()])


def accuracies(place: SuiteTask, way: Choice, seeds: int) -> np.ndarray:
    """Returns the accuracy in per cent [seed, checkpoint, (source, target)]."""
    options = dataclasses.replace(place.training, **way.options)
    data = {place.task.setting: to_resident(place.task.training_arrays())}
    held_out = place.task.held_out()
    tests = (held_out.source_test, held_out.target_test)
    cache = StageCache()
    found = []
    for begin in range(0, seeds, STACKED):
        members = [Member(way.method, options, seed) for seed in range(begin, begin + STACKED)]
        training = Training(place.network, members, data, place.task.setting, cache)
        rows = []
        for share in range(1, CHECKPOINTS + 1):
            training.advance(options.steps * share // CHECKPOINTS)
            rows.append(
                [
                    [100 * np.mean(run.logits.argmax(1) == split.labels) for run in outputs]
                    for role, split in zip((SOURCE, TARGET), tests, strict=True)
                    for outputs in [training.predict(split.inputs, role)]
                ]
            )
        found.append(np.transpose(rows, (2, 0, 1)))
    return np.concatenate(found)[:seeds]


def cells(scores: np.ndarray) -> list[str]:
    """Returns the printed cells of one choice."""
    source, target = scores[:, :, 0], scores[:, :, 1]
    best, last = target.max(1), target[:, -1]
    return [
        f"{last.mean():.1f} ± {last.std(ddof=1):.1f}",
        f"{last.min():.1f} – {last.max():.1f}",
        f"{best.mean():.1f} ± {best.std(ddof=1):.1f}",
        f"{source[:, -1].mean():.1f} (best {source.max(1).mean():.1f})",
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains every choice on every pair, prints as it goes, and returns the exit status."""
    values = flags.FlagValues()
    flags.DEFINE_string("data_dir", "data", "folder of the data sets", flag_values=values)
    flags.DEFINE_integer("seeds", 30, "runs of a choice", lower_bound=2, flag_values=values)
    flags.DEFINE_integer("steps", 1000, "steps of a run", lower_bound=10, flag_values=values)
    values(["dann_on_text", *(sys.argv[1:] if argv is None else argv)])
    for pair in PAIRS:
        source, target = few_reviews(pair, Path(values.data_dir))
        (place,) = own_suite(own_task(source, target), "", SuiteRequest(steps=values.steps)).tasks
        rows = []
        for name, way in CHOICES.items():
            rows.append([name, *cells(accuracies(place, way, values.seeds))])
            print(*rows[-1], sep=" | ", flush=True)
        header = ["λ, optimiser, schedule", "target, last", "range", "target, best", "source, last"]
        show_table(f"{place.task.name}, {values.seeds} seeds", header, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
