"""Sums of radial kernels over points in tiles, without what is too far to count.

Points and queries are scaled: the kernel of a point is a function of x = u |q - p|^2,
where u is 1 unless the points have bandwidths of their own. Points lie in leaves of
LEAF, queries in tiles of TILE, both in the order of a k-d tree.
"""

from typing import NamedTuple

import numpy as np

from skextras._exp_kernels import exp_into
from skextras._jit import FAST, jit
from skextras._lanes_kernels import (
    BLOCK,
    ROWS,
    count_bits,
    drop_bit,
    first_bit,
    near,
    square_sum,
    square_sums,
)

LEAF = 128
TILE = 32
ROOM = LEAF + BLOCK  # pairs of a query that wait to be summed up
_MANY = 24  # of BLOCK points that are near: all are taken
_NARROW = 3  # features up to which single precision does not tell what is near
BROAD = 16  # features beyond which points are taken one by one
FAR = 1e250  # stands for infinity in terms that are 0
_SAFE = 1e30  # squares that single precision can hold

GAUSSIAN, EXPONENTIAL, LINEAR, COSINE, TOPHAT = 0, 1, 2, 3, 4
#: TOPHAT + p is (1 - r^2)^p: Epanechnikov, quartic and triweight are the next three.


class Leaves(NamedTuple):
    """Points in leaves, feature by feature; ``log_weight`` is -inf where there is none.

    ``rows`` and ``rows32`` are flat, of shape (n_leaves, n_features, LEAF); the latter
    are less ``center`` and in single precision, as are the ``norms`` of these. ``wide``
    has the points one after the other, filled up with zeros as queries are.
    ``owner`` is the training row that a point stands for. ``radius`` is the largest
    distance from the center, ``low`` and ``high`` the box, ``least`` the smallest scale
    u of a leaf. ``plain`` tells of leaves in which all weights and scales are 1.
    """

    rows: np.ndarray
    wide: np.ndarray
    rows32: np.ndarray
    norms: np.ndarray
    log_weight: np.ndarray
    scale: np.ndarray
    owner: np.ndarray
    center: np.ndarray
    radius: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    plain: np.ndarray


#: Columns of sums, of a query each: log of the largest term, and sums of terms k, of
#: k x, k log(k) and k^2, divided by it.
SHIFT, TOTAL, MOMENT, ENERGY, SQUARE = 0, 1, 2, 3, 4


@jit(inner=True, fastmath=FAST)
def _reach(sums, q, kind, log_total, log_rtol, floor):
    """Return x beyond which the terms of a query may be left out."""
    if kind >= LINEAR:
        return 1.0
    most = floor
    if sums[q, TOTAL] > 0.0:
        most = max(most, sums[q, SHIFT] + np.log(sums[q, TOTAL]) + log_rtol)
    cut = max(log_total - most, 0.0)
    return 2.0 * cut if kind == GAUSSIAN else cut * cut


@jit(inner=True, fastmath=FAST)
def _profile(x, kind):
    """Value of a kernel that is 0 for x >= 1."""
    if x >= 1.0:
        return 0.0
    if kind == LINEAR:
        return 1.0 - np.sqrt(x)
    if kind == COSINE:
        return _cosine(x)
    value = 1.0
    for _ in range(kind - TOPHAT):
        value *= 1.0 - x
    return value


@jit(inner=True, fastmath=FAST)
def _cosine(x):
    """Return cos(pi / 2 sqrt(x)): its series in x."""
    value, term = 1.0, 1.0
    for k in range(1, 13):
        term *= -x * 2.4674011002723395 / ((2 * k - 1) * (2 * k))
        value += term
    return value


@jit(inner=True, fastmath=FAST, forceinline=True)
def _flush(x, exponent, value, first, count, sums, q, kind):
    """Add pairs first.. to the sums of a query; ``exponent`` has their log weights."""
    if kind == GAUSSIAN:
        for i in range(first, first + count):
            exponent[i] -= 0.5 * x[i]
    elif kind == EXPONENTIAL:
        for i in range(first, first + count):
            exponent[i] -= np.sqrt(x[i])
    top = 0.0
    if kind < LINEAR:
        top = -np.inf
        for i in range(first, first + count):
            top = max(top, exponent[i])
        if top == -np.inf:
            return
    if top > sums[q, SHIFT]:
        factor = np.exp(sums[q, SHIFT] - top)
        sums[q, SHIFT] = top
        sums[q, TOTAL] *= factor
        sums[q, MOMENT] *= factor
        sums[q, ENERGY] *= factor
        sums[q, SQUARE] *= factor * factor
    exp_into(exponent, first, sums[q, SHIFT], count, value)
    if kind >= LINEAR:
        for i in range(count):
            value[i] *= _profile(x[first + i], kind)
    total, moment, energy, square = 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        total += value[i]
        square += value[i] * value[i]
        moment += value[i] * min(x[first + i], FAR)
        energy += value[i] * max(exponent[first + i], -FAR)
    sums[q, TOTAL] += total
    sums[q, MOMENT] += moment
    sums[q, ENERGY] += energy
    sums[q, SQUARE] += square


@jit(inner=True, fastmath=FAST, forceinline=True)
def _gap(lows, highs, leaf, low, high, first):
    """Squared distance of a leaf from the box low[first:], high[first:]."""
    total = 0.0
    for a in range(lows.shape[1]):
        step = max(lows[leaf, a] - high[first + a], 0.0)
        step = max(low[first + a] - highs[leaf, a], step)
        total += step * step
    return total


@jit(inner=True, fastmath=FAST, forceinline=True)
def _squares(queries, at, size, d, rows, wide, leaf, start, x):
    """Write the squared distances of a query from BLOCK points."""
    if d > BROAD:
        first = leaf * LEAF + start
        for i in range(BLOCK):
            row = (first + i) * size
            x[i] = square_sum(wide, row, queries, at, size)
    else:
        for group in range(BLOCK // ROWS):
            row = leaf * d * LEAF + start + group * ROWS
            square_sums(rows, row, LEAF, queries, at, d, x, group * ROWS)


@jit(inner=True, fastmath=FAST, forceinline=True)
def _weigh(first, scale, weight, x, log_weight):
    """Scale the squares of BLOCK points, and write their log weights."""
    for i in range(BLOCK):
        x[i] *= scale[first + i]
        log_weight[i] = weight[first + i]


@jit(inner=True, fastmath=FAST, forceinline=True)
def _leave_out(owner, first, own, x):
    """Move the points of one training row among BLOCK away."""
    for i in range(BLOCK):
        x[i] = np.inf if owner[first + i] == own else x[i]


@jit(inner=True, fastmath=FAST, forceinline=True)
def _take_near(queries, at, size, wide, first, mask, scale, weight, owner, own, x,
               log_weight, place):  # fmt: skip
    """Write the pairs of a query and the points of a mask; return the next place."""
    while mask != np.uint64(0):
        row = first + first_bit(mask)
        mask = drop_bit(mask)
        square = square_sum(wide, row * size, queries, at, size)
        x[place] = square * scale[row]
        log_weight[place] = weight[row]
        place += owner[row] != own
    return place


@jit(inner=True, fastmath=FAST, forceinline=True)
def _look(queries, at, d, center, radius, leaf, reach, query32):
    """Write a query less the center of a leaf, times -2, in single precision.

    Return the limit of what is near, or infinity if single precision does not tell.
    """
    square = 0.0
    for a in range(d):
        step = queries[at + a] - center[leaf, a]
        square += step * step
        query32[a] = np.float32(-2.0 * step)
    most = (np.sqrt(square) + radius) * (np.sqrt(square) + radius)
    if not (most < _SAFE and reach < most):
        return np.inf
    return reach + (d + 6) * 1.2e-7 * most - square  # it is not that far off


@jit(inner=True, fastmath=FAST, forceinline=True)
def _add_plain(x, value, sums, q):
    """Add the normal kernels of BLOCK points of weight 1: total and moment only."""
    least = np.inf
    for i in range(BLOCK):
        least = min(least, x[i])
        x[i] *= -0.5
    top = -0.5 * least
    if top > sums[q, SHIFT]:
        factor = np.exp(sums[q, SHIFT] - top)
        sums[q, TOTAL] *= factor
        sums[q, MOMENT] *= factor
        sums[q, SHIFT] = top
    exp_into(x, 0, sums[q, SHIFT], BLOCK, value)
    total, moment = 0.0, 0.0
    for i in range(BLOCK):
        total += value[i]
        moment += value[i] * max(x[i], -FAR)
    sums[q, TOTAL] += total
    sums[q, MOMENT] -= 2.0 * moment


@jit(inner=True, fastmath=FAST, forceinline=True)
def _visit(leaf, q, queries, size, query32, own, reach, t, count, rows, wide, rows32,
           norms, weight, scale, owner, center, radius, least, is_plain, x, log_weight,
           value, block, weights, sums, kind, limits,
           is_first):  # fmt: skip
    """Add the points of a leaf to a query, or let them wait; return how many wait."""
    at, d = q * size, center.shape[1]
    limit = np.inf
    if d > _NARROW:
        limit = _look(
            queries, at, d, center, radius, leaf,
            reach[t] / least, query32,
        )  # fmt: skip
    added = is_first
    for start in range(0, LEAF, BLOCK):
        item = leaf * LEAF + start
        if limit < np.inf:
            mask = near(
                rows32, leaf * d * LEAF + start, LEAF, query32, d,
                norms, item, np.float32(limit),
            )  # fmt: skip
            if count_bits(mask) <= _MANY:
                place = t * ROOM + count
                count = _take_near(
                    queries, at, size, wide, item, mask, scale, weight,
                    owner, own, x, log_weight, place,
                ) - t * ROOM  # fmt: skip
                continue
        _squares(queries, at, size, d, rows, wide, leaf, start, block)
        if own >= 0:
            _leave_out(owner, item, own, block)
        if is_plain:
            _add_plain(block, value, sums, q)
        else:
            _weigh(item, scale, weight, block, weights)
            _flush(block, weights, value, 0, BLOCK, sums, q, kind)
        added = True
    if count > ROOM - LEAF:
        _flush(x, log_weight, value, t * ROOM, count, sums, q, kind)
        count = 0
        added = True
    if added:
        reach[t] = _reach(sums, q, kind, limits[0], limits[1], limits[2])
    return count


@jit(fastmath=FAST)
def add_tiles(first, last, queries, size, leaves, own, sums, kind, log_total, log_rtol,
              floor, all_terms):  # fmt: skip
    """Sum up the kernel for the queries of the tiles first..last-1.

    ``queries`` are flat, each of ``size`` items, filled up with zeros; ``own`` has the
    training row that each leaves out, or -1. ``log_total`` is the log of the sum of the
    weights. What is left out is at most exp(log_rtol) times the sum of a query, or
    exp(floor) if that is more. Unless ``all_terms``, only totals and moments are summed
    up.
    """
    # arrays of a record are counted at every use: they are named once
    rows, wide, rows32, norms = leaves.rows, leaves.wide, leaves.rows32, leaves.norms
    weight, scale, owner, plain = (
        leaves.log_weight, leaves.scale, leaves.owner, leaves.plain
    )  # fmt: skip
    center, radius, least = leaves.center, leaves.radius, leaves.least
    lows, highs = leaves.low, leaves.high
    m = queries.shape[0] // size
    n_leaves, d = lows.shape
    x, log_weight, value = np.empty(TILE * ROOM), np.empty(TILE * ROOM), np.empty(ROOM)
    block, weights = np.empty(BLOCK), np.empty(BLOCK)
    count, reach = np.empty(TILE, np.intp), np.empty(TILE)
    query32, gap = np.empty(d, np.float32), np.empty(n_leaves)
    low, high = np.empty(d), np.empty(d)
    is_fast, limits = kind == GAUSSIAN and not all_terms, (log_total, log_rtol, floor)
    for tile in range(first, last):
        begin, end = tile * TILE, min(tile * TILE + TILE, m)
        _box(queries, begin, end, size, low, high)
        nearest = _gaps(low, high, lows, highs, least, center, gap)
        furthest = np.inf if kind < LINEAR else 1.0
        for t in range(end - begin):
            count[t] = 0
            reach[t] = furthest
        for turn in range(3):
            for leaf in range(n_leaves):
                if turn == 0:
                    leaf = nearest
                elif leaf == nearest or (gap[leaf] == 0.0) != (turn == 1):
                    continue
                if gap[leaf] > furthest:
                    continue
                for t in range(end - begin):
                    q = begin + t
                    at = q * size
                    apart = _gap(lows, highs, leaf, queries, queries, at)
                    if apart * least[leaf] > reach[t]:
                        continue
                    count[t] = _visit(
                        leaf, q, queries, size, query32, own[q], reach, t, count[t],
                        rows, wide, rows32, norms, weight, scale, owner, center,
                        radius[leaf], least[leaf], is_fast and plain[leaf], x,
                        log_weight, value, block, weights, sums, kind, limits,
                        turn == 0,
                    )  # fmt: skip
                furthest = 0.0
                for t in range(end - begin):
                    furthest = max(furthest, reach[t])
                if turn == 0:
                    break
        for t in range(end - begin):
            _flush(x, log_weight, value, t * ROOM, count[t], sums, begin + t, kind)


@jit(inner=True, fastmath=FAST)
def _box(queries, begin, end, size, low, high):
    for a in range(low.shape[0]):
        low[a] = high[a] = queries[begin * size + a]
        for q in range(begin + 1, end):
            low[a] = min(low[a], queries[q * size + a])
            high[a] = max(high[a], queries[q * size + a])


@jit(inner=True, fastmath=FAST)
def _gaps(low, high, lows, highs, least, center, gap):
    """Write the least x of each leaf; return the leaf to begin with."""
    d = low.shape[0]
    nearest, smallest, middle = 0, np.inf, np.inf
    for leaf in range(gap.shape[0]):
        gap[leaf] = _gap(lows, highs, leaf, low, high, 0) * least[leaf]
        apart = 0.0
        for a in range(d):
            step = center[leaf, a] - 0.5 * (low[a] + high[a])
            apart += step * step
        if gap[leaf] < smallest or (gap[leaf] == smallest and apart < middle):
            nearest, smallest, middle = leaf, gap[leaf], apart
    return nearest


@jit(fastmath=FAST)
def add_rows(first, last, x, log_weight, sums, kind):
    """Sum up the kernel for queries first..last-1, whose rows of all x are given.

    Row ``first`` of ``x`` is that of the first query.
    """
    some, weights, value = np.empty(ROOM), np.empty(ROOM), np.empty(ROOM)
    for q in range(first, last):
        for start in range(0, x.shape[1], ROOM):
            size = min(ROOM, x.shape[1] - start)
            for i in range(size):
                some[i] = x[q - first, start + i]
                weights[i] = log_weight[start + i]
            _flush(some, weights, value, 0, size, sums, q, kind)


@jit(fastmath=FAST)
def soften(x, log_weight, kind, log_sums):
    """Turn x of each row into the weights of its terms; write the logs of the sums."""
    n = x.shape[1]
    terms, values = np.empty(n), np.empty(n)
    for i in range(x.shape[0]):
        top = 0.0 if kind >= LINEAR else -np.inf
        for j in range(n):
            terms[j] = log_weight[j]
            if kind == GAUSSIAN:
                terms[j] -= 0.5 * x[i, j]
            elif kind == EXPONENTIAL:
                terms[j] -= np.sqrt(x[i, j])
            top = max(top, terms[j])
        if top == -np.inf:
            top = 0.0
        exp_into(terms, 0, top, n, values)
        total = 0.0
        for j in range(n):
            if kind >= LINEAR:
                values[j] *= _profile(x[i, j], kind)
            total += values[j]
        log_sums[i] = top + np.log(total) if total > 0.0 else -np.inf
        factor = 1.0 / total if total > 0.0 else 0.0
        for j in range(n):
            x[i, j] = values[j] * factor


@jit(fastmath=FAST)
def profile_values(x, kind):
    """Return the kernel at each x."""
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        if kind == GAUSSIAN:
            out[i] = np.exp(-0.5 * x[i])
        elif kind == EXPONENTIAL:
            out[i] = np.exp(-np.sqrt(x[i]))
        else:
            out[i] = _profile(x[i], kind)
    return out
