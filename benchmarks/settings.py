"""Why two methods gain little in the suites of settings: controls beside them, on digits.

    python -m benchmarks.settings [--seeds=5] [--only=unseen,partial]

Domains are looks of scikit-learn's handwritten digits; those of half a are sources, those of half b
targets, so no digit is in both. Network and training are those of the suite `quick`.

- unseen: 673 clean digits and the first 60 blended with photographs, in both of which each test
  look is scored; nothing of the target is seen. `group_dro` beside batches that are balanced.
- partial: all ten classes to the scanned (or photographed) digits 0 to 4. `pada` beside the same
  with the true classes' weights.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from xferlab.benchmark.suites.on_digits import PHOTO, SCAN, digits, to
from xferlab.benchmark.suites.quick import DIGITS_NETWORK, DIGITS_TRAINING
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import TARGET
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.feeds.resident import to_resident
from xferlab.data.task import TransferTask
from xferlab.methods.base import Method, Stage, method
from xferlab.methods.group_dro import GroupDRO
from xferlab.methods.pada import PADA
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.table import METHODS
from xferlab.models.networks import Kept
from xferlab.training.run import Member, StageCache, Training

FIRST_FIVE = range(5)
CACHE = StageCache()
Scores = Mapping[str, float]


def with_fewer(domain: Domain, rows: int) -> Domain:
    """Returns the domain with its first training examples alone."""
    train = domain.splits["train"].take(np.arange(rows))
    return dataclasses.replace(domain, splits=dict(domain.splits) | {"train": train})


def trained(task: TransferTask, learner: Method, seed: int) -> Training:
    """Returns a finished training."""
    network = dataclasses.replace(
        DIGITS_NETWORK, heads=tuple((head.name, head.size) for head in task.heads)
    )
    stages = learner.stages()
    shown = {stage.setting or task.setting for stage in stages}
    data = {setting: to_resident(task.training_arrays(setting)) for setting in shown}
    member = Member(learner, DIGITS_TRAINING, seed, stages)
    training = Training(network, [member], data, task.setting, CACHE)
    training.advance(DIGITS_TRAINING.steps)
    return training


def predicted(training: Training, domain: Domain) -> HostOutput:
    """Returns what a training predicts for a domain's test split."""
    (output,) = training.predict(domain.splits["test"].inputs, TARGET)
    return output


def accuracy(training: Training, task: TransferTask) -> Scores:
    """Returns the accuracy on the target's test split."""
    truth = task.held_out().target_test.labels
    return {"accuracy": float((predicted(training, task.target).classes == truth).mean())}


def of_each_look(training: Training, task: TransferTask) -> Scores:
    """Returns the accuracy on new digits of each source's look, and the worst of them."""
    scores = {}
    for name in ("optdigits", PHOTO):
        test = digits(name, half="b")
        scores[name] = float(
            (predicted(training, test).classes == test.splits["test"].labels).mean()
        )
    return scores | {"worst": min(scores.values())}


@method
class Balanced(Method):
    """`source_only` on batches with as many examples of each domain: what sampling alone does."""

    needs = Setting.DOMAIN_GENERALISATION

    def stages(self) -> tuple[Stage, ...]:
        """Returns one stage."""
        return (Stage(SourceOnly(), sampler="per_domain"),)

    def loss(self, nets, batch, ctx):
        """Is not called: the stage's method is."""
        raise NotImplementedError


@method
class Told(PADA):
    """`pada` with the true weights: one for the target's classes, none for the others."""

    refreshes = 0

    def extra_networks(self, spec, features, rngs):
        """Returns the discriminator and the weights."""
        known = jnp.arange(spec.num_classes) < len(FIRST_FIVE)
        own = super().extra_networks(spec, features, rngs)
        return {**own, "class_weights": Kept(known.astype(jnp.float32))}

    def init_state(self, params, statistics, target_size):
        """Returns none: nothing is renewed."""
        return ()

    def refresh(self, state, nets, target):
        """Returns the state as it is."""
        return state


def of_shared_classes(training: Training, task: TransferTask) -> Scores:
    """Returns the accuracy, and of `pada` which share of the weights is on the target's classes."""
    scores = dict(accuracy(training, task))
    kept = jax.tree.leaves(training.state.statistics.get("class_weights", {}))
    if kept:
        scores["weight on shared"] = float(kept[0][: len(FIRST_FIVE)].sum() / kept[0].sum())
    return scores


def show(
    task: TransferTask,
    learners: Mapping[str, Method],
    score: Callable[[Training, TransferTask], Scores],
    seeds: int,
) -> None:
    """Prints means and standard deviations over seeds, in percent."""
    print(f"\n{task.setting.label}: {task.name}", flush=True)
    for name, learner in learners.items():
        runs = [score(trained(task, learner, seed), task) for seed in range(seeds)]
        cells = (
            f"{key} {100 * np.mean(values):5.1f} ± {100 * np.std(values, ddof=1):4.1f}"
            for key, values in ((key, [run[key] for run in runs]) for key in runs[0])
        )
        print(f"  {name:24}", *cells, sep="  ", flush=True)


def named(*names: str) -> Mapping[str, Method]:
    """Returns methods of the package, with their defaults."""
    return {name: METHODS[name] for name in names}


def unseen(seeds: int) -> None:
    """Prints the control of `group_dro`: one look has far fewer examples."""
    few = with_fewer(digits(PHOTO, half="a"), 60)
    target = digits(PHOTO, half="b")
    task = to(target, digits(half="a"), few, setting=Setting.DOMAIN_GENERALISATION)
    robust = {f"group_dro {s}": GroupDRO(step_size=s) for s in (0.01, 0.1)}
    learners = {**named("source_only"), "source_only, balanced": Balanced(), **robust}
    show(task, learners, of_each_look, seeds)


def partial(seeds: int) -> None:
    """Prints the control of `pada`: the target has half of the classes."""
    for look in (SCAN, PHOTO):
        target = digits(look, half="b", of=FIRST_FIVE)
        task = to(target, digits(half="a"), setting=Setting.PARTIAL_DA)
        learners = {**named("source_only", "dann", "pada"), "pada, told the classes": Told()}
        show(task, learners, of_shared_classes, seeds)


CONTROLS = {"unseen": unseen, "partial": partial}


def main() -> None:
    """Trains and prints the controls that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default=",".join(CONTROLS))
    chosen = parser.parse_args()
    for name in chosen.only.split(","):
        CONTROLS[name](chosen.seeds)


if __name__ == "__main__":
    main()
