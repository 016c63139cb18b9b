"""Bad input, told in one sentence before any work; a fit that fails leaves nothing."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import pairwise_distances

from skextras.cluster import KMedoids


class Counter:
    """A metric that counts its calls, and is interrupted at one of them."""

    def __init__(self, stop=None):
        self.calls, self.stop = 0, stop

    def __call__(self, x, y):
        self.calls += 1
        if self.calls == self.stop:
            raise KeyboardInterrupt
        return abs(x - y).sum()


def rows_of(value):
    """Return 12 rows of which one entry is bad."""
    rows = np.arange(36.0).reshape(12, 3)
    rows[7, 1] = value
    return rows


SENTENCES = [
    ({"n_clusters": 13}, {}, "n_samples=12 must be >= n_clusters=13"),
    ({"n_clusters": 0}, {}, r"'n_clusters' parameter .* range \[1, inf\).* Got 0"),
    ({"n_clusters": 2.5}, {}, r"'n_clusters' parameter .* int .* Got 2\.5"),
    ({"metric": "euclid"}, {}, "'metric' parameter .*'euclidean'.* Got 'euclid'"),
    ({"method": "clara"}, {}, "'method' parameter .*'fasterpam'.* Got 'clara'"),
    ({"init": "++"}, {}, r"'init' parameter .*'k-medoids\+\+'.* Got '\+\+'"),
    ({"n_init": 0}, {}, "'n_init' parameter .* Got 0"),
    ({"max_iter": 0}, {}, "'max_iter' parameter .* Got 0"),
    ({}, {"X": rows_of(np.nan)}, "Input X contains NaN"),
    ({}, {"X": rows_of(np.inf)}, "Input X contains infinity"),
    ({}, {"X": sparse.csr_array(rows_of(np.nan))}, "Input X contains NaN"),
    ({"init": [0, 1, 12]}, {}, "init holds the index 12: .* from 0 to 11"),
    ({"init": [-1, 1, 2]}, {}, "init holds the index -1: .* from 0 to 11"),
    ({"init": [4, 1, 4]}, {}, "init holds the index 4 2 times"),
    ({"init": [1, 2]}, {}, "init holds 2 medoids and n_clusters=3"),
    ({"init": [0.0, 1.0, 2.0]}, {}, "init must be .* integer .* float64"),
    ({"init": rows_of(-5)[5:8]}, {}, "init row 2 is not a row of X"),
    ({"init": rows_of(22)[:4]}, {}, "init holds 4 medoids and n_clusters=3"),
    ({"init": np.ones((3, 2))}, {}, r"init must hold .* 3 features, .* \(3, 2\)"),
    ({"init": np.full((3, 3), np.nan)}, {}, "init holds NaN or infinity"),
    ({"init": rows_of(22)[[1, 2, 1]]}, {}, "init must hold distinct points.* 0 and 2"),
    ({}, {"sample_weight": [1, 2]}, r"sample_weight.shape == \(2,\), expected \(12,\)"),
    ({}, {"sample_weight": 2 - np.arange(12)}, "must not be negative, got -9 .* 11"),
    ({}, {"sample_weight": np.zeros(12)}, "(?i)sample.weight.*zero"),
    ({}, {"sample_weight": [np.nan] * 12}, "sample_weight contains NaN"),
    (
        {"init": [0, 1, 2]},
        {"sample_weight": np.arange(12) % 2},
        "init holds sample 0, whose weight is 0",
    ),
]


@pytest.mark.parametrize(("params", "data", "sentence"), SENTENCES)
def test_bad_input(params, data, sentence):
    metric = Counter()
    model = KMedoids(**{"n_clusters": 3, "metric": metric, **params})
    with pytest.raises(ValueError, match=sentence):
        model.fit(**{"X": rows_of(22), **data})
    assert metric.calls == 0
    assert set(vars(model)) == set(model.get_params())


def matrix_of(value, place=(3, 1)):
    """Return a matrix of which one entry is bad."""
    distances = pairwise_distances(rows_of(22))
    distances[place] = value
    return distances


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        (np.ones((4, 3)), r"precomputed X must be square, got the shape \(4, 3\)"),
        (
            matrix_of(np.nan),
            "precomputed X must be finite .* got nan at row 3, column 1",
        ),
        (
            matrix_of(np.inf),
            "precomputed X must be finite .* got inf at row 3, column 1",
        ),
        (matrix_of(-2.0), r"precomputed X must be >= 0, got -2\.0 at row 3, column 1"),
        (matrix_of(-2.0, (1, 3)), r"must be >= 0, got -2\.0 at row 1, column 3"),
    ],
)
def test_bad_matrix(X, sentence, layout):
    with pytest.raises(ValueError, match=sentence):
        KMedoids(3, metric="precomputed").fit(layout(X))


def test_bad_start_with_a_matrix():
    with pytest.raises(ValueError, match=r"init must hold indices .* \(2, 12\)"):
        KMedoids(2, metric="precomputed", init=matrix_of(1)[:2]).fit(matrix_of(1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
@pytest.mark.parametrize("method", ["predict", "transform", "score"])
def test_bad_queries(method, value):
    model = KMedoids(3, metric="precomputed", random_state=0).fit(matrix_of(1))
    column = model.medoid_indices_[1]
    sentence = r"Input X contains|Negative values in data: precomputed X.* row 2"
    with pytest.raises(ValueError, match=sentence):
        getattr(model, method)(matrix_of(value, (2, column)))
    model = KMedoids(3, random_state=0).fit(rows_of(22))
    if value != -1:
        with pytest.raises(ValueError, match="Input X contains"):
            getattr(model, method)(rows_of(value))


@pytest.mark.parametrize("method", ["predict", "transform", "score"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError, match="KMedoids instance is not fitted yet"):
        getattr(KMedoids(), method)(rows_of(22))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_not_enough_memory(monkeypatch, dtype):
    monkeypatch.setattr("skextras._memory.available_memory", lambda: 2e8)
    X = np.arange(12000, dtype=dtype)[:, None]
    size = {np.float32: r"0\.[67] GB", np.float64: r"1\.[23] GB"}[dtype]
    sentence = f"between 12000 points takes {size} and 0.2 GB are left: choose method="
    model = KMedoids(3, method="pam")
    with pytest.raises(MemoryError, match=sentence):
        model.fit(X)
    assert set(vars(model)) == set(model.get_params())
    KMedoids(3).fit(X[:100])
    KMedoids(3).fit(np.repeat(X[:50], 240, axis=0))  # few distinct points


def test_unknown_memory_is_no_error(monkeypatch):
    monkeypatch.setattr("skextras._memory.available_memory", lambda: None)
    KMedoids(3).fit(rows_of(22))


@pytest.mark.parametrize("fitted", [False, True])
def test_interrupted_fit(X, fitted):
    """At the first and last distance, and at those to the medoids that are found."""
    whole = Counter()
    KMedoids(5, metric=whole, random_state=0).fit(X)
    for stop in (1, whole.calls // 2, whole.calls - 1, whole.calls):
        metric = Counter()
        model = KMedoids(5, metric=metric, random_state=0)
        if fitted:
            model.fit(X[:30])
        before = dict(vars(model))
        metric.stop = metric.calls + stop
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
        assert vars(model) == before
        assert all(vars(model)[name] is value for name, value in before.items())
        if not fitted:
            with pytest.raises(NotFittedError):
                model.predict(X)


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_warning_taken_for_an_error(X):
    model = KMedoids(5, max_iter=1, init="first", random_state=0)
    with pytest.raises(ConvergenceWarning):
        model.fit(X)
    assert set(vars(model)) == set(model.get_params())
