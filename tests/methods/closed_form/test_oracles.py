"""Each closed-form method against the formulas of its paper."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn import decomposition, svm

from tests.methods.closed_form.worlds import fit, make_rows
from tests.oracles import closed_form as oracle
from xferlab.methods.closed_form._classifiers import CLASSIFIERS, MappedSource
from xferlab.methods.closed_form.coral import CORAL
from xferlab.methods.closed_form.gfk import GFK
from xferlab.methods.closed_form.jda import JDA
from xferlab.methods.closed_form.nearest_neighbour import NearestNeighbour
from xferlab.methods.closed_form.pca import PCA
from xferlab.methods.closed_form.subspace_alignment import SubspaceAlignment
from xferlab.methods.closed_form.svm import SVM
from xferlab.methods.closed_form.tca import TCA

pytestmark = pytest.mark.fast

SOURCE, LABELS, TARGET, _ = make_rows()
WIDE = make_rows(sizes=(12, 10), width=30)


def features(fitted, rows, role):
    return fitted.predict(rows, role=role).features.astype(np.float64)


def predicted(fitted, rows, role="target"):
    return fitted.predict(rows, role=role).logits.argmax(axis=1)


def same_up_to_signs(actual, expected):
    signs = np.sign(np.sum(actual * expected, axis=0))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected * signs, atol=1e-5 * scale)


def test_nearest_neighbour():
    fitted = fit(NearestNeighbour(), SOURCE, LABELS, TARGET)
    assert np.array_equal(predicted(fitted, TARGET), oracle.nearest_label(TARGET, SOURCE, LABELS))


def test_nearest_neighbour_logits_are_distances_to_classes():
    logits = fit(NearestNeighbour(), SOURCE, LABELS, TARGET).predict(TARGET, role="target").logits
    for label in range(3):
        gaps = TARGET[:, None].astype(float) - SOURCE[label == LABELS].astype(float)
        expected = -np.min(np.sum(gaps**2, axis=-1), axis=1)
        np.testing.assert_allclose(logits[:, label], expected, rtol=1e-6)


def test_pca_is_scikit_learns():
    fitted = fit(PCA(dims=4), SOURCE, LABELS, TARGET)
    reference = decomposition.PCA(4).fit(np.concatenate([SOURCE, TARGET]).astype(np.float64))
    for role, rows in (("source", SOURCE), ("target", TARGET)):
        expected = reference.transform(rows.astype(np.float64))
        same_up_to_signs(features(fitted, rows, role), expected)


@pytest.mark.parametrize("rows", [make_rows(), WIDE], ids=["tall", "wide"])
@pytest.mark.parametrize("ridge", [1.0, 0.1])
def test_coral(rows, ridge):
    source, labels, target, _ = rows
    fitted = fit(CORAL(ridge=ridge, classifier="1nn"), source, labels, target)
    expected = oracle.coral(source.astype(np.float64), target.astype(np.float64), ridge)
    np.testing.assert_allclose(features(fitted, source, "source"), expected, rtol=1e-5, atol=1e-5)
    assert np.array_equal(features(fitted, target, "target"), target)


def test_coral_gives_the_source_the_targets_covariance():
    fitted = fit(CORAL(ridge=1e-9, classifier="1nn"), SOURCE, LABELS, TARGET)
    covariances = [np.cov(x, rowvar=False) for x in (features(fitted, SOURCE, "source"), TARGET)]
    np.testing.assert_allclose(*covariances, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("penalty", [0.001, 1.0])
def test_similarity_svm_trains_on_similarities_across_the_alignment(penalty):
    """The kernel matrix x_i A x_j of the authors' code of CORAL and subspace alignment."""
    source, target = SOURCE.astype(np.float64), TARGET.astype(np.float64)
    recoloured = oracle.coral(source, target, 1.0)
    classifier = dataclasses.replace(CLASSIFIERS["similarity_svm"], penalties=(penalty,))
    views = MappedSource(recoloured, source, LABELS)
    logits = classifier.fit(views, num_classes=3, seed=0)(target)
    machine = svm.SVC(kernel="precomputed", C=penalty).fit(recoloured @ source.T, LABELS)
    assert np.array_equal(logits.argmax(axis=1), machine.predict(target @ recoloured.T))
    symmetric = svm.SVC(kernel="precomputed", C=penalty).fit(recoloured @ recoloured.T, LABELS)
    values = symmetric.decision_function(target @ recoloured.T)
    assert not np.allclose(logits, values, atol=1e-3)


@pytest.mark.parametrize("rows", [make_rows(), WIDE], ids=["tall", "wide"])
@pytest.mark.parametrize("regularisation", [1.0, 0.01])
def test_tca_is_the_dual_problem(rows, regularisation):
    source, labels, target, _ = rows
    method = TCA(dims=3, regularisation=regularisation, unit_inputs=False, unit_outputs=False)
    fitted = fit(method, source, labels, target)
    stacked = np.concatenate([source, target]).astype(np.float64)
    mmd = oracle.unit_length(oracle.marginal_mmd(len(source), len(target)))
    expected = oracle.dual_components(stacked, mmd, 3, regularisation)
    actual = [features(fitted, source, "source"), features(fitted, target, "target")]
    same_up_to_signs(np.concatenate(actual), expected)


def test_tca_with_unit_rows_is_tca_of_unit_rows():
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (SOURCE, TARGET)]
    plain = fit(TCA(dims=3, unit_inputs=False), unit[0], LABELS, unit[1])
    fitted = fit(TCA(dims=3), SOURCE, LABELS, TARGET)
    actual = features(fitted, TARGET, "target")
    np.testing.assert_allclose(actual, features(plain, unit[1], "target"), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(actual, axis=1), 1, rtol=1e-6)


def test_jda_with_one_iteration_is_tca():
    first = fit(JDA(dims=3, iterations=1), SOURCE, LABELS, TARGET)
    assert np.array_equal(
        features(first, TARGET, "target"),
        features(fit(TCA(dims=3), SOURCE, LABELS, TARGET), TARGET, "target"),
    )


def test_the_second_iteration_of_jda_uses_the_first_ones_labels():
    options = {"dims": 3, "unit_inputs": False, "unit_outputs": False}
    first = fit(JDA(iterations=1, **options), SOURCE, LABELS, TARGET)
    second = fit(JDA(iterations=2, **options), SOURCE, LABELS, TARGET)
    pseudo_labels = predicted(first, TARGET)
    mmd = 3 * oracle.marginal_mmd(len(SOURCE), len(TARGET))  # three classes
    for label in np.intersect1d(LABELS, pseudo_labels):
        mmd = mmd + oracle.class_mmd(LABELS, pseudo_labels, label)
    stacked = np.concatenate([SOURCE, TARGET]).astype(np.float64)
    expected = oracle.dual_components(stacked, oracle.unit_length(mmd), 3, 1.0)
    actual = [features(second, SOURCE, "source"), features(second, TARGET, "target")]
    same_up_to_signs(np.concatenate(actual), expected)


def test_subspace_alignment_has_the_papers_similarity():
    """Fernando et al., equation 5: Sim = (x_s P_s) M (x_t P_t)^T for centred rows."""
    fitted = fit(SubspaceAlignment(dims=3), SOURCE, LABELS, TARGET)
    centred = [x.astype(np.float64) - x.astype(np.float64).mean(axis=0) for x in (SOURCE, TARGET)]
    axes = [oracle.principal_axes(x, 3) for x in centred]
    spans = [p @ p.T for p in axes]
    expected = centred[0] @ spans[0] @ spans[1] @ centred[1].T
    actual = features(fitted, SOURCE, "source") @ features(fitted, TARGET, "target").T
    np.testing.assert_allclose(actual, expected, atol=1e-4)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_gfk_is_the_integral_of_the_flow(dims):
    fitted = fit(GFK(dims=dims), SOURCE, LABELS, TARGET)
    axes = [oracle.principal_axes(x.astype(np.float64), dims) for x in (SOURCE, TARGET)]
    kernel = oracle.geodesic_flow_kernel(*axes)
    expected = SOURCE.astype(np.float64) @ kernel @ TARGET.astype(np.float64).T
    actual = features(fitted, SOURCE, "source") @ features(fitted, TARGET, "target").T
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_gfk_of_one_subspace_is_its_projection():
    fitted = fit(GFK(dims=3), SOURCE, LABELS, SOURCE)
    axes = oracle.principal_axes(SOURCE.astype(np.float64), 3)
    expected = SOURCE @ axes @ axes.T @ SOURCE.T
    actual = features(fitted, SOURCE, "source")
    np.testing.assert_allclose(actual @ actual.T, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_svm_is_scikit_learns(kernel, penalty):
    fitted = fit(SVM(kernel=kernel, penalties=(penalty,)), SOURCE, LABELS, TARGET)
    machine = svm.SVC(kernel=kernel, C=penalty, gamma=1 / SOURCE.shape[1]).fit(SOURCE, LABELS)
    assert np.array_equal(predicted(fitted, TARGET), machine.predict(TARGET))
    logits = fitted.predict(TARGET, role="target").logits
    np.testing.assert_allclose(logits, machine.decision_function(TARGET), atol=5e-3)


def test_svm_of_two_classes_has_a_column_for_each():
    keep = LABELS < 2
    method = SVM(penalties=(1.0,))
    logits = (
        fit(method, SOURCE[keep], LABELS[keep], TARGET, num_classes=2)
        .predict(TARGET, role="target")
        .logits
    )
    machine = svm.SVC(kernel="linear").fit(SOURCE[keep], LABELS[keep])
    np.testing.assert_allclose(logits[:, 1], machine.decision_function(TARGET), atol=5e-3)
    assert np.array_equal(logits[:, 0], -logits[:, 1])


def test_svm_takes_the_penalty_with_which_it_learns():
    """Of a useless and a useful penalty, cross-validation finds the useful one."""
    fitted = fit(SVM(penalties=(1e-12, 1.0)), SOURCE, LABELS, TARGET)
    useful = fit(SVM(penalties=(1.0,)), SOURCE, LABELS, TARGET)
    assert np.array_equal(
        fitted.predict(TARGET, role="target").logits, useful.predict(TARGET, role="target").logits
    )
