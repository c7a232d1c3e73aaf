"""The 12 pairs of PACS on frozen network features.

xferlab bench --config=experiments/pacs.py --data_dir=DATA

Expected: no table is claimed yet. Features are frozen, so published numbers of fine-tuned networks
do not compare.

Run time: not measured yet.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "pacs", "seeds": 3})
