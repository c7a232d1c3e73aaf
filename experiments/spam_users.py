"""Spam filters from one inbox to another: three users of the ECML/PKDD 2006 challenge.

xferlab bench --config=experiments/spam_users.py --data_dir=DATA

Expected: RESULT_SPAM. No published numbers for pairs of users. The table that it printed:
docs/results/spam_users.md.

Run time: RT_SPAM
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "spam_users", "seeds": 5})
