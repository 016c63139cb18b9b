"""The greedy BUILD phase of PAM."""

from contextlib import nullcontext

import numpy as np

from skextras._parallel import map_row_blocks
from skextras.cluster._medoids import _build_kernels

#: Dissimilarities read by one kernel call: an interrupt waits no longer than that.
_ITEMS_PER_CALL = 2**27


def loss_of_each(rows, weight, n_jobs=None):
    """Weighted sum of every row: the loss of each candidate as the only medoid."""
    sums = np.empty(len(rows))
    map_row_blocks(
        lambda start, stop: _build_kernels.row_sums(rows, weight, sums, start, stop),
        len(rows),
        n_jobs=n_jobs,
    )
    return sums


def build(rows, n_medoids, weight, *, n_jobs=None, step=nullcontext):
    """Choose medoids by PAM's BUILD: the best first one, then the largest gains.

    Exact, yet a gain is computed anew only when its old value, an upper bound, is the
    largest one: 2.5 to 6 readings of the matrix instead of one per medoid. Ties go to
    the smaller index. Fewer than ``n_medoids`` come back where no further one lowers
    the loss.
    """
    medoids = np.empty(n_medoids, dtype=np.intp)
    with step():
        medoids[0] = np.argmin(loss_of_each(rows, weight, n_jobs))
        dn = rows[medoids[0]].copy()
        gain = np.empty(len(rows))
        map_row_blocks(
            lambda low, high: _build_kernels.gains(rows, dn, weight, gain, low, high),
            len(rows),
            n_jobs=n_jobs,
        )
        index = np.delete(np.arange(len(rows)), medoids[0])
        gain = gain[index]
        _build_kernels.heapify(gain, index)
        stamp = np.ones(len(rows), dtype=np.intp)
        n_chosen, size, exhausted = 1, len(index), False
        budget = max(1, _ITEMS_PER_CALL // rows.shape[1])
        while n_chosen < n_medoids and not exhausted:
            n_chosen, size, exhausted = _build_kernels.extend(
                rows, weight, dn, gain, index, size, stamp, medoids, n_chosen, budget
            )
    return medoids[:n_chosen]
