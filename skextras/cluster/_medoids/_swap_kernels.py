"""Compiled loops of the swap phase: caches, candidate evaluation, swaps.

Arrays, with ``m`` points (columns), ``k`` medoids and one row per candidate:

``rows``    (n_candidates, m)  rows[j, o] = dissimilarity of point o to candidate j
``table``   (m, k)             the same for the current medoids, one row per point
``keys``    (m, k)             the bits of ``table`` as integers: the same memory
``near``, ``second`` (m,)      slots of the nearest and second nearest medoid
``dn``, ``ds`` (m,)            their dissimilarities, dn <= ds
``removal`` (k,)               loss added when a slot is emptied

A point with ``rows[j, o] >= ds[o]`` is not affected by candidate j, whatever slot it
takes: only about ``2 m / k`` points are. The loops compare 64 points at a time and do
scalar work for the hits alone.
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from skextras._jit import jit

BLOCK = 64  # points per comparison: one bit each in a 64-bit mask
LANES = 4  # candidates per sweep: as many independent streams from memory

if config.DISABLE_JIT:

    def _closer(rows, j, start, ds):
        bits = rows[j, start : start + BLOCK] < ds[start : start + BLOCK]
        return sum(1 << i for i in range(BLOCK) if bits[i])

    def _equal(slots, start, slot):
        bits = slots[start : start + BLOCK] == slot
        return sum(1 << i for i in range(BLOCK) if bits[i])

    def _first_bit(mask):
        return (int(mask) & -int(mask)).bit_length() - 1

    def _drop_bit(mask):
        return int(mask) & (int(mask) - 1)

else:

    def _load_block(context, builder, array_type, array, offset):
        """Load BLOCK consecutive items of a C-ordered array as one vector."""
        data = context.make_array(array_type)(context, builder, array).data
        item = context.get_data_type(array_type.dtype)
        vector = ir.VectorType(item, BLOCK)
        pointer = builder.gep(data, [offset], inbounds=True)
        pointer = builder.bitcast(pointer, vector.as_pointer())
        load = builder.load(pointer)
        load.align = array_type.dtype.bitwidth // 8
        return load

    def _bits(builder, comparison):
        return builder.bitcast(comparison, ir.IntType(BLOCK))

    @intrinsic
    def _closer(typingctx, rows, j, start, ds):
        """Mask of the points start..start+63 with rows[j, o] < ds[o]."""
        signature = types.uint64(rows, types.intp, types.intp, ds)

        def codegen(context, builder, signature, args):
            rows_type, _, _, ds_type = signature.args
            rows, j, start, ds = args
            array = context.make_array(rows_type)(context, builder, rows)
            width = cgutils.unpack_tuple(builder, array.shape, 2)[1]
            offset = builder.add(builder.mul(j, width), start)
            left = _load_block(context, builder, rows_type, rows, offset)
            right = _load_block(context, builder, ds_type, ds, start)
            return _bits(builder, builder.fcmp_ordered("<", left, right))

        return signature, codegen

    @intrinsic
    def _equal(typingctx, slots, start, slot):
        """Mask of the points start..start+63 with slots[o] == slot."""
        signature = types.uint64(slots, types.intp, types.int32)

        def codegen(context, builder, signature, args):
            slots, start, slot = args
            left = _load_block(context, builder, signature.args[0], slots, start)
            vector = left.type
            right = ir.Constant(vector, ir.Undefined)
            lane = ir.Constant(ir.IntType(32), 0)
            right = builder.insert_element(right, slot, lane)
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
            right = builder.shuffle_vector(right, right, zeros)
            return _bits(builder, builder.icmp_signed("==", left, right))

        return signature, codegen

    @intrinsic
    def _first_bit(typingctx, mask):
        """Position of the lowest set bit."""

        def codegen(context, builder, signature, args):
            return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

        return types.intp(types.uint64), codegen

    @jit
    def _drop_bit(mask):
        return mask & (mask - np.uint64(1))


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
def fill_table(rows, medoids, table, start, stop):
    """Copy the medoids' rows into ``table[start:stop]``, one row per point."""
    for low in range(start, stop, BLOCK):
        high = min(low + BLOCK, stop)
        for slot in range(medoids.shape[0]):
            j = medoids[slot]
            for o in range(low, high):
                table[o, slot] = rows[j, o]


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
    """Give every medoid its own slot, even beside a medoid at distance 0."""
    for slot in range(medoids.shape[0]):
        o = medoids[slot]
        if near[o] != slot:
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


@jit
def _score_point(rows, j, o, near, dn, ds, weight, partial):
    """Add an affected point to its slot's share; return the share of all slots."""
    d, nearest = np.float64(rows[j, o]), np.float64(dn[o])
    partial[near[o]] += weight[o] * (max(d, nearest) - np.float64(ds[o]))
    return weight[o] * min(d - nearest, 0.0)


@jit
def _score(rows, picks, n_picks, near, dn, ds, weight, shared, partial):
    """Evaluate up to LANES candidates in one sweep over the points."""
    m = near.shape[0]
    shared[:] = 0.0
    partial[:, :] = 0.0
    whole = m - m % BLOCK
    for start in range(0, whole, BLOCK):
        for lane in range(n_picks):
            j = picks[lane]
            mask = _closer(rows, j, start, ds)
            gain = 0.0
            while mask != 0:
                o = start + _first_bit(mask)
                mask = _drop_bit(mask)
                gain += _score_point(rows, j, o, near, dn, ds, weight, partial[lane])
            shared[lane] += gain
    for lane in range(n_picks):
        j = picks[lane]
        for o in range(whole, m):
            if rows[j, o] < ds[o]:
                shared[lane] += _score_point(
                    rows, j, o, near, dn, ds, weight, partial[lane]
                )


@jit
def _best_slot(removal, partial):
    """Slot whose replacement changes the loss least; first one on ties."""
    best, slot = removal[0] + partial[0], 0
    for i in range(1, removal.shape[0]):
        change = removal[i] + partial[i]
        if change < best:
            best, slot = change, i
    return best, slot


@jit
def _nearest_but(keys, excluded, preferred):
    """Slot of the smallest entry but one; ``preferred`` on ties, then the first.

    Non-negative floats are ordered as their bits are: a minimum of integers needs no
    order of evaluation, and is compiled to vector instructions.
    """
    kept = keys[excluded]
    keys[excluded] = np.iinfo(keys.dtype).max
    smallest = keys[preferred]
    for i in range(keys.shape[0]):
        smallest = min(smallest, keys[i])
    slot = preferred
    if keys[preferred] != smallest:
        slot = 0
        while keys[slot] != smallest:
            slot += 1
    keys[excluded] = kept
    return slot


@jit
def _update_point(o, b, d, is_candidate, table, keys, near, second, dn, ds):
    """Repair the caches of one point after slot ``b`` moved to distance ``d``."""
    a = near[o]
    if is_candidate:
        if a != b:
            second[o], ds[o] = a, dn[o]
        near[o], dn[o] = b, d
        return
    if a == b:
        if d < ds[o]:
            dn[o] = d
            return
        near[o], dn[o] = second[o], ds[o]
    elif d < dn[o]:
        second[o], ds[o] = a, dn[o]
        near[o], dn[o] = b, d
        return
    elif d < ds[o]:
        second[o], ds[o] = b, d
        return
    elif second[o] != b:
        return
    second[o] = _nearest_but(keys[o], near[o], b)
    ds[o] = table[o, second[o]]


@jit
def _swap(rows, j, b, own, table, keys, near, second, dn, ds, weight, removal):
    """Move slot ``b`` to candidate ``j``; return the change of the loss."""
    m = near.shape[0]
    for o in range(m):
        table[o, b] = rows[j, o]
    change = 0.0
    slot = np.int32(b)
    for start in range(0, m, BLOCK):
        if start + BLOCK <= m:
            mask = _closer(rows, j, start, ds)
            mask |= _equal(near, start, slot) | _equal(second, start, slot)
        else:
            mask = np.uint64(0)
            for o in range(start, m):
                if rows[j, o] < ds[o] or near[o] == b or second[o] == b or o == own:
                    mask |= np.uint64(1) << np.uint64(o - start)
        if start <= own < start + BLOCK:
            mask |= np.uint64(1) << np.uint64(own - start)
        while mask != 0:
            o = start + _first_bit(mask)
            mask = _drop_bit(mask)
            change -= weight[o] * dn[o]
            removal[near[o]] -= weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
            _update_point(o, b, rows[j, o], o == own, table, keys, near, second, dn, ds)
            change += weight[o] * dn[o]
            removal[near[o]] += weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
    return change


@jit
def scan(
    rows, order, start, stop, last, loss, tol, square,
    medoids, is_medoid, table, keys, near, second, dn, ds, weight, removal,
):  # fmt: skip
    """Try the candidates ``order[start:stop]``, swapping eagerly.

    LANES candidates are evaluated at once against the same state; the first that
    improves is taken and those behind it are evaluated again, so that the swaps are
    those of one candidate at a time. Returns the last swapped candidate, the loss,
    the number of swaps, and whether a full round passed without one.
    """
    k = medoids.shape[0]
    picks = np.empty(LANES, np.intp)
    places = np.empty(LANES, np.intp)
    shared = np.empty(LANES)
    partial = np.empty((LANES, k))
    n_swap = 0
    width = LANES
    position = start
    closed = False
    while position < stop and not closed:
        n_picks = 0
        ahead = position
        while ahead < stop and n_picks < width:
            j = order[ahead]
            if j == last:
                closed = True
                break
            if not is_medoid[j]:
                picks[n_picks] = j
                places[n_picks] = ahead
                n_picks += 1
            ahead += 1
        position = ahead
        width = LANES
        _score(rows, picks, n_picks, near, dn, ds, weight, shared, partial)
        for lane in range(n_picks):
            change, b = _best_slot(removal, partial[lane])
            if change + shared[lane] < -tol * loss:
                j = picks[lane]
                own = j if square else -1
                loss += _swap(
                    rows, j, b, own, table, keys, near, second, dn, ds, weight, removal
                )
                is_medoid[medoids[b]] = False
                is_medoid[j] = True
                medoids[b] = j
                last = j
                n_swap += 1
                position = places[lane] + 1
                closed = False
                break
    return last, loss, n_swap, closed
