"""What a first user stumbled over: the message, or the right result."""

import numpy as np
import pytest
from numpy.linalg import pinv
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster import KMedoids, fasterpam


@pytest.mark.jit
def test_singular_covariance_is_refused():
    """Rounding leaves a tiny pivot where features depend on each other exactly."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(200, 3))
        X = np.c_[X, X @ rng.normal(size=3)] * [1e-6, 1, 1e6, 1]
        with pytest.raises(ValueError, match="needs an invertible covariance"):
            KMedoids(4, metric="mahalanobis").fit(X)
        given = {"VI": pinv(np.cov(X.T), rcond=1e-20)}
        KMedoids(4, metric="mahalanobis", metric_params=given).fit(X)


def test_covariance_in_any_units():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    options = {"metric": "mahalanobis", "method": "alternate", "init": range(4)}
    model = KMedoids(4, **options).fit(X)
    scaled = KMedoids(4, **options).fit(X * [1e-9, 1, 1e9])
    np.testing.assert_array_equal(model.labels_, scaled.labels_)
    given = KMedoids(4, metric_params={"V": np.cov(X.T)}, **options).fit(X)
    np.testing.assert_array_equal(model.labels_, given.labels_)


def test_rows_of_weight_zero_fill_up_last():
    X = np.array([[0.0], [1], [2], [5], [0]])
    model = KMedoids(3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="Only 2 distinct points .* weight 0"):
        model.fit(X, sample_weight=[1, 1, 0, 0, 1])
    assert set(model.medoid_indices_) == {0, 1, 4}


def test_faults_name_the_samples():
    X = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(ValueError, match=r"got nan between samples .*\b60\b"):
        KMedoids(3, metric="correlation").fit(np.r_[X, np.ones((1, 3))])


@pytest.mark.parametrize(
    ("metric", "params"),
    [("euclidean", {"foo": 1}), ("minkowski", {"q": 3}), ("manhattan", {1: 2})],
)
def test_arguments_that_a_metric_does_not_take(metric, params):
    model = KMedoids(2, metric=metric, metric_params=params)
    with pytest.raises(ValueError, match=rf"metric_params=.* metric='{metric}'"):
        model.fit(np.random.default_rng(0).normal(size=(20, 3)))


def test_weights_that_overflow():
    with pytest.raises(ValueError, match="sample_weight must be below 1e150"):
        fasterpam(1 - np.eye(60), [0, 1], sample_weight=np.full(60, 1e307))
