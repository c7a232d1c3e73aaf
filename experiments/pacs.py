"""The 12 pairs of PACS on frozen network features.

xferlab bench --config=experiments/pacs.py --data_dir=DATA

Expected, last step, mean of the 12 pairs: source_only 53.3, coral 55.7, bnm 60.2, mcc 66.5, shot
70.4; dann loses (47.8). Features are frozen, so published numbers of fine-tuned networks do not
compare. The table that it printed: docs/results/pacs.md.

Run time: seconds of its 360 runs add up to 2847, two at a time, with other work on two cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "pacs", "seeds": 3})
