"""MNIST, USPS and MNIST-M at the published schedule, 50000 steps.

xferlab bench --config=experiments/digits_full.py --data_dir=DATA

Expected: the numbers of the Transfer-Learning-Library and of Ganin et al. within 3 points or two
of their standard deviations. Not run yet: no table is claimed.

Run time: hours on a GPU, days on two CPU cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict(
        {
            "suite": "digits_full",
            "methods": "source_only,dan,jan,dann,cdan,mcd,mcc,shot",
            "seeds": 3,
        }
    )
