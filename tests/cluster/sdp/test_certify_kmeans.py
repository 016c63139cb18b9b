"""Bounds of K-means: against brute force, dense matrices, and what is invariant."""

import re
import warnings
from contextlib import contextmanager

import numpy as np
import pandas
import polars
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.exceptions import ConvergenceWarning

from skextras import _linalg
from skextras.cluster import SDPKMeans, certify_kmeans, kmeans_lower_bound
from skextras.cluster._sdp import _admm, _blocks, _bounds, _dual
from skextras.cluster._sdp._points import Points
from skextras.cluster._sdp._quick import _Clusters, _inertia_and_slack, quick_bound
from skextras.cluster._sdp._result import make_result
from tests.cluster.sdp.problems import mixture, recovery_distance
from tests.naive import sdp as naive

METHODS = ["auto", "quick", "sdp", "blocks", "monte-carlo"]
pytestmark = pytest.mark.usefixtures("one_blas_thread")  # as in the functions

IRIS = load_iris().data


@pytest.mark.parametrize("seed", range(30))
def test_bounds_and_certificates_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(4, 8), rng.integers(2, 4)
    X = rng.normal(size=(n, rng.integers(1, 4))) + 3 * rng.integers(0, k, (n, 1))
    best = naive.best_inertia(X, int(k))
    for method in ("spectral", "sdp", "blocks"):
        bound = kmeans_lower_bound(X, k, method=method, block_size=5, random_state=0)
        assert bound.lower_bound <= best * (1 + 1e-12)
    labels = naive.partitions(int(n), int(k))[:: 1 + n // 3]
    for codes, method in [(labels[0], "sdp"), *((codes, "quick") for codes in labels)]:
        result = certify_kmeans(X, codes, method=method)
        np.testing.assert_allclose(result.inertia, naive.inertia(X, codes), rtol=1e-12)
        assert result.lower_bound <= best * (1 + 1e-12)
        assert not result.certified or result.inertia <= best * (1 + 2e-6)


def test_optimal_labels_of_separated_clusters_are_certified():
    X, labels = mixture(60, 3, 12)
    result = certify_kmeans(X, labels)
    assert result.certified
    assert result.method == "quick"
    assert 0 <= result.gap <= 1e-6
    labels = labels.copy()
    labels[0] = 1
    assert not certify_kmeans(X, labels).certified


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [2, 4, 7])
def test_quick_equals_dense_matrices(seed, k):
    """Eigenvalues of the small problem are those of the n x n matrix."""
    X, labels = mixture(60, k, [1, 4, 6, 8, 12][seed], d=5, seed=seed)
    labels[:10] = np.random.default_rng(seed).permutation(labels[:10])
    points = Points(X)
    lam, N = naive.quick_dual(points.X, labels)
    assert N.min() >= -1e-12
    result = quick_bound(points.X, labels, k)
    dense = naive.dual_bound(points.X, k, N)
    np.testing.assert_allclose(result.bound, dense, rtol=1e-7, atol=1e-9)
    found = _inertia_and_slack(_Clusters(points.X, labels, k))[1]
    np.testing.assert_allclose(found, lam, rtol=1e-10, atol=1e-12)


def test_quick_with_many_clusters(monkeypatch):
    """The bound from norms of blocks is lower, and still proves what is easy."""
    X, labels = mixture(90, 9, 30)
    fine = quick_bound(Points(X).X, labels, 9)
    monkeypatch.setattr("skextras.cluster._sdp._quick._LARGEST", 20)
    rough = quick_bound(Points(X).X, labels, 9)
    assert fine.proven
    assert rough.proven
    X, labels = mixture(90, 9, 5)
    rough = quick_bound(Points(X).X, labels, 9)
    monkeypatch.undo()
    fine = quick_bound(Points(X).X, labels, 9)
    assert rough.bound < fine.bound < fine.inertia


@pytest.mark.parametrize(("n", "d"), [(200, 4), (1000, 20), (2000, 5)])
def test_quick_above_the_recovery_threshold(n, d):
    X, labels = mixture(n, 4, 1.2 * recovery_distance(n, 4, d), d=d, seed=n)
    assert certify_kmeans(X, labels, method="quick").certified


@pytest.mark.jit
def test_admm_equals_full_decompositions():
    X, _ = mixture(50, 3, 3)
    points = Points(X)
    expected = naive.dual_bound(points.X, 3, naive.admm(points.X, 3, 250))
    for dtype in (np.float32, np.float64):
        solution = _admm.solve(points, 3, tol=1e-6, max_iter=2000, dtype=dtype)
        np.testing.assert_allclose(solution.bound, expected, rtol=1e-4)
        np.testing.assert_allclose(solution.value, solution.bound, rtol=1e-4)


@pytest.mark.parametrize("n", [7, 256, 700])
def test_half_of_a_symmetric_matrix_is_enough(n):
    rng = np.random.default_rng(n)
    T = rng.normal(size=(n, n))
    T += T.T
    total = _admm._Panels.constant(n, 0.0, np.float64)
    for low, panel in zip(total.low, total.panels, strict=True):
        panel[:] = T[low : low + len(panel), low:]
    vectors = rng.normal(size=(3, n))
    np.testing.assert_allclose(total.size_times(vectors), vectors @ np.abs(T))
    np.testing.assert_array_equal(total.negative(2).full(), 2 * np.minimum(T, 0))
    total.scale_negative(0.5)
    np.testing.assert_array_equal(total.full(), np.where(T < 0, T / 2, T))


def test_ritz_leaves_out_what_depends_on_other_vectors():
    rng = np.random.default_rng(0)
    M = np.diag(np.arange(1.0, 21))
    vectors = rng.normal(size=(4, 20))
    vectors = np.vstack([vectors, vectors[1] + vectors[2]])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    values, turn = _linalg.ritz(vectors, vectors @ M)
    basis = np.linalg.qr(vectors[:4].T)[0]
    np.testing.assert_allclose(values, np.linalg.eigvalsh(basis.T @ M @ basis)[::-1])
    found = turn @ vectors
    np.testing.assert_allclose(found @ found.T, np.eye(4), atol=1e-10)
    np.testing.assert_allclose(found @ M @ found.T, np.diag(values), atol=1e-10)


def test_threshold():
    values = np.array([3.0, 2.0, 0.9, 0.5, 0.1, -0.4])
    for count in (1, 2, 3, 5):
        level = _linalg.threshold(values, count)
        np.testing.assert_allclose(np.clip(values - level, 0, 1).sum(), count)


@pytest.mark.parametrize("negative", [False, True])
def test_exact_bound(negative):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    points = Points(X)
    N = rng.random((30, 30)) * negative
    N += N.T
    bound = _dual.dual_bound(points, 3, -N if negative else None)
    expected = naive.dual_bound(points.X, 3, N)
    np.testing.assert_allclose(bound, expected, rtol=1e-10)
    assert bound < expected


def matrix_with_eigenvalues(values, seed=0):
    n = len(values)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    return (turn * values) @ turn.T, turn.T


@pytest.mark.parametrize("quality", ["exact", "near", "random", "one is missing"])
@pytest.mark.parametrize("count", [1, 3, 5])
def test_sums_of_eigenvalues_are_never_too_small(quality, count, monkeypatch):
    """Whatever the vectors; good ones make LAPACK's solver superfluous."""
    rng = np.random.default_rng(count)
    for top in ([5, 4, 3, 2, 1.5], [2.0] * 5, [3, 3, 3, 3, 1]):
        values = np.concatenate([top, rng.uniform(-1, 0.9, 75)])
        M, vectors = matrix_with_eigenvalues(values, count)
        expected = np.sort(values)[-count:].sum()
        start = vectors[:8] + 1e-3 * (quality == "near") * rng.normal(size=(8, 80))
        if quality == "random":
            start = rng.normal(size=(8, 80))
        elif quality == "one is missing":
            start = vectors[1:9]
        found = _linalg.sum_of_largest(
            M, count, np.linalg.norm(M), total=100.0, vectors=start
        )
        assert expected <= found <= expected * (1 + 1e-3)
        if quality in ("exact", "near"):
            with monkeypatch.context() as patch:
                patch.setattr(_linalg, "eigh", None)
                _linalg.sum_of_largest(M, count, 20.0, total=100.0, vectors=start)


def test_a_sum_that_is_too_small_is_not_proven():
    M, vectors = matrix_with_eigenvalues(np.concatenate([[5, 4, 3.0], np.zeros(57)]))
    values = np.array([5, 4, 3.0])
    assert _linalg._proven_sum(M, 2, values, vectors[:3], 1e-9) >= 9
    for low in ([4.999, 4, 3], [5, 2.999, 2.9]):
        assert _linalg._proven_sum(M, 2, np.array(low), vectors[:3], 1e-9) is None
    assert _linalg._proven_sum(M, 2, values, vectors[[0, 2, 1]], 1e-9) >= 9
    assert _linalg._proven_sum(M, 2, values, vectors[[3, 1, 2]], 1e-9) is None


@pytest.mark.jit
@pytest.mark.parametrize("n", [60, 300])
def test_bound_of_the_admm_by_both_proofs(n):
    """Cholesky's factor gives no more than LAPACK's eigenvalues, and hardly less."""
    X, _ = mixture(n, 4, 4)
    points = Points(X)
    work = _admm.solve(points, 4).dual
    negative = work.total.negative(work.rho * work.unit).full()
    slow = _dual.dual_bound(points, 4, negative)
    quick = _dual.dual_bound(points, 4, negative, work.vectors.astype(float))
    N = -np.tril(negative).astype(float)
    dense = naive.dual_bound(points.X, 4, N + np.tril(N, -1).T)
    assert N.min() >= 0
    assert quick <= dense
    assert slow <= dense
    np.testing.assert_allclose(quick, slow, rtol=1e-5)


@pytest.mark.jit
def test_better_methods_give_better_bounds():
    labels = KMeans(3, n_init=10, random_state=0).fit(IRIS).labels_
    options = {"block_size": 60, "sample_size": 60, "n_draws": 50, "random_state": 0}
    bound = {m: certify_kmeans(IRIS, labels, method=m, **options) for m in METHODS}
    assert bound["sdp"] == bound["auto"]
    assert bound["quick"].gap > bound["blocks"].gap > bound["sdp"].gap > 0.04
    assert bound["monte-carlo"].gap > bound["blocks"].gap
    assert [b.method for b in bound.values()] == [
        "sdp",
        "quick",
        "sdp",
        "blocks",
        "monte-carlo",
    ]
    assert [b.rigorous for b in bound.values()] == [True] * 4 + [False]
    assert bound["monte-carlo"].confidence == 0.99
    lone = kmeans_lower_bound(IRIS, 3)
    np.testing.assert_allclose(lone.lower_bound, bound["sdp"].lower_bound, rtol=2e-4)
    assert (lone.inertia, lone.gap, lone.certified) == (None, None, False)


@pytest.mark.jit
def test_readable():
    labels = KMeans(3, n_init=10, random_state=0).fit(IRIS).labels_
    text = repr(certify_kmeans(IRIS, labels))
    assert re.match("<at most 4[.][45] % above the optimum: ", text)
    chance = certify_kmeans(
        IRIS, labels, method="monte-carlo", n_draws=20, sample_size=60, confidence=0.9
    )
    assert "% above the optimum with probability 0.9: lower_bound=" in repr(chance)
    assert repr(kmeans_lower_bound(IRIS, 3)).startswith("<no clustering has a smaller")


@pytest.mark.jit
@pytest.mark.parametrize("method", METHODS[1:])
def test_rotation_translation_scale(method):
    X, labels = mixture(80, 3, 5)
    options = {"method": method, "sample_size": 40, "n_draws": 20, "block_size": 40}
    first = certify_kmeans(X, labels, **options, random_state=0)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    moved = certify_kmeans(X @ turn + 100, labels, **options, random_state=0)
    np.testing.assert_allclose(moved.inertia, first.inertia, rtol=1e-9)
    np.testing.assert_allclose(moved.lower_bound, first.lower_bound, rtol=1e-4)
    for scale in (1e-140, 1e140):
        scaled = certify_kmeans(X * scale, labels, **options, random_state=0)
        np.testing.assert_allclose(scaled.gap, first.gap, rtol=1e-2, atol=1e-6)


@pytest.mark.jit
@pytest.mark.parametrize("method", METHODS[1:])
def test_names_of_clusters_do_not_matter(method):
    options = {"method": method, "sample_size": 40, "n_draws": 20, "block_size": 40}
    X, labels = mixture(80, 3, 5)
    first = certify_kmeans(X, labels, **options, random_state=0)
    for names in (["a", "b", "c"], [7.5, -3.0, 0.0], [-5, 10**12, 3]):
        other = certify_kmeans(X, np.array(names)[labels], **options, random_state=0)
        np.testing.assert_allclose(other.inertia, first.inertia, rtol=1e-12)
        np.testing.assert_allclose(other.lower_bound, first.lower_bound, rtol=1e-2)


def test_containers():
    X, labels = mixture(60, 3, 8)
    X = np.round(X * 8)
    expected = certify_kmeans(X, labels)
    columns = {f"f{i}": X[:, i] for i in range(4)}
    for data in (
        X.tolist(),
        X.astype(np.float32),
        X.astype(np.int16),
        np.asfortranarray(X),
        pandas.DataFrame(columns),
        polars.DataFrame(columns),
    ):
        assert certify_kmeans(data, labels) == expected
    assert certify_kmeans(X, pandas.Series(labels)) == expected
    assert certify_kmeans(X, labels.tolist()) == expected
    before = X.copy()
    certify_kmeans(X, labels, method="sdp")
    np.testing.assert_array_equal(X, before)


@pytest.mark.jit
@pytest.mark.parametrize("method", ["blocks", "monte-carlo"])
def test_threads_change_nothing(method):
    X, labels = mixture(200, 3, 4)
    options = {"method": method, "block_size": 50, "sample_size": 50, "n_draws": 6}
    one = certify_kmeans(X, labels, **options, n_jobs=1, random_state=0)
    assert certify_kmeans(X, labels, **options, n_jobs=2, random_state=0) == one


def test_twins_agree():
    X = np.random.default_rng(0).normal(size=(7, 2))
    values = [naive.inertia(X, labels) for labels in naive.partitions(7, 3)]
    assert len(values) == 301
    np.testing.assert_allclose(naive.inertias(X, 3), values)


def test_trivial_cases():
    X = np.arange(8.0).reshape(4, 2)
    one = certify_kmeans(X, [5, 5, 5, 5])
    assert one.certified
    assert one.lower_bound == one.inertia == 40
    each = certify_kmeans(X, [0, 1, 2, 3])
    assert each.certified
    assert each.lower_bound == each.inertia == each.gap == 0
    same = certify_kmeans(np.ones((5, 2)), [0, 1, 0, 1, 0], method="sdp")
    assert same.certified
    assert kmeans_lower_bound(X, 4).lower_bound == 0
    np.testing.assert_allclose(kmeans_lower_bound(X, 1).lower_bound, 40)
    assert kmeans_lower_bound(X[:1], 1).lower_bound == 0
    assert kmeans_lower_bound(np.repeat(X, 5, axis=0), 4).lower_bound <= 1e-9


def test_more_features_than_points():
    X, labels = mixture(30, 3, 30, d=100)
    assert certify_kmeans(X, labels, method="quick").certified
    X, labels = mixture(30, 3, 8, d=100)
    bounds = [certify_kmeans(X, labels, method=method) for method in ("quick", "sdp")]
    best = KMeans(3, n_init=20, random_state=0).fit(X).inertia_
    assert max(b.lower_bound for b in bounds) <= best


@pytest.mark.jit
def test_wine_needs_the_relaxation():
    X = load_wine().data
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    labels = KMeans(3, n_init=10, random_state=0).fit(X).labels_
    assert certify_kmeans(X, labels, method="quick").gap > 0.1
    result = certify_kmeans(X, labels)
    assert 0.008 < result.gap < 0.009


@pytest.mark.jit
def test_a_tight_relaxation_is_proven_in_double_precision():
    X, _ = mixture(100, 3, 6, seed=3)
    labels = KMeans(3, n_init=5, random_state=0).fit(X).labels_
    assert not certify_kmeans(X, labels, method="quick").certified
    assert certify_kmeans(X, labels, method="sdp").certified


@pytest.mark.jit
def test_blocks_look_like_the_whole():
    X, labels = mixture(300, 3, 6)
    options = {"tol": 1e-3, "max_iter": 200, "n_jobs": None}
    alike = _blocks.block_bound(Points(X), 3, labels, 100, **options)
    mixed = np.random.default_rng(0).integers(0, 3, 300)
    chance = _blocks.block_bound(Points(X), 3, mixed, 100, **options)
    assert chance < alike < Points(X).inertia(labels, 3)


@pytest.mark.parametrize("n_blocks", [1, 7, 30])
@pytest.mark.parametrize("wide", [12, 256])
def test_rows_are_dealt_in_equal_parts_that_keep_the_means(n_blocks, wide, monkeypatch):
    monkeypatch.setattr(_blocks, "_WIDE", wide)
    X, labels = mixture(300, 3, 6)
    labels[:2], X[1] = 3, X[0]  # fewer rows than blocks
    block = _blocks.deal(X, labels, n_blocks)
    size = np.bincount(block, minlength=n_blocks)
    assert size.max() - size.min() <= 1
    for label in range(4):
        size = np.bincount(block[labels == label], minlength=n_blocks)
        assert size.max() - size.min() <= 1
    inertia = sum(
        naive.inertia(X[block == b], labels[block == b]) for b in range(n_blocks)
    )
    lost = 1 - inertia / naive.inertia(X, labels)
    assert lost <= 0.3 * 3 * n_blocks / len(X)  # a fraction 3 n_blocks / n by chance


def test_blocks_of_separate_clusters_lose_little():
    """They lost 5.4 %: a fraction 1 / m where m rows of a cluster are in a block."""
    rng = np.random.default_rng(0)
    size = np.array([300, 300, 60])
    centers, spread = np.array([[0, 0], [30, 0], [0, 60]]), np.array([1, 1, 3])
    labels = np.repeat(np.arange(3), size)
    X = centers[labels] + rng.normal(size=(660, 2)) * spread[labels, None]
    assert certify_kmeans(X, labels, method="blocks", block_size=66).gap < 0.01


BAD = [
    ({"method": "exact"}, "method must be one of 'auto', .* got 'exact'"),
    ({"labels": [0, 1]}, r"for each of the 12 samples, got an array of shape \(2,\)"),
    ({"labels": None}, "labels must be .* got None: kmeans_lower_bound needs no"),
    ({"labels": [-1, 0, 1] * 4}, "hold -1, which marks noise, for 4 samples: leave"),
    ({"labels": [0, 1.0, np.nan] * 4}, "missing or infinite, got nan for sample 2"),
    (
        {"labels": np.zeros((12, 2))},
        r"for each of the 12 samples, got an array of shape \(12, 2\)",
    ),
    ({"X": np.full((12, 2), np.nan)}, "Input X contains NaN"),
    ({"X": np.full((12, 2), np.inf)}, "Input X contains infinity"),
    ({"X": np.zeros((0, 2))}, r"Found array with 0 sample"),
    ({"X": np.zeros(12)}, "Expected 2D array, got 1D array"),
    ({"X": np.eye(12) * 1e200}, r"beyond the range of float64.* 1e\+200: divide"),
    ({"tol": 0}, "tol must be a float between 0 and 1, got 0"),
    ({"confidence": 1.0}, r"confidence must be a float between 0 and 1, got 1\.0"),
    ({"max_iter": 0}, "max_iter must be an integer at least 1, got 0"),
    ({"n_draws": 2.5}, r"n_draws must be an integer at least 1, got 2\.5"),
    ({"block_size": 1}, "block_size must be an integer at least 2, got 1"),
    ({"method": "blocks", "block_size": 3}, "block_size=3 must exceed .* clusters, 3"),
    ({"method": "monte-carlo", "sample_size": 2}, "sample_size=2 must exceed"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD)
def test_bad_input(change, sentence):
    X, labels = mixture(12, 3, 4)
    with pytest.raises(ValueError, match=sentence):
        certify_kmeans(**{"X": X, "labels": labels, **change})


@pytest.mark.parametrize("n_clusters", [0, 13, 2.5, None, True])
def test_bad_number_of_clusters(n_clusters):
    X, _ = mixture(12, 3, 4)
    with pytest.raises(ValueError, match="n_clusters must be an integer from 1 to 12"):
        kmeans_lower_bound(X, n_clusters)


def test_too_little_memory():
    X, labels = mixture(200, 3, 2)
    sentence = "200 points takes 1.92 MB and 1 MB are allowed by memory_limit=1000000: "
    for call in (
        lambda: certify_kmeans(X, labels, method="sdp", memory_limit=1_000_000),
        lambda: kmeans_lower_bound(X, 3, method="sdp", memory_limit=1_000_000),
    ):
        with pytest.raises(MemoryError, match=sentence + "choose method='blocks'"):
            call()


def test_sparse_data_and_weights_are_refused():
    from scipy import sparse

    with pytest.raises(TypeError, match="Sparse data was passed"):
        certify_kmeans(sparse.csr_array(np.eye(4)), [0, 0, 1, 1])
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        certify_kmeans(np.eye(4), [0, 0, 1, 1], sample_weight=np.ones(4))


@pytest.mark.jit
@pytest.mark.parametrize("method", ["quick", "sdp", "blocks"])
def test_bounds_far_from_0(method):
    """Even numbers near 2**53 keep their differences, and nothing else."""
    rng = np.random.default_rng(0)
    options = {"method": method} | ({"block_size": 4} if method == "blocks" else {})
    for _ in range(8):
        steps = rng.choice([0.0, 1, 2, 3, 7, 8], size=(8, 1))
        inertias = 4 * naive.inertias(steps, 2)
        best, X = inertias.min(), 2.0**53 + 2 * steps
        if method != "quick":
            bound = kmeans_lower_bound(X, 2, random_state=0, **options)
            assert bound.lower_bound <= best * (1 + 1e-12)
        for place in range(0, len(inertias), 9):
            result = certify_kmeans(X, naive.partitions(8, 2)[place], **options)
            np.testing.assert_allclose(result.inertia, inertias[place], atol=1e-12)
            assert result.lower_bound <= best * (1 + 1e-12)
            if result.certified:
                assert inertias[place] <= best * (1 + 2e-6)


def test_differences_that_underflow():
    X, labels = mixture(30, 3, 3)
    for call in (
        lambda X: certify_kmeans(X, labels),
        lambda X: kmeans_lower_bound(X, 3),
    ):
        with pytest.raises(ValueError, match="below the range of float64, with diff"):
            call(X * 1e-170)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([0, 1], r"one for each of the 6 samples, got an array of shape \(2,\)"),
        (
            np.zeros((6, 2)),
            r"one for each of the 6 samples, got an array of shape \(6, 2",
        ),
        ([0, 1, None, 0, 1, 0], "labels must not be missing, got None or NaN"),
        (
            np.array([0, 1, np.nan, 0, 1, 0], dtype=object),
            "must not be missing, got None",
        ),
        (np.array(["2020-01-01"] * 5 + ["NaT"], dtype="M8[D]"), "missing, got NaT"),
        (np.array([0, "a", 0, 0, 0, 0], dtype=object), "one kind that has an order"),
    ],
)
def test_labels_that_are_not(labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        certify_kmeans(np.arange(12.0).reshape(6, 2), labels)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "a"])
def test_bad_n_jobs(n_jobs):
    sentence = "n_jobs must be None or an integer other than 0, got .*: -1 stands"
    with pytest.raises(ValueError, match=sentence):
        kmeans_lower_bound(IRIS, 3, method="blocks", n_jobs=n_jobs)


@pytest.mark.jit
def test_auto_keeps_to_memory_and_block_size():
    X, labels = mixture(300, 3, 1)
    options = {"block_size": 60, "memory_limit": 180_000}
    assert kmeans_lower_bound(X, 3, **options).method == "blocks"
    assert certify_kmeans(X, labels, **options).method == "blocks"
    with pytest.raises(MemoryError, match="choose a smaller block_size"):
        certify_kmeans(X, labels, method="blocks", memory_limit=150_000)
    with pytest.raises(MemoryError, match="on each of 2 threads takes"):
        certify_kmeans(X, labels, method="blocks", n_jobs=2, **options)
    options["block_size"] = 3
    assert kmeans_lower_bound(X, 3, **options).method == "spectral"
    assert certify_kmeans(X, labels, **options).method in ("quick", "spectral")


def test_bound_that_did_not_converge():
    with pytest.warns(ConvergenceWarning, match=r"did not converge in 10 .* max_iter"):
        bound = kmeans_lower_bound(IRIS, 3, method="sdp", max_iter=10)
    assert bound.lower_bound <= 78.9


@pytest.mark.parametrize(
    ("bound", "inertia", "verdict"),
    [
        (54.0, 100.0, "<at most 86 % above the optimum: "),  # 85.19: not "46 %", or 85
        (50.0, 100.0, "<at most 100 % above the optimum: "),
        (1e-3, 100.0, "<at most 10000000 % above the optimum: "),
        (99.0, 100.0, "<at most 1.1 % above the optimum: "),
        (0.0, 1.0, "<not bounded: "),
    ],
)
def test_what_is_guaranteed(bound, inertia, verdict):
    assert repr(make_result(bound, inertia, "sdp")).startswith(verdict)


LAYOUTS = {
    "line": [[0.0], [10], [25]],
    "far": [[0, 0], [8, 0], [5000, 0]],
    "scales": [[0.0], [20], [100], [1000]],
    "powers": [[4.0**power] for power in range(2, 7)],
    "groups": [[0, 0], [12, 0], [0, 30], [200, 200], [215, 200]],
    "corners": [[0, 0, 0], [15, 0, 0], [0, 15, 0], [0, 0, 15]],
}


@pytest.mark.jit
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore:SDPKMeans stalled")
def test_the_relaxation_proves_what_the_quick_method_proves(layout, seed):
    """The value may be a tiny part of the total, and the estimate overshoots early."""
    centers = np.array(LAYOUTS[layout], dtype=float)
    X, y = make_blobs(60, centers=centers, random_state=seed)
    best = certify_kmeans(X, y, method="quick")
    assert best.gap <= 2e-6
    loose = kmeans_lower_bound(X, len(centers), method="sdp").lower_bound
    assert (1 - 1e-4) * best.inertia <= loose <= best.inertia
    gram = (X - X.mean(axis=0)) @ (X - X.mean(axis=0)).T
    model = SDPKMeans(len(centers), affinity="precomputed", random_state=0).fit(gram)
    bound = model.lower_bound_
    assert (1 - 1e-4) * best.inertia <= bound <= best.inertia * (1 + 1e-8)


@pytest.mark.jit
def test_value_and_bound_of_a_kernel():
    """In single precision both were off, the value by 42 % and the bound was 0."""
    X, y = make_blobs(200, centers=[[0.0], [10.0], [25.0]], random_state=1)
    C = X - X.mean(axis=0)
    model = SDPKMeans(3, affinity="precomputed", random_state=0).fit(C @ C.T)
    best = naive.inertia(X, y)
    np.testing.assert_allclose(model.relaxed_inertia_, best, rtol=2e-4)
    np.testing.assert_allclose(model.lower_bound_, best, rtol=1e-5)
    Z = model.membership_matrix()
    inner = np.trace(C @ C.T) - np.vdot(C @ C.T, Z)
    # Z meets its constraints up to tol: its value may lie below the bound by as much.
    np.testing.assert_allclose(model.relaxed_inertia_, inner, rtol=model.tol)


def test_bound_of_a_kernel_is_that_of_its_points():
    """The margin for the roots of a kernel grew with n^2: 1e-4 was lost here."""
    X, _ = make_blobs(200, centers=4.0 ** np.arange(2, 7)[:, None], random_state=0)
    C = X - X.mean(axis=0)
    bounds = [
        _bounds.known_bound(points, 5).bound * points.scale
        for points in (Points(X), Points(gram=C @ C.T))
    ]
    np.testing.assert_allclose(bounds[1], bounds[0], rtol=5e-6)


@pytest.mark.jit
@pytest.mark.filterwarnings("ignore:The relaxation")
def test_more_work_gives_no_lower_bound():
    """More clusters than there are groups: the ADMM is slow, in both precisions."""
    X = make_blobs(80, centers=4, cluster_std=0.6, random_state=3)[0]
    bounds = [
        kmeans_lower_bound(X, 6, max_iter=max_iter, tol=tol).lower_bound
        for max_iter, tol in [(50, 1e-3), (150, 1e-3), (500, 1e-3), (1000, 1e-5)]
    ]
    assert bounds == sorted(bounds)
    assert bounds[-1] > 1.05 * bounds[0]


@pytest.mark.jit
def test_a_stall_says_so():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, 4)) + 3 * rng.integers(0, 5, (60, 1))
    n_iter = []
    for max_iter in (300, 20_000):
        model = SDPKMeans(8, max_iter=max_iter, random_state=0)
        sentence = "did not converge in 300 iterations .* raise max_iter or tol"
        if max_iter > 300:
            sentence = "stalled after [0-9]+ iterations .*more iterations would not"
        with pytest.warns(ConvergenceWarning, match=sentence):
            model.fit(X)
        n_iter.append(model.n_iter_)
    assert n_iter[0] == 300
    assert 300 < n_iter[1] < 5000


def test_precision_is_doubled_within_max_iter():
    X, _ = mixture(60, 3, 3)
    points = Points(X)
    made = []

    @contextmanager
    def step():
        made.append(1)
        yield

    options = {"tol": 1e-7, "max_iter": 150, "step": step}
    solution = _admm.solve(points, 3, **options)
    assert solution.dual.dtype == np.float64
    assert solution.n_iter == len(made) <= 150


@pytest.mark.jit
@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
)
def test_numpy_integers(kind):
    """Small ones overflow in sums, unsigned ones in differences."""
    kind, labels = np.dtype(kind).type, np.arange(150) // 50
    call = {"method": "sdp", "max_iter": kind(100)}
    expected = kmeans_lower_bound(IRIS, 3, method="sdp", max_iter=100)
    assert kmeans_lower_bound(IRIS, kind(3), **call) == expected
    blocks = {"method": "blocks", "random_state": 0}
    expected = certify_kmeans(IRIS, labels, block_size=50, **blocks)
    given = labels.astype(kind)
    assert certify_kmeans(IRIS, given, block_size=kind(50), **blocks) == expected


def test_boolean_labels():
    X, labels = mixture(30, 2, 9)
    assert certify_kmeans(X, labels == 1) == certify_kmeans(X, labels)


@pytest.mark.jit
def test_a_sample_of_all_points_is_solved_once(monkeypatch):
    solve, calls = _admm.solve, []
    monkeypatch.setattr(
        _admm, "solve", lambda *a, **o: calls.append(1) or solve(*a, **o)
    )
    labels = np.arange(150) // 50
    for result in (
        certify_kmeans(IRIS, labels, method="monte-carlo"),
        kmeans_lower_bound(IRIS, 3, method="monte-carlo", random_state=0),
    ):
        assert result.rigorous
        assert result.method == "sdp"
    assert len(calls) == 2


@pytest.mark.filterwarnings("ignore:The relaxation stalled")
def test_a_point_that_is_very_far():
    for X, labels in (
        ([[0], [1], [10], [11], [1e18]], [0, 1, 0, 1, 2]),
        ([[1e18], [0], [1], [10], [11]], [2, 0, 1, 0, 1]),
    ):
        result = certify_kmeans(X, labels)
        assert result.inertia == 100
        assert result.lower_bound <= 1
        assert not result.certified


def test_repeated_rows():
    X = np.repeat([[1.1, 2.3], [3.7, 1.9], [5.3, 9]], [3, 5, 7], axis=0)
    labels = np.repeat([0, 1, 2], [3, 5, 7])
    for method in METHODS:
        result = certify_kmeans(X, labels, method=method, block_size=5, sample_size=5)
        assert result.certified
        assert result.inertia == result.gap == 0


def test_differences_within_clusters_that_underflow():
    X = [[0.0], [1e-170], [1e-169], [1.1e-169], [1.0]]
    with pytest.raises(ValueError, match="squared distances within clusters below"):
        certify_kmeans(X, [0, 1, 0, 1, 2])


def test_powers_of_2_change_nothing():
    X, labels = mixture(30, 3, 4)
    first = certify_kmeans(X, labels)
    scaled = certify_kmeans(X * 2.0**400, labels)
    assert scaled.inertia == first.inertia * 2.0**800
    np.testing.assert_allclose(scaled.gap, first.gap, rtol=1e-9)


def test_errors_name_the_function():
    with pytest.raises(ValueError, match="kmeans_lower_bound does not accept"):
        kmeans_lower_bound(np.array([[np.nan], [1.0]]), 1)


@pytest.mark.parametrize("method", ["auto", "spectral", "sdp", "blocks"])
def test_one_cluster(method):
    """The only clustering is the best one, and nothing warns."""
    X = np.random.default_rng(0).normal(size=(12, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bound = kmeans_lower_bound(X, 1, method=method, block_size=12, random_state=0)
    np.testing.assert_allclose(bound.lower_bound, ((X - X.mean(0)) ** 2).sum())
