"""A shift of the data, and the memory that is there, change no result."""

import numpy as np
import pytest

from skextras.cluster import KMedoids
from tests.problems import assert_same_fit

SHIFT = 1.7e9
#: What a shift of all rows by the same vector does not change.
INVARIANT = [
    ("euclidean", None), ("euclidean", {"squared": True}), ("sqeuclidean", None),
    ("nan_euclidean", None), ("nan_euclidean", {"squared": True}), ("l2", None),
    ("seuclidean", None), ("mahalanobis", None), ("manhattan", None), ("l1", None),
    ("cityblock", None), ("chebyshev", None), ("minkowski", {"p": 3}), ("gower", None),
]  # fmt: skip


def two_groups():
    """Return multiples of 1/256, which are exact beside the shift."""
    rng = np.random.default_rng(0)
    t = np.r_[rng.normal(0, 10, 30), rng.normal(300, 10, 30)]
    return np.round(np.c_[t, rng.normal(0, 10, 60)] * 256) / 256


@pytest.mark.parametrize(("metric", "params"), INVARIANT)
def test_a_shift_changes_nothing(metric, params):
    X, new = two_groups(), two_groups()[::3] + 0.5
    options = {"metric": metric, "metric_params": params, "init": "build"}
    if metric == "nan_euclidean":
        X[[0, 40], 1] = new[5, 1] = np.nan
    model = KMedoids(4, random_state=0, **options).fit(X)
    moved = KMedoids(4, random_state=0, **options).fit(X + SHIFT)
    np.testing.assert_array_equal(moved.medoid_indices_, model.medoid_indices_)
    assert moved.inertia_ == pytest.approx(model.inertia_, rel=1e-9)
    close = {"rtol": 1e-9, "atol": 1e-9}
    to_medoids = moved.transform(new + SHIFT)
    np.testing.assert_allclose(to_medoids, model.transform(new), **close)
    np.testing.assert_array_equal(moved.predict(new + SHIFT), model.predict(new))
    assert moved.score(new + SHIFT) == pytest.approx(model.score(new), rel=1e-9)


def test_missing_values_far_from_zero():
    """The timestamps of the issue: 430.60, not 67.88."""
    rng = np.random.default_rng(0)
    t = np.r_[rng.normal(0, 10, 30), rng.normal(300, 10, 30)]
    X = np.c_[1.7e9 + t, rng.normal(size=60)]
    X[0, 1] = np.nan
    model = KMedoids(2, metric="nan_euclidean", random_state=0).fit(X)
    near = KMedoids(2, metric="nan_euclidean", random_state=0).fit(X - [1.7e9, 0])
    assert model.inertia_ == pytest.approx(near.inertia_, rel=1e-9)


@pytest.mark.parametrize("marker", [np.nan, -1])
def test_missing_values_from_their_definition(marker):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5)).round(2)
    gone = rng.uniform(size=X.shape) < 0.3
    gone[:, 0] = False
    params = {"missing_values": marker}
    model = KMedoids(3, metric="nan_euclidean", metric_params=params, random_state=0)
    model.fit(np.where(gone, marker, X))
    for o, row in enumerate(model.transform(np.where(gone, marker, X))):
        for d, j in zip(row, model.medoid_indices_, strict=True):
            both = ~gone[o] & ~gone[j]
            expected = np.sqrt(((X[o] - X[j])[both] ** 2).sum() * 5 / both.sum())
            assert d == pytest.approx(expected, rel=1e-12, abs=1e-12)
    if marker == -1:
        with pytest.raises(ValueError, match=r"missing_values.* and X holds NaN"):
            model.fit(np.where(np.arange(40)[:, None] == 30, np.nan, X))


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("n_features", "grid"),
    [(1, 0.1), (2, 1.0), (2, 0.1), (8, 0.3), (9, 1.0), (40, 2.0)],
)
def test_memory_does_not_choose_among_ties(n_features, grid, dtype, metric):
    """For few features, and for integers, dissimilarities have the same bits."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = (rng.integers(0, 8, (100, n_features)) * dtype(grid)).astype(dtype)
        X = np.unique(X, axis=0)
        k, n = 4, len(X)
        options = {"metric": metric, "method": "fasterpam", "random_state": seed}
        held = KMedoids(k, **options).fit(X)
        codes = KMedoids(k, memory_limit=n * n + n * k * 8, **options).fit(X)
        assert (held.storage_, codes.storage_) == ("matrix", "bytes")
        np.testing.assert_array_equal(codes.medoid_indices_, held.medoid_indices_)
        assert_same_fit(codes, held)
