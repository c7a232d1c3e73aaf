"""Sentiment of product reviews, 12 pairs: Table 1 of Ganin et al. (JMLR 2016), with mSDA.

xferlab bench --config=experiments/amazon_reviews_msda.py --data_dir=DATA

Expected: dann by reverse validation 80.0 on average, published 81.3, mean absolute difference 2.2;
source_only 80.4, svm 80.8, dann by the oracle 81.4. The published NN and SVM rows could not be seen
at their source and are not shown. The table that it printed: docs/results/amazon_reviews_msda.md.

Run time: before the first run, mSDA of each of six pairs of domains takes about 190 seconds of one
core and 3 GB of memory; the coordinates are kept in the cache (1.3 GB), and a later command reads
them. Then seconds of its 300 runs add up to 1081, two at a time, with other work on two cores.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """Returns the flags of `xferlab bench`."""
    return ConfigDict({"suite": "amazon_reviews_msda", "seeds": 5})
