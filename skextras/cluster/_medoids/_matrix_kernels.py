"""Compiled loops over tiles of a matrix of dissimilarities."""

import numpy as np

from skextras._jit import jit

TILE = 128


@jit
def _look(matrix, mirror, top, bottom, left, right, tol):
    """Tell of one tile of the upper triangle: an entry is bad, a pair differs."""
    for j in range(left, right):
        for i in range(top, bottom):
            mirror[i - top, j - left] = matrix[j, i]
    bad, skew = False, False
    for i in range(top, bottom):
        for j in range(left, right):
            x, y = matrix[i, j], mirror[i - top, j - left]
            bad |= not ((x >= 0) & (y >= 0) & (x < np.inf) & (y < np.inf))
            skew |= abs(x - y) > tol * max(x, y)
    return bad, skew


@jit
def find_fault(matrix, tol, start, stop):
    """Look through the tiles of the upper triangle in the rows start..stop.

    Reads both halves once. Returns (kind, i, j) of the first fault: 1 an entry that is
    not finite, 2 a negative one; else 3 if a pair differs by more than ``tol`` times
    its size, else 0.
    """
    n = matrix.shape[0]
    tol = matrix.dtype.type(tol)
    mirror = np.empty((TILE, TILE), matrix.dtype)
    kind, row, column = 0, 0, 0
    for top in range(start, stop, TILE):
        bottom = min(top + TILE, stop)
        for left in range(top, n, TILE):
            right = min(left + TILE, n)
            bad, skew = _look(matrix, mirror, top, bottom, left, right, tol)
            if skew and kind == 0:
                kind = 3
            if bad:
                for i in range(top, bottom):
                    for j in range(left, right):
                        for r, c in ((i, j), (j, i)):
                            x = matrix[r, c]
                            if not np.isfinite(x):
                                return 1, r, c
                            if x < 0:
                                return 2, r, c
    return kind, row, column


@jit
def find_bad_entry(matrix, start, stop):
    """As ``find_fault`` for any shape and without the symmetry."""
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
