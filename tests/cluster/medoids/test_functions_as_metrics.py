"""Functions that are no metrics, and arguments that metrics do not take."""

import numpy as np
import pytest
from numba import njit

from skextras.cluster import CLARANS, KMedoids

X = np.random.default_rng(0).normal(size=(20, 3))


@njit
def nothing(x, y):
    return None


@njit
def pair(x, y):
    return x[0], y[0]


@njit
def row(x, y):
    return x - y


@njit
def of_one(x):
    return 1.0


@njit
def no_such_attribute(x, y):
    return x.foo


FUNCTIONS = [
    nothing, pair, row, of_one, no_such_attribute, lambda x, y: None,
    lambda x, y: "near", lambda x, y: x - y, lambda x, y: 1j, lambda x: 1.0,
    lambda x, y: [1.0], lambda x, y: "far" * 9000,
]  # fmt: skip


@pytest.mark.jit
@pytest.mark.parametrize("metric", FUNCTIONS)
@pytest.mark.parametrize("model", [KMedoids(3), CLARANS(3)], ids=repr)
def test_functions_that_return_no_number(model, metric):
    with pytest.raises(ValueError, match=r"metric=.* must .*a number.*\.$") as caught:
        model.set_params(metric=metric).fit(X)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("metric", [njit(lambda x, y: np.nan), lambda x, y: np.nan])
def test_functions_that_return_nan(metric):
    with pytest.raises(ValueError, match="must give dissimilarities that are finite"):
        KMedoids(3, metric=metric).fit(X)


@pytest.mark.parametrize("kind", [int, bool, np.float32, np.array])
def test_functions_that_return_what_is_like_a_number(kind):
    def metric(x, y):
        return kind((x[0] > 0) != (y[0] > 0))

    model = KMedoids(2, metric=metric, random_state=0).fit(X)
    np.testing.assert_array_equal(model.distances_, 0)


@pytest.mark.parametrize("name", ["V", "VI"])
@pytest.mark.parametrize(
    "value", [[1, 2], np.eye(2), np.ones((3, 2)), np.full((3, 3), np.nan), "a", None]
)
def test_matrices_of_mahalanobis(name, value):
    """Of another shape, they would be read beyond their end."""
    model = KMedoids(3, metric="mahalanobis", metric_params={name: value})
    with pytest.raises(ValueError, match=rf"metric_params '{name}' must "):
        model.fit(X)
