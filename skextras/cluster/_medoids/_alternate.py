"""Alternating k-medoids: assign, then move every medoid within its cluster."""

from contextlib import nullcontext

import numpy as np

from skextras._parallel import row_blocks
from skextras.cluster._medoids._empty import fill_empty
from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._swaps import single_medoid

_ITEMS_PER_BLOCK = 2**22


def alternate(problem, start, step=nullcontext):
    """Run the method of Maranzana, and Park and Jun.

    Medoids without points move to where they help. ``n_swap`` counts the medoids that
    moved; the search has converged if the last pass moved none.
    """
    rows, weight = problem.rows, problem.weight
    if len(start) == 1:
        return single_medoid(rows, start, weight, problem.order, step=step)
    medoids = np.array(start, dtype=np.intp)
    n_iter, n_swap, converged = 0, 0, False
    labels, nearest = _assign(rows, medoids)
    while n_iter < problem.max_iter and not converged:
        n_iter += 1
        with step():
            before = medoids.copy()
            for slot, medoid in enumerate(before):
                members = np.flatnonzero(labels == slot)
                medoids[slot] = _center(rows, members, weight, medoid)
            labels, nearest = _assign(rows, medoids)
            medoids, n_moved = fill_empty(problem, medoids, labels)
            if n_moved:
                labels, nearest = _assign(rows, medoids)
            moved = int((medoids != before).sum())
            n_swap, converged = n_swap + moved, moved == 0
    loss = float(weight @ nearest.astype(np.float64))
    return Found(medoids, labels, loss, n_iter, n_swap, converged)


def _assign(rows, medoids):
    """Slot of the nearest medoid of each point, a medoid's own on ties; distances."""
    to_medoids = rows.take(medoids)
    labels = to_medoids.argmin(axis=0).astype(np.int32)
    nearest = to_medoids.min(axis=0)
    slots = np.arange(len(medoids), dtype=np.int32)
    own = to_medoids[slots, medoids] <= nearest[medoids]
    labels[medoids[own]] = slots[own]
    return labels, nearest


def _center(rows, members, weight, medoid):
    """Member with the smallest sum of dissimilarities; the old medoid on ties."""
    share = weight[members]

    def sums(candidates):
        return rows.take(candidates, members).astype(np.float64) @ share

    best, least = medoid, sums([medoid])[0]
    size = max(1, _ITEMS_PER_BLOCK // max(len(members), 1))
    for start, stop in row_blocks(len(members), size):
        found = sums(members[start:stop])
        if found.min() < least:
            best, least = members[start + found.argmin()], found.min()
    return best
