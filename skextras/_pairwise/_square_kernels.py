"""Compiled loops that look through a matrix of dissimilarities, and code it.

The code of point o and candidate j is ``floor(d(o, j) * scale[o])``, at most CODE_MAX:
divided by the scale, a lower bound of the dissimilarity. Codes lie in tiles of LANES
candidates, one tile after the other, one row of bytes per point.
"""

import numpy as np
from numba import config, types
from numba.extending import intrinsic

from skextras._jit import jit
from skextras._lanes_kernels import WORD, address, load

TILE = 64
LANES = 64
CODE_MAX = 254
ROWS = 8  # points coded together
NO_CANDIDATE = 255  # fills the last tile

if config.DISABLE_JIT:

    def _put(lines, start, tiles, offset):
        codes = lines.reshape(-1)[start : start + LANES]
        tiles.reshape(-1)[offset : offset + LANES] = codes

else:

    @intrinsic
    def _put(typingctx, lines, start, tiles, offset):
        """Write LANES codes past the cache, which has no use for them yet.

        Five times faster than plain stores, which would read each cache line first.
        ``tiles`` must begin at a multiple of LANES bytes.
        """
        signature = types.void(lines, types.intp, tiles, types.intp)

        def codegen(context, builder, signature, args):
            lines_type, _, tiles_type, _ = signature.args
            lines, start, tiles, offset = args
            codes, _ = load(context, builder, lines_type, lines, start, LANES)
            pointer = address(context, builder, tiles_type, tiles, offset, LANES)
            store = builder.store(codes, pointer)
            store.align = LANES
            flag = builder.module.add_metadata([WORD(1)])
            store.set_metadata("nontemporal", flag)
            return context.get_dummy_value()

        return signature, codegen


@jit
def _code_row(row, scale, line):
    top = row.dtype.type(CODE_MAX)
    for j in range(row.shape[0]):
        line[j] = np.uint8(min(row[j] * scale, top))


@jit
def encode(points, order, natural, scale, tiles, first, start, stop):
    """Code the points start..stop for the candidates ``order``.

    ``points[o - first]`` are the dissimilarities of point o to all points; ``natural``
    tells that ``order`` counts from 0. A few points at a time: their codes are
    neighbours in each tile.
    """
    n, m = order.shape[0], tiles.shape[1]
    size = tiles.shape[0] * LANES
    line = np.empty(points.shape[1], dtype=np.uint8)
    lines = np.empty((ROWS, size), dtype=np.uint8)
    lines[:, :] = NO_CANDIDATE
    for low in range(start, stop, ROWS):
        high = min(low + ROWS, stop)
        for o in range(low, high):
            if natural:
                _code_row(points[o - first][:n], scale[o], lines[o - low])
            else:
                _code_row(points[o - first], scale[o], line)
                for p in range(n):
                    lines[o - low, p] = line[order[p]]
        for tile in range(tiles.shape[0]):
            for o in range(low, high):
                start_of_codes = (o - low) * size + tile * LANES
                _put(lines, start_of_codes, tiles, (tile * m + o) * LANES)


@jit
def _folded(bits):
    """Bring the upper bits of an entry down: round numbers have no others.

    Modulo 2**64, a product keeps nothing of the bits that it moves beyond.
    """
    bits = np.uint64(bits)
    return bits ^ (bits >> np.uint64(32))


@jit
def _look_at_four(rows, start, stop, left, right, factors):
    """Multiply a part of up to four rows by factors, modulo 2**64, in one reading.

    Returns the products, the last one repeated, and the largest entry.
    """
    i1, i2 = min(start + 1, stop - 1), min(start + 2, stop - 1)
    r0, r1 = rows[start][left:right], rows[i1][left:right]
    r2, r3 = rows[i2][left:right], rows[stop - 1][left:right]
    f = factors[left:right]
    a0 = a1 = a2 = a3 = np.uint64(0)
    largest = rows[start, start]
    for j in range(f.shape[0]):
        factor = np.uint64(f[j])
        a0 += _folded(r0[j]) * factor
        a1 += _folded(r1[j]) * factor
        a2 += _folded(r2[j]) * factor
        a3 += _folded(r3[j]) * factor
        largest = max(max(largest, max(r0[j], r1[j])), r2[j])
        largest = max(largest, r3[j])
    return (a0, a1, a2, a3), largest


@jit
def _compare_triangles(bits, x, y, sums, start, stop):
    """Add four rows of each triangle to the two sums; return their largest entry."""
    largest = bits[start, start]
    for i in range(start, stop):
        for j in range(start, stop):
            entry = _folded(bits[i, j])
            largest = max(largest, bits[i, j])
            if i < j:
                sums[0] += entry * np.uint64(x[i]) * np.uint64(y[j])
            elif i > j:
                sums[1] += entry * np.uint64(x[j]) * np.uint64(y[i])
    products, part = _look_at_four(bits, start, stop, 0, start, x)
    largest = max(largest, part)
    for i in range(start, stop):
        sums[1] += np.uint64(y[i]) * products[i - start]
    products, part = _look_at_four(bits, start, stop, stop, bits.shape[1], y)
    largest = max(largest, part)
    for i in range(start, stop):
        sums[0] += np.uint64(x[i]) * products[i - start]
    return largest


@jit
def _largest(bits, start, stop):
    """Largest entry of some rows."""
    largest = bits[start, 0]
    for i in range(start, stop):
        for j in range(bits.shape[1]):
            largest = max(largest, bits[i, j])
    return largest


@jit
def look(bits, limit, symmetry, x, y, sums, start, stop):
    """Look for entries of ``limit`` or more in rows; return where it stopped.

    With ``symmetry``, adds the entries (i, j) of the rows start..stop, times x[i] *
    y[j] above the diagonal and x[j] * y[i] below it, to one sum each, modulo 2**64 and
    so exactly. The sums are equal if the matrix is symmetric, and for random x and y
    hardly ever else.
    """
    for low in range(start, stop, 4):
        high = min(low + 4, stop)
        if symmetry:
            largest = _compare_triangles(bits, x, y, sums, low, high)
        else:
            largest = _largest(bits, low, high)
        if largest >= limit:
            return low
    return stop


@jit
def look_and_encode(
    bits, limit, symmetry, x, y, sums, points, order, natural, scale, tiles, start,
    stop, step,
):  # fmt: skip
    """As ``look``, and code the rows before where it stopped: both in one reading."""
    for low in range(start, stop, step):
        high = min(low + step, stop)
        reached = look(bits, limit, symmetry, x, y, sums, low, high)
        encode(points, order, natural, scale, tiles, 0, low, reached)
        if reached < high:
            return reached
    return stop


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
def find_bad_entry(matrix, limit, start, stop):
    """Find an entry that is not finite (kind 1), negative (2) or not below limit (3).

    Returns (kind, i, j) of the first one in the rows start..stop, kind 0 if none.
    """
    for i in range(start, stop):
        bad = False
        for j in range(matrix.shape[1]):
            x = matrix[i, j]
            bad |= not (x >= 0 and x < limit)
        if bad:
            for j in range(matrix.shape[1]):
                x = matrix[i, j]
                if not np.isfinite(x):
                    return 1, i, j
                if x < 0:
                    return 2, i, j
                if x >= limit:
                    return 3, i, j
    return 0, 0, 0
