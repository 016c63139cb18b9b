"""Compiled loops of the swap phase: bounds, exact evaluation, swaps.

Arrays, with ``m`` points, ``k`` medoids and one row per candidate:

``rows``    (n, m)       rows[j, o] = dissimilarity of point o to candidate j
``table``   (m, k)       the same for the current medoids, one row per point
``keys``    (m, k)       the bits of ``table`` as integers: the same memory
``near``, ``second``     (m,) slots of the nearest and second nearest medoid
``dn``, ``ds``           (m,) their dissimilarities, dn <= ds
``removal`` (k,)         loss added when a slot is emptied
``own``     (n,)         the point that candidate j is, -1 if it is none of them
``left``    (m,)         room for what a slot held before a swap

Candidate j in slot i changes the loss by ``removal[i] + shared + partial[i]``. Only
points with ``rows[j, o] < ds[o]`` add to ``shared`` and to the ``partial`` of their own
slot, and neither rises when a dissimilarity falls. So one-byte lower bounds of the
dissimilarities give a lower bound of the change: it is computed for a tile of LANES
candidates at once, in integers, and rules nearly all of them out. The rest are
evaluated exactly.

``tiles``   (n_tiles, m, LANES)  the bytes, see ``_square_kernels``
``levels``  (m, 4)       per point: ds, dn and ds - dn in its own steps, and its class c
``inverse`` (m,)         steps per unit of dissimilarity: weight / (unit * 4**c)
``sums``    (k + 1, LANES)  upper bounds of -partial and, last, of -shared, in units;
                         even candidates of the tile first, then the odd ones
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from skextras._jit import FAST, jit

BLOCK = 64  # points per comparison: one bit each in a 64-bit mask
LANES = 64  # candidates in a tile
MOST = 256  # points whose levels can be summed in 16 bits
FEW = 32  # medoids from which it pays to repair sums where a swap has touched points
LEVEL_MAX = 254  # the largest level; a byte of 255 stands for no candidate

if config.DISABLE_JIT:

    def _closer(row, start, ds):
        bits = row[start : start + BLOCK] < ds[start : start + BLOCK]
        return sum(1 << i for i in range(BLOCK) if bits[i])

    def _equal(slots, start, slot):
        bits = slots[start : start + BLOCK] == slot
        return sum(1 << i for i in range(BLOCK) if bits[i])

    def _first_bit(mask):
        return (int(mask) & -int(mask)).bit_length() - 1

    def _drop_bit(mask):
        return int(mask) & (int(mask) - 1)

    def _adder(sign):
        def add(tiles, tile, ahead, members, levels, first, stop, sums, slot, shift):
            for place in range(first, stop):
                code = tiles[tile, members[place]].astype(np.int32)
                ds, dn, gap = levels[place, :3].astype(np.int32)
                share = np.minimum(np.maximum(ds - code, 0), gap)
                for row, units in ((slot, share), (-1, np.maximum(dn - code, 0))):
                    units = np.concatenate([units[::2], units[1::2]])
                    sums[row] += sign * (units << shift)

        return add

    def _renew(tiles, tile, o, before, place, levels, sums, slot):
        code = tiles[tile, o].astype(np.int32)
        shift = 2 * np.int32(levels[o, 3])
        for sign, row in ((-1, before[place]), (1, levels[o])):
            ds, _, gap = row[:3].astype(np.int32)
            units = np.minimum(np.maximum(ds - code, 0), gap) << shift
            sums[slot] += sign * np.concatenate([units[::2], units[1::2]])

else:
    _WORD = ir.IntType(32)

    def _vector(item, size):
        return ir.VectorType(item, size)

    def _load(context, builder, array_type, array, offset, size):
        """Load consecutive items of a C-ordered array as one vector."""
        data = context.make_array(array_type)(context, builder, array).data
        vector = _vector(context.get_data_type(array_type.dtype), size)
        pointer = builder.gep(data, [offset], inbounds=True)
        pointer = builder.bitcast(pointer, vector.as_pointer())
        load = builder.load(pointer)
        load.align = array_type.dtype.bitwidth // 8
        return load, pointer

    def _spread(builder, value, size):
        """Fill a vector with one value."""
        vector = builder.insert_element(
            ir.Constant(_vector(value.type, size), ir.Undefined), value, _WORD(0)
        )
        return builder.shuffle_vector(
            vector, vector, ir.Constant(_vector(_WORD, size), [0] * size)
        )

    def _mask(builder, comparison):
        return builder.bitcast(comparison, ir.IntType(BLOCK))

    @intrinsic
    def _closer(typingctx, row, start, ds):
        """Mask of the points start..start+63 with row[o] < ds[o]."""
        signature = types.uint64(row, types.intp, ds)

        def codegen(context, builder, signature, args):
            row_type, _, ds_type = signature.args
            row, start, ds = args
            left, _ = _load(context, builder, row_type, row, start, BLOCK)
            right, _ = _load(context, builder, ds_type, ds, start, BLOCK)
            return _mask(builder, builder.fcmp_ordered("<", left, right))

        return signature, codegen

    @intrinsic
    def _equal(typingctx, slots, start, slot):
        """Mask of the points start..start+63 with slots[o] == slot."""
        signature = types.uint64(slots, types.intp, types.int32)

        def codegen(context, builder, signature, args):
            slots, start, slot = args
            left, _ = _load(context, builder, signature.args[0], slots, start, BLOCK)
            right = _spread(builder, slot, BLOCK)
            return _mask(builder, builder.icmp_signed("==", left, right))

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

    _BYTES = _vector(ir.IntType(8), LANES)
    _HALVES = _vector(ir.IntType(16), LANES // 2)
    _WORDS = _vector(_WORD, LANES // 2)
    _EIGHT = ir.Constant(_HALVES, [8] * (LANES // 2))
    _LOW = ir.Constant(_HALVES, [255] * (LANES // 2))

    def _combine(builder, name, left, right):
        """Apply an instruction to the bytes of all lanes."""
        kind = ir.FunctionType(_BYTES, [_BYTES, _BYTES])
        name = f"llvm.{name}.v{LANES}i8"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [left, right])

    def _prefetch(builder, pointer):
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, _WORD, _WORD, _WORD])
        name = "llvm.prefetch.p0"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [pointer, _WORD(0), _WORD(3), _WORD(1)])

    def _pointer(context, builder, array_type, array):
        return context.make_array(array_type)(context, builder, array).data

    def _length(context, builder, array_type, array, axis):
        shape = context.make_array(array_type)(context, builder, array).shape
        return cgutils.unpack_tuple(builder, shape, array_type.ndim)[axis]

    def _field(builder, pointer, row, field):
        """Fill a vector with one of the four bytes of a row."""
        offset = builder.add(builder.mul(row, row.type(4)), row.type(field))
        return _spread(builder, builder.load(builder.gep(pointer, [offset])), LANES)

    def _change(context, builder, sums_type, sums, row, sides, change):
        """Change a row of the sums; ``sides`` belong to even and to odd candidates."""
        for side, units in enumerate(sides):
            offset = builder.mul(row, row.type(LANES))
            offset = builder.add(offset, row.type(side * LANES // 2))
            old, pointer = _load(context, builder, sums_type, sums, offset, LANES // 2)
            store = builder.store(change(old, units), pointer)
            store.align = 4

    def _adder(sign):
        """Make the intrinsic that takes some points into the sums of a tile.

        All are of one slot and class, and at most MOST. As many lines of the tile
        ``ahead`` are brought into the cache meanwhile. Bytes are subtracted with
        saturation at 0, and summed in 16-bit registers: even and odd candidates apart.
        """

        def accumulate(builder, pair, units):
            """Add to (256 * odd + even, odd), modulo 2**16."""
            units = builder.bitcast(units, _HALVES)
            parts = (units, builder.lshr(units, _EIGHT))
            for total, part in zip(pair, parts, strict=True):
                builder.store(builder.add(builder.load(total), part), total)

        def split(builder, pair, shift):
            both, odd = (builder.load(total) for total in pair)
            for units in (builder.sub(both, builder.shl(odd, _EIGHT)), odd):
                yield builder.shl(builder.zext(units, _WORDS), shift)

        @intrinsic
        def add(
            typingctx, tiles, tile, ahead, members, levels, first, stop, sums, slot,
            shift,
        ):  # fmt: skip
            signature = types.void(
                tiles, types.intp, types.intp, members, levels, types.intp,
                types.intp, sums, types.intp, types.int32,
            )  # fmt: skip

            def codegen(context, builder, signature, args):
                tiles_type, _, _, members_type, levels_type, *_ = signature.args
                sums_type = signature.args[7]
                (
                    tiles, tile, ahead, members, levels, first, stop, sums, slot, shift
                ) = args  # fmt: skip
                width = _length(context, builder, tiles_type, tiles, 1)
                n_rows = _length(context, builder, sums_type, sums, 0)
                index = _pointer(context, builder, members_type, members)
                level = _pointer(context, builder, levels_type, levels)
                byte = _pointer(context, builder, tiles_type, tiles)
                long = first.type

                def line(tile, point):
                    offset = builder.add(builder.mul(tile, width), point)
                    return builder.mul(offset, long(LANES))

                share, gain = (
                    [cgutils.alloca_once(builder, _HALVES) for _ in range(2)]
                    for _ in range(2)
                )
                for total in share + gain:
                    builder.store(ir.Constant(_HALVES, [0] * (LANES // 2)), total)
                loop = cgutils.for_range_slice(builder, first, stop, long(1))
                with loop as (place, _):
                    _prefetch(builder, builder.gep(byte, [line(ahead, place)]))
                    point = builder.load(builder.gep(index, [place], inbounds=True))
                    offset = line(tile, builder.sext(point, long))
                    code, _ = _load(context, builder, tiles_type, tiles, offset, LANES)
                    ds, dn, gap = (_field(builder, level, place, i) for i in range(3))
                    units = _combine(builder, "usub.sat", ds, code)
                    accumulate(builder, share, _combine(builder, "umin", units, gap))
                    accumulate(builder, gain, _combine(builder, "usub.sat", dn, code))
                shift = _spread(builder, shift, LANES // 2)
                last = builder.sub(n_rows, long(1))
                change = builder.add if sign > 0 else builder.sub
                for row, pair in ((slot, share), (last, gain)):
                    sides = split(builder, pair, shift)
                    _change(context, builder, sums_type, sums, row, sides, change)
                return context.get_dummy_value()

            return signature, codegen

        return add

    @intrinsic
    def _renew(typingctx, tiles, tile, o, before, place, levels, sums, slot):
        """Replace the share of a point in the sums of its slot.

        It had the levels ``before[place]``; slot, dn and class are the same.
        """
        signature = types.void(
            tiles, types.intp, types.intp, before, types.intp, levels, sums, types.intp
        )

        def codegen(context, builder, signature, args):
            tiles_type, _, _, before_type, _, levels_type, sums_type, _ = signature.args
            tiles, tile, o, before, place, levels, sums, slot = args
            width = _length(context, builder, tiles_type, tiles, 1)
            offset = builder.mul(
                builder.add(builder.mul(tile, width), o), o.type(LANES)
            )
            code, _ = _load(context, builder, tiles_type, tiles, offset, LANES)
            level = _pointer(context, builder, levels_type, levels)
            old = _pointer(context, builder, before_type, before)
            shares = []
            for pointer, row in ((old, place), (level, o)):
                units = _combine(
                    builder, "usub.sat", _field(builder, pointer, row, 0), code
                )
                units = _combine(
                    builder, "umin", units, _field(builder, pointer, row, 2)
                )
                units = builder.bitcast(units, _HALVES)
                shares.append((builder.and_(units, _LOW), builder.lshr(units, _EIGHT)))
            offset = builder.add(builder.mul(o, o.type(4)), o.type(3))
            c = builder.zext(builder.load(builder.gep(level, [offset])), _WORD)
            shift = _spread(builder, builder.shl(c, _WORD(1)), LANES // 2)
            sides = [
                builder.shl(builder.sext(builder.sub(new, old), _WORDS), shift)
                for old, new in zip(*shares, strict=True)
            ]
            _change(context, builder, sums_type, sums, slot, sides, builder.add)
            return context.get_dummy_value()

        return signature, codegen


_add = _adder(1)
_drop = _adder(-1)


@jit
def set_levels(o, dn, ds, inverse, levels):
    """Express the dissimilarities of a point in its steps; tell if they fit."""
    farther = np.ceil(np.float64(ds[o]) * inverse[o])
    nearer = np.ceil(np.float64(dn[o]) * inverse[o])
    levels[o, 0] = np.uint8(min(farther, LEVEL_MAX))
    levels[o, 1] = np.uint8(min(nearer, LEVEL_MAX))
    levels[o, 2] = np.uint8(min(farther - nearer + 1.0, LEVEL_MAX))
    return farther <= LEVEL_MAX


@jit
def set_all_levels(dn, ds, inverse, levels):
    """As ``set_levels`` for every point; the classes are there already."""
    for o in range(dn.shape[0]):
        set_levels(o, dn, ds, inverse, levels)


@jit
def _group(near, packed, n_classes, place, members, grouped):
    """Sort the points by slot and class.

    ``packed`` are the levels of a point as one integer, its class the highest byte.
    ``place`` (k * n_classes + 1,) becomes the first place of each slot and class in
    ``members`` (the points) and ``grouped`` (their levels).
    """
    place[:] = 0
    for o in range(near.shape[0]):
        place[near[o] * n_classes + (packed[o] >> 24) + 1] += 1
    for key in range(1, place.shape[0]):
        place[key] += place[key - 1]
    for o in range(near.shape[0]):
        key = near[o] * n_classes + (packed[o] >> 24)
        p = place[key]
        place[key] = p + 1
        members[p] = o
        grouped[p] = packed[o]
    for key in range(place.shape[0] - 1, 0, -1):
        place[key] = place[key - 1]
    place[0] = 0


@jit
def _sum_tile(tiles, tile, n_classes, place, members, grouped, sums):
    """Add up all points for one tile of candidates; fetch the next tile meanwhile."""
    following = tile + 1 if tile + 1 < tiles.shape[0] else tile
    sums[:, :] = 0
    for key in range(place.shape[0] - 1):
        slot, shift = key // n_classes, 2 * (key % n_classes)
        for first in range(place[key], place[key + 1], MOST):
            stop = min(first + MOST, place[key + 1])
            _add(
                tiles, tile, following, members, grouped, first, stop, sums, slot, shift
            )


@jit
def _bound(sums, removal, unit, bounds):
    """Lower bounds of the changes by the candidates of a tile, over all slots."""
    best = np.full(LANES, np.int32(2**31 - 1))
    per_unit = 1.0 / unit
    for slot in range(removal.shape[0]):
        steps = np.floor(removal[slot] * per_unit) - 1.0  # 1 for the rounding of both
        steps = np.int32(min(max(steps, -1.0), 2.0**31 - 1.0))
        row = sums[slot]
        for lane in range(LANES):
            change = np.int32(steps - row[lane])
            best[lane] = change if change < best[lane] else best[lane]
    for lane in range(LANES):
        bounds[lane] = unit * (np.float64(best[lane]) - np.float64(sums[-1, lane]))


@jit
def _score_point(row, o, near, dn, ds, weight, partial):
    """Add an affected point to its slot's share; return the share of all slots."""
    d, nearest = np.float64(row[o]), np.float64(dn[o])
    partial[near[o]] += weight[o] * (max(d, nearest) - np.float64(ds[o]))
    return weight[o] * min(d - nearest, 0.0)


@jit
def _evaluate(row, near, dn, ds, weight, removal, partial, only):
    """Change of the loss by a candidate in its best slot, and that slot.

    If ``only`` is not negative, it is the slot.
    """
    m = near.shape[0]
    whole = m - m % BLOCK
    shared = 0.0
    partial[:] = 0.0
    for start in range(0, whole, BLOCK):
        mask = _closer(row, start, ds)
        gain = 0.0
        while mask != 0:
            o = start + _first_bit(mask)
            mask = _drop_bit(mask)
            gain += _score_point(row, o, near, dn, ds, weight, partial)
        shared += gain
    for o in range(whole, m):
        if row[o] < ds[o]:
            shared += _score_point(row, o, near, dn, ds, weight, partial)
    if only >= 0:
        return removal[only] + partial[only] + shared, only
    best, slot = removal[0] + partial[0], 0
    for i in range(1, removal.shape[0]):
        change = removal[i] + partial[i]
        if change < best:
            best, slot = change, i
    return best + shared, slot


@jit(fastmath=FAST)
def _total(weight, values):
    total = 0.0
    for o in range(values.shape[0]):
        total += weight[o] * values[o]
    return total


@jit
def _nearest_but(keys, excluded, preferred):
    """Slot of the smallest entry but one; ``preferred`` on ties, then the first.

    Non-negative floats are ordered as their bits are: minima of integers need no order
    of evaluation, and are compiled to vector instructions.
    """
    kept = keys[excluded]
    keys[excluded] = np.iinfo(keys.dtype).max
    smallest = keys[preferred]
    for i in range(keys.shape[0]):
        smallest = min(smallest, keys[i])
    slot = np.int32(preferred)
    if keys[preferred] != smallest:
        slot = np.int32(keys.shape[0])
        for i in range(keys.shape[0]):
            slot = min(slot, np.int32(i) if keys[i] == smallest else slot)
    keys[excluded] = kept
    return slot


@jit
def _update_point(o, b, d, is_candidate, table, keys, near, second, dn, ds):
    """Repair the caches of one point after slot ``b`` moved to distance ``d``."""
    a = near[o]
    if is_candidate and d <= (ds[o] if a == b else dn[o]):
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
def _swap(
    row, point, b, table, keys, near, second, dn, ds, weight, removal, left,
    inverse, levels, tiles, tile, identity, sums,
):  # fmt: skip
    """Move slot ``b`` to a candidate, which is ``point``; tell if all levels fit.

    Keeps ``sums`` of ``tile`` up to date (none if tile < 0). ``left`` becomes the row
    of the candidate that was there before.
    """
    m = near.shape[0]
    for o in range(m):
        left[o] = table[o, b]
        table[o, b] = row[o]
    fits = True
    slot = np.int32(b)
    level = np.empty((1, 4), dtype=np.uint8)
    for start in range(0, m, BLOCK):
        if start + BLOCK <= m:
            mask = _closer(row, start, ds)
            mask |= _equal(near, start, slot) | _equal(second, start, slot)
        else:
            mask = np.uint64(0)
            for o in range(start, m):
                if row[o] < ds[o] or near[o] == b or second[o] == b:
                    mask |= np.uint64(1) << np.uint64(o - start)
        if start <= point < start + BLOCK:
            mask |= np.uint64(1) << np.uint64(point - start)
        while mask != 0:
            o = start + _first_bit(mask)
            mask = _drop_bit(mask)
            stays = near[o] != b and row[o] >= dn[o] and o != point
            if tile >= 0:
                if stays:
                    level[0, 0], level[0, 2] = levels[o, 0], levels[o, 2]
                else:
                    shift = 2 * np.int32(levels[o, 3])
                    _drop(
                        tiles, tile, tile, identity, levels, o, o + 1, sums, near[o],
                        shift,
                    )  # fmt: skip
            removal[near[o]] -= weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
            _update_point(o, b, row[o], o == point, table, keys, near, second, dn, ds)
            removal[near[o]] += weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
            if levels.shape[0] > 0:
                fits &= set_levels(o, dn, ds, inverse, levels)
            if tile >= 0:
                if stays:
                    _renew(tiles, tile, o, level, 0, levels, sums, near[o])
                else:
                    shift = 2 * np.int32(levels[o, 3])
                    _add(
                        tiles, tile, tile, identity, levels, o, o + 1, sums, near[o],
                        shift,
                    )  # fmt: skip
    return fits


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
def _exchange(
    row, j, b, tile, loss, medoids, is_medoid, table, keys, near, second, dn, ds,
    weight, removal, own, left, inverse, levels, tiles, identity, sums,
):  # fmt: skip
    """Swap slot ``b`` for a candidate, unless the loss shows that it does not help.

    Returns the loss, whether it was swapped, whether sums have changed, and whether all
    levels fit.
    """
    before = medoids[b]
    fits = _swap(
        row, own[j], b, table, keys, near, second, dn, ds, weight, removal, left,
        inverse, levels, tiles, tile, identity, sums,
    )  # fmt: skip
    new_loss = _total(weight, dn)
    if not new_loss < loss:  # the sums have lost small terms beside huge ones
        fits &= _swap(
            left.copy(), own[before], b, table, keys, near, second, dn, ds, weight,
            removal, left, inverse, levels, tiles, tile, identity, sums,
        )  # fmt: skip
        return loss, False, True, fits
    if removal.max() > 1e3 * new_loss:  # a sum that had such terms is not exact
        sum_losses(near, dn, ds, weight, removal)
    is_medoid[before] = False
    is_medoid[j] = True
    medoids[b] = j
    return new_loss, True, True, fits


@jit
def _try(
    row, j, only, tile, loss, tol, medoids, is_medoid, table, keys, near, second, dn,
    ds, weight, removal, own, left, partial, inverse, levels, tiles, identity, sums,
):  # fmt: skip
    """Evaluate a candidate, and swap if it lowers the loss.

    It is tried in all slots, or in ``only`` if that is not negative. Returns the loss,
    whether it was swapped, whether sums have changed, and whether all levels fit.
    """
    change, b = _evaluate(row, near, dn, ds, weight, removal, partial, only)
    if change >= -tol * loss:
        return loss, False, False, True
    return _exchange(
        row, j, b, tile, loss, medoids, is_medoid, table, keys, near, second, dn, ds,
        weight, removal, own, left, inverse, levels, tiles, identity, sums,
    )  # fmt: skip


@jit
def scan(
    rows, order, start, stop, last, loss, tol, at, medoids, is_medoid, table, keys,
    near, second, dn, ds, weight, removal, own, left, tiles, inverse, levels, unit,
    n_classes, place, members, grouped, identity, sums, bounds, packed, packed_groups,
):  # fmt: skip
    """Try the candidates ``order[start:stop]``, swapping eagerly.

    Returns where it stopped, the last swapped candidate, the loss, the number of swaps,
    whether a full round passed without one, and whether all levels fit: if not, the
    codes must be made anew before the next call. If ``rows`` is empty, it stops at each
    candidate that must be evaluated. ``at`` holds the tile that is summed up and
    whether the points are grouped, from call to call.
    """
    k = medoids.shape[0]
    few = k >= FEW
    partial = np.empty(k)
    n_swap, tile = 0, at[0]
    position = start
    while position < stop:
        j = order[position]
        if j == last:
            return position, last, loss, n_swap, True, True
        if position // LANES != tile:
            tile = position // LANES
            if at[1] == 0:
                _group(near, packed, n_classes, place, members, packed_groups)
                at[1] = 1
            _sum_tile(tiles, tile, n_classes, place, members, grouped, sums)
            _bound(sums, removal, unit, bounds)
            at[0] = tile
        lane = position % LANES
        lane = (lane % 2) * (LANES // 2) + lane // 2
        if is_medoid[j] or bounds[lane] >= -0.5 * tol * loss:
            position += 1
            continue
        if rows.shape[0] == 0:
            return position, last, loss, n_swap, False, True
        position += 1
        loss, swapped, changed, fits = _try(
            rows[j], j, -1, tile if few else -1, loss, tol, medoids, is_medoid, table,
            keys, near, second, dn, ds, weight, removal, own, left, partial, inverse,
            levels, tiles, identity, sums,
        )  # fmt: skip
        if swapped:
            last = j
            n_swap += 1
        if changed:
            at[1] = 0
            if few and swapped:
                _bound(sums, removal, unit, bounds)
            else:
                tile = at[0] = -1
        if not fits:
            return position, last, loss, n_swap, False, False
    return position, last, loss, n_swap, False, True


@jit
def scan_rows(
    rows, candidates, slots, start, once, last, loss, tol, at, medoids, is_medoid,
    table, keys, near, second, dn, ds, weight, removal, own, left, tiles, inverse,
    levels, identity, sums,
):  # fmt: skip
    """Try the candidates from ``start`` on; ``rows`` are theirs, and no bounds help.

    Each is tried in all slots, or in that of ``slots`` which is not negative. Returns
    where it stopped, after a swap if ``once``, and the rest as ``scan``.
    """
    partial = np.empty(medoids.shape[0])
    n_swap = 0
    for position in range(start, candidates.shape[0]):
        j = candidates[position]
        if j == last:
            return position, last, loss, n_swap, True, True
        if is_medoid[j]:
            continue
        loss, swapped, changed, fits = _try(
            rows[position], j, slots[position], -1, loss, tol, medoids, is_medoid,
            table, keys, near, second, dn, ds, weight, removal, own, left, partial,
            inverse, levels, tiles, identity, sums,
        )  # fmt: skip
        if swapped:
            last = j
            n_swap += 1
        if changed:
            at[0], at[1] = -1, 0
        if not fits or (swapped and once):
            return position + 1, last, loss, n_swap, False, fits
    return candidates.shape[0], last, loss, n_swap, False, True


@jit
def _bound_all(
    order, is_medoid, removal, near, tiles, unit, n_classes, place, members, grouped,
    at, all_sums, lanes, packed, packed_groups, bounds,
):  # fmt: skip
    """Lower bounds of the changes by all candidates, in the order of ``order``."""
    n = order.shape[0]
    if at[1] == 0:
        _group(near, packed, n_classes, place, members, packed_groups)
        for tile in range(tiles.shape[0]):
            _sum_tile(tiles, tile, n_classes, place, members, grouped, all_sums[tile])
        at[1] = 1
    for tile in range(tiles.shape[0]):
        _bound(all_sums[tile], removal, unit, lanes)
        for p in range(tile * LANES, min(tile * LANES + LANES, n)):
            lane = p % LANES
            bounds[p] = lanes[(lane % 2) * (LANES // 2) + lane // 2]
            if is_medoid[order[p]]:
                bounds[p] = np.inf


@jit
def _update_sums(
    tiles, identity, old_near, old_levels, near, levels, packed_before, packed, touched,
    all_sums,
):  # fmt: skip
    """Repair the sums of all tiles where a swap has changed slots or levels."""
    n_touched = 0
    for o in range(near.shape[0]):
        touched[n_touched] = o
        n_touched += (near[o] != old_near[o]) | (packed[o] != packed_before[o])
    for tile in range(tiles.shape[0]):
        sums = all_sums[tile]
        for t in range(n_touched):
            o = touched[t]
            slot, old_slot = near[o], old_near[o]
            if slot == old_slot and levels[o, 1] == old_levels[o, 1]:
                _renew(tiles, tile, o, old_levels, o, levels, sums, slot)
                continue
            shift = 2 * np.int32(levels[o, 3])
            _drop(
                tiles, tile, tile, identity, old_levels, o, o + 1, sums, old_slot, shift
            )
            _add(tiles, tile, tile, identity, levels, o, o + 1, sums, slot, shift)


@jit
def best_swap(
    rows, order, rank, loss, tol, at, medoids, is_medoid, table, keys, near, second,
    dn, ds, weight, removal, own, left, tiles, inverse, levels, unit, n_classes, place,
    members, grouped, identity, sums, lanes, packed, packed_groups, before,
    packed_before, all_sums, bounds, found, budget,
):  # fmt: skip
    """Make the one exchange that lowers the loss most, of least ``rank`` on ties.

    Candidates are evaluated in the order of their lower bounds, until these exceed the
    best change. Returns the loss, whether there was such an exchange, and whether all
    levels fit: if not, the codes must be made anew before the next call. ``all_sums``
    holds the sums of all tiles; ``at[1]`` tells whether they are there. After
    ``budget`` evaluations, it returns (change, candidate, slot) of the best one so far,
    which the next call takes as ``found``, and whether the search is done. A candidate
    of -2 begins it and fills ``bounds``.
    """
    partial = np.empty(medoids.shape[0])
    best, j, slot = found
    if j == -2:
        _bound_all(
            order, is_medoid, removal, near, tiles, unit, n_classes, place, members,
            grouped, at, all_sums, lanes, packed, packed_groups, bounds,
        )  # fmt: skip
        best, j, slot = -tol * loss, -1, 0
    while True:
        p = np.argmin(bounds)
        if not bounds[p] <= best + 0.5 * tol * loss:
            break
        if budget == 0:
            return loss, False, True, (best, j, slot), False
        budget -= 1
        bounds[p] = np.inf
        change, b = _evaluate(
            rows[order[p]], near, dn, ds, weight, removal, partial, -1
        )
        if change < best or (change == best and rank[order[p]] < rank[j]):
            best, j, slot = change, order[p], b
    if j < 0:
        return loss, False, True, (best, j, slot), True
    old_near = near.copy()
    before[:] = levels
    loss, swapped, _, fits = _exchange(
        rows[j], j, slot, -1, loss, medoids, is_medoid, table, keys, near, second, dn,
        ds, weight, removal, own, left, inverse, levels, tiles, identity, sums,
    )  # fmt: skip
    if medoids.shape[0] < FEW:
        at[1] = 0
    elif fits:
        touched = np.empty(near.shape[0] + 1, dtype=np.int32)
        _update_sums(
            tiles, identity, old_near, before, near, levels, packed_before, packed,
            touched, all_sums,
        )  # fmt: skip
    return loss, swapped, fits, (best, j, slot), True
