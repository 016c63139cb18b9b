"""Compiled loops that finish and hash blocks of points."""

from functools import lru_cache

import numpy as np
from numba import njit

from skextras._jit import FAST, jit

#: Below this share of |x|^2 + |y|^2, the difference has lost its leading digits.
GUARD = 1e-3
SIDE = 16  # of a square: a cache line of single precision


@jit(fastmath=FAST)
def _squared_distance(x, y):
    total = 0.0
    for f in range(x.shape[0]):
        step = np.float64(x[f]) - np.float64(y[f])
        total += step * step
    return total


@jit(fastmath=FAST)
def euclidean_tile(tile, X, Y, xx, yy, root):
    """Turn inner products into (squared) distances; repair what cancels."""
    zero, two, guard = tile.dtype.type(0), tile.dtype.type(2), tile.dtype.type(GUARD)
    for i in range(tile.shape[0]):
        n_close = 0
        for j in range(tile.shape[1]):
            size = xx[i] + yy[j]
            d = max(size - two * tile[i, j], zero)
            n_close += d < guard * size
            tile[i, j] = d
        if n_close > 0:
            for j in range(tile.shape[1]):
                if tile[i, j] < guard * (xx[i] + yy[j]):
                    tile[i, j] = _squared_distance(X[i], Y[j])
        if root:
            for j in range(tile.shape[1]):
                tile[i, j] = np.sqrt(tile[i, j])


@jit(fastmath=FAST)
def cosine_tile(tile, X, Y, xx, yy):
    """Turn inner products of unit (or zero) rows into cosine distances."""
    one, guard = tile.dtype.type(1), tile.dtype.type(GUARD)
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            d = one - tile[i, j]
            if d < guard:
                d = 0.5 * _squared_distance(X[i], Y[j])
            elif xx[i] == 0 and yy[j] == 0:
                d = tile.dtype.type(0)  # equal rows, without a direction
            tile[i, j] = d


@jit
def transpose(tile, out):
    """Write the transposed tile; by squares, each turned around in the cache."""
    square = np.empty((SIDE, SIDE), dtype=tile.dtype)
    rows = tile.shape[0] - tile.shape[0] % SIDE
    columns = tile.shape[1] - tile.shape[1] % SIDE
    for left in range(0, columns, SIDE):
        for top in range(0, rows, SIDE):
            for i in range(SIDE):
                for j in range(SIDE):
                    square[j, i] = tile[top + i, left + j]
            for j in range(SIDE):
                for i in range(SIDE):
                    out[left + j, top + i] = square[j, i]
    out[:, rows:] = tile[rows:].T
    out[columns:] = tile[:, columns:].T


@lru_cache(maxsize=32)
def compiled_metric(metric):
    """Compile the loop over tiles around a user's compiled ``metric``.

    ``further`` are the arguments of ``metric`` after the two rows.
    """

    @njit(nogil=True)
    def fill(points, candidates, further, out, start, stop):
        for i in range(start, stop):
            for j in range(candidates.shape[0]):
                out[i, j] = metric(points[i], candidates[j], *further)

    return fill


@jit
def _mixed(value, feature):
    """Scramble one entry and its place (the finaliser of splitmix64)."""
    z = value + np.uint64(feature + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@jit
def hash_rows(bits, keys):
    """Add up the scrambled non-zero entries of every row.

    ``bits`` are the entries as unsigned integers, 0 for either zero.
    """
    for i in range(bits.shape[0]):
        key = np.uint64(0)
        for f in range(bits.shape[1]):
            if bits[i, f] != 0:
                key += _mixed(np.uint64(bits[i, f]), f)
        keys[i] = key


@jit
def hash_sparse_rows(bits, indices, indptr, keys):
    """As ``hash_rows`` for the stored entries of CSR rows."""
    for i in range(keys.shape[0]):
        key = np.uint64(0)
        for p in range(indptr[i], indptr[i + 1]):
            if bits[p] != 0:
                key += _mixed(np.uint64(bits[p]), indices[p])
        keys[i] = key
