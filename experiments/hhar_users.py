"""Activities from one person to another: the ten pairs of AdaTime on its windows of HHAR.

xferlab bench --config=experiments/hhar_users.py --data_dir=DATA

Expected: no table is claimed. DATA/hhar needs AdaTime's files train_0.pt to test_8.pt of
doi:10.21979/N9/OWDFXO; `xferlab data prepare hhar` gets the original recordings, which have no
test split.

Run time: not measured.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "hhar_users", "seeds": 5})
