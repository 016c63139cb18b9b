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
