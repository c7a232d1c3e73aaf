"""A transfer task: source domains, a target domain, and the setting that says what may be seen.

`TransferTask.training_arrays` is the only way by which a method gets data. Labels that the setting
hides are absent from its type. `TransferTask.held_out` is for evaluation alone, and
`probe_arrays` for its probes.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xferlab.core.batch import Batch, EpisodicTest, Labelled, Unlabelled
from xferlab.core.checks import check_type, whole_numbers
from xferlab.core.errors import InputError
from xferlab.core.heads import Head
from xferlab.core.roles import Roles
from xferlab.core.seeds import digest
from xferlab.core.settings import Setting, View
from xferlab.data.classes import ClassMap, class_map
from xferlab.data.domain import Domain
from xferlab.data.episodes import DrawnEpisodes, check_episodes, draw_episodes
from xferlab.data.parts import labelled_part, of_one, unlabelled_part, view_part
from xferlab.data.several import (
    check_same_heads,
    check_same_inputs,
    domain_ids,
    joined_domains,
)
from xferlab.data.shots import check_shots, check_shown_shots
from xferlab.data.split import Split
from xferlab.data.stream import check_stream
from xferlab.data.unlabelled import check_labels_shown, with_classes


class HeldOut(NamedTuple):
    """What evaluation code sees. Validators that use no target labels leave `target_test` alone."""

    source_train: Labelled
    source_test: Labelled
    target_train: Unlabelled
    target_test: Labelled


@dataclass(frozen=True, eq=False)
class TransferTask:
    """Sources to target under a setting.

    Args:
        name: what tables call the task, such as "optdigits → optdigits_scan".
        sources: one domain or more.
        target: the domain on whose test split a run is scored. A domain that names no class, as
            none of its labels is known, has the classes and heads of the others, each label
            missing.
        setting: which inputs and labels of the training splits a method may see.
        shots: rows of the target's training split that are its few labelled examples, such as
            `draw_shots` returns them. Under every setting they are left out of the target's other
            training examples, and of the test split where that is the training split: methods
            that see them and methods that do not are scored on the same examples.
        episodes: how a task of new classes (`Setting.FEW_SHOT`) is scored; None for all others.

    Raises:
        InputError: no source; a source whose input shape, dtype or class names differ from the
            target's; shots that are no rows, or that the setting shows where there are none; an
            online setting where other target examples are scored than those that come; episodes
            without new classes, new ones without episodes, or fewer classes or examples than these
            take.
    """

    name: str
    sources: tuple[Domain, ...]
    target: Domain
    setting: Setting
    shots: tuple[int, ...] = ()
    episodes: EpisodicTest | None = None

    def __post_init__(self):
        check_type("name", self.name, str, "a text, such as 'lab->field'")
        if not self.name:
            raise InputError("the name of a task is empty; give one, such as 'lab->field'")
        check_type("sources", self.sources, (tuple, list), "a tuple of domains, such as (source,)")
        object.__setattr__(self, "sources", tuple(self.sources))
        for domain in (*self.sources, self.target):
            check_type("a domain of the task", domain, Domain, "a Domain, as readers return it")
        check_type("setting", self.setting, Setting, "a Setting, such as Setting.UNSUPERVISED_DA")
        if not self.sources:
            raise InputError(
                f"task {self.name!r} has no source. At least one domain is needed; for a run on "
                "the target alone give it as the source too."
            )
        sources, target = with_classes(self.sources, self.target)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "target", target)
        for source in self.sources:
            if not self.setting.own_inputs:
                check_same_inputs(self.name, source, self.target)
            check_same_heads(self.name, source, self.target)
        self._check_sources()
        object.__setattr__(self, "shots", whole_numbers("shots", self.shots, least=0))
        check_shots(self.name, self.shots, self.target)
        check_shown_shots(self.name, self.shots, self.setting)
        check_stream(self.name, self.target, self.setting)
        self._check_shots_known()  # Raises, too, for classes that contradict the setting.
        test, names = self.target.splits["test"], self.target.class_names
        check_episodes(self.name, self.episodes, self.setting, test, names)
        self._check_heads_labelled()

    def _check_sources(self) -> None:
        """Raises InputError for sources that differ in inputs or classes."""
        first = self.sources[0]
        for source in self.sources[1:]:
            check_same_inputs(self.name, source, first)
            class_map(first.class_names, source.class_names, "equal", f"sources of {self.name!r}")

    def _check_shots_known(self) -> None:
        """Raises InputError for a shot of a class that the source lacks."""
        labels = self.target.splits["train"].labels
        private = self.class_map.target_private
        names = {self.target.class_names[labels[row]] for row in self.shots if labels[row] >= 0}
        if names & set(private):
            raise InputError(
                f"task {self.name!r}: shots are of class {sorted(names & set(private))[0]!r}, which"
                " the source lacks: the network does not predict it. Give shots of shared classes:"
                f" {', '.join(self.class_map.shared)}; draw_shots(..., classes=...) draws of some"
            )

    @functools.cached_property
    def class_map(self) -> ClassMap:
        """The classes of source and target side by side."""
        names = self.sources[0].class_names, self.target.class_names
        return class_map(*names, self.setting.classes, f"task {self.name!r}")

    @property
    def heads(self) -> tuple[Head, ...]:
        """What a network predicts: the source's classes, then the heads beside them."""
        return self.sources[0].heads

    @property
    def scored_heads(self) -> tuple[Head, ...]:
        """What scores are of: the heads, or in the place of the first one the ways of episodes."""
        if self.episodes is None:
            return self.heads
        names = self.episodes.class_names
        return (Head(self.heads[0].name, "classes", len(names), names),)

    @property
    def scored_classes(self) -> tuple[str, ...]:
        """What evaluation's labels 0, 1, ... mean, see `ClassMap.scored`; or the ways."""
        return self.scored_heads[0].names if self.episodes else self.class_map.scored

    @functools.cached_property
    def drawn_episodes(self) -> DrawnEpisodes | None:
        """The episodes of the target's test split, the same for all runs; None for none."""
        return self.episodes and draw_episodes(self.target.splits["test"], self.episodes)

    def _check_heads_labelled(self) -> None:
        """Raises InputError for a head that no role has a visible label of."""
        views = self.setting.views
        target = self.class_map.training_split(self.target.splits["train"])
        shots = np.array(self.shots, np.int64)
        shown: list[Split] = []
        if views.source is View.LABELS:  # Each by itself: joining the sources would copy them.
            shown += [source.splits["train"] for source in self.sources]
        if views.target is View.LABELS:
            shown.append(_without(target, shots))
        if views.shots is View.LABELS:
            shown.append(target.take(shots))
        if shown:
            check_labels_shown(self.name, self.heads, shown, self.setting)

    @functools.cached_property
    def source(self) -> Domain:
        """The one source, or the sources' examples one after the other under the name 'a+b'."""
        if len(self.sources) == 1:
            return self.sources[0]
        return joined_domains(self.sources)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any byte of any domain, the setting and the shots."""
        domains = [domain.fingerprint for domain in (*self.sources, self.target)]
        shown = [domains, [int(view) for view in self.setting.views], list(self.shots)]
        if self.setting.classes != "equal" or self.setting.own_inputs:
            shown.append([self.setting.classes, self.setting.own_inputs])
        if self.setting.online:
            shown.append("online")
        if self.episodes is not None:
            shown.append(list(dataclasses.astuple(self.episodes)))
        return digest(shown)

    @property
    def sizes(self) -> Roles[int]:
        """Number of training examples of each role, also of those that the setting hides."""
        return Roles(*(len(split.labels) for split in self._training_splits))

    @functools.cached_property
    def _training_splits(self) -> Roles[Split]:
        """The training examples of each role; no target example is in two of them."""
        target = self.class_map.training_split(self.target.splits["train"])
        shots = np.array(self.shots, np.int64)
        return Roles(self.source.splits["train"], _without(target, shots), target.take(shots))

    def with_setting(self, setting: Setting) -> TransferTask:
        """Returns the same task under another setting."""
        return dataclasses.replace(self, setting=setting)

    def training_arrays(self, setting: Setting | None = None, *, oracle: bool = False) -> Batch:
        """Returns the whole training splits as the setting shows them.

        Args:
            setting: of one stage of a recipe; by default the task's own.
            oracle: allows a setting that shows more than the task's own, for runs that are marked
                as oracles.

        Returns:
            A batch of NumPy arrays. A role that the setting hides is None; one whose labels it
            hides is `Unlabelled`, which has no such field. `index` is 0 ... n - 1.

        Raises:
            InputError: a setting that shows more than the task's own, unless for an oracle.
        """
        setting = setting or self.setting
        if not (oracle or setting.within(self.setting)):
            raise InputError(
                f"setting {setting.label!r} shows more than task {self.name!r}, whose setting is"
                f" {self.setting.label!r}. Allowed: settings within the task's; oracle=True shows"
                " it to a run that every table marks as an oracle"
            )
        check_shown_shots(self.name, self.shots, setting)
        splits = self._training_splits
        ids = (domain_ids(self.sources, "train"), *map(of_one, splits[1:]))
        return Batch(*map(view_part, splits, setting.views, ids))

    @functools.cached_property
    def _scored_test(self) -> Split:
        """The target's test examples but for shots, classes numbered as evaluation does."""
        test = self.target.splits["test"]
        if self.shots and self.target.transductive:
            test = _without(test, np.array(self.shots, np.int64))
        return self.class_map.scored_split(test)

    @property
    def test_row_names(self) -> np.ndarray | None:
        """What the user calls each of the target's test examples; None for their places."""
        return None if self.episodes else self._scored_test.origin

    def held_out(self) -> HeldOut:
        """Returns all splits, for scores; the target's training labels are left out even here.

        Examples of the target whose class the source lacks are of class k, one past the source's.
        The test examples of a task with episodes are the queries of all of them, of their ways.
        """
        rest, test = self._training_splits.target, self._scored_test
        drawn = self.drawn_episodes
        source = self.source.splits
        return HeldOut(
            source_train=labelled_part(source["train"], domain_ids(self.sources, "train")),
            source_test=labelled_part(source["test"], domain_ids(self.sources, "test")),
            target_train=unlabelled_part(rest, of_one(rest)),
            target_test=drawn.queries_of(test) if drawn else labelled_part(test, of_one(test)),
        )

    def probe_arrays(self) -> Labelled:
        """Returns the target's training examples with labels, for probes: scores alone read them.

        Shots are not among them; examples of classes that the source lacks are of class k.

        Raises:
            InputError: a transductive target, whose test examples a probe would be fitted on; a
                task with episodes, whose queries have no classes in common.
        """
        if self.episodes is not None:
            raise InputError(
                f"task {self.name!r} is scored by episodes, each of classes of its own: no probe of"
                " all classes can be scored. Choose another metric"
            )
        if self.target.transductive:
            raise InputError(
                f"task {self.name!r} is transductive: the target's test examples are its training"
                " examples. A probe would be scored on the labels that it is fitted on; choose"
                " another metric, or a target with a test split"
            )
        train = self.class_map.scored_split(self.target.splits["train"])
        rest = _without(train, np.array(self.shots, np.int64))
        return labelled_part(rest, of_one(rest))


def _without(split: Split, rows: np.ndarray) -> Split:
    """Returns a split without some rows: itself where there are none."""
    if not len(rows):
        return split
    kept = np.setdiff1d(np.arange(len(split.labels)), rows)
    return split.take(kept)
