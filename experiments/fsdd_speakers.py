"""Spoken digits: each of six speakers left out in turn.

xferlab bench --config=experiments/fsdd_speakers.py --data_dir=DATA

Expected: RESULT_FSDD. No published protocol. The table that it printed:
docs/results/fsdd_speakers.md.

Run time: RT_FSDD
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "fsdd_speakers", "seeds": 5})
