"""Compiled loop of the ADMM: one pass over the n x n matrix."""

from skextras._jit import FAST, jit


@jit(fastmath=FAST)
def update(total, size, low, low_rank, alpha, constant):
    """Advance the rows of T = Y + U that begin at ``low``, and |T| with them.

    ``low_rank`` holds the rows of Z - 11'/n. Returns squared norms of Z - Y, of the
    change of Y, and the sum of the negative part of the new T.
    """
    primal, dual, negative = 0.0, 0.0, 0.0
    for i in range(low_rank.shape[0]):
        old, new, row = total[low + i], size[low + i], low_rank[i]
        for j in range(row.shape[0]):
            z = row[j] + constant
            y = max(old[j], old[j] - old[j])
            t = alpha * z + old[j] - alpha * y
            y_new = max(t, t - t)
            primal += (z - y) * (z - y)
            dual += (y_new - y) * (y_new - y)
            negative += t - y_new
            old[j] = t
            new[j] = abs(t)
    return primal, dual, negative


@jit(fastmath=FAST)
def rescale(total, size, factor):
    """Multiply the negative part of T when rho has changed."""
    for i in range(total.shape[0]):
        for j in range(total.shape[1]):
            if total[i, j] < 0:
                total[i, j] *= factor
                size[i, j] = -total[i, j]
