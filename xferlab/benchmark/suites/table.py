"""The table of suites: what `--suite` may name."""

from __future__ import annotations

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
from xferlab.benchmark.suites.quick import quick
from xferlab.benchmark.suites.sensors import har_subjects, hhar_users, wisdm_users
from xferlab.benchmark.suites.spam import spam_users
from xferlab.benchmark.suites.speech import fsdd_speakers
from xferlab.benchmark.suites.suite import SuiteBuilder
from xferlab.core.names import NameTable

SUITES: NameTable[SuiteBuilder] = NameTable(
    "suite",
    {
        "quick": quick,
        "few_shots": few_shots,
        "new_digits": new_digits,
        "fine_tuning": fine_tuning,
        "multi_task": multi_task,
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
