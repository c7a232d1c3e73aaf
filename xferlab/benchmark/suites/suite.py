"""A suite: tasks with their network and budget, the methods to compare, and the protocol."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.kept_features import KeptFeatures
from xferlab.core.errors import InputError
from xferlab.core.heads import describe_heads
from xferlab.core.settings import Setting
from xferlab.data.features.preparation import BothPrepared
from xferlab.data.task import TransferTask
from xferlab.models.networks import feature_width
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuiteTask:
    """A task with the network and the training options that all methods share on it.

    Attributes:
        task: what is learnt from what.
        network: what every method trains. It reads the inputs of the task, or its features.
        training: budget and optimiser.
        features: the network whose features all methods are given in place of the inputs, if any.
        preparation: how the inputs of source and target were brought to the form in which the
            task has them, for later inputs to a trained model; None: they were not changed.

    Raises:
        InputError: heads or encoders of a network that are not those of the task; a network that
            does not read the features; several evaluations of an online task.
    """

    task: TransferTask
    network: NetworkSpec
    training: TrainingOptions
    features: KeptFeatures | None = None
    preparation: BothPrepared | None = None

    def __post_init__(self) -> None:
        """Checks the network, and that of the features, against the task."""
        needed, given = self.task.heads, self.network.outputs
        named = [[head.form for head in heads[1:]] for heads in (needed, given)]
        if needed[0].size != given[0].size or named[0] != named[1]:
            raise InputError(
                f"task {self.task.name!r} has the heads {describe_heads(needed)}, its network"
                f" {describe_heads(given)}. Give NetworkSpec(heads=...) the same in the same order"
            )
        if bool(self.network.target_inputs) != self.task.setting.own_inputs:
            own = "an input space of its own" if self.task.setting.own_inputs else "the source's"
            raise InputError(
                f"task {self.task.name!r}: by its setting the target's input space is {own}, and"
                f" NetworkSpec.target_inputs are {self.network.target_inputs}. Give inputs there"
                " where the setting has own_inputs=True, and only there"
            )
        if self.task.setting.online and self.training.evaluations != 1:
            raise InputError(
                f"task {self.task.name!r} is online: its examples are scored as they come, once."
                f" evaluations is {self.training.evaluations}; give TrainingOptions(evaluations=1)"
            )
        if self.features:
            self._check_features(self.features)

    def _check_features(self, features: KeptFeatures) -> None:
        if self.task.setting.own_inputs:
            raise InputError(
                f"task {self.task.name!r}: by its setting the target's input space is its own;"
                " KeptFeatures are those of one network for both domains. Leave features out"
            )
        shape, read = self.task.source.input_shape, features.network.input_shape
        width, taken = feature_width(features.network), self.network.input_shape
        if taken != (width,) or self.network.further_inputs:
            raise InputError(
                f"task {self.task.name!r} has features of width {width}, its network reads inputs"
                f" of shape {taken}. Give NetworkSpec(input_shape=({width},)) and no further inputs"
            )
        if not features.network.further_inputs and shape != read:
            raise InputError(
                f"task {self.task.name!r} has inputs of shape {shape}, the network of its features"
                f" reads {read}. Give KeptFeatures a NetworkSpec(input_shape={shape})"
            )
        _ = self.before_features  # Raises for heads that are not the task's.

    @functools.cached_property
    def before_features(self) -> SuiteTask:
        """The task as the network of the features sees it: the source's inputs and labels.

        Raises:
            InputError: a task without features.
        """
        if self.features is None:
            raise InputError(f"task {self.task.name!r} has no KeptFeatures")
        setting = dataclasses.replace(
            Setting.DOMAIN_GENERALISATION, classes=self.task.setting.classes
        )
        return SuiteTask(
            task=self.task.with_setting(setting),
            network=self.features.network,
            training=self.features.training,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suite:
    """What `xferlab bench --suite=NAME` runs.

    Attributes:
        header: name, title and protocol.
        tasks: the columns of the table.
        methods: names of the methods that run by default.
        seeds: number of seeds by default.
        sweeps: values of hyper-parameters to choose from, by method, unless others are asked for.
    """

    header: SuiteHeader
    tasks: tuple[SuiteTask, ...]
    methods: tuple[str, ...]
    seeds: int
    sweeps: Mapping[str, Mapping[str, Sequence[float]]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Puts class names, and notes of tasks and domains, into the header: some read it alone.

        A report that is written later from the records has them from there.
        """
        tasks = [each.task for each in self.tasks]
        scored = (
            f"Task {task.name!r} is scored by {task.episodes.sentence}"
            for task in tasks
            if task.episodes is not None
        )
        notes = (
            f"Domain {domain.name!r}: {note}."
            for task in tasks
            for domain in (*task.sources, task.target)
            for note in domain.notes
        )
        header = dataclasses.replace(
            self.header,
            class_names={task.name: task.scored_classes for task in tasks},
            protocol=tuple(dict.fromkeys((*self.header.protocol, *scored, *notes))),
        )
        object.__setattr__(self, "header", header)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuiteRequest:
    """What a user may change of a suite.

    Attributes:
        data_dir: folder with the data sets, where the suite reads any.
        steps: training steps instead of the suite's own; 0 keeps them.
    """

    data_dir: Path | None = None
    steps: int = 0

    def __post_init__(self) -> None:
        """Raises InputError for a data folder that does not exist."""
        if self.data_dir is not None and not self.data_dir.is_dir():
            raise InputError(
                f"data_dir {str(self.data_dir)!r} is no folder; give the folder that holds the"
                " data sets, or leave it out"
            )


SuiteBuilder = Callable[[SuiteRequest], Suite]
