"""The Gower dissimilarity: against its definition, in both estimators."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from skextras.cluster import CLARA, KMedoids
from tests.naive import medoids as naive
from tests.problems import assert_same_fit, gower, mixed_table

NAN = np.nan


def naive_matrix(X, Y, categorical, ranges, weights=None):
    weights = np.ones(X.shape[1]) if weights is None else weights
    return np.array(
        [[naive.gower(x, y, categorical, ranges, weights) for y in Y] for x in X]
    )


def all_to_all(X, **options):
    """Return the matrix by which KMedoids transforms if every point is a medoid."""
    model = KMedoids(len(X), init=list(range(len(X))), **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Only")
        model.fit(X)
    return model.transform(X)[:, model.medoid_indices_.argsort()]


def ranges_of(X):
    return np.nanmax(X, axis=0) - np.nanmin(X, axis=0)


def test_worked_by_hand():
    """By the formula of R's daisy: age, colour (a category), height."""
    X = np.array([[20, 0, 1.0], [30, 0, 1.5], [NAN, 1, 2.0], [60, NAN, 1.0]])
    expected = [
        [0, 0.25, 1, 0.5],  # (10/40 + 0 + 0.5) / 3; (1 + 1) / 2; (40/40 + 0) / 2
        [0.25, 0, 0.75, 0.625],  # (1 + 0.5) / 2; (30/40 + 0.5) / 2
        [1, 0.75, 0, 1],  # height alone
        [0.5, 0.625, 1, 0],
    ]
    np.testing.assert_array_equal(
        all_to_all(X, **gower(categorical_features=[1])), expected
    )


@given(st.integers(1, 12), st.integers(1, 5), st.data())
def test_equals_naive(n, p, data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    values = st.integers(-3, 3) | st.just(NAN) | st.floats(-1e6, 1e6, width=32)
    X = data.draw(arrays(dtype, (n, p), elements=values))
    mask = data.draw(arrays(bool, p))
    weights = data.draw(arrays(float, p, elements=st.integers(0, 3)).filter(np.any))
    ranges = data.draw(st.none() | arrays(float, p, elements=st.integers(0, 9)))
    params = {"categorical_features": mask, "weights": weights, "ranges": ranges}
    found = all_to_all(X, **gower(**params))
    if ranges is None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="All-NaN")
            ranges = ranges_of(X.astype(float))
    expected = naive_matrix(X, X, mask, ranges, weights)
    tolerance = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    assert found.dtype == dtype


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("estimator", [KMedoids, CLARA])
def test_fit_describes_itself(estimator, dtype):
    X = mixed_table(n=300, dtype=dtype)
    model = estimator(3, random_state=0, **gower(categorical_features=[2, 3])).fit(X)
    ranges, mask = ranges_of(X), np.array([0, 0, 1, 1])
    expected = naive_matrix(X, X[model.medoid_indices_], mask, ranges)
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    np.testing.assert_array_equal(model.transform(X).min(axis=1), model.distances_)
    np.testing.assert_array_equal(model.cluster_centers_, X[model.medoid_indices_])
    assert model.distances_.dtype == model.transform(X).dtype == dtype
    for n_jobs in (2, -1):
        assert_same_fit(model, clone(model).set_params(n_jobs=n_jobs).fit(X))


@pytest.mark.parametrize(
    "options",
    [
        {"memory_limit": 80 * (80 + 4 * 8)},  # no more than codes and a table
        {"method": "onebatch"},
        {"method": "fastclarans"},
        {"method": "pam", "init": "lab"},
        {"method": "alternate", "init": "build"},
    ],
)
def test_other_methods(options):
    X = mixed_table(n=80)
    model = KMedoids(4, random_state=0, **gower(categorical_features=[2, 3]))
    D = all_to_all(X, **gower(categorical_features=[2, 3]))
    held = clone(model).fit(X)
    model.set_params(**options).fit(X)
    assert model.inertia_ == pytest.approx(naive.cost(D, model.medoid_indices_))
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    if "memory_limit" in options:
        assert model.storage_ == "bytes"
        assert_same_fit(model, held)


def test_a_local_optimum_as_of_the_matrix():
    X = mixed_table(n=70)
    D = all_to_all(X, **gower(categorical_features=[2, 3]))
    np.testing.assert_array_equal(D, D.T)
    model = KMedoids(4, random_state=0, **gower(categorical_features=[2, 3])).fit(X)
    assert model.inertia_ == pytest.approx(naive.cost(D, model.medoid_indices_))
    assert naive.pam_swap(D, model.medoid_indices_) is None


@pytest.mark.jit
def test_tiles_fit_together():
    """More points than a tile has rows; new points against the same."""
    X = mixed_table(n=600)
    D = all_to_all(X, **gower(categorical_features=[2]))
    np.testing.assert_array_equal(D, D.T)
    some = [0, 255, 256, 511, 599]
    expected = naive_matrix(X[some], X, np.array([0, 0, 1, 0]), ranges_of(X))
    np.testing.assert_allclose(D[some], expected, rtol=1e-12)


def test_ranges_are_those_of_training_rows_that_count():
    X = np.array([[0.0, 0], [1, 10], [4, 5], [100, 7]])
    model = KMedoids(2, init=[0, 1], max_iter=1, **gower())
    model.fit(X, sample_weight=[1, 1, 1, 0])
    assert model.medoid_indices_.tolist() == [0, 1]
    new = np.array([[8, 0.0], [2, 20]])
    expected = [[8 / 4 / 2, (7 / 4 + 1) / 2], [(2 / 4 + 2) / 2, (1 / 4 + 1) / 2]]
    np.testing.assert_allclose(model.transform(new), expected)
    np.testing.assert_allclose(model.transform(new[:1]), expected[:1])


def test_features_without_range_count_as_equal():
    X = np.array([[5, 1.0, NAN], [5, 2, NAN], [5, 3, NAN]])
    expected = [[0, 0.25, 0.5], [0.25, 0, 0.25], [0.5, 0.25, 0]]
    np.testing.assert_allclose(all_to_all(X, **gower()), expected)


def test_nothing_in_common():
    """Rows are then at 1, and one without any value is at 1 of itself."""
    X = np.array([[1, NAN], [NAN, 1], [NAN, NAN], [2.0, 3.0]])
    expected = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]]
    np.testing.assert_array_equal(all_to_all(X, **gower()), expected)
    D = all_to_all(X, **gower(weights=[0, 1]))
    np.testing.assert_array_equal(D[0], [1, 1, 1, 1])
    X = np.array([[1e308, 1], [-1e308, 3], [0, 2]])
    D = all_to_all(X, **gower(weights=[0, 1]))
    np.testing.assert_array_equal(D, [[0, 1, 0.5], [1, 0, 0.5], [0.5, 0.5, 0]])


@pytest.mark.parametrize("metric", ["gower", "nan_euclidean"])
def test_rows_with_missing_entries_are_merged(metric):
    """Equal rows are points of weight 2, whatever the bits of their NaN."""
    X = mixed_table(n=40, missing=0.1)
    other = X.copy()
    other[np.isnan(X)] = -np.array(NAN)
    both = np.vstack([X, other])
    single = KMedoids(3, metric=metric, random_state=0).fit(X)
    twice = KMedoids(3, metric=metric, random_state=0).fit(both)
    np.testing.assert_array_equal(single.cluster_centers_, twice.cluster_centers_)
    assert twice.inertia_ == pytest.approx(2 * single.inertia_)
    rows = [3, 5, 7]
    start = KMedoids(3, metric=metric, init=other[rows], random_state=0).fit(X)
    same = KMedoids(3, metric=metric, init=rows, random_state=0).fit(X)
    assert_same_fit(start, same)
