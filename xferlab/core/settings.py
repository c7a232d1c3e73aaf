"""What a transfer setting lets a method see. Everything that is not listed here stays hidden."""

from __future__ import annotations

import enum

from xferlab.core.names import NameTable


class View(enum.IntEnum):
    """How much of a domain's training split reaches a method, in order."""

    ABSENT = 0
    INPUTS = 1
    LABELS = 2


class Setting(enum.Enum):
    """The transfer setting of a task or of one stage of a recipe.

    Members carry a view of the source and a view of the target; a batch has exactly the fields
    that the views allow.
    """

    UNSUPERVISED_DA = ("unsupervised_da", View.LABELS, View.INPUTS)
    SOURCE_FREE = ("source_free", View.ABSENT, View.INPUTS)
    SUPERVISED = ("supervised", View.LABELS, View.LABELS)

    def __init__(self, label: str, source: View, target: View):
        """Unpacks the member's name in specs and tables and its two views."""
        self.label = label
        self.source = source
        self.target = target

    def within(self, other: Setting) -> bool:
        """Tells whether this setting shows no more than the other one, of source and target.

        >>> Setting.SOURCE_FREE.within(Setting.UNSUPERVISED_DA)
        True
        """
        return self.source <= other.source and self.target <= other.target

    @classmethod
    def from_label(cls, label: str) -> Setting:
        """Returns the setting of that name. Raises InputError for an unknown one."""
        return NameTable("setting", {s.label: s for s in cls})[label]
