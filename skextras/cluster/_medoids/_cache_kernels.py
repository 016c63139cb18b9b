"""Compiled loops that fill the caches of the swap phase: see ``_swap_kernels``."""

import numpy as np

from skextras._jit import jit

BLOCK = 64  # points whose part of the table is filled at once


@jit
def fill_table(rows, table, start, stop):
    """Copy the medoids' rows into ``table[start:stop]``, one row per point."""
    for low in range(start, stop, BLOCK):
        high = min(low + BLOCK, stop)
        for slot in range(rows.shape[0]):
            for o in range(low, high):
                table[o, slot] = rows[slot, o]


@jit
def _two_nearest(distances):
    """Slots of the smallest and second smallest entry; first slot on ties."""
    first, second = 0, -1
    best, next_best = distances[0], np.inf
    for slot in range(1, distances.shape[0]):
        d = distances[slot]
        if d < next_best:
            if d < best:
                second, next_best = first, best
                first, best = slot, d
            else:
                second, next_best = slot, d
    return first, second


@jit
def fill_caches(table, near, second, dn, ds, start, stop):
    """Find the two nearest medoids of the points start..stop (k >= 2)."""
    for o in range(start, stop):
        first, other = _two_nearest(table[o])
        near[o] = first
        second[o] = other
        dn[o] = table[o, first]
        ds[o] = table[o, other]


@jit
def own_slots(table, points, near, second, dn, ds):
    """Give every medoid its own slot, even beside another one just as near.

    ``points`` are the medoids as points, -1 for one that is none of them.
    """
    for slot in range(points.shape[0]):
        o = points[slot]
        if o >= 0 and near[o] != slot and table[o, slot] <= dn[o]:
            second[o] = near[o]
            ds[o] = dn[o]
            near[o] = slot
            dn[o] = table[o, slot]
