"""Compiled loops that fill in or finish blocks of dissimilarities."""

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
def euclidean_tile(tile, X, of, Y, to, xx, yy, root):
    """Turn inner products into (squared) distances; repair what cancels.

    Row i of the tile belongs to row ``of[i]`` of X, and column j to ``to[j]`` of Y.
    """
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
                    tile[i, j] = _squared_distance(X[of[i]], Y[to[j]])
        if root:
            for j in range(tile.shape[1]):
                tile[i, j] = np.sqrt(tile[i, j])


@jit
def narrow_tile(tile, X, columns):
    """Fill in squared distances of rows with few features, given by ``columns``.

    Without fast math, each entry has the same bits in a tile of any shape.
    """
    n_features = columns.shape[0]
    for i in range(tile.shape[0]):
        row = tile[i]
        for j in range(row.shape[0]):
            row[j] = 0
        f = 0
        while f + 4 <= n_features:  # the sum of an entry stays in a register
            x, y, z, w = X[i, f], X[i, f + 1], X[i, f + 2], X[i, f + 3]
            for j in range(row.shape[0]):
                a, b = x - columns[f, j], y - columns[f + 1, j]
                c, d = z - columns[f + 2, j], w - columns[f + 3, j]
                row[j] = row[j] + a * a + b * b + c * c + d * d
            f += 4
        while f < n_features:
            x = X[i, f]
            for j in range(row.shape[0]):
                step = x - columns[f, j]
                row[j] += step * step
            f += 1


@jit(fastmath=FAST)
def _shared_distance(x, y):
    """Squared distance over the features that are missing in neither row; how many."""
    total, n_shared = 0.0, 0
    for f in range(x.shape[0]):
        step = np.float64(x[f]) - np.float64(y[f])
        is_there = step == step
        total += step * step if is_there else 0.0
        n_shared += is_there
    return total, n_shared


@jit
def nan_euclidean(X, Y, root, out, start, stop):
    """Fill in (squared) distances of rows with missing entries, scaled up for these.

    NaN if two rows share no feature.
    """
    for i in range(start, stop):
        for j in range(Y.shape[0]):
            total, n_shared = _shared_distance(X[i], Y[j])
            d = total * (X.shape[1] / n_shared) if n_shared > 0 else np.nan
            out[i, j] = np.sqrt(d) if root else d


@jit
def _scaled_distance(x, y):
    """Euclidean distance of rows whose squares are no numbers of this size."""
    largest = 0.0
    for f in range(x.shape[0]):
        largest = max(largest, abs(np.float64(x[f]) - np.float64(y[f])))
    if largest == 0.0 or largest == np.inf:
        return largest
    total = 0.0
    for f in range(x.shape[0]):
        step = (np.float64(x[f]) - np.float64(y[f])) / largest
        total += step * step
    return largest * np.sqrt(total)


@jit
def repair(tile, X, of, Y, to, low, root):
    """Compute (squared) distances again that are below ``low`` or have overflowed."""
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            if not (tile[i, j] >= low and tile[i, j] < np.inf):
                d = _scaled_distance(X[of[i]], Y[to[j]])
                tile[i, j] = d if root else d * d


@jit
def repair_minkowski(tile, X, Y, low, p, w):
    """As ``repair`` for Minkowski distances with weights ``w`` of the features."""
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            if tile[i, j] >= low and tile[i, j] < np.inf:
                continue
            largest, total = 0.0, 0.0
            for f in range(X.shape[1]):
                step = abs(np.float64(X[i, f]) - np.float64(Y[j, f]))
                largest = max(largest, step if w[f] > 0 else 0.0)
            if largest == 0.0 or largest == np.inf:
                tile[i, j] = largest
                continue
            for f in range(X.shape[1]):
                step = abs(np.float64(X[i, f]) - np.float64(Y[j, f]))
                if w[f] > 0:
                    total += w[f] * (step / largest) ** p
            tile[i, j] = largest * total ** (1.0 / p)


@jit(fastmath=FAST)
def cosine_tile(tile, X, of, Y, to, xx, yy):
    """Turn inner products of unit (or zero) rows into cosine distances."""
    one, guard = tile.dtype.type(1), tile.dtype.type(GUARD)
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            d = one - tile[i, j]
            if d < guard:
                d = 0.5 * _squared_distance(X[of[i]], Y[to[j]])
            elif xx[i] == 0 and yy[j] == 0:
                d = tile.dtype.type(0)  # equal rows, without a direction
            tile[i, j] = d


@jit
def _sparse_differences(indices, x, others, y, unit):
    """Compare two rows of which the stored entries are given, by ascending index.

    Returns the sum of the absolute differences, in the order of the features as scipy
    sums up those of dense rows; that of their squares in units of ``unit``; and the
    largest one.
    """
    p, q, total, squares, largest = 0, 0, 0.0, 0.0, 0.0
    while p < x.shape[0] or q < y.shape[0]:
        takes_x = q == y.shape[0] or (p < x.shape[0] and indices[p] <= others[q])
        takes_y = p == x.shape[0] or (q < y.shape[0] and others[q] <= indices[p])
        step = np.float64(x[p]) if takes_x else 0.0
        step -= np.float64(y[q]) if takes_y else 0.0
        p += takes_x
        q += takes_y
        total += abs(step)
        squares += (step / unit) * (step / unit)
        largest = max(largest, abs(step))
    return total, squares, largest


@jit
def sparse_manhattan(tile, starts, indices, x, firsts, others, y):
    """Fill in sums of absolute differences: see ``sparse_euclidean``."""
    for i in range(tile.shape[0]):
        a = slice(starts[i], starts[i + 1])
        for j in range(tile.shape[1]):
            b = slice(firsts[j], firsts[j + 1])
            tile[i, j], _, _ = _sparse_differences(
                indices[a], x[a], others[b], y[b], 1.0
            )


@jit
def sparse_euclidean(
    tile, xx, yy, root, low, starts, indices, x, firsts, others, y
):  # fmt: skip
    """Turn inner products of sparse rows into (squared) distances.

    ``x`` are the stored entries of the rows of the tile, those of row i between
    ``starts[i]`` and ``starts[i + 1]``, and ``y`` those of its columns. Where digits
    cancel, or squares are below ``low`` or overflow, the entries are compared.
    """
    for i in range(tile.shape[0]):
        a = slice(starts[i], starts[i + 1])
        for j in range(tile.shape[1]):
            size = xx[i] + yy[j]
            d = size - 2.0 * tile[i, j]
            if not (d >= GUARD * size and d >= low and d < np.inf):
                b = slice(firsts[j], firsts[j + 1])
                _, d, unit = _sparse_differences(indices[a], x[a], others[b], y[b], 1.0)
                if not (d >= low and d < np.inf) and unit > 0.0 and unit < np.inf:
                    _, d, _ = _sparse_differences(
                        indices[a], x[a], others[b], y[b], unit
                    )
                    unit *= np.sqrt(d)
                    tile[i, j] = unit if root else unit * unit
                    continue
            tile[i, j] = np.sqrt(d) if root else d


@jit
def sparse_cosine(tile, xx, yy, starts, indices, x, firsts, others, y):
    """Turn inner products of sparse unit (or zero) rows into cosine distances."""
    for i in range(tile.shape[0]):
        a = slice(starts[i], starts[i + 1])
        for j in range(tile.shape[1]):
            tile[i, j] = 1.0 - tile[i, j]
            if tile[i, j] < GUARD:
                b = slice(firsts[j], firsts[j + 1])
                _, d, _ = _sparse_differences(indices[a], x[a], others[b], y[b], 1.0)
                tile[i, j] = 0.5 * d
            elif xx[i] == 0 and yy[j] == 0:
                tile[i, j] = 0.0  # equal rows, without a direction


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
    """Compile the loop over pairs around a user's compiled ``metric``.

    Pairs are counted along the rows of ``out``; ``further`` are the arguments of
    ``metric`` after the two rows.
    """

    @njit(nogil=True)
    def fill(points, candidates, further, out, start, stop):
        width = candidates.shape[0]
        for i in range(start // width, (stop - 1) // width + 1):
            low, high = max(start - i * width, 0), min(stop - i * width, width)
            for j in range(low, high):
                out[i, j] = metric(points[i], candidates[j], *further)

    return fill
