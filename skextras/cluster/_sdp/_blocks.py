"""Lower bounds of many points: the sum of those of blocks of rows."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from skextras._parallel import map_blocks
from skextras.cluster._sdp._bounds import sdp_bound
from skextras.cluster._sdp._quick import quick_bound

_PASSES = 3  # over the rows of a cluster
_WIDE = 256  # blocks among which rows are dealt at a time: each takes its cube


def block_bound(points, n_clusters, labels, block_size, *, tol, max_iter, n_jobs):
    """Sum the bounds of blocks of rows that are alike.

    The best clusters of all points, restricted to a block, are clusters of that block;
    about means of their own they are not less tight. So the sum of the blocks' optima
    is at most the optimum. It comes near it if each block looks like the whole, and
    the clusters of ``labels``, restricted to a block, keep their means.
    """
    n_blocks = -(-points.n // block_size)
    block = deal(points.X, labels, n_blocks)
    order = np.argsort(block, kind="stable")
    edges = np.cumsum(np.bincount(block, minlength=n_blocks))[:-1]

    def bound(rows):
        part = points.part(rows)
        value = _part_bound(part, n_clusters, labels[rows], tol, max_iter)
        return max(value, 0.0) * (part.scale / points.scale)

    blocks = [(rows,) for rows in np.split(order, edges)]
    return sum(map_blocks(bound, blocks, n_jobs=n_jobs)) * (1 - 1e-13)


def _part_bound(part, n_clusters, labels, tol, max_iter):
    """Return the scaled bound of a block, of which clusters are known."""
    target = known = None
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) == n_clusters < part.n:
        target = part.inertia(codes, n_clusters)
        quick = quick_bound(part.X, codes, n_clusters, largest=part.n)
        if quick.proven or target <= 0:
            return quick.bound
        known = quick.bound
    options = {"target": target, "known": known, "digits": False}
    return sdp_bound(part, n_clusters, tol=tol, max_iter=max_iter, **options)


def deal(X, labels, n_blocks):
    """Return the block of each row; their numbers of rows differ by at most one.

    Each cluster is dealt in rounds, of one row for each block, the rows far from its
    mean first. In a round, each block gets the row that moves the means in the blocks
    towards the mean of all, as far as the others allow; later passes try once more.
    Without that, a mean of m rows misses by a fraction 1 / m of the inertia.
    """
    out = np.empty(len(X), dtype=np.intp)
    first = 0  # block that is next in turn: what does not fill a round goes on from it
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        offsets = X[rows] - X[rows].mean(axis=0)
        far = np.argsort(-np.einsum("ij,ij->i", offsets, offsets), kind="stable")
        turn = (first + np.arange(len(rows))) % n_blocks
        out[rows[far]] = _balanced(offsets[far], turn, n_blocks)
        first = (first + len(rows)) % n_blocks
    return out


def _balanced(offsets, block, n_blocks):
    """Swap the blocks of rows of the same round until sums of offsets are small."""
    n, d = offsets.shape
    sums = np.zeros((n_blocks, d))
    stride = -(-n_blocks // _WIDE)
    rounds = [
        np.arange(low + part, min(low + n_blocks, n), stride)
        for low in range(0, n, n_blocks)
        for part in range(stride)
    ]
    for number in range(_PASSES):
        for rows in rounds:
            own, offset = block[rows], offsets[rows]
            if number > 0:
                sums[own] -= offset
            place = linear_sum_assignment(offset @ sums[own].T)[1]
            block[rows] = own[place]
            sums[own[place]] += offset
    return block
