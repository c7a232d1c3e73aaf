"""Spam filters from one inbox to another: three users of the ECML/PKDD 2006 challenge.

xferlab bench --config=experiments/spam_users.py --data_dir=DATA

Expected: on average over the pairs source_only 94.7, svm 93.6, dann 95.5 (last step). No published
numbers for pairs of users. The table that it printed: docs/results/spam_users.md.

Run time: 6 min on two quiet cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "spam_users", "seeds": 5})
