"""MNIST, USPS and MNIST-M at a schedule for two CPU cores.

xferlab bench --config=experiments/digits_short.py --data_dir=DATA

Expected: at the last step, gains over source_only (mean of MNIST<->USPS) of dan 12.6, jan 15.8,
dann 12.4, cdan 15.6, mcd 5.2, mcc 16.0, shot 21.0; on MNIST->MNIST-M dann 6.6, cdan 6.1, mcd 10.5,
and mcc and shot lose. Levels do not compare with published ones: the schedule is 1/80. The table
that it printed: docs/results/digits.md.

Run time: 41 min on two cores; seconds of its 72 runs add up to 4746.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict(
        {"suite": "digits", "methods": "source_only,dan,jan,dann,cdan,mcd,mcc,shot", "seeds": 3}
    )
