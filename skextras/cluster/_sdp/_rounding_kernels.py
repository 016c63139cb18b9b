"""Loops of the rounding: distances, single moves, and exact clusters on a line.

Clusterings of m weighted rows hold ``labels`` (m,) and, for each of k clusters, its
weight ``size`` (k,).
"""

import numpy as np

from skextras._jit import FAST, jit

_MARGIN = 1.0 - 1e-12  # a move must win more than rounding


@jit(fastmath=FAST)
def square_distances(X, centers, before, after, out):
    """Fill ``out`` (m, k) with squared distances, from differences: none cancel.

    Rows are scaled ``before`` and differences ``after`` that, to stay within range.
    """
    for i in range(len(X)):
        for a in range(len(centers)):
            total = 0.0
            for j in range(X.shape[1]):
                step = (before * X[i, j] - before * centers[a, j]) * after
                total += step * step
            out[i, a] = total


@jit
def find_means(X, weight, labels, centers, size):
    """Fill ``centers`` and ``size``; the centre of an empty cluster is 0."""
    centers[:] = 0.0
    size[:] = 0.0
    for i in range(len(X)):
        a, w = labels[i], weight[i]
        size[a] += w
        for j in range(X.shape[1]):
            centers[a, j] += w * X[i, j]
    for a in range(len(size)):
        if size[a] > 0.0:
            for j in range(X.shape[1]):
                centers[a, j] /= size[a]


@jit(fastmath=FAST)
def move_rows(X, weight, labels, centers, size, low, high):
    """Move each row from ``low`` to ``high`` where the inertia falls most.

    To take a row of weight w at squared distance D from a cluster of weight W lowers
    the inertia by D w W / (W - w); to add it raises that by D w W / (W + w). Returns
    the number of moves.
    """
    n_clusters, n_features = centers.shape
    n_moves = 0
    for i in range(low, high):
        own, w = labels[i], weight[i]
        rest = size[own] - w
        if rest <= 0.0:
            continue
        new, least, gain = own, np.inf, 0.0
        for a in range(n_clusters):
            total = 0.0
            for j in range(n_features):
                step = X[i, j] - centers[a, j]
                total += step * step
            if a == own:
                gain = total * (size[a] / rest)
            else:
                total *= size[a] / (size[a] + w)
                if total < least:
                    new, least = a, total
        if not least < gain * _MARGIN:
            continue
        joined = size[new] + w
        for j in range(n_features):
            centers[own, j] -= (X[i, j] - centers[own, j]) * (w / rest)
            centers[new, j] += (X[i, j] - centers[new, j]) * (w / joined)
        size[own], size[new], labels[i] = rest, joined, new
        n_moves += 1
    return n_moves


@jit(fastmath=FAST)
def move_in_gram(gram, weight, labels, sums, squares, size, margin, low, high):
    """Do the same for a matrix of inner products; moves must win ``margin``.

    ``sums`` (k, m) are weighted inner products of each row with the rows of a cluster,
    ``squares`` (k,) those of each cluster with itself.
    """
    n_clusters, n_rows = sums.shape
    n_moves = 0
    for i in range(low, high):
        own, w, square = labels[i], weight[i], gram[i, i]
        rest = size[own] - w
        if rest <= 0.0:
            continue
        new, least, gain = own, np.inf, 0.0
        for a in range(n_clusters):
            if size[a] <= 0.0:
                distance, scale = 0.0, 0.0
            else:
                inner = sums[a, i] / size[a]
                distance = square - 2.0 * inner + squares[a] / (size[a] * size[a])
                scale = size[a] / (size[a] + w)
            if a == own:
                gain = distance * (size[a] / rest)
            elif distance * scale < least:
                new, least = a, distance * scale
        if not w * least < w * gain - margin:
            continue
        squares[own] += w * w * square - 2.0 * w * sums[own, i]
        squares[new] += w * w * square + 2.0 * w * sums[new, i]
        for j in range(n_rows):
            sums[own, j] -= w * gram[i, j]
            sums[new, j] += w * gram[i, j]
        size[own], size[new], labels[i] = rest, size[new] + w, new
        n_moves += 1
    return n_moves


@jit
def cut_line(value, weight, cuts):
    """Fill ``cuts`` (k, m + 1): where the last of a + 1 intervals of j rows begins.

    ``value`` ascends. Dynamic programming by layers; as the best cut grows with j, the
    middle of a range halves what is left for either side.
    """
    n_clusters, m = len(cuts), len(value)
    mass, first, second = np.empty(m + 1), np.empty(m + 1), np.empty(m + 1)
    mass[0] = first[0] = second[0] = 0.0
    for i in range(m):
        mass[i + 1] = mass[i] + weight[i]
        first[i + 1] = first[i] + weight[i] * value[i]
        second[i + 1] = second[i] + weight[i] * value[i] * value[i]
    before, cost = np.empty(m + 1), np.empty(m + 1)
    before[:] = np.inf
    before[0] = 0.0
    todo = np.empty((2 * m + 4, 4), np.int64)
    for layer in range(n_clusters):
        cost[:] = np.inf
        todo[0, 0], todo[0, 1], todo[0, 2], todo[0, 3] = layer + 1, m, layer, m - 1
        n_todo = 1
        while n_todo > 0:
            n_todo -= 1
            low, high = todo[n_todo, 0], todo[n_todo, 1]
            left, right = todo[n_todo, 2], todo[n_todo, 3]
            if low > high:
                continue
            j = (low + high) // 2
            best, place = np.inf, left
            for i in range(left, min(right, j - 1) + 1):
                part = first[j] - first[i]
                loss = second[j] - second[i] - part * part / (mass[j] - mass[i])
                total = before[i] + max(loss, 0.0)
                if total < best:
                    best, place = total, i
            cost[j], cuts[layer, j] = best, place
            todo[n_todo, 0], todo[n_todo, 1] = low, j - 1
            todo[n_todo, 2], todo[n_todo, 3] = left, place
            n_todo += 1
            todo[n_todo, 0], todo[n_todo, 1] = j + 1, high
            todo[n_todo, 2], todo[n_todo, 3] = place, right
            n_todo += 1
        before, cost = cost, before
