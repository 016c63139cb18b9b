"""The greedy BUILD phase of PAM."""

import heapq

import numpy as np

from skextras.cluster._medoids import _build_kernels

#: Dissimilarities read by one kernel call: an interrupt waits no longer than that.
_ITEMS_PER_CALL = 2**26
_BATCH = 16  # gains that are computed together where the rows are not held


def build(rows, n_medoids, weight):
    """Choose medoids by PAM's BUILD: the best first one, then the largest gains.

    Exact, yet a gain is computed anew only when its old value, an upper bound, is the
    largest one: 2.5 to 6 readings of the matrix instead of one per medoid. Ties go to
    the smaller index. Fewer than ``n_medoids`` come back where no further one lowers
    the loss.
    """
    first = np.argmin(rows.sums(weight))
    dn = rows.take([first])[0]
    gain = rows.gains(dn, weight)
    index = np.delete(np.arange(len(gain)), first)
    extend = _extend if rows.is_held else _extend_lazily
    return extend(rows, weight, dn, gain[index], index, first, n_medoids)


def _extend(rows, weight, dn, gain, index, first, n_medoids):
    """Choose further medoids with all rows at hand."""
    medoids = np.full(n_medoids, first)
    _build_kernels.heapify(gain, index)
    stamp = np.ones(rows.n_candidates, dtype=np.intp)
    n_chosen, size, exhausted = 1, len(index), False
    budget = max(1, _ITEMS_PER_CALL // rows.n_points)
    while n_chosen < n_medoids and not exhausted:
        n_chosen, size, exhausted = _build_kernels.extend(
            rows.matrix, weight, dn, gain, index, size, stamp, medoids, n_chosen, budget
        )
    return medoids[:n_chosen]


def _extend_lazily(rows, weight, dn, gain, index, first, n_medoids):
    """Choose the same medoids, with rows made for a few candidates at a time."""
    medoids, stamp = [first], np.ones(rows.n_candidates, dtype=np.intp)
    heap = list(zip(-gain, index, strict=True))
    heapq.heapify(heap)
    while len(medoids) < n_medoids and heap:
        top = [heapq.heappop(heap)]
        if stamp[top[0][1]] == len(medoids):
            if not top[0][0] < 0:
                break
            medoids.append(top[0][1])
            np.minimum(dn, rows.take(medoids[-1:])[0], out=dn)
            continue
        while heap and len(top) < _BATCH and stamp[heap[0][1]] < len(medoids):
            top.append(heapq.heappop(heap))
        candidates = [j for _, j in top]
        fresh = np.empty(len(top))
        _build_kernels.gains(rows.take(candidates), dn, weight, fresh, 0, len(top))
        stamp[candidates] = len(medoids)
        for g, j in zip(-fresh, candidates, strict=True):
            heapq.heappush(heap, (g, j))
    return np.array(medoids)
