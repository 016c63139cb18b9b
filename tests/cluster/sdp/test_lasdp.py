"""LASDP and ILASDP: labels, models and their laws."""

import pickle

import numpy as np
import pandas
import polars
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skextras._gaussian._covariances import (
    TYPES,
    expand,
    shape_of,
)
from skextras._gaussian._em import expectation_maximization
from skextras.cluster import ILASDP, LASDP
from skextras.cluster._sdp._hard_labels import hard_objective, one_hot
from tests.cluster.sdp.problems import clusters, crossed
from tests.problems import knows_names

pytestmark = pytest.mark.jit


def error(y, labels):
    """Share of samples in a wrong cluster, clusters matched as well as possible."""
    table = contingency_matrix(y, labels)
    return 1 - table[linear_sum_assignment(-table)].sum() / len(y)


def test_known_covariances_tell_crossed_clusters_apart():
    X, y, covariances = crossed(200)
    model = LASDP(covariances=covariances, random_state=0).fit(X)
    assert error(y, model.labels_) < 0.06
    np.testing.assert_array_equal(model.covariances_, covariances)
    assert model.converged_
    assert model.upper_bound_ is None


def test_clusters_take_the_numbers_of_their_covariances():
    X, y, covariances = crossed(200)
    for order in ([0, 1], [1, 0]):
        model = LASDP(covariances=covariances[order], random_state=0).fit(X)
        assert np.mean(np.array(order)[model.labels_] == y) > 0.94


@pytest.mark.parametrize(
    "model", [LASDP(3), ILASDP(3), ILASDP(3, refine=None, weights="uniform")]
)
def test_attributes(model):
    X, _, _ = clusters(90, 3, 4, 0)
    model = clone(model).set_params(random_state=0).fit(X)
    np.testing.assert_allclose(model.membership_.sum(axis=1), 1.0)
    assert model.membership_.min() >= 0
    assert model.membership_.shape == (90, 3)
    assert set(model.labels_) == {0, 1, 2}
    np.testing.assert_allclose(model.weights_.sum(), 1.0)
    P = model.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1.0)
    np.testing.assert_array_equal(P.argmax(axis=1), model.predict(X))
    if not isinstance(model, ILASDP) or not model.refine:
        matrices = expand(model.covariances_, "full", 3, 4)
        value = hard_objective(X, model.labels_, matrices, np.zeros(3))
        unit = 90 * 4
        assert abs(model.objective_ - value) < 0.02 * unit
    if isinstance(model, ILASDP):
        assert len(model.objective_path_) == model.n_iter_
        assert model.objective_path_[-1] == model.objective_
        assert (model.membership_.argmax(axis=1) == model.labels_).all()
    if not isinstance(model, ILASDP) or model.refine:
        np.testing.assert_array_equal(model.predict(X), model.labels_)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_density_is_that_of_scikit_learn(covariance_type):
    X, _, _ = clusters(80, 2, 3, 1)
    model = ILASDP(2, covariance_type=covariance_type, weights="estimated")
    model = model.set_params(random_state=0).fit(X)
    mixture = GaussianMixture(2, covariance_type=covariance_type, max_iter=1)
    with pytest.warns(ConvergenceWarning):
        mixture.fit(X)
    mixture.means_, mixture.weights_ = model.means_, model.weights_
    matrices = expand(model.covariances_, covariance_type, 2, 3)
    roots = np.linalg.cholesky(np.linalg.inv(matrices))
    mixture.precisions_cholesky_ = {
        "full": roots,
        "tied": roots[0],
        "diag": np.diagonal(roots, axis1=1, axis2=2),
        "spherical": roots[:, 0, 0],
    }[covariance_type]
    assert model.covariances_.shape == shape_of(covariance_type, 2, 3)
    np.testing.assert_allclose(model.score(X), mixture.score(X))
    np.testing.assert_allclose(model.bic(X), mixture.bic(X))
    np.testing.assert_allclose(model.aic(X), mixture.aic(X))
    np.testing.assert_allclose(
        model.predict_proba(X), mixture.predict_proba(X), atol=1e-9
    )


def test_parameters_that_were_given_do_not_count():
    X, _, covariances = clusters(60, 2, 3, 2)
    model = LASDP(covariances=covariances, random_state=0).fit(X)
    expected = -2 * 60 * model.score(X) + 2 * 3 * np.log(60)
    np.testing.assert_allclose(model.bic(X), expected)
    np.testing.assert_allclose(model.aic(X), -2 * 60 * model.score(X) + 2 * 2 * 3)
    kept = ILASDP(covariances_init=covariances, update_covariances=False)
    kept = kept.set_params(random_state=0).fit(X)
    np.testing.assert_array_equal(kept.covariances_, covariances)
    assert kept.n_iter_ == 1


def test_em_without_shrinkage_is_that_of_scikit_learn():
    X, y, _ = clusters(200, 2, 3, 4)
    result = expectation_maximization(
        X, one_hot(y, 2), covariance_type="full", shrinkage=0.0, floor=0.0,
        weights="estimated", min_size=2, max_iter=500, tol=1e-10,
    )  # fmt: skip
    assert result.converged
    mixture = GaussianMixture(
        2, reg_covar=0, means_init=result.means, tol=1e-10, max_iter=500
    ).fit(X)
    order = np.argsort(mixture.means_[:, 0])
    here = np.argsort(result.means[:, 0])
    np.testing.assert_allclose(result.means[here], mixture.means_[order], atol=1e-3)
    np.testing.assert_allclose(result.weights[here], mixture.weights_[order], atol=1e-3)


@pytest.mark.parametrize("n_features", [30, 100])
@pytest.mark.parametrize("seed", range(3))
def test_more_features_than_samples_in_a_cluster(n_features, seed):
    X, y, _ = clusters(200, 8, n_features, seed, gap=4.0)
    model = ILASDP(8, random_state=0).fit(X)
    for values in (model.membership_, model.means_, model.covariances_):
        assert np.isfinite(values).all()
    assert np.isfinite(model.score(X))
    assert error(y, model.labels_) < 0.2


def test_equal_covariances_are_rounded_by_spectrum():
    X, y, _ = clusters(60, 3, 2, 5, gap=8.0)
    same = np.repeat(np.eye(2)[None], 3, axis=0)
    for solver in ("low_rank", "admm"):
        model = LASDP(3, covariances=same, solver=solver, random_state=0).fit(X)
        assert error(y, model.labels_) == 0
    assert model.upper_bound_ >= hard_objective(X, model.labels_, same, np.zeros(3))
    assert set(np.unique(model.membership_)) == {0.0, 1.0}


def test_trivial_numbers_of_clusters():
    X, _, _ = clusters(12, 2, 2, 6)
    for family in (LASDP, ILASDP):
        one = family(1).fit(X)
        assert (one.labels_ == 0).all()
        all_of_them = family(12).fit(X)
        assert len(set(all_of_them.labels_)) == 12
        with pytest.warns(ConvergenceWarning, match="X has 3 distinct rows .*=4"):
            few = family(4).fit(np.repeat(X[:3], 5, axis=0))
        assert len(set(few.labels_)) == 3
        assert np.isfinite(few.predict_proba(X)).all()
        with pytest.warns(ConvergenceWarning, match="X has 1 distinct rows"):
            family(2).fit(np.ones((9, 2)))


def test_few_rows_take_the_covariances_that_fit():
    """Nine equal samples are of the small covariance, whichever number it has."""
    X = np.repeat([[0.0, 0.0], [1.0, 0.0]], [9, 1], axis=0)
    small, large = 0.01 * np.eye(2), 100 * np.eye(2)
    for given, nine in (([large, small], 1), ([small, large], 0)):
        model = LASDP(covariances=given).fit(X)
        np.testing.assert_array_equal(model.labels_, [nine] * 9 + [1 - nine])
        np.testing.assert_array_equal(model.predict(X), model.labels_)
        np.testing.assert_allclose(model.objective_, 16 * np.log(10) * 2)
        np.testing.assert_allclose(model.means_[nine], 0)
    X = np.array([[0.0, 0.0], [1.0, 0.0]] * 2)
    with pytest.warns(ConvergenceWarning, match="leaves cluster 0 .* empty"):
        model = LASDP(covariances=[100 * np.eye(2), 0.5 * np.eye(2)]).fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def test_few_rows_give_covariances_that_are_updated():
    X = np.repeat([[0.0, 0.0], [1.0, 0.0]], [9, 1], axis=0)
    given = [100 * np.eye(2), 0.5 * np.eye(2)]
    assert ILASDP(covariances_init=given).fit(X).covariances_.max() < 1
    kept = ILASDP(covariances_init=given, update_covariances=False).fit(X)
    np.testing.assert_array_equal(kept.covariances_, given)


def test_samples_too_far_for_a_density():
    """Squares overflow: the least Mahalanobis distance decides, and ties share."""
    X, _, covariances = clusters(60, 2, 2, 13, gap=6.0)
    far = np.array([[1e200, 0.0], [-1e200, 3e200], [1e308, -1e308], [-1e308, 1e308]])
    model = LASDP(covariances=covariances, random_state=0).fit(X)
    P = model.predict_proba(np.vstack([far, X]))
    np.testing.assert_array_equal(P[4:], model.predict_proba(X))
    unit = far / abs(far).max(axis=1, keepdims=True)
    squares = [np.vecdot(unit, np.linalg.solve(C, unit.T).T) for C in covariances]
    np.testing.assert_array_equal(P[:4], np.eye(2)[np.argmin(squares, axis=0)])
    np.testing.assert_array_equal(model.predict(far), P[:4].argmax(axis=1))
    same = LASDP(covariances=[np.eye(2)] * 2, random_state=0).fit(X)
    np.testing.assert_array_equal(same.predict_proba(far), 0.5)


def test_same_seed_same_bits():
    X, _, _ = clusters(120, 3, 4, 7)
    first, second = (ILASDP(3, random_state=5).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.membership_, second.membership_)
    again = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(again.predict_proba(X), first.predict_proba(X))


def test_rotation_translation_and_units_leave_the_labels():
    X, _, _ = clusters(120, 3, 3, 8, gap=4.0)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    labels = ILASDP(3, random_state=0).fit(X).labels_
    for other in (X @ turn + 100, 1e6 * X, 1e-6 * X, X.astype(np.float32)):
        found = ILASDP(3, random_state=0).fit(other).labels_
        assert adjusted_rand_score(labels, found) > 0.98


@pytest.mark.parametrize("init", ["sdp", "ward", "k-means++", "labels"])
@pytest.mark.parametrize("update", ["soft", "hard", "exact"])
def test_starts_and_updates_find_clear_clusters(init, update):
    X, y, _ = clusters(90, 3, 2, 9, gap=8.0)
    init = y if init == "labels" else init
    model = ILASDP(3, init=init, covariance_update=update, random_state=0).fit(X)
    assert error(y, model.labels_) < 0.03
    assert model.converged_


def test_float32_and_data_frames():
    """What has a row a sample keeps the type of X; work and parameters are float64."""
    X, _, _ = clusters(60, 2, 2, 17, gap=6.0)
    X = X.astype(np.float32)
    model = ILASDP(random_state=0).fit(X)
    double = ILASDP(random_state=0).fit(X.astype(np.float64))
    for name in ("means_", "covariances_"):
        assert getattr(model, name).dtype == np.float64
        np.testing.assert_array_equal(getattr(model, name), getattr(double, name))
    np.testing.assert_array_equal(
        model.membership_, double.membership_.astype(np.float32)
    )
    for estimator in (model, LASDP(random_state=0).fit(X)):
        assert estimator.membership_.dtype == np.float32
        assert estimator.predict_proba(X).dtype == np.float32
        assert estimator.predict_proba(X.astype(float)).dtype == np.float64
    for library in (pandas.DataFrame, polars.DataFrame):
        frame = library({"a": X[:, 0], "b": X[:, 1]})
        there = ILASDP(random_state=0).fit(frame)
        if knows_names(library):
            assert list(there.feature_names_in_) == ["a", "b"]
        np.testing.assert_array_equal(there.labels_, model.labels_)
        np.testing.assert_array_equal(there.predict(frame), model.predict(X))


def test_annealing_mends_a_bad_start():
    """Random labels: all covariances are that of all samples."""
    X, y, _ = clusters(150, 3, 2, 10, gap=6.0)
    labels = np.random.default_rng(1).permutation(np.arange(150) % 3)
    model = ILASDP(3, init=labels, anneal=True, random_state=0).fit(X)
    assert error(y, model.labels_) < 0.05


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_real_data(load):
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    model = ILASDP(3, random_state=0).fit(X)
    assert error(y, model.labels_) < 0.06


def test_dense_solvers_in_the_estimators():
    pytest.importorskip("cvxpy")
    X, y, _ = clusters(24, 2, 2, 11, gap=6.0)
    for solver in ("admm", "cvxpy"):
        model = ILASDP(2, solver=solver, refine=None, weights="uniform")
        model.set_params(random_state=0).fit(X)
        assert error(y, model.labels_) == 0
        matrices = model.covariances_
        value = hard_objective(X, model.labels_, matrices, np.zeros(2))
        assert model.upper_bound_ >= value
        shift = 24 * np.linalg.slogdet(matrices)[1].mean()
        unit = max(abs(model.objective_ + shift), 24 * 2)
        assert abs(model.upper_bound_ - model.objective_) <= model.solver_tol * unit
        assert error(y, ILASDP(solver=solver, random_state=0).fit(X).labels_) == 0


def test_in_a_pipeline_and_a_search():
    X, y, _ = clusters(90, 3, 2, 12, gap=8.0)
    pipeline = make_pipeline(StandardScaler(), ILASDP(random_state=0))
    search = GridSearchCV(pipeline, {"ilasdp__n_clusters": [1, 3]}, cv=3)
    assert search.fit(X).best_params_ == {"ilasdp__n_clusters": 3}
    assert error(y, search.predict(X)) < 0.03
