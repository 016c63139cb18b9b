"""Sparse rows in any format: as dense ones, and left as they were."""

import copy
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics import pairwise_distances

from skextras.cluster import CLARA, CLARANS, KMedoids, MedoidSilhouette, k_path

METRICS = ["euclidean", "sqeuclidean", "cosine", "manhattan"]


def whole_numbers(seed=0, n=70, p=12):
    """Return small integers, whose sums of products are exact; some rows are 0."""
    rng = np.random.default_rng(seed)
    X = rng.integers(1, 9, (n, p)) * (rng.uniform(size=(n, p)) < 0.25)
    X[:3] = 0
    return X.astype(float)


def reversed_rows(X):
    """Return CSR rows whose indices descend."""
    X = sparse.csr_array(X)
    order = np.concatenate(
        [np.arange(X.indptr[i], X.indptr[i + 1])[::-1] for i in range(X.shape[0])]
    )
    return sparse.csr_array((X.data[order], X.indices[order], X.indptr), X.shape)


def in_parts(X):
    """Return CSR rows of which each entry is stored as 3 + (x - 3), with zeros."""
    X = sparse.csr_array(X)
    n = np.diff(X.indptr)
    data = [np.r_[X.data[a:b] - 3, np.full(b - a, 3.0), 0.0]
            for a, b in zip(X.indptr, X.indptr[1:], strict=False)]  # fmt: skip
    columns = [np.r_[X.indices[a:b], X.indices[a:b], 1]
               for a, b in zip(X.indptr, X.indptr[1:], strict=False)]  # fmt: skip
    starts = np.r_[0, np.cumsum(2 * n + 1)]
    parts = np.concatenate(data), np.concatenate(columns), starts
    return sparse.csr_array(parts, shape=X.shape)


def coo_in_parts(X):
    X = sparse.coo_array(X)
    rows, columns = (np.r_[place, place] for place in X.coords)
    return sparse.coo_array(
        (np.r_[X.data - 2, X.data * 0 + 2], (rows, columns)), X.shape
    )


def long_indices(X):
    X = sparse.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def close(one, other):
    assert_allclose(one, other, rtol=1e-13, atol=1e-15)


FORMATS = [
    reversed_rows, in_parts, coo_in_parts, long_indices, sparse.csr_matrix,
    sparse.csc_array, sparse.coo_matrix, sparse.lil_array, sparse.dok_matrix,
    sparse.bsr_array, sparse.dia_array,
]  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("container", FORMATS)
def test_equals_dense(container, metric):
    """The same bits where the arithmetic is the same: "manhattan"."""
    D = whole_numbers()
    X = container(D)
    before = copy.deepcopy(vars(X))
    model = KMedoids(6, metric=metric, random_state=0)
    dense, found = (copy.copy(model).fit(rows) for rows in (D, X))
    assert_array_equal(found.medoid_indices_, dense.medoid_indices_)
    assert_array_equal(found.labels_, dense.labels_)
    same = assert_array_equal if metric == "manhattan" else close
    same(found.distances_, dense.distances_)
    for rows in (X, D):
        same(found.transform(rows), dense.transform(D))
        assert_array_equal(found.predict(rows), found.labels_)
        assert_allclose(found.score(rows), dense.score(D), rtol=1e-14)
    assert_array_equal(found.cluster_centers_.toarray(), D[found.medoid_indices_])
    after = vars(X)
    assert before.keys() >= after.keys() - {
        "_has_sorted_indices",
        "_has_canonical_format",
    }
    for name in ("data", "indices", "indptr", "row", "col", "offsets"):
        if name in after:
            assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "model",
    [
        KMedoids(5, method="pam", init="build"),
        KMedoids(5, method="alternate", init="heuristic"),
        KMedoids(5, method="onebatch", n_jobs=2),
        KMedoids(5, method="fasterpam", memory_limit=10_000),
        CLARA(5, n_jobs=2),
        CLARANS(5),
        MedoidSilhouette(5),
    ],
    ids=lambda model: f"{type(model).__name__} {getattr(model, 'method', '')}",
)
def test_every_estimator(model, metric):
    D = whole_numbers(1)
    model = model.set_params(metric=metric, random_state=1)
    dense, found = (copy.copy(model).fit(X) for X in (D, in_parts(reversed_rows(D))))
    if metric == "manhattan":  # elsewhere the last digit may decide
        assert_array_equal(found.labels_, dense.labels_)
    to_medoids = pairwise_distances(D, D[found.medoid_indices_], metric=metric)
    if metric == "cosine":
        zeros = ~D.any(axis=1)
        to_medoids[np.ix_(zeros, zeros[found.medoid_indices_])] = 0
    assert_allclose(found.distances_, to_medoids.min(axis=1), atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_path_and_starts(metric):
    D = whole_numbers(2)
    X = in_parts(D)
    one, other = (
        k_path(rows, [2, 4], metric=metric, random_state=0) for rows in (D, X)
    )
    assert_allclose(one.loss, other.loss)
    rows = [5, 9, 20]
    for init in (D[rows], X[rows], reversed_rows(D[rows]), rows):
        models = [
            KMedoids(3, metric=metric, init=init, random_state=0).fit(Y) for Y in (D, X)
        ]
        assert_array_equal(*(model.medoid_indices_ for model in models))


@pytest.mark.jit
def test_indices_of_a_product():
    """A product of two sparse matrices has unsorted indices."""
    left = sparse.random(200, 50, 0.1, "csr", random_state=0)
    right = sparse.random(50, 20, 0.2, "csr", random_state=1)
    X = reversed_rows(left @ right)
    for n_jobs in (1, 2):
        model = KMedoids(5, metric="manhattan", n_jobs=n_jobs, random_state=0).fit(X)
        assert (
            model.inertia_ == KMedoids(**model.get_params()).fit(X.toarray()).inertia_
        )
        assert_array_equal(model.predict(X), model.labels_)


def test_rows_without_entries():
    X = [[0, 0]] * 3 + [[1, 0], [2, 0], [0, 1], [0, 3]]
    for rows in (X, sparse.csr_array(X)):
        model = KMedoids(3, metric="cosine", random_state=0).fit(rows)
        assert model.inertia_ == 0
        assert len(set(model.labels_[:3])) == 1


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean"])
def test_digits_that_cancel(metric):
    """Far from 0, squared norms have no digits left for the distances."""
    rng = np.random.default_rng(0)
    D = np.zeros((40, 6))
    D[:, :2] = 2.0**40 + rng.integers(0, 50, (40, 2))
    model = KMedoids(4, metric=metric, random_state=0)
    found = model.fit(sparse.csr_array(D)).transform(sparse.csr_array(D))
    steps = D[:, None] - D[model.medoid_indices_]
    exact = (steps**2).sum(axis=2)
    assert_allclose(found, np.sqrt(exact) if metric == "euclidean" else exact)


@pytest.mark.jit
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sizes_beyond_squares(metric, dtype):
    """The same labels, and distances times the power of two."""
    D = whole_numbers(3).astype(dtype)
    plain = KMedoids(4, metric=metric, random_state=0).fit(sparse.csr_array(D))
    top = np.finfo(dtype).maxexp - 24
    powers = (-top // 3, top // 3) if metric == "sqeuclidean" else (-top, top)
    degree = {"sqeuclidean": 2, "cosine": 0}.get(metric, 1)
    for power in powers:
        X = sparse.csr_array(np.ldexp(D, power))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = KMedoids(4, metric=metric, random_state=0).fit(X)
            assert_array_equal(found.predict(X), found.labels_)
        assert_array_equal(found.labels_, plain.labels_)
        expected = np.ldexp(plain.distances_, degree * power)
        assert_allclose(found.distances_, expected, rtol=1e-6)


def test_sums_of_parts_that_overflow():
    X = sparse.csr_array(([1e308, 1e308, 1.0], [0, 0, 1], [0, 2, 3]), shape=(2, 2))
    with pytest.raises(ValueError, match="duplicate entries whose sums overflow"):
        KMedoids(1).fit(X)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("params", [{"foo": 1}, {"p": 3}, {1: 2}])
def test_arguments_that_a_metric_does_not_take(metric, params):
    model = KMedoids(2, metric=metric, metric_params=params)
    with pytest.raises(ValueError, match=r"metric_params=\[.*\] do not suit metric="):
        model.fit(sparse.csr_array(whole_numbers()))
