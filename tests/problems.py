"""Random problems on which the fast paths and the naive ones are compared."""

from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

#: False in a run with NUMBA_DISABLE_JIT=1, where loops take a hundred times longer.
JIT = not numba.config.DISABLE_JIT


class Problem(NamedTuple):
    """A matrix of dissimilarities, a start, weights and an order of the candidates."""

    distances: np.ndarray
    medoids: np.ndarray
    weight: np.ndarray | None
    order: Any = None


def matrix(rng, n, *, dtype=np.float64, symmetric=True, high=None):
    """Draw dissimilarities: integers below ``high`` (many ties), or continuous ones."""
    size = (n, n)
    values = rng.uniform(0.1, 1, size) if high is None else rng.integers(0, high, size)
    return _finished(values, dtype=dtype, symmetric=symmetric)


def _finished(values, *, dtype, symmetric):
    if symmetric:
        values = np.triu(values) + np.triu(values, 1).T
    values = values.astype(dtype)
    np.fill_diagonal(values, 0)
    return values


def problem(seed, n, k, **options):
    """Make a problem from a seed, for ``matrix``.

    Continuous weights go with continuous dissimilarities: in a symmetric matrix, two
    medoids alone in their clusters could be dropped at the same cost but for these, and
    rounding would choose between them.
    """
    rng = np.random.default_rng(seed)
    distances = matrix(rng, n, **options)
    weight = rng.uniform(0.5, 2, n) if options.get("high") is None else None
    return Problem(distances, rng.choice(n, k, replace=False), weight)


@st.composite
def problems(draw, *, integers=None, min_k=1, max_n=16):
    """Draw small problems: integers, whose ties are exact, or continuous ones."""
    n = draw(st.integers(2, max_n))
    k = draw(st.integers(min_k, n))
    options = {
        "dtype": draw(st.sampled_from([np.float32, np.float64])),
        "symmetric": draw(st.booleans()),
    }
    if draw(st.booleans()) if integers is None else integers:
        high = draw(st.sampled_from([1, 2, 9, 2**20]))
        values = draw(arrays(np.int64, (n, n), elements=st.integers(0, high)))
        distances = _finished(values, **options)
        counts = arrays(np.float64, n, elements=st.integers(0, 3))
        weight = draw(st.none() | counts.filter(np.any))
    else:
        seed = draw(st.integers(0, 10**6))
        distances, _, weight, _ = problem(seed, n, k, **options)
    if draw(st.booleans()):
        distances = np.asfortranarray(distances)
    medoids = np.array(draw(st.permutations(range(n)))[:k])
    order = draw(st.none() | st.permutations(range(n)).map(np.array))
    return Problem(distances, medoids, weight, order)


def knows_names(library):
    """Tell whether scikit-learn reads the names of a class of data frames.

    Those of polars 2 it reads from version 1.9 on.
    """
    frame = library({"a": [0.0, 1.0]})
    return hasattr(StandardScaler().fit(frame), "feature_names_in_")


def assert_same_fit(one, other, rows=slice(None)):
    """Compare two fits bit by bit; ``rows`` of the first are those of the second."""
    np.testing.assert_array_equal(one.labels_[rows], other.labels_)
    np.testing.assert_array_equal(one.distances_[rows], other.distances_)
    np.testing.assert_array_equal(one.cluster_centers_, other.cluster_centers_)
    assert one.inertia_ == pytest.approx(other.inertia_, rel=1e-14)
    assert one.n_iter_ == other.n_iter_
    assert getattr(one, "n_swap_", None) == getattr(other, "n_swap_", None)


def gower(**params):
    """Return arguments of an estimator."""
    return {"metric": "gower", "metric_params": params or None}


def mixed_table(seed=0, n=80, dtype=np.float64, missing=0.2):
    """Return two numeric and two categorical columns, of which a part is missing."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    X = np.column_stack(
        [
            rng.normal(3 * group, 1),
            1000 + rng.normal(100 * group, 30),
            (group + (rng.uniform(size=n) < 0.2)) % 3,
            rng.integers(0, 4, n),
        ]
    )
    X[rng.uniform(size=X.shape) < missing] = np.nan
    return X.astype(dtype)
