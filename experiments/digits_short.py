"""MNIST, USPS and MNIST-M at a schedule for two CPU cores.

xferlab bench --config=experiments/digits_short.py --data_dir=DATA

Expected: gains over source_only of the sign of the published ones on MNIST<->USPS; levels do not
compare, the schedule is 1/160. The table that it printed: docs/results/digits.md.

Run time: not measured yet.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict(
        {"suite": "digits", "methods": "source_only,dan,jan,dann,cdan,mcd,mcc,shot", "seeds": 3}
    )
