"""FasterMSC and DynMSC on checked arrays."""

from contextlib import nullcontext

import numpy as np

from skextras._callbacks import unseen
from skextras.cluster._medoids import _silhouette_kernels
from skextras.cluster._medoids._found import Found

#: Candidates tried by one kernel call, times points: an interrupt waits for so many.
_ITEMS_PER_CALL = 2**25
#: A swap must raise the average by this much: sums of at most 1 are rounded by less.
_TOL = 1e-12


class MSCState:
    """The arrays of FasterMSC: see ``_silhouette_kernels`` for their meaning."""

    def __init__(self, rows, medoids, weight, order):
        m, k = rows.shape[1], len(medoids)
        self.rows, self.order = rows, order
        self.medoids = np.array(medoids, dtype=np.intp)
        self.is_medoid = np.zeros(len(rows), dtype=bool)
        self.is_medoid[self.medoids] = True
        self.table = np.ascontiguousarray(rows[self.medoids].T)
        self.keys = self.table.view(f"i{rows.dtype.itemsize}")
        self.slots = np.empty((3, m), dtype=np.int32)
        self.near = np.empty((3, m), dtype=rows.dtype)
        self.weight = weight / weight.sum()
        self.terms = np.empty((m, 8))
        self.rough = np.empty((5, m), dtype=rows.dtype)
        self.removal = np.empty(k)
        _silhouette_kernels.fill_caches(self.table, self.slots, self.near, 0, m)
        _silhouette_kernels.set_all_terms(
            self.near, self.weight, self.terms, self.rough
        )
        self.n_swap, self.last = 0, -1
        self.refresh()

    def refresh(self):
        """Recompute the loss and the removal losses, which swaps only update."""
        self.loss = _silhouette_kernels.sum_losses(self.slots, self.terms, self.removal)
        return self.loss

    def eager_pass(self):
        """Try all candidates, or all up to the last one that was taken."""
        n_candidates = len(self.order)
        stride = max(1, _ITEMS_PER_CALL // self.rows.shape[1])
        start, closed = 0, False
        while start < n_candidates and not closed:
            stop = min(start + stride, n_candidates)
            start, self.last, self.loss, n_swap, closed = _silhouette_kernels.scan(
                self.rows, self.order, start, stop, self.last, self.loss, _TOL,
                self.medoids, self.is_medoid, self.table, self.keys, self.slots,
                self.near, self.weight, self.terms, self.rough, self.removal,
            )  # fmt: skip
            self.n_swap += n_swap


def scaled_up(matrix):
    """Multiply dissimilarities that are hardly numbers by a power of two.

    Quotients stay the same, and those of the kernels are of normal numbers.
    """
    largest, least = matrix[0].max(), 2.0 ** (np.finfo(matrix.dtype).minexp // 2)
    if largest >= least:
        return matrix
    largest = matrix.max()
    return matrix if largest >= least else np.ldexp(matrix, -np.frexp(largest)[1])


def fastermsc(rows, medoids, weight, order, max_iter, *, step=nullcontext):
    """Swap until nothing raises the average; ``step()`` is entered around every pass.

    Returns the result, of which the loss is 1 minus the average, and what emptying
    each slot would add to it.
    """
    state = MSCState(rows, medoids, weight, order)
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        n_iter += 1
        with step():
            n_swap, loss = state.n_swap, state.refresh()
            state.eager_pass()
            converged = state.n_swap == n_swap or state.loss >= loss
    loss, labels = state.refresh(), state.slots[0]
    found = Found(state.medoids, labels, loss, n_iter, state.n_swap, converged)
    return found, state.removal


def dynmsc(rows, medoids, weight, order, max_iter, least, *, step=unseen):
    """Go from the number of ``medoids`` down to ``least``, one medoid at a time.

    Goes down twice: without the medoid that is missed most, as published, and without
    the one that is missed least. Returns the better result for each number. Each fit
    is a ``step()``.
    """
    with step() as part:
        top = fastermsc(rows, medoids, weight, order, max_iter, step=part)
    path = {len(medoids): top[0]}
    for choose in (np.argmax, np.argmin):
        result, removal = top
        for k in range(len(medoids) - 1, least - 1, -1):
            start = np.delete(result.medoids, choose(removal))
            with step() as part:
                args = rows, start, weight, order, max_iter
                result, removal = fastermsc(*args, step=part)
            if k not in path or result.loss < path[k].loss:
                path[k] = result
    return path
