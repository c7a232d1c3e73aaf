"""The suite `unequal_heads`: two heads whose losses differ a hundredfold; no download."""

from __future__ import annotations

import dataclasses

import numpy as np

from xferlab.benchmark.suites.on_digits import digits_suite, on_digits, to
from xferlab.benchmark.suites.suite import Suite, SuiteRequest
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.made.slanted import SLANT, slanted_digits

UNITS = 10.0
"""How many units of the slant's numbers a standard deviation is."""


def unequal_heads(request: SuiteRequest) -> Suite:
    """scikit-learn's digits, class and slant, whose squared error is a hundred times as large."""
    source, target = (
        in_units(slanted_digits("optdigits", half=half, class_known=share, slant_known=share))
        for half, share in (("a", 0.5), ("b", 1.0))
    )
    target = dataclasses.replace(target, name="optdigits_b")
    task = on_digits(to(target, source, setting=Setting.DOMAIN_GENERALISATION), request)
    return digits_suite(
        "unequal_heads",
        "class and slant of handwritten digits, in unequal units",
        (task,),
        ("source_only", "uncertainty_weighting", "pcgrad"),
        (
            "Source and target are other originals of the same look: what is asked is how the"
            f" losses of two heads are weighed. The slant is in {UNITS:g} units a standard"
            f" deviation, so that its squared error is {UNITS**2:g} times as large. Half of the"
            " source's classes and half of its slants are known.",
        ),
        validator="source_accuracy",
        further_metrics=(f"{SLANT.name}/r2",),
    )


def in_units(domain: Domain) -> Domain:
    """Returns slanted digits with the slant in finer units."""
    splits = {}
    for name, split in domain.splits.items():
        (slants,) = split.others
        values = (UNITS * np.asarray(slants.values)).astype(np.float32)
        splits[name] = dataclasses.replace(split, others=(slants._replace(values=values),))
    return dataclasses.replace(domain, splits=splits)
