"""Sums over all pairs of values of one feature."""

import numpy as np

from skextras._jit import FAST, jit

_FAR = 40.0  # widths beyond which the normal density is taken for 0


@jit(fastmath=FAST)
def square_error(first, last, X, share, widths, period, out):
    """Add up normal densities of pairs, and their slopes by the logs of the widths.

    Rows first..last-1 are paired with all. ``out[0]`` is of kernels that are wider by
    sqrt(2), own pairs counted; ``out[1]`` of the kernels, without own pairs, over the
    share of the others. All are divided by the normal density at 0.
    """
    n, d = X.shape
    wide_factor = 0.5 ** (0.5 * d)
    square = np.empty(d)
    for i in range(first, last):
        for j in range(n):
            total = 0.0
            for a in range(d):
                gap = abs(X[i, a] - X[j, a])
                if period[a] > 0.0:
                    gap = min(gap, period[a] - gap)
                gap /= widths[a]
                square[a] = gap * gap
                total += square[a]
            if total > _FAR * _FAR:
                continue
            wide = share[i] * share[j] * wide_factor * np.exp(-0.25 * total)
            out[0, 0] += wide
            for a in range(d):
                out[0, 1 + a] += wide * (0.5 * square[a] - 1.0)
            if i != j:
                narrow = share[i] * share[j] / (1.0 - share[i]) * np.exp(-0.5 * total)
                out[1, 0] += narrow
                for a in range(d):
                    out[1, 1 + a] += narrow * (square[a] - 1.0)
