"""Points in the order of a k-d tree, cut into leaves of equal size."""

import numpy as np

from skextras._lanes_kernels import LANES
from skextras.neighbors._density._tile_kernels import BROAD, LEAF, TILE, Leaves

_SOME = 1000  # rows that tell the longest side of a box


def kd_order(X, size):
    """Return an order of the rows in which each run of ``size`` is a box of its own.

    Boxes are halved at a multiple of ``size`` rows, along the longest side of some of
    their rows.
    """
    order = np.arange(len(X))
    todo = [(0, len(X))]
    while todo:
        start, stop = todo.pop()
        if stop - start <= size:
            continue
        part = order[start:stop]
        some = X[part[:: -(-len(part) // _SOME)]]
        axis = int(np.argmax(some.max(axis=0) - some.min(axis=0)))
        half = size * -(-len(part) // (2 * size))
        order[start:stop] = part[np.argpartition(X[part, axis], half)]
        todo += [(start, start + half), (start + half, stop)]
    return order


def leaves(points, order):
    """Return the points, in this order, as ``Leaves``."""
    X = points.rows
    n, d = X.shape
    n_leaves = -(-n // LEAF)
    place = np.full(n_leaves * LEAF, n - 1)
    place[:n] = np.arange(n)
    rows = X[order[place]].reshape(n_leaves, LEAF, d)
    low, high = rows.min(axis=1), rows.max(axis=1)
    center = low / 2 + high / 2
    local = rows - center[:, None]
    with np.errstate(over="ignore"):  # single precision is not asked there
        local32 = local.astype(np.float32)
        norms = np.einsum("lij,lij->li", local, local)
        radius = np.sqrt(norms.max(axis=1))
        norms = norms.astype(np.float32)
    log_weight, scale, owner = (part[order[place]] for part in points[1:])
    norms.reshape(-1)[n:] = np.inf
    log_weight[n:] = -np.inf
    narrow = rows if d <= BROAD else rows[:0]
    return Leaves(
        rows=np.ascontiguousarray(narrow.transpose(0, 2, 1)).reshape(-1),
        wide=filled_up(rows.reshape(-1, d)).reshape(-1),
        rows32=np.ascontiguousarray(local32.transpose(0, 2, 1)).reshape(-1),
        norms=norms.reshape(-1),
        log_weight=log_weight,
        scale=scale,
        owner=owner,
        center=center,
        radius=radius,
        low=low,
        high=high,
        least=scale.reshape(n_leaves, LEAF).min(axis=1),
        plain=((log_weight == 0) & (scale == 1)).reshape(n_leaves, LEAF).all(axis=1),
    )


def filled_up(X):
    """Return rows with zeros behind them, up to a multiple of LANES features."""
    n, d = X.shape
    if d % LANES == 0:
        return np.ascontiguousarray(X)
    out = np.zeros((n, -(-d // LANES) * LANES))
    out[:, :d] = X
    return out


def query_order(Q):
    """Return an order of the queries in which tiles are boxes."""
    return kd_order(Q, TILE)
