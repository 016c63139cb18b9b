"""Compiled loops that look through a matrix of dissimilarities, and code it.

The code of point o and candidate j is ``floor(d(o, j) * scale[o])``, at most CODE_MAX:
divided by the scale, a lower bound of the dissimilarity. Codes lie in tiles of LANES
candidates, one tile after the other, one row of bytes per point.
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skextras._jit import jit

TILE = 64
LANES = 64
CODE_MAX = 254
NO_CANDIDATE = 255  # fills the last tile

if config.DISABLE_JIT:

    def _put(line, start, tiles, offset):
        tiles.reshape(-1)[offset : offset + LANES] = line[start : start + LANES]

else:

    @intrinsic
    def _put(typingctx, line, start, tiles, offset):
        """Write LANES codes past the cache, which has no use for them yet.

        Five times faster than plain stores, which would read each cache line first.
        ``tiles`` must begin at a multiple of LANES bytes.
        """
        signature = types.void(line, types.intp, tiles, types.intp)

        def codegen(context, builder, signature, args):
            vector = ir.VectorType(ir.IntType(8), LANES).as_pointer()
            pointers = []
            for place in (0, 2):
                array = context.make_array(signature.args[place])
                data = array(context, builder, args[place]).data
                pointer = builder.gep(data, [args[place + 1]], inbounds=True)
                pointers.append(builder.bitcast(pointer, vector))
            codes = builder.load(pointers[0])
            codes.align = 1
            store = builder.store(codes, pointers[1])
            store.align = LANES
            flag = builder.module.add_metadata([ir.IntType(32)(1)])
            store.set_metadata("nontemporal", flag)
            return context.get_dummy_value()

        return signature, codegen


@jit
def _code_row(row, scale, line):
    top = row.dtype.type(CODE_MAX)
    for j in range(row.shape[0]):
        line[j] = np.uint8(min(row[j] * scale, top))


@jit
def encode(points, order, natural, scale, tiles, start, stop):
    """Code the points start..stop for the candidates ``order``.

    ``points[o]`` are the dissimilarities of point o to all points; ``natural`` tells
    that ``order`` counts from 0.
    """
    n, m = order.shape[0], tiles.shape[1]
    size = tiles.shape[0] * LANES
    line = np.full(max(size, points.shape[1]), np.uint8(NO_CANDIDATE))
    ordered = line if natural else np.full(size, np.uint8(NO_CANDIDATE))
    for o in range(start, stop):
        _code_row(points[o], scale[o], line)
        if not natural:
            for p in range(n):
                ordered[p] = line[order[p]]
        for tile in range(tiles.shape[0]):
            _put(ordered, tile * LANES, tiles, (tile * m + o) * LANES)


@jit
def _look_at_four(bits, x, y, products, start, stop):
    """Add up to four rows, which share the loads of x and y, to the products.

    Returns their largest entry.
    """
    i0, i1 = start, min(start + 1, stop - 1)
    i2, i3 = min(start + 2, stop - 1), stop - 1
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = np.uint64(0)
    largest = bits[i0, 0]
    for j in range(bits.shape[1]):
        u, v = np.uint64(x[j]), np.uint64(y[j])
        entry = np.uint64(bits[i0, j])
        a0 += entry * u
        b0 += entry * v
        entry = np.uint64(bits[i1, j])
        a1 += entry * u
        b1 += entry * v
        entry = np.uint64(bits[i2, j])
        a2 += entry * u
        b2 += entry * v
        entry = np.uint64(bits[i3, j])
        a3 += entry * u
        b3 += entry * v
        largest = max(max(largest, max(bits[i0, j], bits[i1, j])), bits[i2, j])
        largest = max(largest, bits[i3, j])
    with_x, with_y = (a0, a1, a2, a3), (b0, b1, b2, b3)
    for i in range(start, stop):
        products[0] += np.uint64(x[i]) * with_y[i - start]
        products[1] += np.uint64(y[i]) * with_x[i - start]
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
def look(bits, limit, symmetry, x, y, products, start, stop):
    """Look for entries of ``limit`` or more in rows; return where it stopped.

    With ``symmetry``, adds the rows start..stop to the products x'My and y'Mx, modulo
    2**64 and so exactly. They are equal if M is symmetric, and for random x and y
    hardly ever else.
    """
    for low in range(start, stop, 4):
        high = min(low + 4, stop)
        if symmetry:
            largest = _look_at_four(bits, x, y, products, low, high)
        else:
            largest = _largest(bits, low, high)
        if largest >= limit:
            return low
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
