"""The input of a fit, checked: points, weights, and dissimilarities between them."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import get_tags

from skextras._distinct import (
    Points,
    canonical,
    distinct_points,
    fill_up,
    weighted_points,
)
from skextras._memory import check_memory
from skextras._pairwise import _distances, _metrics
from skextras._pairwise._square import (
    as_square,
    check_dissimilarities,
    largest_allowed,
)
from skextras._validation import check_weights, validate_data
from skextras.cluster._medoids import _sparse
from skextras.cluster._medoids._doubts import doubt_dissimilarities, doubt_features
from skextras.cluster._medoids._problem import Limits
from skextras.cluster._medoids._rows import ComputedRows, HeldRows, Rows


def check_X(estimator, X, *, reset):
    """Return X as ``validate_data`` does, checked for the metric of the estimator."""
    metric = estimator.metric
    precomputed = metric == "precomputed"
    allow_nan = _metrics.takes_missing(metric)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr" if get_tags(estimator).input_tags.sparse else False,
        dtype=[np.float64, np.float32],
        order=None if precomputed else "C",
        ensure_all_finite="allow-nan" if allow_nan else not (precomputed and reset),
    )
    if sparse.issparse(X):
        X = canonical(X, keep_zeros=precomputed)
    _metrics.warn_of_conversion(X, metric)
    return X


class Task(NamedTuple):
    """Samples, and what is known of them before any search.

    ``points`` are the distinct ones of positive weight; ``given`` are the precomputed
    dissimilarities between all samples, or None; ``is_exact`` tells if these are read
    as they are given, not up to rounding from another triangle. ``start`` are the
    positions among the points of given medoids, or None where they are to be drawn.
    """

    X: np.ndarray | sparse.csr_array
    weight: np.ndarray
    points: Points
    given: Rows | None
    is_exact: bool
    metric: str
    params: dict
    start: np.ndarray | None = None
    limits: Limits = Limits()

    @property
    def n_points(self):
        """Number of distinct points."""
        return len(self.points.index)

    @property
    def is_sparse(self):
        """Tell if X is a sparse matrix of dissimilarities."""
        return self.given is not None and self.given.storage == "sparse"

    def rows(self, n_jobs):
        """Dissimilarities between the points: those given, or made when needed."""
        index, dtype = self.points.index, self.X.dtype
        if self.given is None:
            computer = _distances.Computer(
                self.X[index],
                self.metric,
                self.params,
                samples=index,
                n_jobs=n_jobs,
                limit=largest_allowed(self.points.weight, dtype),
            )
            return ComputedRows(computer)
        rows = self.given.on_threads(n_jobs)
        if len(index) == self.X.shape[0]:
            return rows
        if rows.is_held:
            check_memory(
                len(index) ** 2 * dtype.itemsize * (2 - rows.is_symmetric),
                f"The part of X that belongs to {len(index)} points",
                "leave out the others.",
            )
        return rows.part(index)

    def in_rows(self, found):
        """Return a result of which the medoids are rows of X."""
        return found._replace(medoids=self.points.index[found.medoids])

    def few(self, n_clusters):
        """Rows of all points, given and fixed medoids first, filled up by others."""
        first = self.limits.fixed
        if self.start is not None:
            first = self.limits.start(self.start)
        return fill_up(self.points, n_clusters, first)

    def order(self, rows):
        """Points in an order that does not depend on that of the rows of X.

        By content; without it, by the sums of their dissimilarities.
        """
        if self.points.keys is None:
            return rows.ranked(self.points.weight)
        return np.arange(rows.n_points)


def check_task(X, sample_weight, n_clusters, metric, metric_params, names, n_jobs):
    """Check X, from ``check_X``, and its weights; return a ``Task``.

    ``names`` are those of the features, or None. Raises ValueError for fewer samples
    than ``n_clusters``.
    """
    if X.shape[0] < n_clusters:
        raise ValueError(
            f"n_samples={X.shape[0]} must be >= n_clusters={n_clusters}: give more "
            "samples or ask for fewer clusters."
        )
    weight = check_weights(sample_weight, X.shape[0])
    given, is_exact, params = None, True, metric_params
    limit = largest_allowed(weight, X.dtype)
    if metric != "precomputed":
        doubt_features(X, metric)
    elif sparse.issparse(X):
        given = _sparse.check_sparse(X, params, limit)
        X, params = given.by_point, {"missing_distance": given.missing}
    else:
        X = as_square(X, "precomputed X")
        square = check_dissimilarities(X, "precomputed X", n_jobs=n_jobs, limit=limit)
        doubt_dissimilarities(square.rows, square.points, "precomputed X")
        given, is_exact = HeldRows(square.rows, square.points, n_jobs), square.is_exact
    points = distinct_points(X, weight) if given is None else weighted_points(weight)
    params = _metrics.resolve_params(X, weight, metric, params, names)
    return Task(X, weight, points, given, is_exact, metric, params)
