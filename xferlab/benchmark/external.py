"""Methods from a file of the user's: `path/to/my_loss.py:MyLoss`."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import inspect
import re
from pathlib import Path

from xferlab.benchmark.grid import Candidate
from xferlab.core.errors import InputError
from xferlab.methods.base import Method
from xferlab.methods.table import METHODS


def find_method(text: str) -> Candidate:
    """Returns a method by its name in the table, or from a file by `path.py:Class`.

    Raises:
        InputError: for an unknown name (with the closest ones), a missing file, a file that fails
            to import, and a class that is not there or is no complete method.
    """
    if ".py" not in text:
        return Candidate(text, METHODS[text])
    path_text, _, class_name = text.partition(":")
    path = Path(path_text).expanduser()
    if not path.is_file():
        raise InputError(f"method file {path_text!r} does not exist; give path/to/file.py:Class")
    method = _instantiate(path, class_name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(method).__name__).lower()
    if name in METHODS:
        name = f"{name}_from_file"
    return Candidate(name, method, hashlib.sha256(path.read_bytes()).hexdigest()[:16])


def _instantiate(path: Path, class_name: str) -> Method:
    module_name = f"xferlab_external_{path.stem}"
    loader = importlib.machinery.SourceFileLoader(module_name, str(path))
    spec = importlib.util.spec_from_loader(module_name, loader)
    if spec is None:
        raise InputError(f"method file {str(path)!r} is no Python source")
    module = importlib.util.module_from_spec(spec)
    try:
        loader.exec_module(module)
    except Exception as error:
        raise InputError(
            f"method file {str(path)!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    found = {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, Method) and thing.__module__ == module_name
    }
    if not class_name and len(found) == 1:
        class_name = next(iter(found))
    if class_name not in found:
        raise InputError(
            f"method file {str(path)!r} has no method class {class_name!r}; it has"
            f" {', '.join(found) or 'none: derive a class from xferlab.methods.Method'}"
        )
    try:
        return found[class_name]()
    except TypeError as error:
        raise InputError(f"method class {class_name!r} cannot be made: {error}") from error
