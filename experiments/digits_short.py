"""MNIST, USPS and MNIST-M at a schedule for two CPU cores.

xferlab bench --config=experiments/digits_short.py --data_dir=DATA

Expected: at the last step, gains over source_only (mean of MNIST<->USPS) of dan 12.7, jan 15.7,
dann 12.5, cdan 15.6, mcd 16.6, mcc 16.2, shot 21.1; on MNIST->MNIST-M dann 6.6, cdan 6.1, mcd 10.5,
and mcc and shot lose. Levels do not compare with published ones: the schedule is 1/80. The table
that it printed: docs/results/digits.md.

Run time: about 40 min on two cores with nothing beside it; the seconds of its 72 runs then add up
to about 4700.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict(
        {"suite": "digits", "methods": "source_only,dan,jan,dann,cdan,mcd,mcc,shot", "seeds": 3}
    )
