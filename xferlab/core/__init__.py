"""Core: settings, typed structures, seeds, parameter paths, name tables and errors."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.core.batch import Batch, Labelled, Unlabelled
    from xferlab.core.errors import InputError
    from xferlab.core.names import NameTable
    from xferlab.core.settings import Setting, View

__all__ = ["Batch", "InputError", "Labelled", "NameTable", "Setting", "Unlabelled", "View"]
