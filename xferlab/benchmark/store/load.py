"""From the files of finished runs to the records that tables and reports read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.records import Curve, Embedding, Evaluation, Plane, RunRecord
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.errors import InputError
from xferlab.core.outputs import predicted_classes
from xferlab.evaluation.metrics import confusion_matrix


def load_record(store: RunStore, digest: str) -> RunRecord:
    """Returns one finished run. Raises InputError if its folder is damaged."""
    files = store.read(digest)
    spec = read_spec(store, digest, files)
    lines: dict[str, list[dict[str, Any]]] = {"curve": [], "evaluation": [], "diverged": []}
    for line in files["metrics"]:
        lines[line["kind"]].append(line)
    fault = lines["diverged"][0] if lines["diverged"] else None
    arrays = _of_known_class(files["arrays"])
    return RunRecord(
        digest=digest,
        task=spec.task.name,
        method=spec.method.name,
        hyper=spec.hyper_json,
        seed=spec.seed,
        status="done" if fault is None else "diverged",
        diverged_at=fault["step"] if fault else None,
        diverged_term=fault["term"] if fault else None,
        evaluations=tuple(
            Evaluation(line["step"], line["metrics"], line["validators"])
            for line in lines["evaluation"]
        ),
        curve=_curve(lines["curve"]),
        confusion=_confusion(arrays),
        embedding=_embedding(arrays),
        plane=_plane(arrays),
        seconds=files["timing"]["seconds"],
        oracle=spec.oracle,
        deterministic=spec.deterministic,
        outputs=_outputs_digest(files["arrays"]),
        predictions=arrays.get("predictions"),
        labels=arrays["labels"],
        num_classes=_num_classes(arrays),
        sources=spec.task.sources,
        target=spec.task.target,
    )


def _outputs_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Returns a digest of the final logits and of the features in pictures.

    Where a method trains no head, logits are the same whatever it has learnt.
    """
    parts = (arrays[name].tobytes() for name in ("logits", "embedding_after") if name in arrays)
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def read_spec(store: RunStore, digest: str, files: Mapping[str, Any]) -> RunSpec:
    """Returns the spec of a run's files. Raises InputError for that of another version."""
    return spec_from_json(files["spec"], str(store.folder(digest)))


def spec_from_json(data: Mapping[str, Any], where: str) -> RunSpec:
    """Returns the spec of a run's folder. Raises InputError for that of another version."""
    try:
        return RunSpec.from_json(data)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"run folder {where!r} was written by another version of xferlab ({error}); choose"
            " another --out"
        ) from error


def _of_known_class(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns a run's arrays, of the test split the examples whose class is known."""
    known = arrays["labels"] >= 0
    kept = {name: arrays[name][known] for name in ("labels", "logits", "unknown") if name in arrays}
    if "predictions" in arrays:
        # A run that diverged before its first evaluation has none: [0].
        kept["predictions"] = arrays["predictions"].reshape(-1, len(known))[:, known]
    return arrays | kept


def _curve(lines: list[dict[str, Any]]) -> Curve:
    """Returns the curves; a term that a stage does not have is NaN there."""
    names = dict.fromkeys(name for line in lines for name in line["terms"])
    terms = {name: [line["terms"].get(name, float("nan")) for line in lines] for name in names}
    return Curve([line["step"] for line in lines], terms)


def _confusion(arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    logits = arrays["logits"]
    if not len(logits):
        return None
    if not np.isfinite(logits).all():
        return None
    classes = predicted_classes(logits, arrays.get("unknown"))
    count = max(_num_classes(arrays), int(classes.max()) + 1)
    return confusion_matrix(arrays["labels"], classes, count)


def _num_classes(arrays: dict[str, np.ndarray]) -> int:
    """Returns the number of classes, the unknown one included where the test split has it.

    Not where a method alone says so: all runs of a task have one number.
    """
    return max(arrays["logits"].shape[1], int(arrays["labels"].max(initial=0)) + 1)


def _embedding(arrays: dict[str, np.ndarray]) -> Embedding | None:
    if "embedding_after" not in arrays or "embedding_before" not in arrays:
        return None
    return Embedding(
        arrays["embedding_before"],
        arrays["embedding_after"],
        arrays["embedding_domain"],
        arrays["embedding_labels"],
    )


def _plane(arrays: dict[str, np.ndarray]) -> Plane | None:
    if "plane_x" not in arrays:
        return None
    return Plane(
        arrays["plane_x"],
        arrays["plane_y"],
        arrays["plane_classes"],
        arrays["plane_points"],
        arrays["embedding_domain"],
        arrays["embedding_labels"],
    )
