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
def _first(keys, key):
    """First place of an entry that is there."""
    place = np.int32(keys.shape[0])
    for slot in range(keys.shape[0]):
        found = np.int32(slot) if keys[slot] == key else np.int32(keys.shape[0])
        place = min(place, found)
    return place


@jit
def _first_of_smallest(keys):
    """First place of the smallest entry.

    Two loops without branches over integers, which are compiled to vector instructions.
    """
    smallest = keys[0]
    for slot in range(keys.shape[0]):
        smallest = min(smallest, keys[slot])
    return _first(keys, smallest)


@jit
def fill_caches(table, keys, near, second, dn, ds, start, stop):
    """Find the two nearest medoids of the points start..stop (k >= 2).

    ``keys`` are the bits of ``table`` as integers: the same memory.
    """
    farthest = np.iinfo(keys.dtype).max
    for o in range(start, stop):
        first = _first_of_smallest(keys[o])
        kept = keys[o, first]
        keys[o, first] = farthest
        other = _first_of_smallest(keys[o])
        keys[o, first] = kept
        near[o] = first
        second[o] = other
        dn[o] = table[o, first]
        ds[o] = table[o, other]


@jit
def settle_ties(keys, near, second):
    """Let the first of medoids that are just as near be the nearest."""
    for o in range(near.shape[0]):
        first = _first(keys[o], keys[o, near[o]])
        if first != near[o]:
            near[o], second[o] = first, near[o]


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
