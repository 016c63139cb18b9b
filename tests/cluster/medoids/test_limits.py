"""Medoids that stay, and clusters of a least weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances

from skextras.cluster import KMedoids
from skextras.cluster._medoids._constrained import optimize_within
from skextras.cluster._medoids._problem import Limits, Problem
from skextras.cluster._medoids._rows import HeldRows
from tests.naive import medoids as naive
from tests.problems import assert_same_fit, matrix

METHODS = ["fasterpam", "pam"]


def sizes(model, weight=None):
    return np.bincount(model.labels_, weight, model.n_clusters)


@given(st.integers(0, 10**6), st.sampled_from([2, 9, None]), st.booleans(), st.data())
def test_equals_naive(seed, high, eager, data):
    """Integers, whose ties are exact, or continuous numbers, which have none."""
    rng = np.random.default_rng(seed)
    n = data.draw(st.integers(2, 14))
    k = data.draw(st.integers(2, min(n, 5)))
    n_fixed = data.draw(st.integers(0, k))
    D = matrix(rng, n, high=high, symmetric=high is not None)
    weight = rng.integers(1, 4, n).astype(float)
    least = data.draw(st.integers(0, int(weight.sum()) // k))
    medoids, order = rng.permutation(n)[:k], rng.permutation(n)
    expected, n_iter, n_swap = naive.within_limits(
        D, medoids, weight, n_fixed, least, order, eager
    )
    problem = Problem(
        HeldRows(np.ascontiguousarray(D.T), D), weight, order, order, k, rng,
        limits=Limits(medoids[:n_fixed], least),
    )  # fmt: skip
    result = optimize_within(problem, medoids, eager=eager)
    assert result.medoids.tolist() == expected
    assert (result.n_iter, result.n_swap) == (n_iter, n_swap)
    assert result.loss == pytest.approx(naive.cost(D, expected, weight))
    np.testing.assert_array_equal(result.labels, D[:, expected].argmin(axis=1))
    assert result.converged
    assert expected[:n_fixed] == medoids[:n_fixed].tolist()


@pytest.mark.parametrize("method", METHODS)
def test_no_swap_within_the_limits_helps(X, method):
    D = pairwise_distances(X)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = KMedoids(5, method=method, fixed_medoids=[12], min_cluster_size=12)
    model.set_params(random_state=0).fit(X, sample_weight=weight)
    assert model.medoid_indices_[0] == 12
    assert sizes(model, weight).min() >= 12
    free = KMedoids(5, method=method, fixed_medoids=[12], random_state=0)
    free.fit(X, sample_weight=weight)
    assert sizes(free, weight).min() < 12
    assert model.inertia_ > free.inertia_
    for found, least in ((model, 12), (free, 0)):
        args = (found.medoid_indices_.tolist(), weight, 1, least, range(len(X)))
        assert naive.swap_within(D, *args) is None
    np.testing.assert_array_equal(model.predict(X), model.labels_)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:Cluster")
def test_many_kernel_calls(monkeypatch, X, method):
    """An interrupt between two calls is possible; nothing else changes."""
    model = KMedoids(5, method=method, min_cluster_size=12, random_state=0)
    once = clone(model).fit(X)
    monkeypatch.setattr("skextras.cluster._medoids._constrained._ITEMS_PER_CALL", 300)
    assert_same_fit(model.fit(X), once)


@pytest.mark.parametrize("method", METHODS)
def test_limits_that_do_not_bind_change_nothing(X, method):
    plain = KMedoids(4, method=method, random_state=1).fit(X)
    other = KMedoids(4, method=method, random_state=1, min_cluster_size=1e-3).fit(X)
    assert_same_fit(plain, other)


@pytest.mark.parametrize("init", ["random", "build", "k-medoids++", "lab", "first"])
def test_starts(X, init):
    """All slots are filled, and with the same bits for any number of threads."""
    model = KMedoids(6, init=init, fixed_medoids=[50, 2, 9], random_state=0, n_init=3)
    model.set_params(min_cluster_size=5).fit(X)
    assert model.medoid_indices_[:3].tolist() == [50, 2, 9]
    assert len(set(model.medoid_indices_)) == 6
    assert_same_fit(model, clone(model).set_params(n_jobs=2).fit(X))


def test_the_start_of_a_given_init(X):
    model = KMedoids(4, init=[4, 9, 2, 7], fixed_medoids=[2, 4], random_state=0).fit(X)
    rows = KMedoids(4, init=X[[4, 9, 2, 7]], fixed_medoids=[2, 4], random_state=0)
    assert_same_fit(model, rows.fit(X))
    again = clone(model).set_params(init=model.medoid_indices_).fit(X)
    assert again.n_swap_ == 0
    np.testing.assert_array_equal(again.medoid_indices_, model.medoid_indices_)


def test_all_fixed_and_one_cluster(X):
    model = KMedoids(3, fixed_medoids=[5, 1, 8]).fit(X)
    assert model.medoid_indices_.tolist() == [5, 1, 8]
    assert (model.n_iter_, model.n_swap_) == (1, 0)
    model = KMedoids(1, fixed_medoids=[5], min_cluster_size=60).fit(X)
    assert model.medoid_indices_.tolist() == [5]
    best = KMedoids(1, min_cluster_size=60).fit(X)
    assert best.inertia_ == KMedoids(1).fit(X).inertia_ < model.inertia_


def test_fixed_rows_that_are_repeated():
    """The index stays the one that was given, and weights are repetitions."""
    X = np.array([[0.0], [5], [0], [1], [5], [9], [10], [1]])
    model = KMedoids(3, fixed_medoids=[4, 2], random_state=0).fit(X)
    assert model.medoid_indices_[:2].tolist() == [4, 2]
    with pytest.warns(ConvergenceWarning, match="Only 5 distinct"):
        model = KMedoids(7, fixed_medoids=[4, 2], random_state=0).fit(X)
    assert {0, 2, 4} <= set(model.medoid_indices_) or model.inertia_ == 0
    assert len(set(model.medoid_indices_)) == 7
    weighted = KMedoids(3, min_cluster_size=2, random_state=0)
    weighted.fit(X[[0, 1, 3, 5, 6]], sample_weight=[2, 2, 2, 1, 1])
    repeated = KMedoids(3, min_cluster_size=2, random_state=0).fit(X)
    np.testing.assert_array_equal(weighted.cluster_centers_, repeated.cluster_centers_)


def test_of_a_matrix(X):
    D = pairwise_distances(X)
    D += np.random.default_rng(0).uniform(size=D.shape)
    np.fill_diagonal(D, 0)
    model = KMedoids(4, metric="precomputed", fixed_medoids=[3], min_cluster_size=12)
    model.set_params(random_state=0).fit(D)
    assert model.medoid_indices_[0] == 3
    assert sizes(model).min() >= 12
    args = (model.medoid_indices_.tolist(), np.ones(60), 1, 12, range(60))
    assert naive.swap_within(D, *args) is None


def test_what_cannot_be_met_warns():
    """Ten equal points go to one cluster, whatever the medoids."""
    X = np.array([[0.0]] * 10 + [[1], [2]])
    model = KMedoids(3, min_cluster_size=2, random_state=0)
    with pytest.warns(
        ConvergenceWarning, match="weight of 1, below min_cluster_size=2"
    ):
        model.fit(X)
    model.set_params(max_iter=1, min_cluster_size=4)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        model.fit(np.arange(30.0)[:, None] ** 2)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"fixed_medoids": [1, 60]}, "fixed_medoids holds the index 60"),
        ({"fixed_medoids": [1, 1]}, "fixed_medoids holds the index 1 2 times"),
        ({"fixed_medoids": []}, "fixed_medoids must be a non-empty list"),
        ({"fixed_medoids": [0.5]}, "fixed_medoids must be .* integer"),
        ({"fixed_medoids": range(5)}, "holds 5 samples and n_clusters=4: ask for more"),
        ({"fixed_medoids": 3}, "'fixed_medoids' parameter"),
        ({"fixed_medoids": [1, 9], "init": [1, 2, 3, 4]}, "sample 9 is not there"),
        ({"fixed_medoids": [0, 59]}, "the same one at its places 0 and 1"),
        ({"fixed_medoids": [1, 58]}, "holds sample 58, whose weight is 0"),
        ({"fixed_medoids": [1], "method": "alternate"}, "'alternate' takes neither"),
        ({"min_cluster_size": 2, "method": "onebatch"}, "'onebatch' takes neither"),
        ({"min_cluster_size": 15}, "=15 times n_clusters=4 must .*, 59: ask"),
        ({"min_cluster_size": 0}, "'min_cluster_size' parameter"),
        ({"min_cluster_size": np.nan}, "'min_cluster_size' parameter"),
    ],
)  # fmt: skip
def test_bad_parameters(X, params, sentence):
    X[59] = X[0]
    weight = np.ones(60)
    weight[58] = 0
    with pytest.raises(ValueError, match=sentence):
        KMedoids(4, **params).fit(X, sample_weight=weight)


@pytest.mark.parametrize("size", [np.float64(2), np.int64(2), 2])
def test_sizes_may_be_numpy_numbers(X, size):
    model = KMedoids(3, min_cluster_size=size, random_state=0).fit(X)
    assert np.bincount(model.labels_).min() >= 2


def test_warm_start_with_fixed_medoids(X):
    model = KMedoids(3, warm_start=True, init=[0, 1, 2], random_state=0).fit(X)
    model.fixed_medoids = [model.medoid_indices_[1]]
    model.fit(X)
    assert model.medoid_indices_[0] == model.fixed_medoids[0]
    other = np.setdiff1d(np.arange(10), model.medoid_indices_)[0]
    model.fixed_medoids = [other]
    with pytest.raises(ValueError, match=f"sample {other} is not there"):
        model.fit(X)
