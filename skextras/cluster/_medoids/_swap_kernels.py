"""Compiled loops of the swap phase: exact evaluation, swaps, passes.

For ``m`` points, ``k`` medoids and ``n`` candidates, ``rows[j, o]`` (n, m) is the
dissimilarity of point o to candidate j. Candidates that ``_bound_kernels`` do not rule
out are evaluated exactly.
"""

from typing import NamedTuple

import numpy as np

from skextras._jit import FAST, jit
from skextras._lanes_kernels import BLOCK, closer, drop_bit, equal, first_bit
from skextras.cluster._medoids._bound_kernels import (
    LANES,
    add,
    bound,
    drop,
    group,
    renew,
    set_levels,
    sum_tile,
)
from skextras.cluster._medoids._cache_kernels import correct_sums

FEW = 32  # medoids from which it pays to repair sums where a swap has touched points


class State(NamedTuple):
    """The medoids, and what follows from them."""

    medoids: np.ndarray  # (k,) the candidates in the slots
    is_medoid: np.ndarray  # (n,)
    table: np.ndarray  # (m, k) dissimilarities to the medoids, one row per point
    keys: np.ndarray  # (m, k) the bits of ``table`` as integers: the same memory
    near: np.ndarray  # (m,) slots of the nearest medoids
    second: np.ndarray  # (m,) slots of the second nearest medoids
    dn: np.ndarray  # (m,) dissimilarities to the nearest medoids
    ds: np.ndarray  # (m,) those to the second nearest ones, dn <= ds
    weight: np.ndarray  # (m,)
    removal: np.ndarray  # (k,) loss added when a slot is emptied
    own: np.ndarray  # (n,) the point that candidate j is, -1 if it is none of them
    left: np.ndarray  # (m,) room for what a slot held before a swap
    back: np.ndarray  # (m,) room for the same when a swap is taken back
    partial: np.ndarray  # (k,) room for the changes of one candidate, by slot


class Every(NamedTuple):
    """What the best of all swaps is found with."""

    bounds: np.ndarray  # (n,) lower bounds of the changes by all candidates
    sums: np.ndarray  # (n_tiles, k + 1, LANES) the sums of all tiles
    levels: np.ndarray  # (m, 4) room for the levels before a swap
    packed: np.ndarray  # (m,) the same, as one integer each
    near: np.ndarray  # (m,) room for the slots before a swap


@jit
def _score_point(row, o, near, dn, ds, weight, partial):
    """Add an affected point to its slot's share; return the share of all slots."""
    d, nearest = np.float64(row[o]), np.float64(dn[o])
    partial[near[o]] += weight[o] * (max(d, nearest) - np.float64(ds[o]))
    return weight[o] * min(d - nearest, 0.0)


@jit
def _evaluate(row, near, dn, ds, weight, removal, partial, only):
    """Change of the loss by a candidate in its best slot, and that slot.

    If ``only`` is not negative, it is the slot.
    """
    m = near.shape[0]
    whole = m - m % BLOCK
    shared = 0.0
    partial[:] = 0.0
    for start in range(0, whole, BLOCK):
        mask = closer(row, start, ds)
        gain = 0.0
        while mask != 0:
            o = start + first_bit(mask)
            mask = drop_bit(mask)
            gain += _score_point(row, o, near, dn, ds, weight, partial)
        shared += gain
    for o in range(whole, m):
        if row[o] < ds[o]:
            shared += _score_point(row, o, near, dn, ds, weight, partial)
    if only >= 0:
        return removal[only] + partial[only] + shared, only
    best, slot = removal[0] + partial[0], 0
    for i in range(1, removal.shape[0]):
        change = removal[i] + partial[i]
        if change < best:
            best, slot = change, i
    return best + shared, slot


@jit(fastmath=FAST)
def _total(weight, values):
    total = 0.0
    for o in range(values.shape[0]):
        total += weight[o] * values[o]
    return total


@jit
def _nearest_but(keys, excluded, preferred):
    """Slot of the smallest entry but one; ``preferred`` on ties, then the first.

    Non-negative floats are ordered as their bits are: minima of integers need no order
    of evaluation, and are compiled to vector instructions.
    """
    kept = keys[excluded]
    keys[excluded] = np.iinfo(keys.dtype).max
    smallest = keys[preferred]
    for i in range(keys.shape[0]):
        smallest = min(smallest, keys[i])
    slot = np.int32(preferred)
    if keys[preferred] != smallest:
        slot = np.int32(keys.shape[0])
        for i in range(keys.shape[0]):
            slot = min(slot, np.int32(i) if keys[i] == smallest else slot)
    keys[excluded] = kept
    return slot


@jit
def _update_point(o, b, d, is_candidate, table, keys, near, second, dn, ds):
    """Repair the caches of one point after slot ``b`` moved to distance ``d``."""
    a = near[o]
    if is_candidate and d <= (ds[o] if a == b else dn[o]):
        if a != b:
            second[o], ds[o] = a, dn[o]
        near[o], dn[o] = b, d
        return
    if a == b:
        if d < ds[o]:
            dn[o] = d
            return
        near[o], dn[o] = second[o], ds[o]
    elif d < dn[o]:
        second[o], ds[o] = a, dn[o]
        near[o], dn[o] = b, d
        return
    elif d < ds[o]:
        second[o], ds[o] = b, d
        return
    elif second[o] != b:
        return
    second[o] = _nearest_but(keys[o], near[o], b)
    ds[o] = table[o, second[o]]


@jit(inline="always")
def swap(row, point, slot, tile, s, b):
    """Move a slot to a candidate, which is ``point``; tell if all levels fit.

    Keeps ``b.sums`` of ``tile`` up to date (none if tile < 0). ``s.left`` becomes the
    row of the candidate that was there before.
    """
    near, second, dn, ds, weight = s.near, s.second, s.dn, s.ds, s.weight
    table, removal, levels, sums = s.table, s.removal, b.levels, b.sums
    m = near.shape[0]
    for o in range(m):
        s.left[o] = table[o, slot]
        table[o, slot] = row[o]
    fits = True
    slot32 = np.int32(slot)
    level = b.level
    for start in range(0, m, BLOCK):
        if start + BLOCK <= m:
            mask = closer(row, start, ds)
            mask |= equal(near, start, slot32) | equal(second, start, slot32)
        else:
            mask = np.uint64(0)
            for o in range(start, m):
                if row[o] < ds[o] or near[o] == slot or second[o] == slot:
                    mask |= np.uint64(1) << np.uint64(o - start)
        if start <= point < start + BLOCK:
            mask |= np.uint64(1) << np.uint64(point - start)
        while mask != 0:
            o = start + first_bit(mask)
            mask = drop_bit(mask)
            stays = near[o] != slot and row[o] >= dn[o] and o != point
            if tile >= 0:
                if stays:
                    level[0, 0], level[0, 2] = levels[o, 0], levels[o, 2]
                else:
                    shift = 2 * np.int32(levels[o, 3])
                    drop(
                        b.tiles, tile, tile, b.identity, levels, o, o + 1, sums,
                        near[o], shift,
                    )  # fmt: skip
            removal[near[o]] -= weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
            _update_point(
                o, slot, row[o], o == point, table, s.keys, near, second, dn, ds
            )
            removal[near[o]] += weight[o] * (np.float64(ds[o]) - np.float64(dn[o]))
            if levels.shape[0] > 0:
                fits &= set_levels(o, dn, ds, b.inverse, levels)
            if tile >= 0:
                if stays:
                    renew(b.tiles, tile, o, level, 0, levels, sums, near[o])
                else:
                    shift = 2 * np.int32(levels[o, 3])
                    add(
                        b.tiles, tile, tile, b.identity, levels, o, o + 1, sums,
                        near[o], shift,
                    )  # fmt: skip
    return fits


@jit
def _copy(source, target):
    for o in range(source.shape[0]):
        target[o] = source[o]


@jit(inline="always")
def _swap_if_better(row, j, slot, tile, loss, s, b):
    """Swap a slot for candidate j, unless the loss shows that it does not help.

    Returns the loss, whether it was swapped, whether sums have changed, and whether all
    levels fit.
    """
    before, point, fits, back = s.medoids[slot], s.own[j], True, False
    while True:
        fits &= swap(row, point, slot, tile, s, b)
        if back:
            return loss, False, True, fits
        new_loss = _total(s.weight, s.dn)
        if new_loss < loss:
            break
        _copy(s.left, s.back)  # small terms were lost beside huge ones
        row, point, back = s.back, s.own[before], True
    correct_sums(s.near, s.dn, s.ds, s.weight, s.removal, new_loss)
    s.is_medoid[before] = False
    s.is_medoid[j] = True
    s.medoids[slot] = j
    return new_loss, True, True, fits


@jit
def scan(rows, order, start, stop, last, loss, tol, s, b):
    """Try the candidates ``order[start:stop]``, swapping eagerly.

    Returns where it stopped, the last swapped candidate, the loss, the number of swaps,
    whether a full round passed without one, and whether all levels fit: if not, the
    codes must be made anew before the next call. If ``rows`` is empty, it stops at each
    candidate that must be evaluated.
    """
    k, at, lanes = s.medoids.shape[0], b.at, b.lanes
    few = k >= FEW
    n_swap, tile = 0, at[0]
    position = start
    while position < stop:
        j = order[position]
        if j == last:
            return position, last, loss, n_swap, True, True
        if position // LANES != tile:
            tile = position // LANES
            if at[1] == 0:
                group(s.near, b)
                at[1] = 1
            sum_tile(tile, b, b.sums)
            bound(b.sums, s.removal, b.unit, b.least, lanes)
            at[0] = tile
        lane = position % LANES
        lane = (lane % 2) * (LANES // 2) + lane // 2
        if s.is_medoid[j] or lanes[lane] >= -0.5 * tol * loss:
            position += 1
            continue
        if rows.shape[0] == 0:
            return position, last, loss, n_swap, False, True
        position += 1
        change, slot = _evaluate(
            rows[j], s.near, s.dn, s.ds, s.weight, s.removal, s.partial, np.intp(-1)
        )
        if change >= -tol * loss:
            continue
        loss, swapped, changed, fits = _swap_if_better(
            rows[j], j, slot, tile if few else np.intp(-1), loss, s, b
        )
        if swapped:
            last = j
            n_swap += 1
        if changed:
            at[1] = 0
            if few and swapped:
                bound(b.sums, s.removal, b.unit, b.least, lanes)
            else:
                tile = at[0] = -1
        if not fits:
            return position, last, loss, n_swap, False, False
    return position, last, loss, n_swap, False, True


@jit
def scan_rows(rows, candidates, slots, start, once, last, loss, tol, s, b):
    """Try the candidates from ``start`` on; ``rows`` are theirs, and no bounds help.

    Each is tried in all slots, or in that of ``slots`` which is not negative. Returns
    where it stopped, after a swap if ``once``, and the rest as ``scan``.
    """
    n_swap = 0
    for position in range(start, candidates.shape[0]):
        j = candidates[position]
        if j == last:
            return position, last, loss, n_swap, True, True
        if s.is_medoid[j]:
            continue
        row = rows[position]
        change, slot = _evaluate(
            row, s.near, s.dn, s.ds, s.weight, s.removal, s.partial, slots[position]
        )
        if change >= -tol * loss:
            continue
        loss, swapped, changed, fits = _swap_if_better(
            row, j, slot, np.intp(-1), loss, s, b
        )
        if swapped:
            last = j
            n_swap += 1
        if changed:
            b.at[0], b.at[1] = -1, 0
        if not fits or (swapped and once):
            return position + 1, last, loss, n_swap, False, fits
    return candidates.shape[0], last, loss, n_swap, False, True


@jit
def _bound_all(order, s, b, every):
    """Lower bounds of the changes by all candidates, in the order of ``order``."""
    # arrays of a record are counted at every use: those of a loop are named once
    bounds, sums, removal, is_medoid = every.bounds, every.sums, s.removal, s.is_medoid
    least, lanes, n, n_tiles = b.least, b.lanes, order.shape[0], b.tiles.shape[0]
    if b.at[1] == 0:
        group(s.near, b)
        for tile in range(n_tiles):
            sum_tile(tile, b, sums[tile])
        b.at[1] = 1
    for tile in range(n_tiles):
        bound(sums[tile], removal, b.unit, least, lanes)
        for p in range(tile * LANES, min(tile * LANES + LANES, n)):
            lane = p % LANES
            bounds[p] = lanes[(lane % 2) * (LANES // 2) + lane // 2]
            if is_medoid[order[p]]:
                bounds[p] = np.inf


@jit
def _update_sums(s, b, every):
    """Repair the sums of all tiles where a swap has changed slots or levels."""
    near, levels, tiles = s.near, b.levels, b.tiles
    old_near, before, all_sums = every.near, every.levels, every.sums
    packed, old_packed, identity = b.packed, every.packed, b.identity
    touched = np.empty(near.shape[0] + 1, dtype=np.int32)
    n_touched = 0
    for o in range(near.shape[0]):
        touched[n_touched] = o
        n_touched += (near[o] != old_near[o]) | (packed[o] != old_packed[o])
    for tile in range(tiles.shape[0]):
        sums = all_sums[tile]
        for t in range(n_touched):
            o = touched[t]
            slot, old_slot = near[o], old_near[o]
            if slot == old_slot and levels[o, 1] == before[o, 1]:
                renew(tiles, tile, o, before, o, levels, sums, slot)
                continue
            shift = 2 * np.int32(levels[o, 3])
            drop(tiles, tile, tile, identity, before, o, o + 1, sums, old_slot, shift)
            add(tiles, tile, tile, identity, levels, o, o + 1, sums, slot, shift)


@jit
def _smallest(values):
    """First place of the smallest value."""
    place, least = np.intp(0), values[0]
    for p in range(1, values.shape[0]):
        if values[p] < least:
            place, least = p, values[p]
    return place


@jit
def best_swap(rows, order, rank, loss, tol, found, budget, s, b, every):
    """Make the one swap that lowers the loss most, of least ``rank`` on ties.

    Candidates are evaluated in the order of their lower bounds, until these exceed the
    best change. Returns the loss, whether there was such a swap, and whether all levels
    fit: if not, the codes must be made anew before the next call. ``b.at[1]`` tells
    whether the sums of all tiles are there. After ``budget`` evaluations, it returns
    (change, candidate, slot) of the best one so far, which the next call takes as
    ``found``, and whether the search is done. A candidate of -2 begins it.
    """
    bounds, near, dn, ds = every.bounds, s.near, s.dn, s.ds
    weight, removal, partial = s.weight, s.removal, s.partial
    best, j, slot = found
    if j == -2:
        _bound_all(order, s, b, every)
        best, j, slot = -tol * loss, -1, 0
    while True:
        p = _smallest(bounds)
        if not bounds[p] <= best + 0.5 * tol * loss:
            break
        if budget == 0:
            return loss, False, True, (best, j, slot), False
        budget -= 1
        bounds[p] = np.inf
        change, i = _evaluate(
            rows[order[p]], near, dn, ds, weight, removal, partial, np.intp(-1)
        )
        if change < best or (change == best and rank[order[p]] < rank[j]):
            best, j, slot = change, order[p], i
    if j < 0:
        return loss, False, True, (best, j, slot), True
    _copy(s.near, every.near)
    _copy(b.packed, every.packed)
    loss, swapped, _, fits = _swap_if_better(rows[j], j, slot, np.intp(-1), loss, s, b)
    if s.medoids.shape[0] < FEW:
        b.at[1] = 0
    elif fits:
        _update_sums(s, b, every)
    return loss, swapped, fits, (best, j, slot), True
