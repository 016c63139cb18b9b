"""Compiled loops of the ADMM: one pass over the n x n matrix."""

from skextras._jit import FAST, jit


@jit(fastmath=FAST)
def update(total, size, low, low_rank, alpha, constant):
    """Advance the rows of T = Y + U that begin at ``low``, and |T| with them.

    ``low_rank`` holds the rows of Z - 11'/n.
    """
    for i in range(low_rank.shape[0]):
        old, new, row = total[low + i], size[low + i], low_rank[i]
        for j in range(row.shape[0]):
            y = max(old[j], old[j] - old[j])
            t = alpha * (row[j] + constant) + old[j] - alpha * y
            old[j] = t
            new[j] = abs(t)


@jit(fastmath=FAST)
def measure(total, low, low_rank, alpha, constant):
    """Sum up what ``update`` is about to do to these rows.

    Returns squared norms of Z - Y, of the change of Y, and of the new U, and the sum of
    the new U.
    """
    primal, dual, square, negative = 0.0, 0.0, 0.0, 0.0
    for i in range(low_rank.shape[0]):
        old, row = total[low + i], low_rank[i]
        for j in range(row.shape[0]):
            z = row[j] + constant
            y = max(old[j], old[j] - old[j])
            t = alpha * z + old[j] - alpha * y
            y_new = max(t, t - t)
            u = t - y_new
            primal += (z - y) * (z - y)
            dual += (y_new - y) * (y_new - y)
            square += u * u
            negative += u
    return primal, dual, square, negative


@jit(fastmath=FAST)
def rescale(total, size, factor):
    """Multiply the negative part of T when rho has changed."""
    for i in range(total.shape[0]):
        for j in range(total.shape[1]):
            if total[i, j] < 0:
                total[i, j] *= factor
                size[i, j] = -total[i, j]
