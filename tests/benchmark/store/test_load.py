"""From the files of a run to its record."""

import numpy as np
import pytest

from tests.benchmark.tiny import tiny_packs
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import load_record

pytestmark = pytest.mark.fast

SPEC = tiny_packs(methods=("target_only",))[0].runs[0][0]
LOGITS = np.array([[2.0, 1.0], [0.0, 1.0], [3.0, 0.0]], np.float32)
LABELS = np.array([0, 1, 1])


def curve(step, **terms):
    return {"kind": "curve", "step": step, "terms": terms}


def evaluation(step, **validators):
    metrics = {"accuracy": 2 / 3}
    return {"kind": "evaluation", "step": step, "metrics": metrics, "validators": validators}


def load(tmp_path, metrics, **arrays):
    store = RunStore(tmp_path)
    given = {name: np.asarray(array) for name, array in arrays.items()}
    arrays = {"logits": LOGITS, "labels": LABELS} | given
    store.write(SPEC, metrics=metrics, arrays=arrays, environment={}, timing={"seconds": 2.0})
    return load_record(store, SPEC.digest)


def test_cell_scores_and_confusion(tmp_path):
    record = load(tmp_path, [curve(5, c=0.5), evaluation(5, snd=1.0, oracle=0.5)])
    assert (record.digest, record.task, record.method) == (
        SPEC.digest,
        "moons->turned",
        "target_only",
    )
    assert record.oracle and record.status == "done" and record.seconds == 2.0
    assert record.evaluations[0].validators == {"snd": 1.0, "oracle": 0.5}
    assert record.confusion.tolist() == [[1, 0], [1, 1]]
    assert record.embedding is None and record.plane is None


def test_terms_of_other_stages_are_empty(tmp_path):
    record = load(tmp_path, [curve(5, c=0.5), curve(10, entropy=0.25)])
    assert record.curve.steps == [5, 10]
    np.testing.assert_equal(record.curve.terms, {"c": [0.5, np.nan], "entropy": [np.nan, 0.25]})


def test_divergence_is_named_and_has_no_confusion(tmp_path):
    fault = {"kind": "diverged", "step": 7, "term": "domain"}
    record = load(tmp_path, [curve(5, c=0.5), evaluation(5), fault], logits=LOGITS * np.nan)
    assert record.diverged and (record.diverged_at, record.diverged_term) == (7, "domain")
    assert record.confusion is None


def test_a_run_that_diverged_before_its_first_evaluation_is_read(tmp_path):
    fault = {"kind": "diverged", "step": 0, "term": "outputs"}
    nothing = {"predictions": np.zeros(0, np.int32), "logits": LOGITS * np.nan}
    record = load(tmp_path, [fault], **nothing)
    assert record.diverged and record.predictions.shape == (0, 3)


def test_all_runs_of_a_task_have_one_number_of_classes(tmp_path):
    """A method that says 'unknown' where no example is unknown does not move chance, 1/k."""
    alone = load(tmp_path / "a", [], unknown=np.array([1.0, -1, -1]), predictions=[[2, 1, 0]])
    assert alone.num_classes == 2 and alone.confusion.tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 0]]
    both = {"labels": np.array([0, 1, 2])}
    assert {load(tmp_path / x, [], **both, **more).num_classes for x, more in (
        ("b", {}), ("c", {"unknown": np.ones(3)}), ("d", {"predictions": [[0, 0, 0]]}),
    )} == {3}  # fmt: skip


def test_pictures(tmp_path):
    shared = {"embedding_domain": np.array([0, 1]), "embedding_labels": np.array([1, 0])}
    views = {"embedding_before": np.zeros((2, 3)), "embedding_after": np.ones((2, 3))}
    plane = {
        "plane_x": np.arange(4.0),
        "plane_y": np.arange(3.0),
        "plane_classes": np.zeros((3, 4), int),
        "plane_points": np.zeros((2, 2)),
    }
    record = load(tmp_path, [], **shared, **views, **plane)
    assert record.embedding.after.shape == (2, 3)
    assert record.plane.classes.shape == (3, 4)
    assert record.plane.domain.tolist() == [0, 1]
