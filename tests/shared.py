"""Where tests find the real data sets that the repository does not hold; without, they skip."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def shared_data(name: str) -> Path:
    """The data directory that has the folder `name`; skips the test if there is none.

    The directory is `data` in $XFERLAB_SHARED, by default in a folder `shared` beside the
    repository.
    """
    data = Path(os.environ.get("XFERLAB_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not (data / name).is_dir():
        pytest.skip(f"no {data / name}: set XFERLAB_SHARED to the folder that has data/{name}")
    return data
