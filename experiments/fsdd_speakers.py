"""Spoken digits: each of six speakers left out in turn.

xferlab bench --config=experiments/fsdd_speakers.py --data_dir=DATA

Expected: on average over the speakers source_only 75.9, dann 87.7, cdan_e 90.9, bnm 94.4 (last
step). No published protocol. The table that it printed: docs/results/fsdd_speakers.md.

Run time: 9 min on two quiet cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "fsdd_speakers", "seeds": 5})
