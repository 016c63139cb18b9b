"""Compiled loops over the lower triangle of a symmetric matrix, in double precision."""

import numpy as np

from skextras._jit import FAST, jit


@jit(fastmath=FAST)
def subtract(matrix, negative, sums):
    """Subtract one lower triangle from another, and add up the rows of both.

    ``sums[0]`` gets the sums of the rows of the difference, and ``sums[1]`` those of
    ``negative``, as if both matrices were complete; that may be in single precision.
    """
    for i in range(matrix.shape[0]):
        row, other = matrix[i], negative[i]
        total, minus = 0.0, 0.0
        for j in range(i):
            value = row[j] - other[j]
            row[j] = value
            total += value
            minus += np.float64(other[j])
            sums[0, j] += value
            sums[1, j] += other[j]
        row[i] -= other[i]
        sums[0, i] += total + row[i]
        sums[1, i] += minus + other[i]


@jit(fastmath=FAST)
def center(matrix, mean, middle):
    """Make J M J of the lower triangle; return the square of its Frobenius norm."""
    square = 0.0
    for i in range(matrix.shape[0]):
        row, shift = matrix[i], mean[i] - middle
        own = 0.0
        for j in range(i):
            value = row[j] - mean[j] - shift
            row[j] = value
            own += value * value
        row[i] -= mean[i] + shift
        square += 2 * own + row[i] * row[i]
    return square
