"""The cache of expensive results: what is kept, what is computed anew, what is written."""

import numpy as np
import pytest

from xferlab.core.cache import cache_folder, cached_array

pytestmark = pytest.mark.fast

CONTENT = [np.arange(6), np.ones(3, np.float32)]


class Counted:
    """A computation that counts how often it is done."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return np.arange(4.0)


def call(compute, folder, *, name="f", content=CONTENT, parameters=None):
    parameters = {"rate": 8} if parameters is None else parameters
    return cached_array(name, compute, content=content, parameters=parameters, folder=folder)


def test_a_result_is_computed_once(tmp_path):
    compute = Counted()
    results = [call(compute, tmp_path / "new") for _ in range(3)]
    assert compute.calls == 1
    for result in results:
        np.testing.assert_array_equal(result, np.arange(4.0))
    assert [file.suffix for file in (tmp_path / "new").iterdir()] == [".npy"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "g"},
        {"parameters": {"rate": 9}},
        {"content": [np.arange(6), np.zeros(3, np.float32)]},
        {"content": [np.arange(6), np.ones(3)]},
        {"content": [np.arange(6).reshape(2, 3), np.ones(3, np.float32)]},
        {"content": CONTENT[::-1]},
    ],
)
def test_everything_is_in_the_key(tmp_path, change):
    compute = Counted()
    call(compute, tmp_path)
    call(compute, tmp_path, **change)
    assert compute.calls == 2


def test_a_damaged_entry_is_computed_anew(tmp_path):
    compute = Counted()
    call(compute, tmp_path)
    (entry,) = tmp_path.iterdir()
    for damaged in (b"", entry.read_bytes()[:-8], b"no array"):
        entry.write_bytes(damaged)
        np.testing.assert_array_equal(call(compute, tmp_path), np.arange(4.0))
    assert compute.calls == 4


def test_a_pickled_entry_is_not_loaded(tmp_path):
    compute = Counted()
    call(compute, tmp_path)
    (entry,) = tmp_path.iterdir()
    np.save(entry, np.array([{"any": "object"}], object), allow_pickle=True)
    np.testing.assert_array_equal(call(compute, tmp_path), np.arange(4.0))


def test_a_folder_that_cannot_be_written_warns(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="set XDG_CACHE_HOME"):
        result = call(Counted(), tmp_path / "file")
    np.testing.assert_array_equal(result, np.arange(4.0))


def test_the_folder_is_where_the_system_keeps_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "xferlab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "xferlab"
