"""Activities from one person to another: the ten pairs of AdaTime on its windows of WISDM.

xferlab bench --config=experiments/wisdm_users.py --data_dir=DATA

Expected: no table is claimed. DATA/wisdm needs AdaTime's files train_0.pt to test_35.pt of
doi:10.21979/N9/KJWE5B; `xferlab data prepare wisdm` gets the original recordings, which have no
test split.

Run time: not measured.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "wisdm_users", "seeds": 5})
