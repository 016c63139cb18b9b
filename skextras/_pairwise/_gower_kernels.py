"""Compiled loops of the Gower dissimilarity.

``columns`` are the candidates, one row per feature: the inner loop runs over
neighbours in memory. No fast-math: a pair gives the same bits in either order.
"""

import numpy as np

from skextras._jit import jit


@jit
def _compare(x, column, left, weight, total, shared):
    """Add a categorical feature of one point and ``len(total)`` candidates."""
    for j in range(total.shape[0]):
        y = column[left + j]
        total[j] += weight if (x != y) & (y == y) else 0.0
        shared[j] += weight if y == y else 0.0


@jit
def _subtract(x, column, left, weight, scale, total, shared):
    """Add a numeric feature of one point and ``len(total)`` candidates."""
    for j in range(total.shape[0]):
        step = abs(x - np.float64(column[left + j]))
        total[j] += scale * step if step == step else 0.0
        shared[j] += weight if step == step else 0.0


@jit
def fill_tile(
    X, columns, categorical, weight, scale, nothing, out, top, bottom, left, right
):
    """Fill ``out[top:bottom, left:right]``; pairs without a feature get ``nothing``.

    ``scale`` is the weight of a feature by its range, 0 if it does not vary.
    """
    total, shared = np.empty(right - left), np.empty(right - left)
    for i in range(top, bottom):
        total[:] = 0.0
        shared[:] = 0.0
        for f in range(X.shape[1]):
            x = X[i, f]
            if x != x or weight[f] == 0:
                continue
            if categorical[f]:
                _compare(x, columns[f], left, weight[f], total, shared)
            else:
                x = np.float64(x)
                _subtract(x, columns[f], left, weight[f], scale[f], total, shared)
        for j in range(right - left):
            out[i, left + j] = total[j] / shared[j] if shared[j] > 0 else nothing
