"""Compiled loops that fill the caches of the swap phase: see ``_swap_kernels``."""

import numpy as np

from skextras._jit import jit

BLOCK = 64  # points that are looked at side by side


@jit
def _first(keys, key):
    """First place of an entry that is there."""
    place = np.int32(keys.shape[0])
    for slot in range(keys.shape[0]):
        found = np.int32(slot) if keys[slot] == key else np.int32(keys.shape[0])
        place = min(place, found)
    return place


@jit
def find_nearest(rows, near, second, dn, ds):
    """Find the two nearest medoids of every point, the first on ties (k >= 2).

    Without branches, which is compiled to vector instructions over the points.
    """
    for low in range(0, near.shape[0], BLOCK):
        high = min(low + BLOCK, near.shape[0])
        first, other = near[low:high], second[low:high]
        nearest, next_ = dn[low:high], ds[low:high]
        first[:], other[:] = 0, 0
        nearest[:], next_[:] = np.inf, np.inf
        for slot in range(rows.shape[0]):
            row, place = rows[slot, low:high], np.int32(slot)
            for o in range(high - low):
                d, is_first, is_next = row[o], row[o] < nearest[o], row[o] < next_[o]
                new = place if is_next else other[o]
                other[o] = first[o] if is_first else new
                next_[o] = max(min(d, next_[o]), nearest[o]) if is_next else next_[o]
                first[o] = place if is_first else first[o]
                nearest[o] = min(d, nearest[o])


@jit
def settle_ties(keys, near, second):
    """Let the first of medoids that are just as near be the nearest."""
    for o in range(near.shape[0]):
        first = _first(keys[o], keys[o, near[o]])
        if first != near[o]:
            near[o], second[o] = first, near[o]


@jit
def sum_losses(near, dn, ds, weight, removal):
    """Recompute ``removal`` from the caches; return the loss."""
    removal[:] = 0.0
    loss = 0.0
    for o in range(near.shape[0]):
        loss += weight[o] * dn[o]
        removal[near[o]] += weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
    return loss


@jit(inline="always")
def correct_sums(near, dn, ds, weight, removal, loss):
    """Recompute ``removal`` if it had terms so large that it is not exact."""
    largest = removal[0]
    for slot in range(1, removal.shape[0]):
        largest = max(largest, removal[slot])
    if largest > 1e3 * loss:
        sum_losses(near, dn, ds, weight, removal)
