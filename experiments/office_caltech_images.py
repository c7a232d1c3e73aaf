"""The 12 pairs of Office-Caltech10 on frozen network features.

xferlab bench --config=experiments/office_caltech_images.py --data_dir=DATA

Expected, last step, mean of the 12 pairs: source_only 93.8, coral 94.5, bnm 95.3, shot 96.2, mcc
96.8. Features are frozen, so published numbers of fine-tuned networks do not compare. The table
that it printed: docs/results/office_caltech_images.md.

Run time: seconds of its 360 runs add up to 2404, two at a time, with other work on two cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "office_caltech_images", "seeds": 3})
