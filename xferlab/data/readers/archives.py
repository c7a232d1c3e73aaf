"""Unpacking archives: nothing is written outside the folder, and nothing is left half-written.

Nor is more unpacked than there is room for: what an archive declares is looked at first.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
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
MOST_RATIO = 200
"""Bytes that a packed byte may become; deflate reaches 1032 on zeros, text and images 10."""
ALWAYS_ALLOWED = 64 * 2**20
"""Bytes that are unpacked whatever the ratio."""
_CHUNK = 2**20
_DIRECTORY_END = 22 + 2**16
"""Most bytes of the record that ends a zip file, with its comment."""
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
            device, or one that becomes too large (see `check_unpacked`); nothing of such an archive
            stays.
    """
    aside = folder / UNPACKING
    shutil.rmtree(aside, ignore_errors=True)
    try:
        room = shutil.disk_usage(folder if folder.is_dir() else archive.parent).free
        for name, content in _members(archive, room):
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


def check_unpacked(path: Path, unpacked: int, room: int) -> None:
    """Raises InputError where a packed file becomes larger than it may.

    That is more than `MOST_RATIO` times its size (up to `ALWAYS_ALLOWED` bytes are always taken),
    or than there is room for.

    Args:
        path: of the packed file.
        unpacked: bytes that it declares, or has given so far. What zip and tar files hold beyond
            what they declare is never read.
        room: bytes that are free where it would go.
    """
    size = path.stat().st_size
    if unpacked > ALWAYS_ALLOWED and unpacked > MOST_RATIO * size:
        raise InputError(
            f"{path} has {size} bytes and becomes {unpacked} or more, unpacked. Allowed: up to"
            f" {MOST_RATIO} times its size; such files are made to fill a disk. If it is meant,"
            " unpack it by hand, or save it without compression"
        )
    if unpacked > room:
        raise InputError(
            f"{path} becomes {unpacked} bytes or more, unpacked, but there is room for {room};"
            " make room, or choose a place that has it"
        )


def check_listed(file: IO[bytes], listed: int) -> None:
    """Raises ValueError where the directory of a zip file lists fewer files than it says it has.

    A wrong byte in the length of an entry lets `zipfile` pass over all that follow.

    Args:
        file: an open zip file.
        listed: number of its entries.
    """
    file.seek(-min(file.seek(0, os.SEEK_END), _DIRECTORY_END), os.SEEK_END)
    tail = file.read()
    begin = tail.rfind(b"PK\x05\x06") + 10
    declared = int.from_bytes(tail[begin : begin + 2], "little")
    if declared not in (listed, 2**16 - 1):  # The latter stands for more than fit there.
        raise ValueError(f"its directory lists {listed} files of {declared}.")


def memory_bytes() -> int:
    """Returns the memory of this machine, in bytes; 64 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2**36


def read_gzip(path: Path) -> bytes:
    """Returns the content of a gzip file.

    Raises:
        InputError: it becomes too large, see `check_unpacked`.
        OSError, EOFError, zlib.error: it is missing, damaged or cut off.
    """
    content, room = io.BytesIO(), memory_bytes()
    with gzip.open(path) as file:
        while chunk := file.read(_CHUNK):
            content.write(chunk)
            check_unpacked(path, content.tell(), room)
    return content.getvalue()


def _members(archive: Path, room: int) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """Yields the checked path and the content of every file of an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            check_unpacked(archive, sum(e.file_size for e in packed.infolist()), room)
            for entry in packed.infolist():
                linked = stat.S_ISLNK(entry.external_attr >> 16)
                path = _checked(archive, entry.filename, plain=not linked)
                if not entry.is_dir():
                    yield path, packed.open(entry)
    elif tarfile.is_tarfile(archive):
        unpacked = 0
        with tarfile.open(archive) as packed:
            for entry in packed:
                unpacked += entry.size
                check_unpacked(archive, unpacked, room)
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
