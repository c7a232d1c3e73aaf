"""Writing aside: whole or not there, for one writer and for several, whatever goes wrong."""

import ast
import concurrent.futures
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import xferlab
from xferlab.core.errors import InputError
from xferlab.core.files import aside, disk_errors, remove_left, write_aside

pytestmark = pytest.mark.fast

ROOT = Path(xferlab.__file__).parent


def fill(path, content):
    """Writes a file or, of a mapping, a folder with a folder in it."""
    if isinstance(content, bytes):
        path.write_bytes(content)
        return
    path.mkdir()
    for name, data in content.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(data)


def read(path):
    if path.is_file():
        return path.read_bytes()
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


EACH = [(b"old", b"new"), ({"a": b"old", "b/c": b"old"}, {"a": b"new", "d": b"new"})]
each_kind = pytest.mark.parametrize(("old", "new"), EACH, ids=["file", "folder"])


def full_disk(monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


@each_kind
def test_the_new_takes_the_place_of_the_old(tmp_path, old, new):
    path = tmp_path / "it.npz"
    for content in (old, new):
        with aside(path) as fresh:
            assert fresh.name == path.name
            fill(fresh, content)
            assert not path.exists() or read(path) == old
        assert read(path) == content
        assert list(tmp_path.iterdir()) == [path]


@each_kind
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError, SystemExit])
@pytest.mark.parametrize("there", [True, False])
def test_an_interrupted_writer_leaves_what_was_there(tmp_path, old, new, error, there):
    path = tmp_path / "it"
    if there:
        fill(path, old)
    with pytest.raises(error), aside(path) as fresh:
        fill(fresh, new)
        raise error
    assert list(tmp_path.iterdir()) == [path] * there
    assert not there or read(path) == old


@each_kind
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, old, new):
    path = tmp_path / "it"
    fill(path, old)
    full_disk(monkeypatch)
    with (
        pytest.raises(InputError, match=r"cannot write .*it.*disk is full: free some space"),
        disk_errors(path),
        aside(path) as fresh,
    ):
        fill(fresh, new)
    assert read(path) == old and list(tmp_path.iterdir()) == [path]


def test_every_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, synced = tmp_path / "it", []

    def fsync(descriptor):
        assert not path.exists()
        synced.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    with aside(path) as fresh:
        fill(fresh, {"a": b"1", "b/c": b"2"})
    assert sorted(synced) == sorted(f.stat().st_ino for f in path.rglob("*") if f.is_file())


@each_kind
def test_nothing_written_is_an_error_and_keeps_what_was_there(tmp_path, old, new):
    path = tmp_path / "it"
    fill(path, old)
    with pytest.raises(FileNotFoundError), aside(path):
        pass
    assert read(path) == old and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [b"file", {"a": b"in a folder"}, {}])
def test_a_file_takes_the_place_of_no_folder_nor_a_folder_of_a_file(tmp_path, old):
    path = tmp_path / "it"
    fill(path, old)
    other = {"b": b"new"} if isinstance(old, bytes) else b"new"
    with pytest.raises(OSError), aside(path) as fresh:
        fill(fresh, other)
    assert read(path) == old and list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "it"
    with aside(path) as first:
        first.write_bytes(b"first")
        with aside(path) as second:
            assert second != first
            second.write_bytes(b"second")
        assert path.read_bytes() == b"second" and first.read_bytes() == b"first"
    assert path.read_bytes() == b"first" and list(tmp_path.iterdir()) == [path]


def test_a_reader_beside_many_writers_sees_whole_files(tmp_path):
    path = tmp_path / "it"
    contents = [bytes([number]) * 100_000 for number in range(4)]
    write_aside(path, contents[0])
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write_aside, path, contents[i % 4]) for i in range(40)]
        while not all(each.done() for each in writing):
            assert path.read_bytes() in contents
    assert [each.result() for each in writing] == [None] * 40
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path):
    code = (
        "import os, pathlib, sys; from xferlab.core.files import aside\n"
        "with aside(pathlib.Path(sys.argv[1])) as new: new.write_bytes(b'0'); os._exit(9)"
    )
    for name in ("it", "it.npz"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False)
    (tmp_path / ".it.mine").mkdir()
    assert len(list(tmp_path.iterdir())) == 3
    remove_left(tmp_path / "it")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left[0] == ".it.mine" and len(left) == 2 and left[1].startswith(".it.npz.")


def test_a_folder_that_cannot_be_written_is_named_with_the_option(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "it"
    with pytest.raises(InputError, match=r"cannot write .*it.* with --data_dir"):  # noqa: SIM117
        with disk_errors(path, option="--data_dir"):
            write_aside(path, b"")


def test_a_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    write_aside(tmp_path / "it", b"")
    assert (tmp_path / "it").stat().st_mode == (tmp_path / "usual").stat().st_mode


OTHERS = {
    "benchmark/compare.py": "a folder of runs that nobody asked to keep",
    "benchmark/store/folders.py": "tries whether the folder can be written",
    "benchmark/store/manifest.py": "renames whole files of an earlier table",
    "benchmark/train.py": "a folder of the run, where nobody asked to keep it",
    "data/catalogue/prepare.py": "moves a download to where it is wanted",
    "data/readers/archives.py": "moves many files into a folder that may have others",
}
"""Files with temporary names or renaming of their own, and why."""


def names_files(node):
    """Tells whether a node is a call that makes a temporary name or renames a file."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    called = ast.unparse(node.func)
    one_argument = len(node.args) == 1 and not node.keywords  # Of a text it has two.
    return (
        called in ("os.replace", "os.rename", "shutil.move", "os.fsync")
        or called.startswith("tempfile.")
        or (
            node.func.attr in ("replace", "rename") and one_argument and "dataclasses" not in called
        )
    )


def test_one_file_alone_writes_aside():
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if any(names_files(node) for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    }
    assert found == {"core/files.py"} | OTHERS.keys()
