"""Methods: one file each; `base` holds the contract, `table` the names."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.core.batch import Episodes
    from xferlab.methods.base import Context, Method, Phase, Stage, Term, method, number, static
    from xferlab.methods.table import METHODS

__all__ = [
    "METHODS", "Context", "Episodes", "Method", "Phase", "Stage", "Term", "method", "number",
    "static",
]  # fmt: skip
