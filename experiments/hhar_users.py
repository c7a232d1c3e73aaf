"""Activities from one person to another: the ten pairs of AdaTime on its windows of HHAR.

xferlab bench --config=experiments/hhar_users.py --data_dir=DATA

Expected: no table is claimed. DATA/hhar needs AdaTime's train_*.pt and test_*.pt, which must be
fetched by hand (`xferlab data prepare hhar` says from where).

Run time: not measured.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "hhar_users", "seeds": 5})
