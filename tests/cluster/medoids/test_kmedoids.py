"""What KMedoids finds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances

from skextras.cluster import CLARA, CLARANS, KMedoids, medoid_silhouette_samples
from tests.naive import medoids as naive
from tests.problems import JIT, assert_same_fit, matrix

INITS = ["random", "build", "k-medoids++", "first"]
MATRIX_METRICS = ["euclidean", "sqeuclidean", "cosine", "manhattan"]


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("metric", MATRIX_METRICS)
def test_attributes_are_those_of_a_local_optimum(X, metric, init):
    weight = np.random.default_rng(0).uniform(0.5, 2, 60)
    model = KMedoids(6, metric=metric, init=init, random_state=0)
    model.fit(X, sample_weight=weight)
    distances = pairwise_distances(X, metric=metric)
    medoids = model.medoid_indices_
    np.testing.assert_array_equal(model.cluster_centers_, X[medoids])
    np.testing.assert_array_equal(model.labels_, naive.labels(distances, medoids))
    nearest = distances[:, medoids].min(axis=1)
    np.testing.assert_allclose(model.distances_, nearest, rtol=1e-9, atol=1e-12)
    loss = naive.cost(distances, medoids, weight)
    assert model.inertia_ == pytest.approx(loss, rel=1e-12)
    assert naive.pam_swap(distances, medoids, weight) is None
    assert (model.n_iter_, model.n_features_in_) >= (1, 4)


@pytest.mark.parametrize("init", [*INITS, np.arange(5)], ids=str)
@pytest.mark.parametrize("metric", MATRIX_METRICS)
def test_same_as_from_the_matrix(X, metric, init):
    """Ties apart, features and the precomputed matrix take the same path."""
    weight = np.random.default_rng(1).uniform(0.5, 2, 60)
    options = {"init": init, "n_init": 2, "random_state": 4}
    model = KMedoids(5, metric=metric, **options).fit(X, sample_weight=weight)
    distances = pairwise_distances(X, metric=metric)
    other = KMedoids(5, metric="precomputed", **options)
    other.fit(distances, sample_weight=weight)
    np.testing.assert_array_equal(other.medoid_indices_, model.medoid_indices_)
    np.testing.assert_array_equal(other.labels_, model.labels_)
    assert other.inertia_ == pytest.approx(model.inertia_, rel=1e-12)
    assert (other.n_iter_, other.n_swap_) == (model.n_iter_, model.n_swap_)
    assert other.cluster_centers_ is None


@pytest.mark.parametrize("scale", [1, 0.1], ids=["exact", "rounded"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", [*MATRIX_METRICS, "chebyshev"])
def test_predict_repeats_the_labels(X_ties, metric, dtype, scale):
    X = (scale * (X_ties + 1)).astype(dtype)
    model = KMedoids(7, metric=metric, random_state=0)
    np.testing.assert_array_equal(model.fit_predict(X), model.labels_)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    np.testing.assert_array_equal(model.transform(X).argmin(axis=1), model.labels_)
    np.testing.assert_array_equal(model.transform(X).min(axis=1), model.distances_)
    np.testing.assert_array_equal(model.fit_transform(X), model.transform(X))


@pytest.mark.parametrize("metric", MATRIX_METRICS)
def test_equal_rows_have_equal_labels(metric):
    rng = np.random.default_rng(0)
    X = (rng.integers(1, 4, (900 if JIT else 300, 3)) / 10).astype(np.float32)
    model = KMedoids(5, metric=metric, random_state=0).fit(X)
    _, first, which = np.unique(X, axis=0, return_index=True, return_inverse=True)
    which = which.reshape(-1)  # a column in numpy 2.0
    np.testing.assert_array_equal(model.distances_, model.distances_[first][which])
    np.testing.assert_array_equal(model.labels_, model.labels_[first][which])


@pytest.mark.parametrize("init", ["random", "build", "k-medoids++"])
@pytest.mark.parametrize("data", ["X", "X_ties"])
def test_weights_are_repetitions(data, init, request):
    """Also for rows in another order, down to the numbers of the clusters."""
    X = request.getfixturevalue(data)
    rng = np.random.default_rng(2)
    for seed in range(5):
        counts = rng.integers(0, 4, len(X))
        rows = rng.permutation(np.repeat(np.arange(len(X)), counts))
        model = KMedoids(4, init=init, n_init=2, random_state=seed)
        weighted = model.fit(X, sample_weight=counts)
        repeated = KMedoids(**model.get_params()).fit(X[rows])
        assert_same_fit(weighted, repeated, rows)


@pytest.mark.parametrize("init", ["random", "build", "k-medoids++"])
@pytest.mark.parametrize("metric", MATRIX_METRICS)
def test_order_of_rows_is_immaterial(X_ties, metric, init):
    X = X_ties + 1
    rng = np.random.default_rng(3)
    for seed in range(5):
        rows = rng.permutation(len(X))
        model = KMedoids(6, metric=metric, init=init, random_state=seed)
        moved = KMedoids(**model.get_params()).fit(X[rows])
        assert_same_fit(model.fit(X), moved, rows)


@pytest.mark.jit
def test_fits_side_by_side(X):
    """Kernels let go of the GIL: Python threads run them at once."""
    models = [KMedoids(7, n_init=5, n_jobs=2, random_state=seed) for seed in range(8)]
    alone = [KMedoids(**model.get_params()).fit(X) for model in models]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda model: model.fit(X), models))
    for one, other in zip(alone, together, strict=True):
        assert_same_fit(one, other)


def test_weights_of_another_unit_change_nothing(X):
    weight = np.random.default_rng(5).uniform(0.5, 2, 60)
    one, two = (
        KMedoids(5, init="k-medoids++", random_state=0).fit(X, sample_weight=w)
        for w in (weight, 4 * weight)
    )
    np.testing.assert_array_equal(one.medoid_indices_, two.medoid_indices_)
    assert two.inertia_ == 4 * one.inertia_
    default = KMedoids(5, random_state=0).fit(X)
    ones = KMedoids(5, random_state=0).fit(X, sample_weight=np.ones(60))
    assert_same_fit(default, ones)


def test_points_of_weight_zero_are_no_medoids(X):
    weight = np.arange(60) % 3 / 2.0
    model = KMedoids(10, random_state=0).fit(X, sample_weight=weight)
    assert weight[model.medoid_indices_].all()
    assert model.labels_.shape == model.distances_.shape == (60,)


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", "precomputed"])
def test_threads_do_not_change_a_bit(metric, dtype):
    n = 1100 if JIT else 520
    rng = np.random.default_rng(0)
    if metric == "precomputed":
        data = matrix(rng, n, dtype=dtype)
    else:
        data = rng.normal(size=(n, 6)).astype(dtype)
    models = [
        KMedoids(9, metric=metric, init="build", n_jobs=n_jobs, random_state=0)
        for n_jobs in (1, 2, -1)
    ]
    for model in models:
        model.fit(data)
        np.testing.assert_array_equal(model.medoid_indices_, models[0].medoid_indices_)
        np.testing.assert_array_equal(model.labels_, models[0].labels_)
        np.testing.assert_array_equal(model.distances_, models[0].distances_)
        np.testing.assert_array_equal(model.transform(data), models[0].transform(data))
        assert model.inertia_ == models[0].inertia_


@pytest.mark.parametrize("init", [*INITS, np.arange(5), np.repeat([[0.0], [1]], 5)[:5]])
def test_fewer_distinct_points_than_clusters(init):
    X = np.array([0, 1, 1, 0, 2, 2, 1.0])[:, None]
    if np.ndim(init) == 1 and np.asarray(init).dtype.kind == "f":
        init = X[:5]
    model = KMedoids(5, init=init, random_state=0)
    with pytest.warns(ConvergenceWarning, match="Only 3 distinct .*n_clusters=5"):
        model.fit(X)
    assert len(set(model.medoid_indices_)) == 5
    assert model.inertia_ == 0
    assert len(set(model.labels_)) == 3
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    with pytest.warns(ConvergenceWarning, match="Only 1 distinct .*n_clusters=2"):
        KMedoids(2, metric="precomputed").fit(np.zeros((4, 4)))


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_as_many_clusters_as_points(X):
    model = KMedoids(60, random_state=0).fit(X)
    assert model.inertia_ == 0
    np.testing.assert_array_equal(model.medoid_indices_[model.labels_], np.arange(60))


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_too_few_passes(X):
    with pytest.warns(ConvergenceWarning, match="KMedoids made all of its max_iter=1 "):
        model = KMedoids(5, init="first", max_iter=1, random_state=0).fit(X)
    assert model.n_iter_ == 1
    assert model.n_swap_ > 0
    KMedoids(1, max_iter=1).fit(X)
    KMedoids(5, init="first", max_iter=20, random_state=0).fit(X)


@pytest.mark.parametrize("estimator", [KMedoids(6), CLARA(6), CLARANS(6)])
def test_second_medoids_and_silhouettes(X, estimator):
    model = clone(estimator).set_params(random_state=0).fit(X)
    distances = model.transform(X)
    rows = np.arange(len(X))
    np.testing.assert_array_equal(distances[rows, model.labels_], model.distances_)
    expected = medoid_silhouette_samples(distances)
    np.testing.assert_allclose(model.medoid_silhouette_samples_, expected, rtol=1e-6)
    distances[rows, model.labels_] = np.inf
    np.testing.assert_array_equal(distances.argmin(axis=1), model.second_labels_)
    one = clone(estimator).set_params(n_clusters=1).fit(X)
    assert (one.second_labels_ == -1).all()
    assert np.isnan(one.medoid_silhouette_samples_).all()
