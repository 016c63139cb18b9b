"""Exponentials of many numbers at once, as sums of kernels and mixtures need them."""

import math

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from skextras._jit import jit

LOWEST = -700.0  # below it, exp is taken for 0
LOWEST_SINGLE = np.float32(-85.0)
_LOG2_E = math.log2(math.e)
_SHIFT = 1.5 * 2.0**52  # of which the sum with t ends in the bits of round(t)
_LOG2_E_SINGLE = np.float32(_LOG2_E)
_SHIFT_SINGLE = np.float32(1.5 * 2.0**23)
#: Polynomials of 2**x on [-1/2, 1/2], through Chebyshev's nodes: highest power first.
_SINGLE = tuple(np.float32(c) for c in (
    0.0013400432165218525, 0.009676037097858643, 0.05550327214209617,
    0.2402210735583069, 0.6931472067106196, 1.0000000754953484,
))  # fmt: skip

if config.DISABLE_JIT:

    def _times_power(value, shifted):
        """Return ``value`` times 2 to the integer that ``shifted`` ends in."""
        shift = _SHIFT if isinstance(value, float) else _SHIFT_SINGLE
        return math.ldexp(value, int(shifted - shift))

else:

    @intrinsic
    def _times_power(typingctx, value, shifted):
        """Return ``value`` times 2 to the integer that ``shifted`` ends in."""
        width, mantissa = (64, 52) if value == types.float64 else (32, 23)

        def codegen(context, builder, signature, args):
            word = ir.IntType(width)
            bits, power = (builder.bitcast(arg, word) for arg in args)
            moved = builder.add(bits, builder.shl(power, word(mantissa)))
            return builder.bitcast(moved, args[0].type)

        return value(value, shifted), codegen


@jit(inner=True, fastmath={"contract", "nsz"})  # "reassoc" would undo the rounding
def exp_single_into(values, size, out):
    """Write exp(values[i]) to ``out[i]``, another array, in single precision.

    The relative error is below 1e-6 from -4 to 4, and 1e-5 at -85, and 0 stands for
    what is below.
    """
    c5, c4, c3, c2, c1, c0 = _SINGLE
    for i in range(size):
        x = values[i]
        t = max(x, LOWEST_SINGLE) * _LOG2_E_SINGLE
        shifted = t + _SHIFT_SINGLE
        f = t - (shifted - _SHIFT_SINGLE)
        p = ((((c5 * f + c4) * f + c3) * f + c2) * f + c1) * f + c0
        power = _times_power(p, shifted)
        out[i] = power if x > LOWEST_SINGLE else np.float32(0.0)


@jit(inner=True, fastmath={"contract", "nsz"})
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
