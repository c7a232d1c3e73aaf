"""Scores and metrics that the records of finished runs lack, from what the runs kept."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import read_spec
from xferlab.benchmark.store.outputs import KeptOutputs
from xferlab.benchmark.store.predictions import FURTHER_BYTES, KeptPredictions
from xferlab.benchmark.store.records import Evaluation, RunRecord
from xferlab.core.errors import InputError
from xferlab.evaluation.metric_table import LABEL_FREE, metric_of, score_head
from xferlab.evaluation.validators.base import Validator, has_what_it_needs
from xferlab.evaluation.validators.oracle import OracleAccuracy
from xferlab.evaluation.validators.table import VALIDATORS


def with_scores(store: RunStore, records: Sequence[RunRecord], name: str) -> tuple[RunRecord, ...]:
    """Returns the records with a validator's scores wherever kept outputs give them.

    Scores that a run recorded are left as they are. An evaluation of which the run keeps too little
    stays without: selection then takes another.

    Args:
        store: the folder of the runs.
        records: finished runs.
        name: a validator of the table; of any other rule nothing is computed.

    Raises:
        DamagedRunError: kept outputs are not what was written.
    """
    if name not in VALIDATORS:
        return tuple(records)
    validator = VALIDATORS[name]
    if isinstance(validator, OracleAccuracy):
        return tuple(records)
    return tuple(_scored(store, record, name, validator) for record in records)


def _scored(store: RunStore, record: RunRecord, name: str, validator: Validator) -> RunRecord:
    if all(name in evaluation.validators for evaluation in record.evaluations):
        return record
    kept = KeptOutputs(store.read_outputs(record.digest))
    scored = [_score(kept, i, each, name, validator) for i, each in enumerate(record.evaluations)]
    return dataclasses.replace(record, evaluations=tuple(scored))


def _score(
    kept: KeptOutputs, number: int, evaluation: Evaluation, name: str, validator: Validator
) -> Evaluation:
    """Returns an evaluation with the score, if it has none and enough is kept of it."""
    view = kept.view(number, features=validator.needs_features)
    if name in evaluation.validators or view is None or not has_what_it_needs(validator, view):
        return evaluation
    scores = {**evaluation.validators, name: float(validator(view))}
    return dataclasses.replace(evaluation, validators=scores)


def with_metric(store: RunStore, records: Sequence[RunRecord], name: str) -> tuple[RunRecord, ...]:
    """Returns the records with a metric at every evaluation, from the predictions that are kept.

    What a run recorded is left as it is. True labels stand beside the predictions: no data
    set is read.

    Args:
        store: the folder of the runs.
        records: finished runs.
        name: of a metric of their heads.

    Raises:
        InputError: no head has a metric of that name, it is not defined on the test labels, or a
            run has not kept what it reads.
        DamagedRunError: the files of a run are not what was written.
    """
    if name in LABEL_FREE:
        return tuple(map(functools.partial(_shown, name), with_scores(store, records, name)))
    return tuple(_measured(store, record, name) for record in records)


def _shown(name: str, record: RunRecord) -> RunRecord:
    """Returns a record whose scores by a validator stand among the metrics."""
    lacking = [each.step for each in record.evaluations if name not in each.validators]
    if lacking:
        raise InputError(
            f"the run {record.digest} of {record.method!r} on {record.task!r} has no score by"
            f" {name!r} at step {lacking[0]}: its setting hides what that reads, or the run did"
            " not keep it. Choose another --metric"
        )
    shown = (
        dataclasses.replace(each, metrics={**each.metrics, name: each.validators[name]})
        for each in record.evaluations
    )
    return dataclasses.replace(record, evaluations=tuple(shown))


def _measured(store: RunStore, record: RunRecord, name: str) -> RunRecord:
    if all(name in evaluation.metrics for evaluation in record.evaluations):
        return record
    files = store.read(record.digest)
    heads = read_spec(store, record.digest, files).network.outputs
    place, metric = metric_of(heads, name)
    if metric.probe is not None:
        check_probed(record, name)
    kept, evaluations = KeptPredictions(files["arrays"]), []
    for number, evaluation in enumerate(record.evaluations):
        if name in evaluation.metrics:
            evaluations.append(evaluation)
            continue
        predictions, labels = kept.at(place, number), kept.labels(place, number)
        if predictions is None or labels is None:
            raise _not_kept(record, name, evaluation.step)
        value = score_head(metric, heads[place], predictions, labels)
        if value is None:
            raise InputError(
                f"metric {name!r} is not defined on the test labels of task {record.task!r}, or"
                " none of them is known. Choose another --metric"
            )
        scores = {**evaluation.metrics, name: value}
        evaluations.append(dataclasses.replace(evaluation, metrics=scores))
    return dataclasses.replace(record, evaluations=tuple(evaluations))


def check_probed(record: RunRecord, name: str) -> None:
    """Raises InputError for a run that a probe did not score at an evaluation."""
    if not all(name in evaluation.metrics for evaluation in record.evaluations):
        raise InputError(
            f"the run {record.digest} of {record.method!r} on {record.task!r} has no score by"
            f" {name!r}: it was finished without, and a run does not keep the features that a probe"
            f" is fitted on. Train with --metric={name} and another --out"
        )


def _not_kept(record: RunRecord, name: str, step: int) -> InputError:
    return InputError(
        f"the run {record.digest} of {record.method!r} on {record.task!r} has no {name!r} and did"
        f" not keep what it predicted at step {step}: of heads behind the first one at most"
        f" {FURTHER_BYTES // 2**20} MiB a run are kept, the newest evaluations first. Train it anew"
        f" with --metric={name} and another --out, or with fewer evaluations"
    )
