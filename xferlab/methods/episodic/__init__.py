"""Methods that are trained by episodes, to tell apart new classes; `table` has their names."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.methods.episodic.table import EPISODIC

__all__ = ["EPISODIC"]
