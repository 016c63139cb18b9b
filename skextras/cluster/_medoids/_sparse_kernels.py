"""Compiled loops of FasterPAM on dissimilarities of which few are stored.

Pairs that are not stored are at ``missing``, as far as any pair. So a candidate can
only help the points that are stored in its column, and a pass costs what is stored.

``starts``, ``points``, ``entries``     columns: the stored points of each candidate
``firsts``, ``others``, ``distances``   rows: the stored candidates of each point
``slot_of`` (n,)    slot of each candidate, -1 for those that are no medoids
``near``    (n,)    slot of the nearest medoid, any if that is at ``missing``
``dn``, ``ds`` (n,)  dissimilarities of the two nearest medoids
``removal`` (k,)    loss added when a slot is emptied
"""

import numpy as np

from skextras._jit import jit
from skextras.cluster._medoids._cache_kernels import correct_sums


@jit
def column_sums(starts, points, entries, weight, missing, sums):
    """Weighted sum of every column, missing pairs included."""
    total = 0.0
    for o in range(weight.shape[0]):
        total += weight[o]
    for j in range(sums.shape[0]):
        stored, share = 0.0, 0.0
        for p in range(starts[j], starts[j + 1]):
            stored += weight[points[p]] * np.float64(entries[p])
            share += weight[points[p]]
        sums[j] = stored + missing * (total - share)


@jit
def gains(starts, points, entries, weight, dn, gain):
    """Loss that each candidate would save if it became one more medoid."""
    for j in range(gain.shape[0]):
        gain[j] = 0.0
        for p in range(starts[j], starts[j + 1]):
            o = points[p]
            gain[j] += weight[o] * max(np.float64(dn[o]) - np.float64(entries[p]), 0.0)


@jit
def _assign_point(o, firsts, others, distances, slot_of, missing, near, dn, ds):
    """Find the two nearest medoids of a point."""
    near[o], dn[o], ds[o] = 0, missing, missing
    for p in range(firsts[o], firsts[o + 1]):
        slot = slot_of[others[p]]
        if slot >= 0:
            d = distances[p]
            if d < dn[o]:
                near[o], ds[o], dn[o] = slot, dn[o], d
            elif d < ds[o]:
                ds[o] = d


@jit
def assign(firsts, others, distances, slot_of, missing, near, dn, ds):
    """Find the two nearest medoids of every point."""
    for o in range(near.shape[0]):
        _assign_point(o, firsts, others, distances, slot_of, missing, near, dn, ds)


@jit
def _repair(
    j, starts, points, firsts, others, distances, slot_of, missing, near, dn, ds,
    weight, removal,
):  # fmt: skip
    """Assign the points of a column anew; return what this adds to the loss."""
    change = 0.0
    for p in range(starts[j], starts[j + 1]):
        o = points[p]
        before = np.float64(dn[o])
        removal[near[o]] -= weight[o] * (np.float64(ds[o]) - before)
        _assign_point(o, firsts, others, distances, slot_of, missing, near, dn, ds)
        removal[near[o]] += weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
        change += weight[o] * (np.float64(dn[o]) - before)
    return change


@jit
def swap(
    j, b, medoids, slot_of, starts, points, entries, firsts, others, distances, missing,
    near, dn, ds, weight, removal,
):  # fmt: skip
    """Give slot ``b`` to candidate ``j``; return the change of the loss."""
    left = medoids[b]
    slot_of[left], slot_of[j], medoids[b] = -1, b, j
    change = 0.0
    for column in (left, j):
        change += _repair(
            column, starts, points, firsts, others, distances, slot_of, missing, near,
            dn, ds, weight, removal,
        )  # fmt: skip
    return change


@jit
def _smallest(removal):
    """Return the first slot that costs least to empty."""
    slot = 0
    for i in range(removal.shape[0]):
        if removal[i] < removal[slot]:
            slot = i
    return slot


@jit
def _evaluate(
    j, starts, points, entries, near, dn, ds, weight, removal, cheapest, partial,
    touched, is_touched,
):  # fmt: skip
    """Change of the loss by a candidate in its best slot, and that slot."""
    shared, n_touched = 0.0, 0
    for p in range(starts[j], starts[j + 1]):
        o = points[p]
        if entries[p] < ds[o]:
            d, nearest, slot = np.float64(entries[p]), np.float64(dn[o]), near[o]
            if not is_touched[slot]:
                is_touched[slot], partial[slot] = True, 0.0
                touched[n_touched] = slot
                n_touched += 1
            shared += weight[o] * min(d - nearest, 0.0)
            partial[slot] += weight[o] * (max(d, nearest) - np.float64(ds[o]))
    best, chosen = removal[cheapest], cheapest
    for t in range(n_touched):
        slot = touched[t]
        is_touched[slot] = False
        change = removal[slot] + partial[slot]
        if change < best or (change == best and slot < chosen):
            best, chosen = change, slot
    return best + shared, chosen


@jit
def scan(
    order, start, stop, eager, best, last, loss, tol, medoids, slot_of, starts, points,
    entries, firsts, others, distances, missing, near, dn, ds, weight, removal,
):  # fmt: skip
    """Try the candidates ``order[start:stop]``; swap at once if ``eager``.

    ``best`` is (change, place, slot) of the best swap before. Returns the last
    candidate that was taken, the loss, the number of swaps, whether a full round
    passed without one, and the best swap so far.
    """
    k = medoids.shape[0]
    partial, touched = np.empty(k), np.empty(k, dtype=np.int64)
    is_touched = np.empty(k, dtype=np.bool_)
    is_touched[:] = False
    n_swap, cheapest = 0, _smallest(removal)
    for position in range(start, stop):
        j = order[position]
        if j == last:
            return last, loss, n_swap, True, best
        if slot_of[j] >= 0:
            continue
        change, b = _evaluate(
            j, starts, points, entries, near, dn, ds, weight, removal, cheapest,
            partial, touched, is_touched,
        )  # fmt: skip
        if not eager:
            if change < best[0]:
                best = (change, position, b)
            continue
        if change >= -tol * loss:
            continue
        left = medoids[b]
        change = swap(
            j, b, medoids, slot_of, starts, points, entries, firsts, others, distances,
            missing, near, dn, ds, weight, removal,
        )  # fmt: skip
        if change < 0:
            loss, last, n_swap = loss + change, j, n_swap + 1
        else:  # the sums have lost small terms beside huge ones
            swap(
                left, b, medoids, slot_of, starts, points, entries, firsts, others,
                distances, missing, near, dn, ds, weight, removal,
            )  # fmt: skip
        correct_sums(near, dn, ds, weight, removal, loss)
        cheapest = _smallest(removal)
    return last, loss, n_swap, False, best
