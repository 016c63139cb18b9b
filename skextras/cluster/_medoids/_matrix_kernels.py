"""Compiled loops that look through a matrix of dissimilarities."""

import numpy as np

from skextras._jit import jit

TILE = 64


@jit
def sum_bits(bits, keys, row_sums, column_sums, start, stop):
    """Add up the entries of rows and of columns, as integers, each times a key.

    ``row_sums[i] = sum_j bits[i, j] * keys[j]`` and ``column_sums[j] = sum_i bits[i, j]
    * keys[i]``, the latter over the rows start..stop only; modulo 2**64, so exactly.
    Returns the largest entry. Four rows at a time share the loads.
    """
    largest = bits[start, 0]
    for i0 in range(start, stop, 4):
        i1, i2, i3 = min(i0 + 1, stop - 1), min(i0 + 2, stop - 1), min(i0 + 3, stop - 1)
        key0 = np.uint64(keys[i0])
        key1 = np.uint64(keys[i1]) if i0 + 1 < stop else np.uint64(0)
        key2 = np.uint64(keys[i2]) if i0 + 2 < stop else np.uint64(0)
        key3 = np.uint64(keys[i3]) if i0 + 3 < stop else np.uint64(0)
        total0 = total1 = total2 = total3 = np.uint64(0)
        for j in range(bits.shape[1]):
            key = np.uint64(keys[j])
            x0, x1 = np.uint64(bits[i0, j]), np.uint64(bits[i1, j])
            x2, x3 = np.uint64(bits[i2, j]), np.uint64(bits[i3, j])
            total0 += x0 * key
            total1 += x1 * key
            total2 += x2 * key
            total3 += x3 * key
            column_sums[j] += (x0 * key0 + x1 * key1) + (x2 * key2 + x3 * key3)
            largest = max(largest, max(bits[i0, j], bits[i1, j]))
            largest = max(largest, max(bits[i2, j], bits[i3, j]))
        row_sums[i0], row_sums[i1] = total0, total1
        row_sums[i2], row_sums[i3] = total2, total3
    return largest


@jit
def is_near_symmetric(matrix, tol, start, stop):
    """Tell if no pair of entries in the rows start..stop differs by more than tol."""
    n = matrix.shape[0]
    tol = matrix.dtype.type(tol)
    for top in range(start, stop, TILE):
        for left in range(top, n, TILE):
            for i in range(top, min(top + TILE, stop)):
                for j in range(left, min(left + TILE, n)):
                    x, y = matrix[i, j], matrix[j, i]
                    if abs(x - y) > tol * max(x, y):
                        return False
    return True


@jit
def find_bad_entry(matrix, start, stop):
    """Find an entry that is not finite (kind 1) or negative (kind 2).

    Returns (kind, i, j) of the first one in the rows start..stop, kind 0 if none.
    """
    for i in range(start, stop):
        bad = False
        for j in range(matrix.shape[1]):
            x = matrix[i, j]
            bad |= not (x >= 0 and x < np.inf)
        if bad:
            for j in range(matrix.shape[1]):
                x = matrix[i, j]
                if not np.isfinite(x):
                    return 1, i, j
                if x < 0:
                    return 2, i, j
    return 0, 0, 0
