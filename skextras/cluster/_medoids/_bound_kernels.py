"""Lower bounds of what swaps change, for a tile of candidates at once.

Candidate j in slot i changes the loss by ``removal[i] + shared + partial[i]``. Only
points with ``rows[j, o] < ds[o]`` add to ``shared`` and to the ``partial`` of their own
slot, and neither rises when a dissimilarity falls. So one-byte lower bounds of the
dissimilarities give a lower bound of the change: it is computed for a tile of LANES
candidates at once, in integers, and rules nearly all of them out.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from skextras._jit import jit
from skextras._lanes_kernels import WORD, load, prefetch, spread

LANES = 64  # candidates in a tile
MOST = 256  # points whose levels can be summed in 16 bits
LEVEL_MAX = 254  # the largest level; a byte of 255 stands for no candidate


class Bounds(NamedTuple):
    """Codes of dissimilarities, and room for the sums of a tile.

    For ``m`` points and ``k`` medoids. Without codes, there are no tiles and levels.
    """

    tiles: np.ndarray  # (n_tiles, m, LANES) the bytes, see ``_square_kernels``
    inverse: np.ndarray  # (m,) steps per dissimilarity: weight / (unit * 4**class)
    levels: np.ndarray  # (m, 4) ds, dn and ds - dn in a point's own steps; its class
    packed: np.ndarray  # (m,) the same, as one integer each: the class is highest
    unit: float  # what sums count
    n_classes: int
    place: np.ndarray  # (k * n_classes + 1,) where each slot and class begins
    members: np.ndarray  # (m,) the points by slot and class
    grouped: np.ndarray  # (m, 4) their levels
    packed_groups: np.ndarray  # (m,) the same, as one integer each
    identity: np.ndarray  # (m,) the points in their own order
    #: (k + 1, LANES) upper bounds of -partial and, last, of -shared, in units; even
    #: candidates of the tile first, then the odd ones
    sums: np.ndarray
    lanes: np.ndarray  # (LANES,) lower bounds of the changes, in the same order
    least: np.ndarray  # (LANES,) room for the smallest changes over the slots
    level: np.ndarray  # (1, 4) room for the levels of a point
    at: np.ndarray  # the tile that is summed up; 1 if the points are grouped


if config.DISABLE_JIT:

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

    def renew(tiles, tile, o, before, place, levels, sums, slot):
        code = tiles[tile, o].astype(np.int32)
        shift = 2 * np.int32(levels[o, 3])
        for sign, row in ((-1, before[place]), (1, levels[o])):
            ds, _, gap = row[:3].astype(np.int32)
            units = np.minimum(np.maximum(ds - code, 0), gap) << shift
            sums[slot] += sign * np.concatenate([units[::2], units[1::2]])

else:
    _BYTES = ir.VectorType(ir.IntType(8), LANES)
    _HALVES = ir.VectorType(ir.IntType(16), LANES // 2)
    _WORDS = ir.VectorType(WORD, LANES // 2)
    _EIGHT = ir.Constant(_HALVES, [8] * (LANES // 2))
    _LOW = ir.Constant(_HALVES, [255] * (LANES // 2))

    def _combine(builder, name, left, right):
        """Apply an instruction to the bytes of all lanes."""
        kind = ir.FunctionType(_BYTES, [_BYTES, _BYTES])
        name = f"llvm.{name}.v{LANES}i8"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [left, right])

    def _pointer(context, builder, array_type, array):
        return context.make_array(array_type)(context, builder, array).data

    def _length(context, builder, array_type, array, axis):
        shape = context.make_array(array_type)(context, builder, array).shape
        return cgutils.unpack_tuple(builder, shape, array_type.ndim)[axis]

    def _field(builder, pointer, row, field):
        """Fill a vector with one of the four bytes of a row."""
        offset = builder.add(builder.mul(row, row.type(4)), row.type(field))
        return spread(builder, builder.load(builder.gep(pointer, [offset])), LANES)

    def _change(context, builder, sums_type, sums, row, sides, change):
        """Change a row of the sums; ``sides`` belong to even and to odd candidates."""
        for side, units in enumerate(sides):
            offset = builder.mul(row, row.type(LANES))
            offset = builder.add(offset, row.type(side * LANES // 2))
            old, pointer = load(context, builder, sums_type, sums, offset, LANES // 2)
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
                    prefetch(builder, builder.gep(byte, [line(ahead, place)]))
                    point = builder.load(builder.gep(index, [place], inbounds=True))
                    offset = line(tile, builder.sext(point, long))
                    code, _ = load(context, builder, tiles_type, tiles, offset, LANES)
                    ds, dn, gap = (_field(builder, level, place, i) for i in range(3))
                    units = _combine(builder, "usub.sat", ds, code)
                    accumulate(builder, share, _combine(builder, "umin", units, gap))
                    accumulate(builder, gain, _combine(builder, "usub.sat", dn, code))
                shift = spread(builder, shift, LANES // 2)
                last = builder.sub(n_rows, long(1))
                change = builder.add if sign > 0 else builder.sub
                for row, pair in ((slot, share), (last, gain)):
                    sides = split(builder, pair, shift)
                    _change(context, builder, sums_type, sums, row, sides, change)
                return context.get_dummy_value()

            return signature, codegen

        return add

    @intrinsic
    def renew(typingctx, tiles, tile, o, before, place, levels, sums, slot):
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
            code, _ = load(context, builder, tiles_type, tiles, offset, LANES)
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
            c = builder.zext(builder.load(builder.gep(level, [offset])), WORD)
            shift = spread(builder, builder.shl(c, WORD(1)), LANES // 2)
            sides = [
                builder.shl(builder.sext(builder.sub(new, old), _WORDS), shift)
                for old, new in zip(*shares, strict=True)
            ]
            _change(context, builder, sums_type, sums, slot, sides, builder.add)
            return context.get_dummy_value()

        return signature, codegen


add = _adder(1)
drop = _adder(-1)


@jit(inline="always")
def set_levels(o, dn, ds, inverse, levels):
    """Express the dissimilarities of a point in its steps; tell if they fit."""
    farther = np.ceil(np.float64(ds[o]) * inverse[o])
    nearer = np.ceil(np.float64(dn[o]) * inverse[o])
    levels[o, 0] = np.uint8(min(farther, LEVEL_MAX))
    levels[o, 1] = np.uint8(min(nearer, LEVEL_MAX))
    levels[o, 2] = np.uint8(min(farther - nearer + 1.0, LEVEL_MAX))
    return farther <= LEVEL_MAX


@jit(inline="always")
def group(near, b):
    """Sort the points by slot and class: in ``place``, ``members`` and ``grouped``."""
    packed, n_classes, place, members = b.packed, b.n_classes, b.place, b.members
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
        b.packed_groups[p] = packed[o]
    for key in range(place.shape[0] - 1, 0, -1):
        place[key] = place[key - 1]
    place[0] = 0


@jit(inline="always")
def sum_tile(tile, b, sums):
    """Add up all points for one tile of candidates; fetch the next tile meanwhile."""
    tiles, n_classes, place = b.tiles, b.n_classes, b.place
    members, grouped = b.members, b.grouped
    following = tile + 1 if tile + 1 < tiles.shape[0] else tile
    sums[:, :] = 0
    for key in range(place.shape[0] - 1):
        slot, shift = key // n_classes, 2 * (key % n_classes)
        for first in range(place[key], place[key + 1], MOST):
            stop = min(first + MOST, place[key + 1])
            add(
                tiles, tile, following, members, grouped, first, stop, sums, slot, shift
            )


@jit(inner=True)
def bound(sums, removal, unit, best, bounds):
    """Lower bounds of the changes by the candidates of a tile, over all slots."""
    best[:] = 2**31 - 1
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
