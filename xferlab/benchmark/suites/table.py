"""The tables of suites and of collections of them: what `--suite` may name."""

from __future__ import annotations

from typing import NamedTuple

from xferlab.benchmark.suites.amazon import amazon_reviews, amazon_reviews_msda
from xferlab.benchmark.suites.digits import digits, digits_full
from xferlab.benchmark.suites.few_shots import few_shots
from xferlab.benchmark.suites.fine_tuning import fine_tuning
from xferlab.benchmark.suites.finetuned import office_caltech_finetuned
from xferlab.benchmark.suites.multi_task import multi_task
from xferlab.benchmark.suites.new_digits import new_digits
from xferlab.benchmark.suites.office_caltech import (
    office_caltech_images,
    office_caltech_surf,
    pacs,
)
from xferlab.benchmark.suites.online import online
from xferlab.benchmark.suites.own_inputs import own_inputs
from xferlab.benchmark.suites.quick import quick
from xferlab.benchmark.suites.related_classes import open_set, partial, universal
from xferlab.benchmark.suites.sensors import har_subjects, hhar_users, wisdm_users
from xferlab.benchmark.suites.several_sources import several_sources, unseen_domain
from xferlab.benchmark.suites.source_free import source_free
from xferlab.benchmark.suites.spam import spam_users
from xferlab.benchmark.suites.speech import fsdd_speakers
from xferlab.benchmark.suites.suite import SuiteBuilder
from xferlab.benchmark.suites.unequal_heads import unequal_heads
from xferlab.benchmark.suites.unlabelled import unlabelled
from xferlab.core.names import NameTable

SUITES: NameTable[SuiteBuilder] = NameTable(
    "suite",
    {
        "quick": quick,
        "few_shots": few_shots,
        "new_digits": new_digits,
        "fine_tuning": fine_tuning,
        "multi_task": multi_task,
        "unequal_heads": unequal_heads,
        "several_sources": several_sources,
        "unseen_domain": unseen_domain,
        "partial": partial,
        "open_set": open_set,
        "universal": universal,
        "source_free": source_free,
        "test_time": online,
        "own_inputs": own_inputs,
        "unlabelled": unlabelled,
        "digits": digits,
        "digits_full": digits_full,
        "amazon_reviews": amazon_reviews,
        "amazon_reviews_msda": amazon_reviews_msda,
        "office_caltech_surf": office_caltech_surf,
        "office_caltech_images": office_caltech_images,
        "office_caltech_finetuned": office_caltech_finetuned,
        "pacs": pacs,
        "fsdd_speakers": fsdd_speakers,
        "spam_users": spam_users,
        "har_subjects": har_subjects,
        "wisdm_users": wisdm_users,
        "hhar_users": hhar_users,
    },
)


class Collection(NamedTuple):
    """Suites that run one after the other into one folder, with an overview of all.

    Attributes:
        title: the overview's heading.
        suites: their names, in order.
    """

    title: str
    suites: tuple[str, ...]


COLLECTIONS: NameTable[Collection] = NameTable(
    "collection of suites",
    {
        "settings": Collection(
            "settings: every kind of transfer on handwritten digits",
            (
                "few_shots",
                "several_sources",
                "unseen_domain",
                "partial",
                "open_set",
                "universal",
                "source_free",
                "test_time",
                "new_digits",
                "own_inputs",
                "unlabelled",
                "multi_task",
                "unequal_heads",
                "fine_tuning",
            ),
        )
    },
)
"""Collections by name; none has the name of a suite."""
