"""Methods from a file of the user's: `path/to/my_loss.py:MyLoss`."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
import types
from collections.abc import Iterable, Iterator
from pathlib import Path

from xferlab.benchmark.grid import Candidate
from xferlab.benchmark.sources import source_digest
from xferlab.benchmark.spec import RunSpec
from xferlab.core.errors import InputError
from xferlab.methods.base import Method
from xferlab.methods.shallow.base import ShallowMethod
from xferlab.methods.table import ALL_METHODS, AnyMethod


def find_methods(names: Iterable[str]) -> dict[str, Candidate]:
    """Returns the methods that `find_method` finds, by the name that tables print.

    Raises:
        InputError: see `find_method`; also for a method that is named twice, and for two different
            methods of one name.
    """
    found: dict[str, Candidate] = {}
    for text in names:
        candidate = find_method(text)
        before = found.setdefault(candidate.name, candidate)
        if before.source != candidate.source:
            raise InputError(
                f"method {text!r} is called {candidate.name!r}, as another one of this command;"
                " rename one of the two classes"
            )
        if before is not candidate:
            raise InputError(f"method {text!r} is named twice; name each method once")
    return found


def find_method(text: str) -> Candidate:
    """Returns a method by its name in the table, or from a file by `path.py:Class`.

    Raises:
        InputError: for an unknown name (with the closest ones), a missing file, a file that fails
            to import, and a class that is not there or is no complete method.
    """
    if ".py" not in text:
        name = ALL_METHODS.resolve(text)
        return Candidate(name, ALL_METHODS[name])
    path_text, _, class_name = text.partition(":")
    path = Path(path_text).expanduser()
    if not path.is_file():
        raise InputError(f"method file {path_text!r} does not exist; give path/to/file.py:Class")
    method = _instantiate(path, class_name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(method).__name__).lower()
    if name in ALL_METHODS:
        name = f"{name}_from_file"
    return Candidate(name, method, source_digest([path]))


@contextlib.contextmanager
def method_errors(spec: RunSpec, method: AnyMethod) -> Iterator[None]:
    """Turns what fails in a user's method into an InputError that names the line.

    What fails in a method of the package is a fault of ours and keeps its traceback.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, InputError) or type(method).__module__.startswith("xferlab."):
            raise
        path = sys.modules[type(method).__module__].__file__
        lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        where = f", {path} line {lines[-1].lineno}" if lines else ""
        raise InputError(
            f"method {spec.method.name!r} failed ({type(error).__name__}: {error}{where}). A loss"
            " returns a dict of Term(scalar, weight) by name, and gets no other labels than those"
            " that the task's setting shows"
        ) from error


def _instantiate(path: Path, class_name: str) -> AnyMethod:
    module = load_module(path)
    found = {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing)
        and issubclass(thing, Method | ShallowMethod)
        and thing.__module__ == module.__name__
    }
    if not class_name and len(found) == 1:
        class_name = next(iter(found))
    if class_name not in found:
        asked = f"no method class {class_name!r}" if class_name else "no single method class"
        raise InputError(
            f"method file {str(path)!r} has {asked}; it has {', '.join(found) or 'none'}. Derive"
            " a class from xferlab.methods.Method, and name it by path/to/file.py:Class"
        )
    if "__dataclass_fields__" not in vars(found[class_name]):
        raise InputError(
            f"method class {class_name!r} of {str(path)!r} is not decorated; write"
            " @xferlab.methods.method above it"
        )
    try:
        return found[class_name]()
    except TypeError as error:
        raise InputError(
            f"method class {class_name!r} of {str(path)!r} cannot be made: {error}. It needs a"
            " loss, and a default for every field"
        ) from error


def load_module(path: Path) -> types.ModuleType:
    """Returns a user's file as a module; it is registered, as dataclasses of its types ask for it.

    Raises:
        InputError: the file fails to import.
    """
    name = f"xferlab_external_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    except (Exception, SystemExit) as error:
        raise InputError(
            f"file {str(path)!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return module
