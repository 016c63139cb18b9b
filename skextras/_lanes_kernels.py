"""Vector instructions for compiled loops, and their plain twins without numba's JIT.

Masks hold one bit for each of BLOCK points. Offsets count items.
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from skextras._jit import jit

BLOCK = 64  # points per comparison: one bit each in a 64-bit mask
ROWS = 32  # points whose squared distances are summed up side by side
ITEMS = 16  # consecutive items of a line that are read, or added to, at once
LANES = 8  # features of one point that are: it is filled up to a multiple of them
LINE = 64  # bytes that are fetched at once
WORD = ir.IntType(32)


def address(context, builder, array_type, array, offset, size):
    """Point to consecutive items of a C-ordered array, as to one vector."""
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(context.get_data_type(array_type.dtype), size)
    pointer = builder.gep(data, [offset], inbounds=True)
    return builder.bitcast(pointer, vector.as_pointer())


def load(context, builder, array_type, array, offset, size):
    """Load consecutive items of a C-ordered array as one vector; also its address."""
    pointer = address(context, builder, array_type, array, offset, size)
    value = builder.load(pointer)
    value.align = array_type.dtype.bitwidth // 8
    return value, pointer


def spread(builder, value, size):
    """Fill a vector with one value."""
    undefined = ir.Constant(ir.VectorType(value.type, size), ir.Undefined)
    vector = builder.insert_element(undefined, value, WORD(0))
    zeros = ir.Constant(ir.VectorType(WORD, size), [0] * size)
    return builder.shuffle_vector(vector, vector, zeros)


def prefetch(builder, pointer):
    """Bring the line of an address, of type i8*, into the first cache."""
    kind = ir.FunctionType(ir.VoidType(), [pointer.type, WORD, WORD, WORD])
    name = "llvm.prefetch.p0"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(function, [pointer, WORD(0), WORD(3), WORD(1)])


if config.DISABLE_JIT:

    def closer(row, start, limit):
        """Mask of the points start..start+63 with row[o] < limit[o]."""
        bits = row[start : start + BLOCK] < limit[start : start + BLOCK]
        return sum(1 << i for i in range(BLOCK) if bits[i])

    def equal(slots, start, slot):
        """Mask of the points start..start+63 with slots[o] == slot."""
        bits = slots[start : start + BLOCK] == slot
        return sum(1 << i for i in range(BLOCK) if bits[i])

    def first_bit(mask):
        """Position of the lowest set bit."""
        return (int(mask) & -int(mask)).bit_length() - 1

    def drop_bit(mask):
        """Clear the lowest set bit."""
        return int(mask) & (int(mask) - 1)

    def count_bits(mask):
        """Count the bits that are set."""
        return int(mask).bit_count()

    def fetch(row, start):
        """Bring the points start..start+63 of a row into the cache."""

    def near(rows, start, stride, query, size, norms, place, limit):
        """Mask of the points of norm + <query, point> < limit; see below."""
        points = rows[start : start + stride * size].reshape(size, stride)[:, :BLOCK]
        values = norms[place : place + BLOCK] + query[:size] @ points
        return sum(1 << i for i in range(BLOCK) if values[i] < limit)

    def square_sums(rows, start, stride, query, first, size, out, place):
        """Write squared distances of ROWS points from a query; see below."""
        points = np.stack(
            [rows[start + a * stride : start + a * stride + ROWS] for a in range(size)]
        )
        query = query[first : first + size, None]
        out[place : place + ROWS] = ((points - query) ** 2).sum(axis=0)

    def square_sum(rows, start, query, first, size):
        """Return the squared distance of two rows; see below."""
        row, other = rows[start : start + size], query[first : first + size]
        return ((row - other) ** 2).sum()

    def add_line(rows, start, line, place, factor):
        """Add ITEMS items of a line, times a factor, to those of flat rows."""
        rows[start : start + ITEMS] += factor * line[place : place + ITEMS]

    def dot_line(rows, start, line, place):
        """Return the inner product of ITEMS items of flat rows and of a line."""
        return rows[start : start + ITEMS] @ line[place : place + ITEMS]

    def polynomials(table, n, t, out, place):
        """Write ITEMS polynomials at t; see below."""
        powers = table[: n * ITEMS].reshape(n, ITEMS)
        out[place : place + ITEMS] = np.polyval(powers, t)

else:

    @intrinsic
    def closer(typingctx, row, start, limit):
        """Mask of the points start..start+63 with row[o] < limit[o]."""
        signature = types.uint64(row, types.intp, limit)

        def codegen(context, builder, signature, args):
            row_type, _, limit_type = signature.args
            row, start, limit = args
            left, _ = load(context, builder, row_type, row, start, BLOCK)
            right, _ = load(context, builder, limit_type, limit, start, BLOCK)
            bits = builder.fcmp_ordered("<", left, right)
            return builder.bitcast(bits, ir.IntType(BLOCK))

        return signature, codegen

    @intrinsic
    def equal(typingctx, slots, start, slot):
        """Mask of the points start..start+63 with slots[o] == slot."""
        signature = types.uint64(slots, types.intp, types.int32)

        def codegen(context, builder, signature, args):
            slots, start, slot = args
            left, _ = load(context, builder, signature.args[0], slots, start, BLOCK)
            bits = builder.icmp_signed("==", left, spread(builder, slot, BLOCK))
            return builder.bitcast(bits, ir.IntType(BLOCK))

        return signature, codegen

    @intrinsic
    def first_bit(typingctx, mask):
        """Position of the lowest set bit."""

        def codegen(context, builder, signature, args):
            return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

        return types.intp(types.uint64), codegen

    @intrinsic
    def count_bits(typingctx, mask):
        """Count the bits that are set."""

        def codegen(context, builder, signature, args):
            return builder.ctpop(args[0])

        return types.intp(types.uint64), codegen

    @jit(inner=True)
    def drop_bit(mask):
        """Clear the lowest set bit."""
        return mask & (mask - np.uint64(1))

    @intrinsic
    def fetch(typingctx, row, start):
        """Bring the points start..start+63 of a row into the cache."""

        def codegen(context, builder, signature, args):
            kind = signature.args[0]
            data = context.make_array(kind)(context, builder, args[0]).data
            size = kind.dtype.bitwidth // 8
            for line in range(BLOCK * size // LINE):
                place = builder.add(args[1], args[1].type(line * LINE // size))
                pointer = builder.gep(data, [place])
                prefetch(builder, builder.bitcast(pointer, ir.IntType(8).as_pointer()))
            return context.get_dummy_value()

        return types.void(row, types.intp), codegen

    def _sum_lanes(builder, vector, size):
        """Sum up a vector: halves are added until one number is left."""
        while size > 1:
            size //= 2
            low, high = (
                ir.Constant(ir.VectorType(WORD, size), list(range(first, first + size)))
                for first in (0, size)
            )
            vector = builder.fadd(
                builder.shuffle_vector(vector, vector, low),
                builder.shuffle_vector(vector, vector, high),
            )
        return builder.extract_element(vector, WORD(0))

    class _Features:
        """A loop over the features of a query, and of points beside each other."""

        def __init__(self, context, builder, kinds, args):
            self.context, self.builder = context, builder
            self.kinds, self.args = kinds, args

        def sum(self, acc, add):
            """Let ``add(sums, points, value)`` make the sums in ``acc``."""
            builder, lanes = self.builder, acc.type.pointee.count
            rows, start, stride, query, first, size = self.args
            array = self.context.make_array(self.kinds[1])
            data = array(self.context, builder, query).data
            with cgutils.for_range(builder, size) as loop:
                offset = builder.add(start, builder.mul(loop.index, stride))
                points, _ = load(
                    self.context, builder, self.kinds[0], rows, offset, lanes
                )
                place = builder.add(first, loop.index)
                value = builder.load(builder.gep(data, [place], inbounds=True))
                spreaded = spread(builder, value, lanes)
                builder.store(add(builder.load(acc), points, spreaded), acc)

    @intrinsic
    def near(typingctx, rows, start, stride, query, size, norms, place, limit):
        """Mask of the points start..start+63 with norm + <query, point> < limit.

        Feature a of the points stands at ``start + a * stride`` of the flat ``rows``,
        and at a of the query. With queries times -2, what is compared are squared
        distances less the norm of the query.
        """
        kinds = (rows, types.intp, types.intp, query, types.intp, norms, types.intp)
        signature = types.uint64(*kinds, rows.dtype)

        def codegen(context, builder, signature, args):
            rows, start, stride, query, size, norms, place, limit = args
            kinds = signature.args
            first, _ = load(context, builder, kinds[5], norms, place, BLOCK)
            acc = cgutils.alloca_once_value(builder, first)

            def add(total, points, value):
                product = builder.fmul(points, value, flags=("contract",))
                return builder.fadd(total, product, flags=("contract",))

            operands = rows, start, stride, query, size.type(0), size
            features = _Features(context, builder, (kinds[0], kinds[3]), operands)
            features.sum(acc, add)
            bits = builder.fcmp_ordered(
                "<", builder.load(acc), spread(builder, limit, BLOCK)
            )
            return builder.bitcast(bits, ir.IntType(BLOCK))

        return signature, codegen

    @intrinsic
    def square_sums(typingctx, rows, start, stride, query, first, size, out, place):
        """Write squared distances of the points start..start+ROWS-1 from a query.

        Feature a of the points stands at ``start + a * stride`` of the flat ``rows``,
        and at ``first + a`` of ``query``; the sums go to ``out[place:]``.
        """
        integer = types.intp
        signature = types.void(
            rows, integer, integer, query, integer, integer, out, integer
        )

        def codegen(context, builder, signature, args):
            kinds = signature.args
            kind = context.get_data_type(kinds[0].dtype)
            zero = ir.Constant(ir.VectorType(kind, ROWS), [0.0] * ROWS)
            acc = cgutils.alloca_once_value(builder, zero)

            def add(total, points, value):
                step = builder.fsub(points, value)
                square = builder.fmul(step, step, flags=("contract",))
                return builder.fadd(total, square, flags=("contract",))

            features = _Features(context, builder, (kinds[0], kinds[3]), args[:6])
            features.sum(acc, add)
            pointer = address(context, builder, kinds[6], args[6], args[7], ROWS)
            builder.store(builder.load(acc), pointer).align = 8
            return context.get_dummy_value()

        return signature, codegen

    @intrinsic
    def square_sum(typingctx, rows, start, query, first, size):
        """Squared distance of ``size`` items, a multiple of LANES, of flat arrays."""
        signature = types.float64(rows, types.intp, query, types.intp, types.intp)

        def codegen(context, builder, signature, args):
            rows_type, _, query_type = signature.args[:3]
            rows, start, query, first, size = args
            vector = ir.VectorType(ir.DoubleType(), LANES)
            acc = cgutils.alloca_once_value(builder, ir.Constant(vector, [0.0] * LANES))
            step = size.type(LANES)
            with cgutils.for_range_slice(builder, size.type(0), size, step) as (at, _):
                one, _ = load(
                    context, builder, rows_type, rows, builder.add(start, at), LANES
                )
                two, _ = load(
                    context, builder, query_type, query, builder.add(first, at), LANES
                )
                apart = builder.fsub(one, two)
                square = builder.fmul(apart, apart, flags=("contract",))
                total = builder.fadd(builder.load(acc), square, flags=("contract",))
                builder.store(total, acc)
            return _sum_lanes(builder, builder.load(acc), LANES)

        return signature, codegen

    @intrinsic
    def add_line(typingctx, rows, start, line, place, factor):
        """Add ITEMS items of a line, times a factor, to those of flat rows."""
        signature = types.void(rows, types.intp, line, types.intp, rows.dtype)

        def codegen(context, builder, signature, args):
            rows_type, _, line_type = signature.args[:3]
            rows, start, line, place, factor = args
            before, pointer = load(context, builder, rows_type, rows, start, ITEMS)
            items, _ = load(context, builder, line_type, line, place, ITEMS)
            factors = spread(builder, factor, ITEMS)
            more = builder.fmul(items, factors, flags=("contract",))
            total = builder.fadd(before, more, flags=("contract",))
            builder.store(total, pointer).align = 8
            return context.get_dummy_value()

        return signature, codegen

    @intrinsic
    def dot_line(typingctx, rows, start, line, place):
        """Return the inner product of ITEMS items of flat rows and of a line."""
        signature = types.float64(rows, types.intp, line, types.intp)

        def codegen(context, builder, signature, args):
            rows_type, _, line_type, _ = signature.args
            rows, start, line, place = args
            one, _ = load(context, builder, rows_type, rows, start, ITEMS)
            two, _ = load(context, builder, line_type, line, place, ITEMS)
            return _sum_lanes(builder, builder.fmul(one, two), ITEMS)

        return signature, codegen

    @intrinsic
    def polynomials(typingctx, table, n, t, out, place):
        """Write ITEMS polynomials of n coefficients each at t, by Horner's rule.

        The flat ``table`` has the coefficients of the highest power first.
        """
        signature = types.void(table, types.intp, types.float64, out, types.intp)

        def codegen(context, builder, signature, args):
            table_type, _, _, out_type, _ = signature.args
            table, n, t, out, place = args
            zero = n.type(0)
            first, _ = load(context, builder, table_type, table, zero, ITEMS)
            acc = cgutils.alloca_once_value(builder, first)
            power = spread(builder, t, ITEMS)
            with cgutils.for_range_slice(builder, n.type(1), n, n.type(1)) as (k, _):
                at = builder.mul(k, n.type(ITEMS))
                coefs, _ = load(context, builder, table_type, table, at, ITEMS)
                raised = builder.fmul(builder.load(acc), power, flags=("contract",))
                builder.store(builder.fadd(raised, coefs, flags=("contract",)), acc)
            pointer = address(context, builder, out_type, out, place, ITEMS)
            builder.store(builder.load(acc), pointer).align = 8
            return context.get_dummy_value()

        return signature, codegen
