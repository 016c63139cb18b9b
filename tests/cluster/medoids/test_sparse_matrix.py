"""Sparse precomputed dissimilarities: as the dense matrix with the gaps filled."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import kneighbors_graph
from sklearn.utils import get_tags

from skextras.cluster import CLARA, KMedoids
from tests.naive import medoids as naive

METHODS = ["fasterpam", "pam"]


def stored(seed, n, *, share=0.3, high=None, dtype=np.float64, diagonal=False):
    """Return a random sparse matrix, zeros among its entries; asymmetric."""
    rng = np.random.default_rng(seed)
    size = (n, n)
    values = rng.uniform(0.1, 1, size) if high is None else rng.integers(0, high, size)
    mask = rng.uniform(size=size) < share
    np.fill_diagonal(mask, diagonal)
    if diagonal:
        np.fill_diagonal(values, 0)
    rows, columns = np.nonzero(mask)
    data = values[rows, columns].astype(dtype)
    return sparse.csr_array((data, (rows, columns)), shape=size)


def fill(S, missing, *, diagonal=True):
    """Write out what is stored, without the code that is tested."""
    S = S.tocoo()
    D = np.full(S.shape, missing, dtype=S.dtype)
    if diagonal:
        np.fill_diagonal(D, 0)
    for o, j, value in zip(*S.coords, S.data, strict=True):
        D[o, j] = value
    return D


def model(k, missing=None, **options):
    params = None if missing is None else {"missing_distance": missing}
    options = {"method": "fasterpam", "random_state": 0, **options}
    return KMedoids(k, metric="precomputed", metric_params=params, **options)


def assert_same(one, other):
    """Compare all that a fit finds."""
    np.testing.assert_array_equal(one.medoid_indices_, other.medoid_indices_)
    np.testing.assert_array_equal(one.labels_, other.labels_)
    np.testing.assert_array_equal(one.distances_, other.distances_)
    assert one.inertia_ == other.inertia_
    assert (one.n_iter_, one.n_swap_) == (other.n_iter_, other.n_swap_)


@given(
    st.integers(0, 10**6),
    st.integers(2, 30),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.sampled_from([2, 9, None]),
    st.sampled_from(METHODS),
    st.data(),
)
def test_equals_the_filled_matrix(seed, n, share, high, method, data):
    """Integers with exact ties, or continuous numbers and weights."""
    S = stored(seed, n, share=share, high=high)
    rng = np.random.default_rng(seed)
    k = data.draw(st.integers(1, n))
    missing = float(max(S.data.max(initial=1), 1) * data.draw(st.integers(1, 3)))
    weight = rng.integers(0, 3, n) if high else rng.uniform(0.5, 2, n)
    weight[rng.permutation(n)[:k]] = 1 + data.draw(st.integers(0, 2))
    init = rng.permutation(np.flatnonzero(weight))[:k]
    options = {"method": method, "init": init}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Only")
        found = model(k, missing, **options).fit(S, sample_weight=weight)
        expected = model(k, **options).fit(fill(S, missing), sample_weight=weight)
    if high or k == 1:
        assert_same(found, expected)
    else:  # the last digits of sums may decide between swaps that are equal
        assert found.inertia_ == pytest.approx(expected.inertia_, rel=0.2)
        D = fill(S, missing)
        assert naive.pam_swap(D, found.medoid_indices_, weight) is None
        loss = naive.cost(D, found.medoid_indices_, weight)
        assert found.inertia_ == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("high", [2, 3, 9])
def test_ties(method, high):
    """The first slot and the first candidate, as in the dense search."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 25))
        k = int(rng.integers(2, n))
        S = stored(seed, n, share=rng.choice([0.1, 0.3, 0.6]), high=high)
        weight, init = rng.integers(1, 3, n), rng.permutation(n)[:k]
        options = {"method": method, "init": init}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Only")
            found = model(k, float(high), **options).fit(S, sample_weight=weight)
            dense = model(k, **options).fit(fill(S, float(high)), sample_weight=weight)
        assert_same(found, dense)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "init", ["random", "build", "k-medoids++", "lab", "heuristic", "first"]
)
@pytest.mark.parametrize("symmetric", [False, True])
def test_graph_of_neighbours(init, method, symmetric):
    """scikit-learn's output, as it is and made symmetric."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 3)) + 5 * rng.integers(0, 4, (150, 1))
    S = kneighbors_graph(X, 12, mode="distance")
    S = S.maximum(S.T) if symmetric else S
    found = model(6, init=init, method=method, n_init=2).fit(S)
    missing = 2 * S.data.max()
    expected = model(6, init=init, method=method, n_init=2).fit(fill(S, missing))
    assert_same(found, expected)
    assert found.method_ == method


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
def test_predict_and_transform(dtype, container):
    S = stored(3, 60, dtype=dtype, diagonal=True)
    fitted = model(5, 3.5).fit(container(S))
    D = fill(S, 3.5)
    expected = D[:, fitted.medoid_indices_]
    for X in (container(S), D):
        np.testing.assert_array_equal(fitted.transform(X), expected)
        assert fitted.transform(X).dtype == dtype
        np.testing.assert_array_equal(fitted.predict(X), fitted.labels_)
        assert fitted.score(X) == pytest.approx(-fitted.inertia_ / 60, rel=1e-6)
    rows = container(S)[[3, 8, 59]]
    np.testing.assert_array_equal(fitted.transform(rows), expected[[3, 8, 59]])
    assert fitted.cluster_centers_ is None
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(rows), fitted.predict(rows))


def test_a_diagonal_that_is_not_stored():
    """It is 0 in fit; in predict, nothing tells which row is which sample."""
    S = stored(4, 40)
    fitted = model(4, 2.0).fit(S)
    medoids = fitted.medoid_indices_
    np.testing.assert_array_equal(fitted.distances_[medoids], 0)
    np.testing.assert_array_equal(fitted.labels_[medoids], np.arange(4))
    expected = fill(S, 2.0, diagonal=False)[:, medoids]
    np.testing.assert_array_equal(fitted.transform(S), expected)
    assert (fitted.transform(S)[medoids, np.arange(4)] == 2).all()


def test_points_that_no_medoid_reaches():
    """They are at missing_distance, in the first cluster."""
    blocks = [pairwise_distances(np.arange(5.0)[:, None])] * 3
    S = sparse.csr_array(sparse.block_diag(blocks))
    fitted = model(2).fit(S)
    far = fitted.distances_ == 8
    assert far.sum() == 5
    assert (fitted.labels_[far] == 0).all()
    assert fitted.inertia_ == 5 * 8 + 2 * 6
    assert model(3).fit(S).inertia_ == 3 * 6


def test_input_is_not_changed():
    """Entries stored twice are added up, as scipy does; explicit zeros are zeros."""
    data, columns = [1.0, 2, 3, 0, 5, 1], [1, 1, 0, 1, 3, 0]
    S = sparse.csr_array((data, columns, [0, 2, 3, 5, 6]), shape=(4, 4))
    before = S.copy()
    fitted = model(1, 9.0).fit(S)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(S, name), getattr(before, name))
    D = np.array([[0, 3, 9, 9], [3, 0, 9, 9], [9, 0, 0, 5], [1, 9, 9, 0.0]])
    assert fitted.medoid_indices_.tolist() == [D.sum(axis=0).argmin()]
    assert fitted.inertia_ == D.sum(axis=0).min()


def test_cross_validation_and_tags():
    S = stored(5, 60, diagonal=True)
    search = GridSearchCV(model(2, 2.0), {"n_clusters": [2, 10]}, cv=3)
    search.fit(S)
    assert search.best_params_ == {"n_clusters": 10}
    assert get_tags(model(2)).input_tags.sparse
    assert get_tags(model(2)).input_tags.pairwise
    assert not get_tags(KMedoids(metric="chebyshev")).input_tags.sparse
    with pytest.raises(TypeError, match=r"(?i)sparse"):
        CLARA(2, metric="precomputed").fit(S)


@pytest.mark.parametrize("method", METHODS)
def test_many_kernel_calls(monkeypatch, method):
    """An interrupt between two calls is possible; nothing else changes."""
    S = stored(6, 80, diagonal=True)
    once = model(5, method=method).fit(S)
    monkeypatch.setattr("skextras.cluster._medoids._sparse._ITEMS_PER_CALL", 200)
    monkeypatch.setattr("skextras.cluster._medoids._sparse._ITEMS_PER_BLOCK", 50)
    assert_same(model(5, method=method).fit(S), once)


@pytest.mark.jit
def test_no_matrix_of_all_pairs():
    """100 000 samples, of which a dense matrix would take 80 GB."""
    n = 100_000
    near = np.arange(n)[:, None] + [-2, -1, 1, 2]
    inside = (near >= 0) & (near < n)
    rows = np.repeat(np.arange(n), inside.sum(axis=1))
    data = abs(rows - near[inside]).astype(np.float32)
    S = sparse.csr_array((data, (rows, near[inside])), shape=(n, n))
    fitted = model(30, init=np.arange(30) * 5, max_iter=2)
    fitted.fit(S)
    assert fitted.n_swap_ > 0
    assert (fitted.distances_ < 4).sum() == 30 * 5


SQUARE = stored(0, 9)


def far(value):
    return {"metric_params": {"missing_distance": value}}


@pytest.mark.parametrize(
    ("S", "options", "sentence"),
    [
        (SQUARE[:, :8], {}, r"must be square, got the shape \(9, 8\)"),
        (SQUARE * -1.0, {}, "must be >= 0, got -0.* at row 0, column"),
        (SQUARE * np.nan, {}, "must be finite .* got nan at row 0, column"),
        (SQUARE * np.inf, {}, "must be finite .* got inf at row 0, column"),
        (SQUARE, far(0.5), r"missing_distance=0\.5 must .* 0\.9"),
        (SQUARE, far(np.inf), "missing_distance=inf must be a finite"),
        (SQUARE, far("far"), "missing_distance='far' must be a finite"),
        (stored(0, 9, dtype=np.float32), far(1e300), "too large .* float32"),
        (SQUARE, {"method": "alternate"}, "'alternate' does not take a sparse"),
        (SQUARE, {"method": "onebatch"}, "'onebatch' does not take a sparse"),
        (SQUARE, {"min_cluster_size": 2}, "min_cluster_size do not take a sparse"),
        (SQUARE, {"metric_params": {"p": 1}}, "is missing_distance, got p"),
        (SQUARE, {"n_clusters": 10}, "n_samples=9 must be >= n_clusters=10"),
        (SQUARE, {"init": np.ones((2, 9))}, "init must hold indices"),
    ],
)
def test_bad_input(S, options, sentence):
    estimator = model(2).set_params(**options)
    with pytest.raises(ValueError, match=sentence):
        estimator.fit(S)
    assert not hasattr(estimator, "n_features_in_")


def test_dense_and_sparse_do_not_mix():
    S = stored(0, 9)
    with pytest.raises(ValueError, match=r"missing_distance.* only a sparse X takes"):
        model(2, 3.0).fit(fill(S, 3.0))
    with pytest.raises(ValueError, match="X is sparse, and the precomputed X of fit"):
        model(2).fit(fill(S, 3.0)).predict(S)
