"""Loops of the low-rank LA-SDP solver: samples lie along the last axis.

``W`` (n_clusters, n_features, n_samples) are whitened samples, ``g`` (n_clusters,
n_samples) their squared norms, ``c`` (n_clusters,) the constants, and ``P``
(n_clusters, rank, n_samples) the parts: non-negative, with sum 1 for each sample. All
that the objective needs of a part p are its sums (n_clusters, rank, 3 + n_features):
1'p, p'p, g'p and Wp.
"""

import numpy as np

from skextras._jit import FAST, jit

TILE = 256  # samples of which all blocks stay in the cache
SIZE, SQUARE, NORM, PRODUCT = 0, 1, 2, 3  # places of the sums
OBJECTIVE, SLOPE, STEP, MOVES, STUCK = 0, 1, 2, 3, 4  # places of the state
MEMORY = 10  # values to which a new one is compared


@jit(fastmath=FAST)
def _step(W, g, P, low, high, scale, mean, load, curve, G):
    """Fill ``G`` (n_clusters, rank, TILE) with a gradient step from the tile of ``P``.

    A part moves ``scale`` (n_clusters, rank) times its gradient, see ``derive``.
    """
    n_clusters, n_features, _ = W.shape
    rank = P.shape[1]
    for k in range(n_clusters):
        g_k = g[k, low:high]
        for b in range(rank):
            p, out, t = P[k, b, low:high], G[k, b], scale[k, b]
            kept, shift = 1.0 - t * curve[k, b], t * load[k, b]
            for i in range(high - low):
                out[i] = kept * p[i] - shift - t * g_k[i]
        for b in range(rank):
            out, t = G[k, b], 2.0 * scale[k, b]
            for a in range(n_features):
                w, factor = W[k, a, low:high], t * mean[k, b, a]
                for i in range(high - low):
                    out[i] += factor * w[i]


@jit(fastmath=FAST)
def _project(G, size, scale, price, total, slope):
    """Project each column on sum 1 and >= 0, in the metric of ``1 / scale``.

    Newton's method from below on the price of the sum: it ends at the exact one.
    """
    n_clusters, rank, _ = G.shape
    for i in range(size):
        price[i] = -np.inf
    moved = True
    while moved:
        for i in range(size):
            total[i], slope[i] = -1.0, 0.0
        for k in range(n_clusters):
            for b in range(rank):
                v, t = G[k, b], scale[k, b]
                for i in range(size):
                    kept = 1.0 if v[i] > t * price[i] else 0.0
                    total[i] += kept * v[i]
                    slope[i] += kept * t
        moved = False
        for i in range(size):
            new = max(total[i] / slope[i], price[i])
            moved = moved or new > price[i] + 1e-13 * abs(new)
            price[i] = new
    for k in range(n_clusters):
        for b in range(rank):
            v, t = G[k, b], scale[k, b]
            for i in range(size):
                v[i] = max(v[i] - t * price[i], 0.0)


@jit(fastmath=FAST)
def _add_sums(W, g, P, low, high, G, sums, cross):
    """Add the sums of the tile ``G``, and its products with that of ``P``."""
    n_clusters, n_features, _ = W.shape
    for k in range(n_clusters):
        g_k = g[k, low:high]
        for b in range(P.shape[1]):
            v, p = G[k, b], P[k, b, low:high]
            size, square, norm, product = 0.0, 0.0, 0.0, 0.0
            for i in range(high - low):
                size += v[i]
                square += v[i] * v[i]
                norm += v[i] * g_k[i]
                product += v[i] * p[i]
            sums[k, b, SIZE] += size
            sums[k, b, SQUARE] += square
            sums[k, b, NORM] += norm
            cross[k, b] += product
            for a in range(n_features):
                w = W[k, a, low:high]
                total = 0.0
                for i in range(high - low):
                    total += w[i] * v[i]
                sums[k, b, PRODUCT + a] += total


@jit(fastmath=FAST, inline="always")
def sweep(W, g, P, scale, mean, load, curve, out, sums, cross):
    """Step, project into ``out`` and sum up, in one pass over the samples."""
    n_clusters, rank, n = P.shape
    G = np.empty((n_clusters, rank, TILE))
    price, total, slope = np.empty(TILE), np.empty(TILE), np.empty(TILE)
    sums[:] = 0.0
    cross[:] = 0.0
    for low in range(0, n, TILE):
        high = min(low + TILE, n)
        _step(W, g, P, low, high, scale, mean, load, curve, G)
        _project(G, high - low, scale, price, total, slope)
        for k in range(n_clusters):
            for b in range(rank):
                source, target = G[k, b], out[k, b, low:high]
                for i in range(high - low):
                    target[i] = source[i]
        _add_sums(W, g, P, low, high, G, sums, cross)


@jit
def _sum(values):
    total = 0.0
    for k in range(values.shape[0]):
        total += values[k]
    return total


@jit
def _largest(values):
    largest = values[0]
    for k in range(1, values.shape[0]):
        largest = max(largest, values[k])
    return largest


@jit(fastmath=FAST)
def evaluate(sums, c, y, beta, trace, joint, h):
    """Fill ``h``, the traces minus ``trace``; return Lagrangian and objective."""
    n_clusters, rank, width = sums.shape
    objective = 0.0
    for k in range(n_clusters):
        h[k] = -trace
        for b in range(rank):
            s = sums[k, b]
            if s[SIZE] > 0.0:
                h[k] += s[SQUARE] / s[SIZE]
                for a in range(PRODUCT, width):
                    objective += s[a] * s[a] / s[SIZE]
                objective -= s[NORM] + c[k] * s[SIZE]
    if joint:
        h[:] = _sum(h) / n_clusters
    penalty = 0.0
    for k in range(n_clusters):
        penalty += h[k] * (y[k] + 0.5 * beta * h[k])
    return penalty - objective, objective


@jit(fastmath=FAST)
def derive(sums, c, y, beta, h, mean, load, curve):
    """Fill the parts of the gradient: it is g - 2 W'mean + load + curve p.

    ``mean`` (n_clusters, rank, n_features), ``load`` and ``curve`` (n_clusters, rank).
    """
    n_clusters, rank, width = sums.shape
    for k in range(n_clusters):
        price = y[k] + beta * h[k]
        for b in range(rank):
            s = sums[k, b]
            load[k, b], curve[k, b] = c[k], 0.0
            inverse = 1.0 / s[SIZE] if s[SIZE] > 0.0 else 0.0
            for a in range(width - PRODUCT):
                mean[k, b, a] = s[PRODUCT + a] * inverse
                load[k, b] += mean[k, b, a] ** 2
            load[k, b] -= price * s[SQUARE] * inverse * inverse
            curve[k, b] = 2.0 * price * inverse


@jit(fastmath=FAST)
def _bend(sums, new, cross, parts, parts_new):
    """Product of the last step and the change of the gradient."""
    mean, load, curve = parts
    mean_new, load_new, curve_new = parts_new
    out = 0.0
    for k in range(load.shape[0]):
        for b in range(load.shape[1]):
            s, t = sums[k, b], new[k, b]
            out += (load_new[k, b] - load[k, b]) * (t[SIZE] - s[SIZE])
            out += curve_new[k, b] * (t[SQUARE] - cross[k, b])
            out -= curve[k, b] * (cross[k, b] - s[SQUARE])
            for a in range(mean.shape[2]):
                move = t[PRODUCT + a] - s[PRODUCT + a]
                out -= 2.0 * (mean_new[k, b, a] - mean[k, b, a]) * move
    return out


@jit
def _copy(source, target):
    """Copy an array: a loop compiles in a tenth of the time of ``target[:] = source``.

    Numba states an error about shapes with the latter.
    """
    for k in range(source.shape[0]):
        for b in range(source.shape[1]):
            for i in range(source.shape[2]):
                target[k, b, i] = source[k, b, i]


@jit(fastmath=FAST)
def minimize(W, g, c, P, sums, y, beta, n_done, max_iter, pause, tol, trace, joint,
             recent, state, h):  # fmt: skip
    """Lower the Lagrangian by Barzilai-Borwein steps with a non-monotone search.

    A part moves in proportion to its size: then the penalty bends all parts alike.
    Changes parts ``P``, their ``sums``, ``h``, the traces minus ``trace``, the
    ``recent`` values and the ``state``: the objective, the length of the last projected
    gradient per sample, the step, and the number of moves. Returns the number of passes
    made, ``n_done`` included. Ends early after ``pause`` passes of this call, to be
    called again: no array is returned, as numba wraps these by Python code, in which an
    interrupt becomes a SystemError.
    """
    n_clusters, n_features, n = W.shape
    rank = P.shape[1]
    out, new = np.empty_like(P), np.empty_like(sums)
    mean, mean_new = np.empty((2, n_clusters, rank, n_features))
    load, load_new, curve, curve_new = np.empty((4, n_clusters, rank))
    scale, cross = np.empty((2, n_clusters, rank))
    value, state[OBJECTIVE] = evaluate(sums, c, y, beta, trace, joint, h)
    if n_done == 0:
        recent[:] = value
        state[MOVES], state[SLOPE] = 0.0, np.inf
    derive(sums, c, y, beta, h, mean, load, curve)
    step, end = state[STEP], min(max_iter, n_done + pause)
    before, after, swapped = P, out, False
    while n_done < end and state[SLOPE] > tol:
        bar = _largest(recent) + 1e-13 * n
        found = False
        for _ in range(min(30, max_iter - n_done)):
            for k in range(n_clusters):
                for b in range(rank):
                    share = sums[k, b, SIZE] * n_clusters * rank / n
                    scale[k, b] = step * max(share, 1e-9)
            sweep(W, g, before, scale, mean, load, curve, after, new, cross)
            n_done += 1
            ss = 0.0
            for k in range(n_clusters):
                for b in range(rank):
                    apart = new[k, b, SQUARE] + sums[k, b, SQUARE] - 2.0 * cross[k, b]
                    ss += max(apart, 0.0) * step / scale[k, b]
            value, objective = evaluate(new, c, y, beta, trace, joint, h)
            if value <= bar - 1e-4 * ss / step:
                found = True
                break
            step *= 0.3
        if not found:  # rounding or max_iter has the last word: stay where we are
            evaluate(sums, c, y, beta, trace, joint, h)
            state[STUCK] = 1.0
            break
        state[OBJECTIVE], state[SLOPE] = objective, np.sqrt(ss / n) / step
        derive(new, c, y, beta, h, mean_new, load_new, curve_new)
        sy = _bend(
            sums, new, cross, (mean, load, curve), (mean_new, load_new, curve_new)
        )
        step = ss / sy if sy > 0.0 else 4.0 * step
        step = min(max(step, 1e-3), 1e2)
        before, after = after, before
        _copy(new, sums)
        mean, mean_new = mean_new, mean
        load, load_new = load_new, load
        curve, curve_new = curve_new, curve
        recent[int(state[MOVES]) % len(recent)] = value
        state[MOVES] += 1.0
        swapped = not swapped
    if swapped:
        _copy(before, P)
    state[STEP] = step
    return n_done
