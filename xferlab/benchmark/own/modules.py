"""Files and modules of the user's, from which methods, recipes and experiments are taken."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
import traceback
import types
from collections.abc import Iterator
from pathlib import Path

from xferlab.core.errors import InputError


def load_module(path: Path) -> types.ModuleType:
    """Returns a user's file as a module; it is registered, as dataclasses of its types ask for it.

    The files beside it can be imported by their names, as where Python runs the file. They are the
    file's own: a file of the same name beside another method is another module.

    Raises:
        InputError: the file fails to import; it says in which line.
    """
    name = f"xferlab_external_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[name] = module
    with _import_errors(str(path), str(path.resolve())), _neighbours(path.resolve().parent):
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def existing_file(path: Path, kind: str) -> Path:
    """Returns a path with ~ filled in. Raises InputError where it is no file.

    Args:
        path: of the file.
        kind: of what it holds, for the message: 'method'.
    """
    path = path.expanduser()
    if not path.is_file():
        fault = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{kind} file {str(path)!r} {fault}; give path/to/file.py:Class")
    return path


def import_module(name: str, kind: str) -> types.ModuleType:
    """Returns a module that Python finds. Raises InputError where it does not, or it fails.

    Args:
        name: of the module.
        kind: of what it holds, for the message: 'method'.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError, TypeError):
        spec = None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise InputError(
            f"{kind} module {name!r} is not found. Give a module that Python can import, as"
            " package.module:Class, or the path of a file, as path/to/file.py:Class"
        )
    with _import_errors(name, spec.origin):
        return importlib.import_module(name)


@contextlib.contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Lets the files of a folder be imported by their names, for this file alone.

    What the folder gave is taken out of the table of modules afterwards: the file holds what it
    imported, and the next file of another folder finds its own neighbours.
    """
    own = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    own = {name for name in own if _is_free(name, folder)}
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in own}
    for name in before:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] in own]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_free(name: str, folder: Path) -> bool:
    """Tells whether a name may mean a file beside the user's: none of Python's or of packages."""
    loaded = sys.modules.get(name)
    if loaded is None:
        return name not in sys.stdlib_module_names
    return Path(str(getattr(loaded, "__file__", None))).parent == folder


@contextlib.contextmanager
def _import_errors(shown: str, path: str) -> Iterator[None]:
    """Turns what fails while a user's file is imported into an InputError with its line."""
    try:
        yield
    except (Exception, SystemExit) as error:
        lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        number = error.lineno if isinstance(error, SyntaxError) else None
        number = number or (lines[-1].lineno if lines else None)
        where = f", line {number}" if number else ""
        raise InputError(
            f"file {shown!r}{where} cannot be imported: {type(error).__name__}: {error}"
        ) from error
