"""Warnings about input that is valid, and hardly what was meant."""

import numpy as np
from scipy import sparse

from skextras._fitting import warn

_FEWEST = 4  # samples from which a pattern is no accident


def doubt_dissimilarities(rows, points, name):
    """Warn if a square matrix looks like similarities, or like half of one.

    ``rows`` and ``points`` are as ``check_dissimilarities`` returns them.
    """
    if len(rows) < _FEWEST:
        return
    diagonal = rows.diagonal()
    if diagonal.any():
        _doubt_diagonal(diagonal, _mean(rows), name)
    if rows is not points and (_is_upper(rows) or _is_upper(rows.T)):
        warn(
            f"{name} has only zeros on one side of its diagonal: if it stores each "
            "pair once, give D + D.T."
        )


def doubt_stored_dissimilarities(X, name):
    """As ``doubt_dissimilarities`` for a sparse matrix and what it stores."""
    diagonal = X.diagonal()
    if len(diagonal) >= _FEWEST and diagonal.any():
        below = np.nextafter(X.data.mean(dtype=np.float64), 0)  # all may be equal
        _doubt_diagonal(diagonal, below, name)


def _mean(rows):
    """Mean of all entries that cannot overflow."""
    return np.mean([row.mean(dtype=np.float64) for row in rows])


def _doubt_diagonal(diagonal, mean, name):
    """Warn if the diagonal is above the mean of all entries."""
    if diagonal.mean(dtype=np.float64) > mean:
        warn(
            f"{name} has larger entries on its diagonal than elsewhere, as a matrix of "
            "similarities has: give dissimilarities, for example S.max() - S."
        )


def _is_upper(matrix):
    """Tell if all entries below the diagonal are 0, and not all above."""
    if any(row[:i].any() for i, row in enumerate(matrix)):
        return False
    return any(row[i + 1 :].any() for i, row in enumerate(matrix))


def doubt_features(X, metric):
    """Warn if rows of features look like a matrix of dissimilarities."""
    n = X.shape[0]
    if n < _FEWEST or X.shape[1] != n or sparse.issparse(X) or X.diagonal().any():
        return
    if all(
        X[i].min() >= 0
        and 2 * (X[i] > 0).sum() >= n
        and np.allclose(X[i], X[:, i], rtol=1e-6, atol=0)
        for i in range(n)
    ):
        warn(
            f"X is square and symmetric with zeros on its diagonal, as a matrix of "
            f"dissimilarities is, and its rows are compared by metric={metric!r}: if "
            "it holds dissimilarities, set metric='precomputed'."
        )
