"""MedoidSilhouette: attributes, numbers of clusters, and what must not matter."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skextras.cluster import KMedoids, MedoidSilhouette
from tests.naive import medoids as naive
from tests.problems import assert_same_fit

METHODS = [{}, {"method": "dynmsc", "max_clusters": 9}, {"n_clusters": "auto"}]


@pytest.fixture(scope="module")
def blobs():
    """Return 120 points in four compact groups."""
    return make_blobs(120, centers=4, cluster_std=0.6, random_state=3)[0]


@pytest.mark.parametrize("params", METHODS, ids=str)
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_attributes(X, params, metric):
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = MedoidSilhouette(**{"n_clusters": 5, **params}, metric=metric)
    model.set_params(random_state=0).fit(X, sample_weight=weight)
    D = pairwise_distances(X, metric=metric)
    medoids = model.medoid_indices_
    to_medoids = D[:, medoids]
    assert model.n_clusters_ == len(medoids) == len(set(medoids))
    value = naive.medoid_silhouette(D, medoids, weight)
    assert model.medoid_silhouette_ == pytest.approx(value, rel=1e-12)
    assert model.score(X, sample_weight=weight) == model.medoid_silhouette_
    samples = model.medoid_silhouette_samples_
    assert np.average(samples, weights=weight) == pytest.approx(value, rel=1e-12)
    np.testing.assert_array_equal(model.labels_, to_medoids.argmin(axis=1))
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    np.testing.assert_allclose(model.distances_, to_medoids.min(axis=1))
    assert model.inertia_ == pytest.approx(naive.cost(D, medoids, weight))
    np.testing.assert_array_equal(model.cluster_centers_, X[medoids])
    place = list(model.n_clusters_path_).index(model.n_clusters_)
    assert model.medoid_silhouette_path_[place] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("params", METHODS, ids=str)
def test_no_single_swap_helps(X, params):
    D = pairwise_distances(X)
    model = MedoidSilhouette(**{"n_clusters": 4, **params}, random_state=1).fit(X)
    medoids = model.medoid_indices_.tolist()
    best = max(
        naive.swap_silhouettes(D, medoids, j).max()
        for j in set(range(len(X))) - set(medoids)
    )
    assert best <= model.medoid_silhouette_ + 1e-11


@pytest.mark.jit
def test_number_of_clusters_is_found(blobs):
    for seed in range(3):
        model = MedoidSilhouette("auto", max_clusters=8, random_state=seed).fit(blobs)
        assert model.n_clusters_ == 4
        np.testing.assert_array_equal(model.n_clusters_path_, np.arange(2, 9))
        assert model.medoid_silhouette_path_.argmax() == 2


def test_way_down_ends_at_the_number_asked_for(X):
    down = MedoidSilhouette(5, method="dynmsc", max_clusters=9, random_state=0).fit(X)
    np.testing.assert_array_equal(down.n_clusters_path_, np.arange(5, 10))
    whole = MedoidSilhouette("auto", max_clusters=9, random_state=0).fit(X)
    values = whole.medoid_silhouette_path_[3:]
    np.testing.assert_array_equal(down.medoid_silhouette_path_, values)
    plain = MedoidSilhouette(9, random_state=0).fit(X)
    np.testing.assert_array_equal(plain.n_clusters_path_, [9])
    assert plain.medoid_silhouette_path_[0] == values[-1]


@pytest.mark.jit
@pytest.mark.parametrize("params", METHODS, ids=str)
def test_more_runs_are_never_worse(X, params):
    values = []
    for n_init in (1, 2, 5):
        model = MedoidSilhouette(**{"n_clusters": 9, **params}, n_init=n_init)
        values.append(model.set_params(random_state=0).fit(X).medoid_silhouette_path_)
    assert (np.diff(values, axis=0) >= 0).all()
    assert (values[0] < values[2]).any()


def test_a_given_start_is_kept_if_nothing_helps(X):
    model = MedoidSilhouette(6, random_state=0).fit(X)
    for start in (model.medoid_indices_, model.cluster_centers_):
        again = MedoidSilhouette(6, init=start, random_state=5).fit(X)
        np.testing.assert_array_equal(again.medoid_indices_, model.medoid_indices_)
        assert (again.n_swap_, again.n_iter_) == (0, 1)


@pytest.mark.parametrize("init", ["build", "k-medoids++", "lab", "heuristic", "first"])
def test_starts(X, init):
    model = MedoidSilhouette(5, init=init, random_state=0).fit(X)
    assert len(set(model.medoid_indices_)) == 5
    assert model.medoid_silhouette_ > 0.5


@pytest.mark.jit
def test_weights_are_repetitions():
    rng = np.random.default_rng(5)
    X, weight = rng.normal(size=(90, 2)), rng.integers(0, 4, 90)
    order = rng.permutation(weight.sum())
    for params in METHODS:
        model = MedoidSilhouette(**{"n_clusters": 4, **params}, random_state=0)
        weighted = clone(model).fit(X, sample_weight=weight)
        repeated = clone(model).fit(np.repeat(X, weight, axis=0)[order])
        expected = weighted.cluster_centers_
        np.testing.assert_array_equal(repeated.cluster_centers_, expected)
        value = pytest.approx(repeated.medoid_silhouette_, rel=1e-13)
        assert weighted.medoid_silhouette_ == value
        assert weighted.n_swap_ == repeated.n_swap_ > 0


def test_order_of_rows_is_immaterial(X_ties):
    new = np.random.default_rng(0).permutation(len(X_ties))
    model = MedoidSilhouette(6, random_state=0).fit(X_ties)
    moved = MedoidSilhouette(6, random_state=0).fit(X_ties[new])
    assert_same_fit(model, moved, new)


def test_from_a_matrix_as_from_rows(X):
    """Also an asymmetric one, where columns are the candidates."""
    D = pairwise_distances(X)
    start = [3, 1, 4, 15]
    rows = MedoidSilhouette(4, init=start, random_state=0).fit(X)
    model = MedoidSilhouette(4, metric="precomputed", init=start, random_state=0)
    model.fit(D)
    assert model.medoid_silhouette_ == pytest.approx(rows.medoid_silhouette_, abs=0.1)
    assert model.cluster_centers_ is None
    np.testing.assert_array_equal(model.predict(D), model.labels_)
    skewed = D * np.random.default_rng(0).uniform(0.5, 1, D.shape)
    model.fit(skewed)
    medoids = model.medoid_indices_.tolist()
    value = naive.medoid_silhouette(skewed, medoids)
    assert model.medoid_silhouette_ == pytest.approx(value, rel=1e-12)
    others = set(range(len(X))) - set(medoids)
    swapped = [naive.swap_silhouettes(skewed, medoids, j).max() for j in others]
    assert max(swapped) <= value + 1e-11


@pytest.mark.jit
def test_search_over_the_number_of_clusters(blobs):
    pipeline = make_pipeline(
        StandardScaler(), MedoidSilhouette(n_init=3, random_state=0)
    )
    grid = {"medoidsilhouette__n_clusters": [3, 4, 5]}
    search = GridSearchCV(pipeline, grid).fit(blobs)
    assert search.best_params_ == {"medoidsilhouette__n_clusters": 4}
    assert 0 < search.best_score_ < 1


def test_better_than_k_medoids_in_its_own_measure(X):
    """And worse in the other: the two objectives differ."""
    model = MedoidSilhouette(8, n_init=5, random_state=0).fit(X)
    other = KMedoids(8, n_init=5, random_state=0).fit(X)
    D = pairwise_distances(X)
    value = naive.medoid_silhouette(D, other.medoid_indices_)
    assert model.medoid_silhouette_ > value + 0.01
    assert model.inertia_ > other.inertia_
