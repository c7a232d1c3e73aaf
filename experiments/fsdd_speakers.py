"""Spoken digits: each of six speakers left out in turn.

xferlab bench --config=experiments/fsdd_speakers.py --data_dir=DATA

Expected: on average over the speakers source_only 75.8, dann 87.6, cdan_e 91.4, bnm 94.4 (last
step). No published protocol. The table that it printed: docs/results/fsdd_speakers.md.

Run time: 9 min on two cores; seconds of its 240 runs add up to 1020.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "fsdd_speakers", "seeds": 5})
