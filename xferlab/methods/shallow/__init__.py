"""Closed-form methods: fitted at once, no network; `base` holds the contract, `table` the names."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.methods.shallow.base import FittedMethod, ShallowMethod, ShallowOutput
    from xferlab.methods.shallow.table import SHALLOW

__all__ = ["SHALLOW", "FittedMethod", "ShallowMethod", "ShallowOutput"]
