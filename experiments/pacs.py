"""The 12 pairs of PACS on frozen network features.

xferlab bench --config=experiments/pacs.py --data_dir=DATA

RESULT_PACS

Run time: RT_PACS
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "pacs", "seeds": 3})
