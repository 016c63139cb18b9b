"""FasterPAM on byte codes and computed rows: the same result as with the matrix."""

import tracemalloc

import numpy as np
import pytest
from numba import njit

from skextras._pairwise import _distances, _metrics
from skextras.cluster import KMedoids
from skextras.cluster._medoids._rows import ComputedRows
from tests.problems import JIT

N = 700 if JIT else 150


@njit
def chessboard(x, y):
    return np.abs(x - y).max()


def blobs(dtype=np.float64):
    rng = np.random.default_rng(5)
    centers = rng.normal(scale=4, size=(12, 6))
    return (centers[rng.integers(12, size=N)] + rng.normal(size=(N, 6))).astype(dtype)


def both(X, n_clusters, *, sample_weight=None, **params):
    """Fit with the matrix, and with less memory than that."""
    limit = X.shape[0] ** 2 * 2 + X.shape[0] * n_clusters * X.dtype.itemsize
    params = {"method": "fasterpam", "random_state": 3, **params}
    held = KMedoids(n_clusters, **params).fit(X, sample_weight=sample_weight)
    model = KMedoids(n_clusters, memory_limit=limit, **params)
    codes = model.fit(X, sample_weight=sample_weight)
    assert held.method_ == codes.method_ == "fasterpam"
    assert (held.storage_, codes.storage_) == ("matrix", "bytes")
    return held, codes


def assert_same(held, codes):
    np.testing.assert_array_equal(codes.medoid_indices_, held.medoid_indices_)
    np.testing.assert_array_equal(codes.labels_, held.labels_)
    assert codes.inertia_ == held.inertia_
    assert (codes.n_iter_, codes.n_swap_) == (held.n_iter_, held.n_swap_)


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 2, 7, 40])
def test_same_result(k, dtype):
    assert_same(*both(blobs(dtype), k))


@pytest.mark.parametrize(
    "metric", ["sqeuclidean", "cosine", "manhattan", "gower", chessboard]
)
def test_metrics(metric):
    assert_same(*both(blobs(), 9, metric=metric))


@pytest.mark.parametrize(
    "init", ["build", "k-medoids++", "lab", "heuristic", "first", np.arange(20, 29)]
)
def test_starts(init):
    assert_same(*both(blobs(), 9, init=init, n_init=2))


def test_weights_of_different_sizes():
    weight = 10 ** np.random.default_rng(0).uniform(-3, 3, N)
    weight[::7] = 0
    assert_same(*both(blobs(), 20, sample_weight=weight))


@pytest.mark.jit
def test_scales_of_different_sizes():
    """Many steps of the codes are too short on the way, and are made longer."""
    X = blobs() * 10 ** np.random.default_rng(1).uniform(-2, 2, (N, 1))
    assert_same(*both(X, 25, n_init=3))


@pytest.mark.jit
def test_threads_do_not_change_a_bit():
    X = blobs(np.float32)
    models = [both(X, 12, n_jobs=n_jobs)[1] for n_jobs in (None, 1, 2, -1)]
    for model in models[1:]:
        assert_same(models[0], model)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", "gower"])
def test_rows_are_those_of_the_matrix(metric):
    X = blobs()
    params = _metrics.resolve_params(X, np.ones(N), metric, None)
    rows = ComputedRows(_distances.Computer(X, metric, params))
    matrix = rows.hold().matrix
    some, others = np.array([5, 100, 3]), np.array([3, 2, 99])
    close = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(rows.take(some), matrix[some], **close)
    part = matrix[np.ix_(some, others)]
    np.testing.assert_allclose(rows.take(some, others), part, **close)
    assert rows.take(some, others)[2, 0] == 0
    part = rows.part(some).matrix
    np.testing.assert_allclose(part, matrix[np.ix_(some, some)], **close)
    weight = np.linspace(0, 1, N)
    np.testing.assert_allclose(rows.sums(weight), matrix @ weight)
    for kind in (rows, rows.hold()):
        slots, nearest = kind.nearest(some)
        np.testing.assert_allclose(nearest, matrix[some].min(axis=0), **close)
        np.testing.assert_array_equal(slots, matrix[some].argmin(axis=0))


def test_blocks_of_rows(monkeypatch):
    monkeypatch.setattr("skextras.cluster._medoids._rows._ITEMS_PER_BLOCK", 11 * N)
    assert_same(*both(blobs(), 6, init="build"))


def test_refuses_what_is_no_dissimilarity_by_sample():
    def bad(x, y):
        return -1.0 if {x[0], y[0]} == {3.0, 8.0} else abs(x[0] - y[0])

    X = np.arange(20.0)[:, None]
    model = KMedoids(3, method="fasterpam", metric=bad, memory_limit=900)
    with pytest.raises(ValueError, match=r"between samples (3 and 8|8 and 3):"):
        model.fit(X)
    assert not hasattr(model, "method_")


@pytest.mark.jit
def test_automatic_choice(monkeypatch):
    X = blobs()
    n, k = N, 4
    codes = n * n + n * k * 8
    for limit, chosen in [
        (codes + 8 * n * n, ("fasterpam", "matrix")),
        (codes + 8 * n * n - 1, ("fasterpam", "bytes")),
        (codes, ("fasterpam", "bytes")),
        (codes - 1, ("onebatch", "none")),
        (1, ("onebatch", "none")),
    ]:
        model = KMedoids(k, memory_limit=limit).fit(X)
        assert (model.method_, model.storage_) == chosen
    monkeypatch.setattr("skextras._memory.available_memory", lambda: 2 * codes)
    for share, storage in [(1.0, "bytes"), (0.4, "none")]:
        assert KMedoids(k, memory_limit=share).fit(X).storage_ == storage
    monkeypatch.setattr("skextras.cluster._medoids._optimizers._MOST_EXACT", n - 1)
    assert KMedoids(k).fit(X).method_ == "onebatch"
    assert KMedoids(k).fit(X[1:]).method_ != "onebatch"


def test_too_little_memory_for_an_exact_method():
    X = blobs()
    for method in ("fasterpam", "pam", "alternate"):
        model = KMedoids(4, method=method, memory_limit=1000)
        sentence = f"between {N} points.* allowed by memory_limit=1000: choose method="
        with pytest.raises(MemoryError, match=sentence):
            model.fit(X)
        assert set(vars(model)) == set(model.get_params())


@pytest.mark.parametrize("limit", [0, -1, 0.0, 1.5, "1GB"])
def test_limits_that_are_none(limit):
    with pytest.raises(ValueError, match="The 'memory_limit' parameter"):
        KMedoids(3, memory_limit=limit).fit(blobs())


def test_a_precomputed_matrix_is_never_made_again():
    X = blobs()
    D = np.abs(X[:, None, 0] - X[:, 0])
    n_bytes = N * N + N * 5 * 8
    model = KMedoids(5, metric="precomputed", memory_limit=n_bytes).fit(D)
    assert (model.method_, model.storage_) == ("fasterpam", "matrix")


@pytest.mark.skipif(not JIT, reason="the loops would take minutes")
def test_memory_that_is_taken():
    """Bytes of the pairs, and little beside; no more than the sample for onebatch."""
    n = 1500
    X = np.random.default_rng(0).normal(size=(n, 4))
    KMedoids(3, method="fasterpam", memory_limit=3 * n * n).fit(X[:200])
    for method, most in [("fasterpam", 2.5 * n * n), ("onebatch", 0.5e9)]:
        tracemalloc.start()
        KMedoids(3, method=method, memory_limit=int(1.2 * n * n)).fit(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most


def test_no_start_is_drawn_beside_the_samples():
    calls = [0]

    def metric(x, y):
        calls[0] += 1
        return abs(x[0] - y[0])

    X = np.random.default_rng(0).normal(size=(400, 1))
    model = KMedoids(2, metric=metric, method="fastclara", init="build", random_state=0)
    model.fit(X)
    samples = 5 * 88 * 88 + 5 * 2 * 400
    assert calls[0] < samples + 2 * 2 * 400 < 400 * 399 / 2
