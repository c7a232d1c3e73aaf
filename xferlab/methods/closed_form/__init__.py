"""Closed-form methods: fitted at once, no network; `base` holds the contract, `table` the names."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.core.outputs import HostOutput
    from xferlab.methods.closed_form.base import ClosedFormMethod, FittedMethod
    from xferlab.methods.closed_form.table import CLOSED_FORM

__all__ = ["CLOSED_FORM", "ClosedFormMethod", "FittedMethod", "HostOutput"]
