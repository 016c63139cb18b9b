"""From subnormal numbers to the largest: the right result, or one sentence."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import pairwise_distances

from skextras.cluster import CLARA, CLARANS, KMedoids, MedoidSilhouette, fasterpam

#: Of each metric: by which power of a constant it grows with X.
DEGREES = {
    "euclidean": 1, "manhattan": 1, "chebyshev": 1, "minkowski": 1, "sqeuclidean": 2,
    "cosine": 0, "correlation": 0, "canberra": 0, "braycurtis": 0, "seuclidean": 0,
    "mahalanobis": 0, "gower": 0,
}  # fmt: skip


@pytest.fixture
def groups():
    """Return 40 points in three groups, exact in float32, positive, without ties."""
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 9, (40, 3)) + 40 * rng.integers(0, 3, (40, 1)) + [0, 1, 5]
    return X.astype(np.float32).astype(np.float64)


def fit(X, model=None, **options):
    """Fit without a warning of any kind."""
    model = KMedoids(3, random_state=0) if model is None else model
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model.set_params(**options).fit(X)


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", DEGREES)
@pytest.mark.parametrize("share", [-1, -0.5, 0.5, 0.9])
def test_powers_of_two(groups, metric, dtype, share):
    """Labels stay, and dissimilarities grow as they must."""
    degree = DEGREES[metric]
    params = {"metric_params": {"p": 3}} if metric == "minkowski" else {}
    power = int(share * (np.finfo(dtype).maxexp - 20) / max(degree, 1))
    X = groups.astype(dtype)
    plain = fit(X, metric=metric, **params)
    found = fit(np.ldexp(X, power), metric=metric, **params)
    assert_array_equal(found.labels_, plain.labels_)
    expected = np.ldexp(plain.distances_, degree * power)
    rtol = 1e-3 if dtype == np.float32 else 1e-9  # products lose digits
    assert_allclose(found.distances_, expected, rtol=rtol)
    assert_array_equal(found.predict(np.ldexp(X, power)), found.labels_)
    assert found.score(np.ldexp(X, power)) < 0


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine", "minkowski"])
@pytest.mark.parametrize("far", [1e12, 1e25, 1e100])
def test_one_sample_far_away(groups, metric, far):
    """The others are still told apart: squares and means of its size hide them."""
    X = np.r_[groups, [[far, -far, far]]]
    params = {"metric_params": {"p": 3}} if metric == "minkowski" else {}
    found = fit(X, metric=metric, n_clusters=4, init="build", **params)
    kwargs = params.get("metric_params", {})
    exact = pairwise_distances(groups, X[found.medoid_indices_], metric, **kwargs)
    assert_allclose(found.distances_[:40], exact.min(axis=1), rtol=1e-9, atol=1e-15)
    assert_allclose(found.transform(groups), exact, rtol=1e-9, atol=1e-15)


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_queries_far_larger_than_the_training_data(groups, dtype):
    found = fit(groups.astype(dtype))
    far = np.array([[0.5, 0, 0], [0, -0.25, 0], [0.25, 0.25, 0]], dtype=dtype)
    far = np.ldexp(far, np.finfo(dtype).maxexp - 1)
    queries = np.r_[far, groups.astype(dtype)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distances = found.transform(queries)
        assert found.score(queries) < 0
        assert_array_equal(found.predict(queries)[3:], found.labels_)
    assert_allclose(
        distances[:2], abs(far).max(axis=1)[:2, None] * [1, 1, 1], rtol=1e-6
    )
    assert_allclose(distances[2], far[2, 0] * np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_directions_of_rows_of_any_norm(dtype):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 4)).astype(dtype)
    powers = rng.integers(-np.finfo(dtype).maxexp // 2, np.finfo(dtype).maxexp - 4, 80)
    found = fit(np.ldexp(X, powers[:, None]), metric="cosine")
    D = pairwise_distances(X.astype(np.float64), metric="cosine")
    assert_allclose(
        found.distances_, D[:, found.medoid_indices_].min(axis=1), atol=1e-6
    )


def test_close_points_and_a_high_power():
    """A distance of 0.01 to the power of 200 is no number."""
    X = np.r_[0.01 * np.arange(5.0), 1 + 0.01 * np.arange(5.0)][:, None] * [1, 1]
    found = fit(X, metric="minkowski", metric_params={"p": 200}, n_clusters=2)
    assert found.inertia_ == pytest.approx(12 * 0.01 * 2 ** (1 / 200))


HUGE = np.finfo(float).max
MODELS = [
    KMedoids(4), KMedoids(4, method="pam"), KMedoids(4, method="alternate"),
    KMedoids(4, method="onebatch"), KMedoids(4, method="fastclara"),
    KMedoids(4, method="fastclarans"), KMedoids(4, min_cluster_size=3), KMedoids(1),
    CLARA(4), CLARANS(4), CLARANS(4, method="clarans"), MedoidSilhouette(4),
]  # fmt: skip


def far_pairs(value):
    D = np.random.default_rng(0).uniform(size=(60, 60))
    D = D + D.T
    np.fill_diagonal(D, 0)
    D[D > 1.4] = value
    return D


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("value", [HUGE])
def test_sums_that_overflow_are_refused(model, value):
    model.set_params(metric="precomputed")
    with pytest.raises(ValueError, match=r"must stay below .* a thousand times"):
        model.fit(far_pairs(value))
    with pytest.raises(ValueError, match="must stay below"):
        fasterpam(far_pairs(value), 4)


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("value", [1e300, 1e30])
def test_large_numbers_for_out_of_reach(model, value):
    """Finite, and the loss is that of the labels."""
    D = far_pairs(value)
    model.set_params(metric="precomputed", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(D)
    assert_array_equal(model.distances_, D[:, model.medoid_indices_].min(axis=1))
    assert model.inertia_ == pytest.approx(model.distances_.sum())
    assert np.isfinite(model.inertia_)


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("power", [-1070, -1000, 940])
def test_precomputed_powers_of_two(model, power):
    """The same medoids, as long as the entries are exact."""
    D = np.rint(100 * far_pairs(1.4))
    model.set_params(metric="precomputed", random_state=0)
    plain = model.fit(D).medoid_indices_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(np.ldexp(D, power))
    assert_array_equal(model.medoid_indices_, plain)


@pytest.mark.parametrize("metric", ["sqeuclidean", "canberra", "braycurtis"])
def test_what_cannot_be_scaled_is_refused(groups, metric):
    X = np.ldexp(groups, -600 if metric == "sqeuclidean" else 1016)
    with pytest.raises(ValueError, match=rf"metric='{metric}'.*by a constant"):
        KMedoids(3, metric=metric).fit(X)


@pytest.mark.parametrize("metric", ["mahalanobis", "seuclidean"])
@pytest.mark.parametrize("size", [2.0**-1070, 2.0**-300, 2.0**490])
def test_estimated_variances_with_weights_of_any_size(metric, size):
    """Up to the factor of an unbiased estimate, which takes weights for repetitions."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(30, 3)), rng.integers(1, 4, 30).astype(float)
    plain = KMedoids(3, metric=metric, random_state=0).fit(X, sample_weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = KMedoids(3, metric=metric, random_state=0)
        model.fit(X, sample_weight=weight * size)
    assert_array_equal(model.labels_, plain.labels_)
    ratio = model.distances_.sum() / plain.distances_.sum()
    total = weight.sum()  # 1 - 1 / total is 1 for huge weights, and left out below 1
    assert ratio == pytest.approx(np.sqrt(total / (total - 1)), rel=1e-12)


def test_centers_beyond_the_range_of_single_precision():
    X = np.array([[1e200, 0.0], [0.0, 1.0], [1.0, 0.0]])
    model = KMedoids(2, random_state=0).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="finite"):
            model.transform(X[1:].astype(np.float32))


def test_new_points_too_far_for_the_scale_of_the_features():
    """Scaled by the powers of two of the training rows, they are refused, no more."""
    X = np.random.default_rng(0).normal(size=(20, 2)) * 1e-310
    model = KMedoids(3, metric="mahalanobis", random_state=0).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="infinity"):
            model.predict([[1e300, 1e300]])
