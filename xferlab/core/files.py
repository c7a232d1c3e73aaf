"""Files and folders that are whole or not there at all: written aside, synced and renamed.

Whoever reads a name sees what it stood for before or the whole of what is new, also after a crash
of the process or the system. Errors of the disk are for the user: `disk_errors`.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xferlab.core.checks import shown
from xferlab.core.errors import InputError

SUFFIX = ".writing"


class DiskError(InputError):
    """A file or folder that cannot be written."""


def write_aside(path: Path, data: bytes) -> None:
    """Writes a file of these bytes; see `aside`."""
    with aside(path) as new:
        new.write_bytes(data)


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Yields a path to write a file or folder at, which then takes the place of `path`.

    It has the same name, in a hidden folder beside `path` that this writer alone has and that may
    hold other things meanwhile. That folder is removed at the end; after an error, as after an
    interruption, `path` is as it was. Only a process that is killed leaves it: see `remove_left`.

    Several may write one file at once, and the last one stays; a folder, one at a time.

    Raises:
        OSError: the folder of `path` is missing or cannot be written, the disk is full, or a file
            is to take the place of a folder or the other way round.
    """
    with tempfile.TemporaryDirectory(
        dir=path.parent, prefix=f".{path.name}.", suffix=SUFFIX, ignore_cleanup_errors=True
    ) as own:
        new, earlier = Path(own, path.name), Path(own, f"{path.name}.earlier")
        yield new
        _sync(new)
        if new.is_dir() and path.is_dir():
            path.replace(earlier)  # A folder cannot be renamed to one that holds something.
        new.replace(path)


def remove_left(path: Path) -> None:
    """Removes what killed processes left beside `path`. Call it while nobody else writes there."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.????????{SUFFIX}"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def disk_errors(path: Path, *, option: str = "--out") -> Iterator[None]:
    """Turns failures of the file system into a DiskError that says what to do.

    Args:
        path: what is written.
        option: of the command line, that chooses the folder.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "the disk is full: free some space and run the same command again"
        else:
            advice = f"choose a folder that can be written with {option}"
        raise DiskError(
            f"cannot write {str(path)!r} ({error.strerror or error}); {advice}"
        ) from error


def _sync(path: Path) -> None:
    """Waits until a file, or every file in a folder, is on the disk."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            with file.open("r+b") as opened:
                os.fsync(opened.fileno())


def folder_of(out: Any) -> Path:
    """Returns the path of a folder. Raises InputError for what is neither text nor a path."""
    if not isinstance(out, str | os.PathLike) or "\0" in str(out):
        raise InputError(f"out is {shown(out)}. Give the path of a folder, or '' to keep nothing")
    return Path(out).expanduser()
