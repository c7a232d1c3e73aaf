"""Activities from one person to another: the ten pairs of AdaTime on UCI HAR.

xferlab bench --config=experiments/har_subjects.py --data_dir=DATA

Expected: macro F1 by source accuracy of dann 88.3 (AdaTime 87.3), deep_coral 87.7 (85.5), cdan_e
88.1 (86.0); source_only 82.9. The table that it printed: docs/results/har_subjects.md.

Run time: 16 min on two quiet cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "har_subjects", "seeds": 5})
