"""What every closed-form method must do, and what it must refuse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse

from tests.methods.closed_form.worlds import CLASSES, fit, make_batch, make_rows
from xferlab.core.batch import Batch, Unlabelled
from xferlab.core.bibliography import load_entries
from xferlab.core.errors import InputError
from xferlab.core.outputs import HostOutput
from xferlab.core.sparse import SparseRows
from xferlab.methods.closed_form import _classifiers
from xferlab.methods.closed_form.table import CLOSED_FORM

pytestmark = pytest.mark.fast

SOURCE, LABELS, TARGET, TARGET_LABELS = make_rows()
SMALL = {
    name: dataclasses.replace(method, dims=3) if hasattr(method, "dims") else method
    for name, method in CLOSED_FORM.items()
}
ADAPTING = [name for name in CLOSED_FORM if name not in ("nearest_neighbour", "svm", "svm_rbf")]
WITH_DIMS = [name for name, method in CLOSED_FORM.items() if hasattr(method, "dims")]

each_method = pytest.mark.parametrize("name", CLOSED_FORM)
each_adapting = pytest.mark.parametrize("name", ADAPTING)


def outputs(fitted, source=SOURCE, target=TARGET):
    return fitted.predict(source, role="source"), fitted.predict(target, role="target")


@each_method
def test_output_is_finite_float32_of_the_right_shape(name):
    both = outputs(fit(SMALL[name], SOURCE, LABELS, TARGET))
    for rows, output in zip((SOURCE, TARGET), both, strict=True):
        assert isinstance(output, HostOutput)
        assert output.logits.shape == (len(rows), CLASSES)
        assert len(output.features) == len(rows)
        for array in (output.features, output.logits):
            assert array.dtype == np.float32
            assert np.isfinite(array).all()


@pytest.mark.parametrize("name", ["svm", "svm_rbf"])
def test_a_solver_that_circles_is_stopped(name, monkeypatch):
    _, full = outputs(fit(CLOSED_FORM[name], SOURCE, LABELS, TARGET))
    monkeypatch.setattr(_classifiers, "MAX_STEPS", 1)
    _, stopped = outputs(fit(CLOSED_FORM[name], SOURCE, LABELS, TARGET))
    assert np.isfinite(stopped.logits).all()
    assert not np.array_equal(stopped.logits, full.logits)


@each_method
def test_it_learns(name):
    _, target = outputs(fit(SMALL[name], SOURCE, LABELS, TARGET))
    assert np.mean(target.logits.argmax(axis=1) == TARGET_LABELS) > 0.5


@each_method
def test_the_same_fit_gives_the_same_bits(name):
    first, second = (outputs(fit(SMALL[name], SOURCE, LABELS, TARGET, seed=3)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.features, other.features)
        assert np.array_equal(one.logits, other.logits)


@each_method
def test_a_row_is_predicted_alone_as_among_others(name):
    fitted = fit(SMALL[name], SOURCE, LABELS, TARGET)
    for role, rows in (("source", SOURCE), ("target", TARGET)):
        whole, part = (fitted.predict(x, role=role) for x in (rows, rows[5:7]))
        np.testing.assert_allclose(part.features, whole.features[5:7], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(part.logits, whole.logits[5:7], rtol=1e-4, atol=1e-5)


@each_method
def test_the_order_of_target_rows_does_not_matter(name):
    order = np.random.default_rng(1).permutation(len(TARGET))
    source, target = outputs(fit(SMALL[name], SOURCE, LABELS, TARGET))
    again, shuffled = outputs(fit(SMALL[name], SOURCE, LABELS, TARGET[order]), target=TARGET[order])
    np.testing.assert_allclose(again.features, source.features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(shuffled.features, target.features[order], rtol=1e-4, atol=1e-5)


@each_method
def test_images_and_sparse_rows_are_rows(name):
    flat = outputs(fit(SMALL[name], SOURCE, LABELS, TARGET))
    source, target = (x.reshape(len(x), 2, 3, 1) for x in (SOURCE, TARGET))
    images = outputs(fit(SMALL[name], source, LABELS, target), source, target)
    source, target = (SparseRows.from_scipy(scipy.sparse.csr_array(x)) for x in (SOURCE, TARGET))
    sparse = outputs(fit(SMALL[name], source, LABELS, target), source, target)
    for expected, *others in zip(flat, images, sparse, strict=True):
        for other in others:
            assert np.array_equal(other.logits, expected.logits)


@pytest.mark.parametrize("name", ["coral", "subspace_alignment"])
def test_nothing_to_align_where_target_is_source(name):
    source, target = outputs(fit(SMALL[name], SOURCE, LABELS, SOURCE), SOURCE, SOURCE)
    np.testing.assert_allclose(source.features, target.features, rtol=1e-4, atol=1e-5)


@each_method
def test_a_class_without_source_examples_is_never_predicted(name):
    keep = LABELS != 1
    _, target = outputs(fit(SMALL[name], SOURCE[keep], LABELS[keep], TARGET))
    assert np.isfinite(target.logits).all()
    assert 1 not in target.logits.argmax(axis=1)


def test_nearest_neighbour_breaks_ties_by_the_sources_order():
    """The nearest example counts, then the first; neither a lower class nor float32 may win."""
    source = np.array([[1.0], [1.0], [5.0]])
    labels = np.array([2, 0, 1])
    logits = (
        fit(CLOSED_FORM["nearest_neighbour"], source, labels, None)
        .predict(source, role="target")
        .logits
    )
    assert logits.argmax(axis=1).tolist() == [2, 2, 1]
    near = np.array([[1000.0 + 1e-7], [1000.0]])
    fitted = fit(CLOSED_FORM["nearest_neighbour"], near, np.array([0, 1]), None)
    assert fitted.predict(np.zeros((1, 1)), role="target").logits.argmax() == 1


@pytest.mark.parametrize("name", ["nearest_neighbour", "svm"])
def test_methods_of_the_source_need_no_target(name):
    fit(CLOSED_FORM[name], SOURCE, LABELS, None)


@each_method
def test_it_cites_a_paper(name):
    method = CLOSED_FORM[name]
    assert method.reference in load_entries()
    assert "References:" in type(method).__doc__


@each_adapting
def test_a_batch_without_target_is_refused(name):
    with pytest.raises(InputError, match=r"target of the batch is absent.*unsupervised_da"):
        fit(SMALL[name], SOURCE, LABELS, None)


@each_method
def test_a_batch_without_source_labels_is_refused(name):
    target = Unlabelled.of(TARGET)
    for source, kind in ((None, "absent"), (target, "unlabelled")):
        with pytest.raises(InputError, match=f"{kind}.*need labelled"):
            SMALL[name].fit(Batch(source, target), num_classes=CLASSES, seed=0)


@each_adapting
def test_domains_of_other_widths_or_of_one_example_are_refused(name):
    with pytest.raises(InputError, match="5 columns where 6"):
        fit(SMALL[name], SOURCE, LABELS, TARGET[:, :5])
    with pytest.raises(InputError, match="40 source and 1 target"):
        fit(SMALL[name], SOURCE, LABELS, TARGET[:1])


@each_method
def test_inputs_of_another_width_and_unknown_classes_are_refused(name):
    fitted = fit(SMALL[name], SOURCE, LABELS, TARGET)
    with pytest.raises(InputError, match="5 columns where 6"):
        fitted.predict(TARGET[:, :5], role="target")
    with pytest.raises(InputError, match=r"labels \[2\] for 2 classes.*0 to 1"):
        SMALL[name].fit(make_batch(SOURCE, LABELS, TARGET), num_classes=2, seed=0)


@pytest.mark.parametrize("name", WITH_DIMS)
@pytest.mark.parametrize("dims", [0, 7])
def test_dims_beyond_the_data_are_refused(name, dims):
    method = dataclasses.replace(CLOSED_FORM[name], dims=dims)
    with pytest.raises(InputError, match=f"dims={dims}. Allowed: 1 to 6, .*choose fewer"):
        fit(method, SOURCE, LABELS, TARGET)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("coral", {"ridge": 0.0}, "ridge=0.0.*above zero"),
        ("tca", {"dims": 3, "regularisation": 0.0}, "regularisation=0.0.*above zero"),
        ("jda", {"dims": 3, "iterations": 0}, "iterations=0.*1 or more"),
        ("pca", {"dims": 3, "classifier": "2nn"}, "unknown classifier '2nn'.*1nn"),
        ("svm", {"kernel": "poly"}, "unknown kernel 'poly'.*rbf"),
        ("svm", {"penalties": ()}, r"penalties=\(\).*above zero"),
        ("svm", {"penalties": (0.0, 1.0)}, "penalties=.*above zero"),
        ("svm", {"folds": 1}, "folds=1.*single penalty"),
    ],
)
def test_options_out_of_range_are_refused(name, options, message):
    with pytest.raises(InputError, match=message):
        fit(dataclasses.replace(CLOSED_FORM[name], **options), SOURCE, LABELS, TARGET)


def test_a_source_that_is_too_small_for_a_machine_is_refused():
    with pytest.raises(InputError, match=r"1 class.*at least two"):
        fit(CLOSED_FORM["svm"], SOURCE, np.zeros_like(LABELS), None)
    with pytest.raises(InputError, match=r"1 source example.*1nn"):
        fit(CLOSED_FORM["svm"], SOURCE[:4], np.array([0, 0, 0, 1]), None)


def test_a_machine_on_an_asymmetric_matrix_ends():
    """Large penalties on similarities across far apart subspaces: the solver alone would circle."""
    source, labels, target, _ = make_rows(sizes=(90, 60), width=20)
    method = dataclasses.replace(
        CLOSED_FORM["subspace_alignment"], dims=3, classifier="similarity_svm"
    )
    fitted = fit(method, 10 * source, labels, 10 * target)
    assert np.isfinite(fitted.predict(target, role="target").logits).all()
