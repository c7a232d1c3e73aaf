"""The 12 pairs of Office-Caltech10 on SURF features: 1-NN, PCA, GFK, TCA, JDA, CORAL, SVM.

xferlab bench --config=experiments/office_caltech_surf.py --data_dir=DATA

Expected: 1-NN 31.4, PCA 43.6, TCA 46.2 and JDA 46.8 on average, all 48 cells within 0.1 of the
published ones; CORAL 49.0, SVM 41.1. The table that it printed, and why single cells differ:
docs/results/office_caltech_surf.md.

Run time: 102 s on two cores; seconds of its 96 fits add up to 168.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "office_caltech_surf", "seeds": 1})
