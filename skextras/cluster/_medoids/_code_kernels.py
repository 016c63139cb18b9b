"""Compiled loops that fill one-byte codes and the caches of the swap phase.

The code of point o and candidate j is ``floor(d(o, j) * scale[o])``, at most CODE_MAX:
times the step of the point, it is a lower bound of the dissimilarity. Codes lie in
tiles of LANES candidates, one tile after the other, one row of bytes per point.
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skextras._jit import jit

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
def fill_table(rows, medoids, table, start, stop):
    """Copy the medoids' rows into ``table[start:stop]``, one row per point."""
    for low in range(start, stop, LANES):
        high = min(low + LANES, stop)
        for slot in range(medoids.shape[0]):
            j = medoids[slot]
            for o in range(low, high):
                table[o, slot] = rows[j, o]


@jit
def _two_nearest(distances):
    """Slots of the smallest and second smallest entry; first slot on ties."""
    first, second = 0, -1
    best, next_best = distances[0], np.inf
    for slot in range(1, distances.shape[0]):
        d = distances[slot]
        if d < next_best:
            if d < best:
                second, next_best = first, best
                first, best = slot, d
            else:
                second, next_best = slot, d
    return first, second


@jit
def fill_caches(table, near, second, dn, ds, start, stop):
    """Find the two nearest medoids of the points start..stop (k >= 2)."""
    for o in range(start, stop):
        first, other = _two_nearest(table[o])
        near[o] = first
        second[o] = other
        dn[o] = table[o, first]
        ds[o] = table[o, other]


@jit
def own_slots(table, medoids, near, second, dn, ds):
    """Give every medoid its own slot, even beside another one just as near."""
    for slot in range(medoids.shape[0]):
        o = medoids[slot]
        if near[o] != slot and table[o, slot] <= dn[o]:
            second[o] = near[o]
            ds[o] = dn[o]
            near[o] = slot
            dn[o] = table[o, slot]


@jit
def sum_losses(near, dn, ds, weight, removal):
    """Recompute ``removal`` from the caches; return the loss."""
    removal[:] = 0.0
    loss = 0.0
    for o in range(near.shape[0]):
        loss += weight[o] * dn[o]
        removal[near[o]] += weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
    return loss
