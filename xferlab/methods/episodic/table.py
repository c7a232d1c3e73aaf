"""The table of methods that are trained by episodes, in the order that tables print them.

They stand apart from `methods.table.METHODS`: they need a batch that is an episode.
"""

from __future__ import annotations

from xferlab.core.names import NameTable
from xferlab.methods.base import Method
from xferlab.methods.episodic.maml import MAML
from xferlab.methods.episodic.prototypical import Prototypical

EPISODIC: NameTable[Method] = NameTable("method", {"prototypical": Prototypical(), "maml": MAML()})
