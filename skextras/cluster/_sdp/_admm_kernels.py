"""Compiled loops of the ADMM over rows of the matrix T = Y + U."""

from skextras._jit import FAST, jit


@jit(fastmath=FAST)
def update(total, size, low_rank, alpha, constant):
    """Advance rows of T, and write |T| to ``size``.

    ``low_rank`` holds the same rows of Z - 11'/n.
    """
    for i in range(low_rank.shape[0]):
        old, new, row = total[i], size[i], low_rank[i]
        for j in range(row.shape[0]):
            y = max(old[j], old[j] - old[j])
            t = alpha * (row[j] + constant) + old[j] - alpha * y
            old[j] = t
            new[j] = abs(t)


@jit(fastmath=FAST)
def measure(total, low_rank, start, stop, alpha, constant):
    """Sum up what ``update`` is about to do to the columns from start to stop.

    Returns squared norms of Z - Y, of the change of Y, and of the new U, and the sum of
    the new U.
    """
    primal, dual, square, negative = 0.0, 0.0, 0.0, 0.0
    for i in range(low_rank.shape[0]):
        old, row = total[i], low_rank[i]
        for j in range(start, stop):
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
