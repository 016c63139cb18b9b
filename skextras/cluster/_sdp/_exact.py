"""Sums of largest eigenvalues that are never too small: what a bound may rest on."""

import numpy as np
from scipy.linalg import eigh

from skextras.cluster._sdp._points import EPS


def centered(matrix):
    """Return J M J for a symmetric M, in place."""
    mean = matrix.mean(axis=0)
    matrix -= mean
    matrix -= (mean - mean.mean())[:, None]
    return matrix


def sum_of_largest(matrix, count):
    """Bound the sum of the ``count`` largest eigenvalues of a symmetric matrix.

    They come from LAPACK's direct solver, which leaves none out, and the rounding of a
    backward stable method is added.
    """
    n = len(matrix)
    if count == 0:
        return 0.0
    margin = 4 * n * count * EPS * np.linalg.norm(matrix)
    values = eigh(
        matrix,
        eigvals_only=True,
        subset_by_index=(n - count, n - 1),
        check_finite=False,
    )
    return float(values.sum()) + margin


def dual_bound(points, n_clusters, negative=None):
    """Return the scaled bound of a nonnegative N, given as -N or as None for N = 0.

    For every N >= 0 the inertia is at least the total minus 1'(A + N)1/n and the sum of
    the K - 1 largest eigenvalues of J (A + N) J. A is centred, so 1'A1 = 0.
    """
    n = points.n
    if negative is None and points.factor() is not None:
        matrix, constant = points.X.T @ points.X, 0.0
        count = min(n_clusters - 1, len(matrix))
    else:
        matrix = np.array(points.gram())
        constant, count = 0.0, min(n_clusters - 1, n)
        if negative is not None:
            matrix -= negative
            constant = -float(np.sum(negative, dtype=np.float64)) / n
            matrix += matrix.T
            matrix /= 2
        centered(matrix)
    rounding = 4 * n * EPS * (abs(points.total) + constant)
    return points.total - constant - sum_of_largest(matrix, count) - rounding
