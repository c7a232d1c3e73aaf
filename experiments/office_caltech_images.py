"""The 12 pairs of Office-Caltech10 on frozen network features.

xferlab bench --config=experiments/office_caltech_images.py --data_dir=DATA

Expected: RESULT_OCI

Run time: RT_OCI
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "office_caltech_images", "seeds": 3})
