"""Which code made a number: digests of the sources that a run's numbers come from.

A digest is over the tokens of a file and of every file that it imports, from the rooms of the
package that compute and from the folder that the file lies in. Comments, docstrings and layout do
not count; every other edit, in a loss, a layer, the step or a file beside a user's method, makes
another digest and so another run. Versions of other packages are in a run's environment instead:
they move last bits.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import io
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import xferlab
from xferlab.core.errors import InputError

PACKAGE = Path(xferlab.__file__).parent
ROOMS = ("core", "data", "losses", "models", "methods", "training", "evaluation")
"""The folders of the package whose code decides numbers; the others arrange and show them."""
SHARED = (
    "training/run.py",
    "training/closed_form.py",
    "benchmark/runs/scoring.py",
    "benchmark/runs/predicted.py",
    "benchmark/runs/reverse.py",
)
"""What every run goes through: training or fitting, then scores."""
FEATURES = "benchmark/runs/featured.py"
"""What runs on the features of a kept network go through too."""
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@functools.cache
def shared_digest() -> str:
    """Returns the digest of the code that all runs share, 16 hex digits."""
    return source_digest([PACKAGE / name for name in SHARED])


@functools.cache
def featured_digest() -> str:
    """Returns the digest of the code that runs on kept features share, 16 hex digits."""
    return source_digest([PACKAGE / name for name in (*SHARED, FEATURES)])


def method_digest(method: object) -> str:
    """Returns the digest of the file that defines a method's class, 16 hex digits.

    Raises:
        InputError: the class was not read from a file, or that file or one that it imports is no
            source in UTF-8.
    """
    return _class_digest(type(method))


def function_digest(functions: Iterable[Callable[..., object]]) -> str:
    """Returns the digest of the files that define some functions, in order; '' for none."""
    files = [source_digest([Path(inspect.getfile(each))]) for each in functions]
    return hashlib.sha256("\n".join(files).encode()).hexdigest()[:16] if files else ""


@functools.cache  # A file that is loaded anew makes a new class.
def _class_digest(kind: type) -> str:
    try:
        return source_digest([Path(inspect.getfile(kind))])
    except (TypeError, OSError, SyntaxError, UnicodeDecodeError) as error:
        raise InputError(
            f"the source of method class {kind.__name__!r}, or of a file that it imports, cannot be"
            f" read ({error}). Write them into files in UTF-8: their digest is part of a run's"
            " identity"
        ) from error


def source_digest(paths: Iterable[Path]) -> str:
    """Returns the digest of some files and of all that they import, 16 hex digits.

    It does not depend on where the files lie, only on their names and contents.

    Raises:
        SyntaxError, OSError, UnicodeDecodeError: a file is no readable Python source.
    """
    files = source_files(paths)
    parts = sorted(f"{path.name} {_file_digest(path, _state(path))}" for path in files)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def source_files(paths: Iterable[Path]) -> set[Path]:
    """Returns some files and all that they import, see `source_digest`."""
    waiting = [(path.resolve(), path.resolve().parent) for path in paths]
    found = {path for path, _ in waiting}
    while waiting:
        importer, root = waiting.pop()
        new = {path.resolve() for path in _imported(importer, root)} - found
        found |= new
        waiting += [(path, root) for path in new]
    return found


def _state(path: Path) -> tuple[int, int]:
    """Returns what tells that a file was edited since it was read."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@functools.cache
def _file_digest(path: Path, state: tuple[int, int]) -> str:
    """Returns the digest of a file's tokens, without comments, docstrings and layout."""
    del state
    text = path.read_text("utf-8")
    skipped = _docstring_lines(ast.parse(text))
    digest = hashlib.sha256()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and token.start[0] in skipped
        if token.type == tokenize.DEDENT:
            digest.update(b"<")
        elif token.type not in _LAYOUT and not is_docstring:
            digest.update(token.string.encode())
    return digest.hexdigest()


def _docstring_lines(tree: ast.Module) -> set[int]:
    """Returns the first lines of strings that stand alone as statements."""
    return {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def _imported(path: Path, root: Path) -> Iterator[Path]:
    """Yields the files that a file imports: of the package's rooms, and of a user's folder."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _resolve(root, alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1] if node.level else root
            for alias in node.names:
                yield from _resolve(folder, node.module or alias.name, alias.name)


def _resolve(root: Path, module: str, name: str | None) -> Iterator[Path]:
    """Yields the files of `from module import name`, or of `import module`."""
    if module.split(".")[0] == PACKAGE.name:
        root = PACKAGE.parent
    found = _file_of(root, f"{module}.{name}") if name else None
    found = found or _file_of(root, module)
    if found is None or not _counts(found):
        return
    if name and found.name == "__init__.py" and found.is_relative_to(PACKAGE):
        yield from _exported(found, name)
    else:
        yield found


def _file_of(root: Path, module: str) -> Path | None:
    """Returns the file of a module below a folder, None where there is none."""
    stem = root.joinpath(*module.split("."))
    candidates = (stem.with_name(f"{stem.name}.py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _exported(package: Path, name: str) -> Iterator[Path]:
    """Yields the file from which a package of ours has a name; its own where it defines it."""
    for node in ast.walk(ast.parse(package.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            yield from _resolve(PACKAGE.parent, node.module or name, name)
            return
    yield package


def _counts(path: Path) -> bool:
    """Tells whether a file decides numbers: a user's does, of the package the rooms do."""
    if not path.is_relative_to(PACKAGE):
        return True
    parts = path.relative_to(PACKAGE).parts
    return parts[0] in ROOMS or parts == ("__init__.py",)
