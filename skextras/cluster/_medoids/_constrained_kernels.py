"""Compiled search for a swap under limits on the clusters.

Arrays are those of ``_swap_kernels``; here, ``near`` and ``second`` are the first slots
on ties, and ``sizes`` the weights of the clusters. For one candidate:

``change``  (k,)    change of the loss if it takes a slot
``taken``, ``tied`` (k,)  weight in a cluster nearer to it, or just as near
``kept``    (k,)    weight in a cluster that is nearer to it than to the second medoid
``passed``  (k, k)  the rest: weight in a cluster whose second medoid is in a slot
"""

import numpy as np

from skextras._jit import jit

#: Sums of weights that differ by this fraction are equal.
TOL = 1e-12


@jit
def _losses(row, near, dn, ds, weight, removal, n_fixed, change):
    """Compute ``change``; return the smallest of the slots that may be swapped."""
    for slot in range(change.shape[0]):
        change[slot] = removal[slot]
    shared = 0.0
    for o in range(near.shape[0]):
        if row[o] < ds[o]:
            d, nearest = np.float64(row[o]), np.float64(dn[o])
            shared += weight[o] * min(d - nearest, 0.0)
            change[near[o]] += weight[o] * (max(d, nearest) - np.float64(ds[o]))
    smallest = np.inf
    for slot in range(change.shape[0]):
        change[slot] += shared
        if slot >= n_fixed:
            smallest = min(smallest, change[slot])
    return smallest


@jit
def _transfers(row, near, second, dn, ds, weight, taken, tied, kept, passed):
    """Add up where the points would go; a tie goes to the first slot.

    By slots: what the candidate takes from each (``taken``, and ``tied`` if it comes
    first, (k,)), what it gets of a slot that it replaces (``kept`` (k,)), and what of
    that goes to others (``passed`` (k, k)).
    """
    taken[:] = 0.0
    tied[:] = 0.0
    kept[:] = 0.0
    passed[:, :] = 0.0
    for o in range(near.shape[0]):
        d, a, b = row[o], near[o], second[o]
        if d < dn[o]:
            taken[a] += weight[o]
        elif d == dn[o]:
            tied[a] += weight[o]
        if d < ds[o] or (d == ds[o] and a < b):
            kept[a] += weight[o]
        else:
            passed[a, b] += weight[o]


@jit
def _shortfall(slot, sizes, least, taken, tied, kept, passed):
    """Weight that the clusters lack after the candidate has taken ``slot``."""
    own, lacking = kept[slot], 0.0
    for other in range(sizes.shape[0]):
        if other != slot:
            lost = taken[other] + (tied[other] if slot < other else 0.0)
            own += lost
            lacking += max(least - (sizes[other] - lost + passed[slot, other]), 0.0)
    return lacking + max(least - own, 0.0)


@jit
def find(
    rows, order, start, stop, eager, best, n_fixed, is_medoid, near, second, dn, ds,
    weight, removal, sizes, least,
):  # fmt: skip
    """Find the candidate in ``order[start:stop]`` and the slot to swap.

    ``best`` is what must be lowered: (shortfall, change of the loss). Returns the place
    and the slot of the swap that lowers it most, or of the first candidate's that
    lowers it if ``eager``, where the search stopped, and (shortfall, change) then.
    The place is -1 if none does.
    """
    k = removal.shape[0]
    change, taken, tied, kept = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    passed = np.empty((k, k))
    lacking, least_change = best
    place, chosen = -1, -1
    for p in range(start, stop):
        row = rows[order[p]]
        if is_medoid[order[p]]:
            continue
        smallest = _losses(row, near, dn, ds, weight, removal, n_fixed, change)
        if lacking == 0 and smallest >= least_change:
            continue
        if least > 0:
            _transfers(row, near, second, dn, ds, weight, taken, tied, kept, passed)
        for slot in range(n_fixed, k):
            short = 0.0
            if least > 0:
                if lacking == 0 and change[slot] >= least_change:
                    continue
                short = _shortfall(slot, sizes, least, taken, tied, kept, passed)
            if short < lacking * (1 - TOL) or (
                short <= lacking * (1 + TOL) and change[slot] < least_change
            ):
                lacking, least_change = short, change[slot]
                place, chosen = p, slot
        if eager and place >= 0:
            return place, chosen, p + 1, (lacking, least_change)
    return place, chosen, stop, (lacking, least_change)
