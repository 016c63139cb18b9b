"""From the relaxation to labels: never worse than K-means, and those of predict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster import SDPKMeans
from skextras.cluster._sdp import _rounding
from skextras.cluster._sdp._descent import Kernel, Rows, best_of_starts, swap_centers
from tests.naive import sdp as naive

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def random_set(seed):
    """Return points of one of six kinds, and a number of clusters up to 8."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(8, 60)), int(rng.integers(1, 9))
    shift = rng.choice([0, 10, 25, 60], n)[:, None]
    X = [
        lambda: rng.normal(size=(n, 1)),
        lambda: rng.uniform(size=(n, 2)),
        lambda: rng.normal(size=(n, 3)) + 6 * rng.integers(0, 4, (n, 1)),
        lambda: rng.integers(0, 4, (n, 2)).astype(float),
        lambda: rng.normal(size=(n, 1)) + shift,
        lambda: rng.standard_t(2, size=(n, 3)),
    ][seed % 6]()
    return X, k


@pytest.mark.jit
@quiet
@pytest.mark.parametrize("solver", ["admm", "low_rank"])
def test_not_above_kmeans(solver):
    """The relaxation may be far from solved: the rounding makes up for it."""
    options = {"solver": solver, "max_iter": 30, "n_init": 1, "certificate": None}
    for seed in range(18):
        X, k = random_set(seed)
        model = SDPKMeans(k, random_state=seed, **options).fit(X)
        reference = KMeans(k, n_init=10, random_state=seed).fit(X).inertia_
        rounding = 1e-12 * np.vdot(X, X)
        assert model.inertia_ <= reference * (1 + 1e-9) + rounding, seed
        np.testing.assert_array_equal(model.predict(X), model.labels_)


@quiet
def test_not_above_kmeans_of_cvxpy_and_kernels():
    X, _ = random_set(10)  # on a line
    X = X[:40]
    reference = KMeans(4, n_init=10, random_state=0).fit(X).inertia_
    few = {"max_iters": 50, "eps_abs": 1e-2}
    models = [
        (SDPKMeans(4, solver="cvxpy", solver_options=few), X),
        (SDPKMeans(4, affinity="precomputed", max_iter=20), X @ X.T),
        (SDPKMeans(4, affinity="precomputed", solver="low_rank"), X @ X.T),
    ]
    for model, data in models:
        model.set_params(certificate=None, random_state=0).fit(data)
        assert model.inertia_ <= reference * (1 + 1e-9)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
def test_the_best_of_all_divisions(seed, k, line):
    """Brute force: points on a line, in the plane, and a kernel, some of them twice."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 5, (8, 1 if line else 2)) + rng.integers(0, 2) * rng.normal()
    first, codes = _rounding.distinct_rows(X)
    k = min(k, len(first))
    best = naive.best_inertia(X, k)
    weight = np.bincount(codes).astype(float)
    spaces = [Rows(X[first], weight), Kernel((X @ X.T)[np.ix_(first, first)], weight)]
    for space in spaces:
        labels, value = best_of_starts(space, k, np.random.RandomState(0))
        labels, value = swap_centers(space, labels, value, k, np.random.RandomState(0))
        np.testing.assert_allclose(value, best, atol=1e-9)
        expected = naive.inertia(X, labels[codes])
        np.testing.assert_allclose(value, expected, atol=1e-9)
    if line:
        labels = spaces[0].line(k)
        if labels is not None:
            inertia = naive.inertia(X, labels[codes])
            np.testing.assert_allclose(inertia, best, atol=1e-9)


def test_weights_are_repetitions():
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(30, 2)), rng.integers(1, 5, 30)
    labels = rng.integers(0, 4, 30)
    space, repeated = Rows(X, weight.astype(float)), np.repeat(np.arange(30), weight)
    found, value = space.descend(labels, 4)
    assert value < naive.inertia(X[repeated], labels[repeated])
    np.testing.assert_allclose(value, naive.inertia(X[repeated], found[repeated]))
    gram = Kernel(X @ X.T, weight.astype(float))
    np.testing.assert_allclose(gram.descend(found, 4)[1], value)


def test_no_single_move_lowers_the_inertia():
    X = np.random.default_rng(1).uniform(size=(40, 2))
    labels, value = Rows(X).descend(np.arange(40) % 5, 5)
    for i in range(40):
        for a in range(5):
            moved = labels.copy()
            moved[i] = a
            if np.bincount(moved, minlength=5).all():
                assert naive.inertia(X, moved) >= value - 1e-12


def test_indefinite_kernels_descend():
    """Their exact change of value, where distances may be negative."""
    noise = np.random.default_rng(2).normal(size=(30, 30))
    gram = noise + noise.T

    def value(labels):
        parts = [gram[np.ix_(labels == a, labels == a)] for a in range(3)]
        return np.trace(gram) - sum(part.sum() / len(part) for part in parts)

    start = np.arange(30) % 3
    labels, found = Kernel(gram).descend(start, 3)
    np.testing.assert_allclose(found, value(labels))
    assert found < value(start)
    for i in range(30):
        for a in range(3):
            moved = labels.copy()
            moved[i] = a
            assert value(moved) >= found - 1e-9


@pytest.mark.jit
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.sampled_from([1e-3, 1, 1e6]),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["best", "spectral", "denoise"]),
)
@quiet
def test_labels_are_those_of_predict(seed, k, offset, dtype, rounding):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(k, 12))
    X = rng.integers(0, 3, (n, 2)) + rng.integers(0, 2) * rng.normal(size=(n, 2))
    X = (X + offset).astype(dtype)
    options = {"max_iter": 20, "certificate": None, "random_state": 0}
    model = SDPKMeans(k, rounding=rounding, **options).fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)


@pytest.mark.jit
@pytest.mark.parametrize("solver", ["admm", "low_rank", "cvxpy"])
def test_as_many_clusters_as_rows_and_some_are_equal(solver):
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 0]])
    with pytest.warns(
        ConvergenceWarning, match="only 3 distinct points for n_clu"
    ) as w:
        model = SDPKMeans(4, solver=solver).fit(X)
    assert len(w) == 1
    np.testing.assert_array_equal(model.labels_, [0, 1, 2, 2])
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    assert model.inertia_ == model.lower_bound_ == 0
    assert model.certified_
    U = model.membership_factor_
    np.testing.assert_allclose(np.vdot(U, U), 4)
    with pytest.warns(ConvergenceWarning, match="only 3 distinct points for n_clu"):
        kernel = SDPKMeans(4, affinity="precomputed", solver=solver).fit(X @ X.T)
    np.testing.assert_array_equal(kernel.labels_, model.labels_)


def test_repeated_rows_are_clustered_exactly():
    X = np.repeat([[1.0, 2], [3, 1], [5, 9]], [3, 5, 7], axis=0) + 0.1
    model = SDPKMeans(3, random_state=0).fit(X)
    assert model.inertia_ == model.lower_bound_ == model.gap_ == 0
    assert model.certified_
    assert len(set(model.labels_)) == 3


def test_minus_0_is_0():
    first, codes = _rounding.distinct_rows(np.array([[0.0], [1], [-0.0]]))
    np.testing.assert_array_equal(first, [0, 1])
    np.testing.assert_array_equal(codes, [0, 1, 0])
