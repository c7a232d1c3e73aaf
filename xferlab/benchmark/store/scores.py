"""Scores that the records of finished runs lack, from the outputs that the runs kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.outputs import KeptOutputs
from xferlab.benchmark.store.records import Evaluation, RunRecord
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
