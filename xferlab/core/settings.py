"""What a transfer setting lets a method see. Everything that is not said here stays hidden."""

from __future__ import annotations

import dataclasses
import enum
from typing import ClassVar, Literal

from xferlab.core.checks import shown
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.roles import ROLES, Roles


class View(enum.IntEnum):
    """How much of a role's training examples reaches a method, in order."""

    ABSENT = 0
    INPUTS = 1
    LABELS = 2


ClassRelation = Literal["equal", "partial", "open", "universal", "novel"]
CLASS_RELATIONS: tuple[ClassRelation, ...] = ("equal", "partial", "open", "universal", "novel")
"""The target has the source's classes; some of them; all and more; some and others; others only."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """The transfer setting of a task, of one stage of a recipe, or the least that a method needs.

    A batch has exactly the parts that the views show. Settings are compared by what they show; the
    label is for messages and tables.

    Attributes:
        label: its name, such as 'semi_supervised'.
        source: view of the source's training split.
        target: view of the target's training split, without the shots.
        shots: view of the few labelled target examples: ABSENT or LABELS.
        classes: how the target's classes are related to the source's: 'equal', 'partial', 'open',
            'universal' or 'novel' (`CLASS_RELATIONS`). Of a task; a stage's says nothing, and a
            method's that the method is for 'novel' classes alone, told apart in episodes.
        own_inputs: whether the target's inputs, and those of shots, have a space of their own, so
            that another encoder reads them. Of a task, too.
        online: whether the target's examples come one batch after the other, in order, once, and
            are scored as they come: each by what is predicted before it is trained on. A stage then
            sees the source or the target, never both. Of a task, too.

    Raises:
        InputError: a label that is no text, a view that is none, shots without labels, an unknown
            relation, new classes with labels in training or an input space of their own, or a
            hidden target that is to come online.

    >>> one_shot = Setting("one_shot", source=View.ABSENT, target=View.ABSENT, shots=View.LABELS)
    >>> one_shot.within(Setting.SEMI_SUPERVISED)
    True
    """

    label: str = dataclasses.field(compare=False)
    source: View = View.ABSENT
    target: View = View.ABSENT
    shots: View = View.ABSENT
    classes: ClassRelation = "equal"
    own_inputs: bool = False
    online: bool = False

    UNSUPERVISED_DA: ClassVar[Setting]
    PARTIAL_DA: ClassVar[Setting]
    OPEN_SET_DA: ClassVar[Setting]
    UNIVERSAL_DA: ClassVar[Setting]
    FEW_SHOT: ClassVar[Setting]
    UNSUPERVISED: ClassVar[Setting]
    SOURCE_FREE: ClassVar[Setting]
    TEST_TIME: ClassVar[Setting]
    SEMI_SUPERVISED: ClassVar[Setting]
    SUPERVISED: ClassVar[Setting]
    DOMAIN_GENERALISATION: ClassVar[Setting]

    def __post_init__(self):
        """Raises InputError for what is no label and no view."""
        if not isinstance(self.label, str) or not self.label:
            raise InputError(f"label of a setting is {shown(self.label)}; give it a name")
        for role, view in zip(ROLES, self.views, strict=True):
            if not isinstance(view, View):
                raise InputError(
                    f"setting {self.label!r}: {role} is {shown(view)}. Allowed: View.ABSENT,"
                    " View.INPUTS and View.LABELS"
                )
        if self.classes not in CLASS_RELATIONS:
            raise unknown_name("relation of classes", self.classes, CLASS_RELATIONS)
        for name, value in (("own_inputs", self.own_inputs), ("online", self.online)):
            if not isinstance(value, bool):
                raise InputError(
                    f"setting {self.label!r}: {name} is {shown(value)}. Give True or False"
                )
        if self.online and self.target is View.ABSENT:
            raise InputError(
                f"setting {self.label!r} is online and hides the target, so nothing comes. Give"
                " target=View.INPUTS, or online=False"
            )
        if self.shots is View.INPUTS:
            raise InputError(
                f"setting {self.label!r}: shots are labelled examples, so View.ABSENT or"
                " View.LABELS; inputs without labels belong to the target"
            )
        if self.classes == "novel":
            self._check_novel()

    def _check_novel(self) -> None:
        """Raises InputError where new classes are to be trained on, or have inputs of their own."""
        if max(self.target, self.shots) is View.LABELS or self.own_inputs:
            has = "own_inputs=True" if self.own_inputs else "labels of the target in training"
            raise InputError(
                f"setting {self.label!r} has {has} and classes='novel', of which a network learns"
                " nothing: they are told apart in episodes, with a support each. Allowed: the"
                " target's inputs, or nothing of it, in the source's input space"
            )

    @property
    def views(self) -> Roles[View]:
        """The view of each role."""
        return Roles(self.source, self.target, self.shots)

    def within(self, other: Setting) -> bool:
        """Tells whether this setting shows no more than the other one, of every role.

        What the settings say of classes, input spaces and order is no view, and is not compared.

        >>> Setting.SOURCE_FREE.within(Setting.UNSUPERVISED_DA)
        True
        """
        return all(own <= its for own, its in zip(self.views, other.views, strict=True))

    def widened(self, other: Setting) -> Setting:
        """Returns the setting that shows what either of the two does.

        >>> Setting.UNSUPERVISED_DA.widened(Setting("labels", target=View.LABELS)).label
        'supervised'
        """
        views = Roles(*(max(own, its) for own, its in zip(self.views, other.views, strict=True)))
        label = f"{self.label}+{other.label}"
        joined = dataclasses.replace(self, label=label, **views._asdict())
        return next((named for named in NAMED if named == joined), joined)

    def lacks(self, other: Setting) -> str:
        """Returns in words what the other one shows beyond this one, '' for nothing.

        >>> Setting.SOURCE_FREE.lacks(Setting.SUPERVISED)
        'the labels of the source, the labels of the target'
        """
        words = {View.INPUTS: "the inputs of the", View.LABELS: "the labels of the"}
        pairs = zip(ROLES, self.views, other.views, strict=True)
        return ", ".join(f"{words[its]} {role}" for role, own, its in pairs if its > own)


Setting.UNSUPERVISED_DA = Setting("unsupervised_da", View.LABELS, View.INPUTS)
Setting.PARTIAL_DA = Setting("partial_da", View.LABELS, View.INPUTS, classes="partial")
Setting.OPEN_SET_DA = Setting("open_set_da", View.LABELS, View.INPUTS, classes="open")
Setting.UNIVERSAL_DA = Setting("universal_da", View.LABELS, View.INPUTS, classes="universal")
Setting.FEW_SHOT = Setting("few_shot", View.LABELS, classes="novel")
Setting.UNSUPERVISED = Setting("unsupervised", View.INPUTS, View.INPUTS)
Setting.SOURCE_FREE = Setting("source_free", View.ABSENT, View.INPUTS)
Setting.TEST_TIME = Setting("test_time", View.LABELS, View.INPUTS, online=True)
Setting.SEMI_SUPERVISED = Setting("semi_supervised", View.LABELS, View.INPUTS, View.LABELS)
Setting.SUPERVISED = Setting("supervised", View.LABELS, View.LABELS)
Setting.DOMAIN_GENERALISATION = Setting("domain_generalisation", View.LABELS)
NAMED = (
    Setting.UNSUPERVISED_DA,
    Setting.PARTIAL_DA,
    Setting.OPEN_SET_DA,
    Setting.UNIVERSAL_DA,
    Setting.FEW_SHOT,
    Setting.UNSUPERVISED,
    Setting.SOURCE_FREE,
    Setting.TEST_TIME,
    Setting.SEMI_SUPERVISED,
    Setting.SUPERVISED,
    Setting.DOMAIN_GENERALISATION,
)
