"""Features of kept networks as the inputs of runs: predicted once for each domain and source."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from xferlab.benchmark.runs.kept import kept_weights
from xferlab.benchmark.runs.plan import Pack
from xferlab.benchmark.runs.residents import Residents
from xferlab.benchmark.store.folders import RunStore
from xferlab.core.inputs import Inputs
from xferlab.core.roles import SOURCE
from xferlab.data.domain import Domain
from xferlab.training.run import Member, StageCache, Training


class Featured:
    """Gives packs the features of their kept networks. Safe for several threads.

    Features are held for as long as a suite runs. They follow from the weights of the kept run and
    the inputs, by the programs with which it was trained.
    """

    def __init__(
        self,
        kept: Sequence[Pack],
        store: RunStore,
        residents: Residents,
        cache: StageCache,
        failures: Mapping[str, Exception],
    ):
        """Takes what networks are loaded and run with.

        Args:
            kept: packs of the kept runs, one run each.
            store: has their weights, once they are trained.
            residents: has their training data.
            cache: has their programs.
            failures: why kept runs could not run, by digest; read when features are asked for.
        """
        self._kept = {pack.runs[0][0].digest: pack for pack in kept}
        self._store = store
        self._residents = residents
        self._cache = cache
        self._failures = failures
        self._domains: dict[tuple[str, str], Domain] = {}
        self._lock = threading.Lock()

    def on(self, pack: Pack) -> Pack:
        """Returns the pack with features for the inputs of its task; itself where there are none.

        Source and target are both seen by the network of the source.

        Raises:
            InputError: a kept run that diverged or could not run.
        """
        spec, _ = pack.runs[0]
        if not spec.inputs:
            return pack
        domains = (*pack.task.sources, pack.task.target)
        with self._lock:
            if not all((spec.inputs, each.fingerprint) in self._domains for each in domains):
                network = self._network(pack)
                for domain in domains:
                    key = spec.inputs, domain.fingerprint
                    if key not in self._domains:
                        self._domains[key] = _features_of(domain, network)
            *sources, target = (self._domains[spec.inputs, each.fingerprint] for each in domains)
        task = dataclasses.replace(pack.task, sources=tuple(sources), target=target)
        return pack._replace(task=task)

    def _network(self, pack: Pack) -> Training:
        """Returns the trained network whose features a pack is given, ready to predict."""
        spec, _ = pack.runs[0]
        needed = f"{spec.title}, has for its inputs the features of kept stages"
        start = kept_weights(spec.inputs, needed, self._store, self._failures)
        kept = self._kept[spec.inputs]
        ((own, _),) = kept.runs
        # What was drawn anew or adapted is in the weights.
        stage = kept.stages[-1]._replace(fraction=1.0, fresh=(), adapter=None)
        setting = stage.setting or kept.task.setting
        data = {setting: self._residents.load(kept, setting)}
        member = Member(stage.method, own.training, own.random_seed, (stage,), start)
        return Training(kept.suite_task.network, [member], data, setting, self._cache)


def _features_of(domain: Domain, network: Training) -> Domain:
    """Returns a domain with features for inputs; equal splits are predicted once."""
    train = _predicted(domain.splits["train"].inputs, network)
    test = train if domain.transductive else _predicted(domain.splits["test"].inputs, network)
    features = {"train": train, "test": test}
    splits = {
        name: dataclasses.replace(split, inputs=features[name])
        for name, split in domain.splits.items()
    }
    return dataclasses.replace(domain, splits=splits)


def _predicted(inputs: Inputs, network: Training) -> Float[np.ndarray, "n d"]:
    (output,) = network.predict(inputs, SOURCE)
    return output.features
