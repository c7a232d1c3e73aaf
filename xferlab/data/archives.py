"""Unpacking archives: nothing is written outside the folder, and nothing is left half-written."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from xferlab.core.errors import InputError

UNPACKING = ".unpacking"
"""The folder within the data set's that exists while an archive is being unpacked."""
_DAMAGED = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a zip or tar archive into a folder, over what is there of the same name.

    Only files and folders are taken. They are unpacked aside and moved when all is well; after an
    interruption the folder `UNPACKING` is still there.

    Args:
        archive: a zip file, or a tar file, compressed or not.
        folder: gets what is in it.

    Raises:
        InputError: no archive, a damaged one, or one with an absolute path, `..`, a link or a
            device; nothing of such an archive stays.
    """
    aside = folder / UNPACKING
    shutil.rmtree(aside, ignore_errors=True)
    try:
        for name, content in _members(archive):
            target = aside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
    except (*_DAMAGED, tarfile.TarError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise InputError(
            f"cannot unpack {archive}: {error}. It is damaged or cut off; remove it and get it anew"
        ) from error
    except InputError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    for file in sorted(path for path in aside.rglob("*") if path.is_file()):
        target = folder / file.relative_to(aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    shutil.rmtree(aside)


def _members(archive: Path) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """Yields the checked path and the content of every file of an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                linked = stat.S_ISLNK(entry.external_attr >> 16)
                path = _checked(archive, entry.filename, plain=not linked)
                if not entry.is_dir():
                    yield path, packed.open(entry)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as packed:
            for entry in packed:
                path = _checked(archive, entry.name, plain=entry.isfile() or entry.isdir())
                content = packed.extractfile(entry) if entry.isfile() else None
                if content is not None:
                    yield path, content
    else:
        raise InputError(
            f"{archive} is no zip or tar archive (perhaps a page that was saved in its place, or"
            " cut off); remove it and get it anew"
        )


def _checked(archive: Path, name: str, *, plain: bool) -> PurePosixPath:
    """Returns the path of a member that stays inside; raises InputError for any other."""
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    outside = path.is_absolute() or windows.anchor or ".." in (*path.parts, *windows.parts)
    if outside or not plain:
        what = "would be written outside the folder" if outside else "is a link or a device"
        raise InputError(
            f"{archive} is refused: its member {name!r} {what}. Allowed: files and folders below"
            " the archive's own; get the archive from where its authors publish it"
        )
    return path
