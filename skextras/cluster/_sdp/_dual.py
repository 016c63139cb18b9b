"""Lower bounds of the inertia from dual solutions, never too large."""

import numpy as np

from skextras._linalg import EPS, sum_of_largest
from skextras.cluster._sdp._dual_kernels import center, subtract


def dual_bound(points, n_clusters, negative=None, vectors=None):
    """Return the scaled bound of a nonnegative N, given as -N or as None for N = 0.

    For every N >= 0 the inertia is at least the total minus 1'(A + N)1/n and the sum of
    the K - 1 largest eigenvalues of J (A + N) J. A is centred, so 1'A1 = 0. The lower
    triangle of N is read. ``vectors``, near the leading eigenvectors, make it quicker.
    """
    n = points.n
    if negative is None and points.factor() is not None:
        matrix, constant = points.X.T @ points.X, 0.0
        count = min(n_clusters - 1, len(matrix))
        square = np.einsum("ij,ij->", matrix, matrix)
    else:
        matrix = np.array(points.gram())
        sums, count = np.zeros((2, n)), min(n_clusters - 1, n)
        subtract(matrix, np.zeros((n, n)) if negative is None else negative, sums)
        mean = sums[0] / n
        square = center(matrix, mean, mean.mean())
        constant = max(-float(sums[1].sum()) / n, 0.0)
    rounding = 4 * n * EPS * (abs(points.total) + constant)
    largest = sum_of_largest(
        matrix,
        count,
        np.sqrt(square),
        total=points.total - constant,
        vectors=vectors,
    )
    return points.total - constant - largest - rounding
