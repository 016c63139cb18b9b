"""Compiled loops of the BUILD phase: row sums, gains, and the lazy heap."""

import numpy as np

from skextras._jit import FAST, jit


@jit(fastmath=FAST)
def _weighted_sum(row, weight):
    total = 0.0
    for o in range(row.shape[0]):
        total += weight[o] * row[o]
    return total


@jit
def row_sums(rows, weight, out, start, stop):
    """Loss of each candidate start..stop as the only medoid."""
    for j in range(start, stop):
        out[j] = _weighted_sum(rows[j], weight)


@jit(fastmath=FAST)
def _gain(row, dn, weight):
    """Loss saved by one more medoid.

    Never grows while ``dn`` shrinks: every term and every rounded sum in this fixed
    order is monotone.
    """
    total = 0.0
    for o in range(row.shape[0]):
        total += weight[o] * max(dn[o] - row[o], np.float32(0))
    return total


@jit
def gains(rows, dn, weight, out, start, stop):
    """Gain of each candidate start..stop."""
    for j in range(start, stop):
        out[j] = _gain(rows[j], dn, weight)


@jit
def _sift_down(gain, index, position, size):
    """Restore the order (largest gain first, then smallest index) from ``position``."""
    g, j = gain[position], index[position]
    while True:
        child = 2 * position + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            gain[right] > gain[child]
            or (gain[right] == gain[child] and index[right] < index[child])
        ):
            child = right
        if g > gain[child] or (g == gain[child] and j < index[child]):
            break
        gain[position], index[position] = gain[child], index[child]
        position = child
    gain[position], index[position] = g, j


@jit
def heapify(gain, index):
    """Order the heap of candidates by their gains."""
    size = index.shape[0]
    for position in range(size // 2 - 1, -1, -1):
        _sift_down(gain, index, position, size)


@jit
def extend(rows, weight, dn, gain, index, size, stamp, medoids, n_chosen, budget):
    """Choose further medoids by exact greedy gains, evaluating lazily.

    ``gain[p]`` is an upper bound for candidate ``index[p]``, exact if
    ``stamp[index[p]]`` equals the number of medoids chosen. Returns after about
    ``budget`` evaluations, or when all are chosen, or when no gain is left:
    (number chosen, heap size, exhausted).
    """
    evaluations = 0
    while n_chosen < medoids.shape[0] and size > 0 and evaluations < budget:
        j = index[0]
        if stamp[j] != n_chosen:
            gain[0] = _gain(rows[j], dn, weight)
            stamp[j] = n_chosen
            evaluations += 1
            _sift_down(gain, index, 0, size)
            continue
        if gain[0] <= 0.0:
            return n_chosen, size, True
        medoids[n_chosen] = j
        n_chosen += 1
        for o in range(dn.shape[0]):
            dn[o] = min(dn[o], rows[j, o])
        size -= 1
        gain[0], index[0] = gain[size], index[size]
        if size > 0:
            _sift_down(gain, index, 0, size)
    return n_chosen, size, size == 0
