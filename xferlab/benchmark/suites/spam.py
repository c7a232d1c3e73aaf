"""The suite `spam_users`: a spam filter from one person's mail to another's."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.benchmark.suites.pairs import all_pairs, with_common_slots, with_steps
from xferlab.benchmark.suites.suite import Suite, SuiteRequest, SuiteTask
from xferlab.data.catalogue.load import load_raw, split_raw
from xferlab.data.domain import Domain
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions

USERS = ("u00", "u01", "u02")
WORDS = 5000
TRAINING = TrainingOptions(
    steps=300, batch_sizes=(32, 32), optimiser="sgd", lr=0.01, momentum=0.9, evaluations=3
)
METHODS = (
    "source_only", "svm", "dan", "deep_coral", "dann", "cdan_e", "mcc", "bnm",
)  # fmt: skip


def spam_users(request: SuiteRequest) -> Suite:
    """Spam across three users of the ECML/PKDD 2006 challenge, 6 pairs."""
    raw = load_raw("ecml06_spam", request.data_dir, USERS)
    words = _commonest_words([domain.train.inputs for domain in raw.values()])
    sources, targets = with_common_slots(
        {name: _inbox(name, raw[name], 0.1, words) for name in USERS},
        {name: _inbox(name, raw[name], "transductive", words) for name in USERS},
    )
    training = with_steps(TRAINING, request)
    network = NetworkSpec(
        backbone="mlp",
        input_shape=targets["u00"].input_shape,
        hidden=(100,),
        heads=(("class", 2),),
        batch_norm="separate",
    )
    return Suite(
        header=SuiteHeader(
            name="spam_users",
            title="spam_users: ECML/PKDD 2006 task A, inbox to inbox",
            protocol=(
                "2500 mails each (half of them spam); the source's are labelled (a tenth held"
                " out for validation), the target's unlabelled and tested, as in the challenge"
                " (target_only would be tested on what it is trained on)."
                " 3 to 13 % of the held-out mails equal one of training."
                " The challenge's labelled training file is not used: its mails come from other"
                " sources than the users'.",
                f"Inputs: log(1 + count) of the {WORDS} words that occur in most mails of the three"
                " users (counted without labels). Every network: one hidden layer of 100 ReLU"
                f" units, {training.steps} steps of SGD, lr 0.01, momentum 0.9, 32 + 32 mails a"
                " step, its paper's default hyper-parameters. svm: C by 5-fold cross-validation on"
                " the source.",
            ),
        ),
        tasks=tuple(
            SuiteTask(task=task, network=network, training=training)
            for task in all_pairs(sources, targets)
        ),
        methods=METHODS,
        seeds=5,
    )


def _commonest_words(inboxes: list[scipy.sparse.csr_array]) -> np.ndarray:
    """Returns the columns that are not zero in most rows, in their order."""
    documents = sum(rows.astype(bool).sum(axis=0) for rows in inboxes)
    return np.sort(np.argsort(-np.asarray(documents), kind="stable")[:WORDS])


def _inbox(name: str, raw: RawDomain, split: str | float, words: np.ndarray) -> Domain:
    inputs = raw.train.inputs[:, words].log1p()
    kept = raw._replace(train=Split(inputs, raw.train.labels))
    return split_raw(name, kept, split=split)
