"""Exponentials of many numbers at once, as sums of kernels and mixtures need them."""

import math

from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skextras._jit import jit

LOWEST = -700.0  # below it, exp is taken for 0
_LOG2_E = math.log2(math.e)
_SHIFT = 1.5 * 2.0**52  # of which the sum with t ends in the bits of round(t)

if config.DISABLE_JIT:

    def _times_power(value, shifted):
        """Return ``value`` times 2 to the integer that ``shifted`` ends in."""
        return math.ldexp(value, int(shifted - _SHIFT))

else:

    @intrinsic
    def _times_power(typingctx, value, shifted):
        """Return ``value`` times 2 to the integer that ``shifted`` ends in."""

        def codegen(context, builder, signature, args):
            word = ir.IntType(64)
            value, shifted = (builder.bitcast(arg, word) for arg in args)
            moved = builder.add(value, builder.shl(shifted, word(52)))
            return builder.bitcast(moved, ir.DoubleType())

        return types.float64(types.float64, types.float64), codegen


@jit(inner=True, fastmath={"contract", "nsz"})  # "reassoc" would undo the rounding
def exp_into(values, first, shift, size, out):
    """Write exp(values[first + i] - shift) to ``out[i]``, another array.

    The relative error is below 1e-15 near 0, and 1e-13 at -700.

    The polynomial is that of 2**x on [-1/2, 1/2] through Chebyshev's nodes.
    """
    for i in range(size):
        x = values[first + i] - shift
        t = max(x, LOWEST) * _LOG2_E
        shifted = t + _SHIFT
        f = t - (shifted - _SHIFT)
        p = 4.456051696773062e-10
        p = p * f + 7.074198612412512e-09
        p = p * f + 1.0178055564858192e-07
        p = p * f + 1.3215432509674393e-06
        p = p * f + 1.5252733845332316e-05
        p = p * f + 0.00015403530463783927
        p = p * f + 0.0013333558146402102
        p = p * f + 0.009618129107587194
        p = p * f + 0.05550410866482165
        p = p * f + 0.2402265069591016
        p = p * f + 0.6931471805599453
        p = p * f + 1.0
        power = _times_power(p, shifted)
        out[i] = power if x > LOWEST else 0.0
