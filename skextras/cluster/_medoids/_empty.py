"""Medoids of empty clusters: each moves to a point that it helps."""

import numpy as np

#: A move must lower the loss by this fraction, as a swap must.
_TOL = 1e-12
_MOST_TRIES = 64  # points that are as far from themselves as from the medoids


def fill_empty(problem, medoids, labels):
    """Move medoids without points to where they lower the loss, while that is possible.

    A medoid has no points if others are just as near to all of them, itself included:
    as do some of several points at dissimilarity 0. ``labels`` (n_points,) are the
    slots of the nearest medoids, the first on ties; a medoid may have its own.
    Returns the medoids and how many were moved.
    """
    rows, weight = problem.rows, problem.weight
    medoids, labels, n_moved = np.array(medoids), np.array(labels), 0
    labels[medoids] = rows.take(medoids, medoids).argmin(axis=0)
    sizes = np.bincount(labels, minlength=len(medoids))
    empty = np.flatnonzero(sizes == 0)
    if not len(empty):
        return medoids, 0
    _, nearest = rows.nearest(medoids)
    nearest = nearest.astype(np.float64)
    for slot in empty:
        chosen = _worst_off(rows, nearest, weight)
        if chosen < 0:
            break
        medoids[slot], n_moved = chosen, n_moved + 1
        np.minimum(nearest, rows.take([chosen])[0], out=nearest)
    return medoids, n_moved


def _worst_off(rows, nearest, weight):
    """Point with the largest share of the loss, if it lowers that as a medoid; or -1.

    The first one on ties.
    """
    shares = weight * nearest
    least = _TOL * shares.sum()
    for _ in range(_MOST_TRIES):
        chosen = int(shares.argmax())
        if not shares[chosen] > 0:
            return -1
        itself = weight[chosen] * rows.take([chosen], [chosen])[0, 0]
        if shares[chosen] - itself > least:
            return chosen
        shares[chosen] = 0.0
    return -1


def without_empty(problem, found):
    """Return a result of which no medoid is without points where one would help.

    Its labels, loss and number of swaps follow if a medoid is moved.
    """
    if len(found.medoids) == 1:
        return found
    medoids, n_moved = fill_empty(problem, found.medoids, found.labels)
    if not n_moved:
        return found
    n_swap = found.n_swap + n_moved
    return problem.evaluate(medoids, found.n_iter, n_swap, found.converged)
