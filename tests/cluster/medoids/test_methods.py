"""The other optimisers of KMedoids, against their plainest form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances

from skextras.cluster import KMedoids
from tests.naive import medoids as naive


def points(seed, n, k):
    """Return points of two features, starting medoids and weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) + 2 * rng.integers(0, 4, (n, 1))
    return X, rng.choice(n, k, replace=False), rng.uniform(0.2, 3, n)


@pytest.mark.jit
@given(st.integers(0, 10**6), st.integers(9, 140), st.integers(2, 8), st.booleans())
def test_pam_makes_the_best_swaps(seed, n, k, precomputed):
    X, medoids, weight = points(seed, n, k)
    D = pairwise_distances(X)
    metric = "precomputed" if precomputed else "euclidean"
    model = KMedoids(k, method="pam", init=medoids, metric=metric)
    model.fit(D if precomputed else X, sample_weight=weight)
    expected, n_swap = [int(j) for j in medoids], 0
    while (swapped := naive.pam_swap(D, expected, weight)) is not None:
        expected, n_swap = swapped, n_swap + 1
    assert model.medoid_indices_.tolist() == expected
    assert (model.n_swap_, model.n_iter_) == (n_swap, n_swap + 1)


def test_pam_on_an_asymmetric_matrix():
    rng = np.random.default_rng(1)
    D = rng.uniform(size=(70, 70))
    np.fill_diagonal(D, 0)
    model = KMedoids(6, method="pam", metric="precomputed", init=range(6)).fit(D)
    expected = list(range(6))
    while (swapped := naive.pam_swap(D, expected)) is not None:
        expected = swapped
    assert model.medoid_indices_.tolist() == expected


def test_fastpam1_is_pam(X):
    models = [
        KMedoids(4, method=method, random_state=0, n_init=2).fit(X)
        for method in ("pam", "fastpam1")
    ]
    assert np.array_equal(*(model.medoid_indices_ for model in models))


@given(st.integers(0, 10**6), st.integers(9, 140), st.integers(2, 8))
def test_alternate_equals_naive(seed, n, k):
    X, medoids, weight = points(seed, n, k)
    D = pairwise_distances(X)
    model = KMedoids(k, method="alternate", init=medoids).fit(X, sample_weight=weight)
    expected, n_iter = naive.alternate(D, medoids, weight)
    assert model.medoid_indices_.tolist() == expected
    assert model.n_iter_ == n_iter
    assert model.inertia_ == pytest.approx(naive.cost(D, expected, weight), rel=1e-12)


@pytest.mark.parametrize("method", ["pam", "alternate"])
def test_too_few_passes_warn(X, method):
    model = KMedoids(6, method=method, init=range(6), max_iter=1)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        assert model.fit(X).n_iter_ == 1


@pytest.mark.parametrize("method", ["pam", "alternate"])
def test_one_cluster(X, method):
    best = pairwise_distances(X).sum(axis=0).argmin()
    assert KMedoids(1, method=method).fit(X).medoid_indices_.tolist() == [best]


def test_heuristic_start(X):
    D = pairwise_distances(X)
    shares = (D / D.sum(axis=1, keepdims=True)).sum(axis=0)
    start = np.argsort(shares)[:5]
    options = {"method": "alternate", "max_iter": 3, "random_state": 0}
    model = KMedoids(5, init="heuristic", **options).fit(X)
    assert set(model.medoid_indices_) == set(
        KMedoids(5, init=start, **options).fit(X).medoid_indices_
    )


def test_lab_starts_lower_than_random():
    """On average over seeds; with 60 points, a sample holds a third of them."""
    X, _, _ = points(0, 60, 2)
    D = pairwise_distances(X)

    def loss_of_starts(init):
        losses = []
        for seed in range(30):
            model = KMedoids(6, init=init, method="alternate", random_state=seed)
            losses.append(model.fit(X).inertia_)
        return np.mean(losses)

    assert loss_of_starts("lab") < loss_of_starts("random")
    model = KMedoids(60, init="lab", random_state=0).fit(X)  # samples shrink to 1
    assert sorted(model.medoid_indices_) == list(range(60))
    assert naive.cost(D, model.medoid_indices_) == 0
