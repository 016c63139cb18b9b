"""OneBatchPAM: swaps of all points, judged by one sample of them."""

from contextlib import nullcontext

import numpy as np

from skextras._memory import memory_allowed
from skextras._parallel import row_blocks
from skextras.cluster._medoids._empty import without_empty
from skextras.cluster._medoids._rows import Rows
from skextras.cluster._medoids._swaps import SingleState, SwapState, repeat

#: A swap must lower the estimated loss by this fraction.
_TOL = 1e-6
_ITEMS_PER_BLOCK = 2**22  # dissimilarities that are made at a time
_BYTES_HELD = 2**29  # no more dissimilarities than these are kept for the next pass


class Batch(Rows):
    """Rows of all points as candidates, with a random sample as the points.

    ``weight``, one per reference in the sample, is that of the points to which it is
    the nearest. From itself, a reference is as far as two of them can be: it must not
    speak for itself.
    """

    def __init__(self, rows, weight, order, size, rng, most_held=np.inf):
        self.rows, self.order = rows, order
        self.dtype, self.n_jobs = rows.dtype, rows.n_jobs
        self.n_candidates, self.n_points = len(order), size
        turn = rng.exponential(size=len(order)) / weight[order]
        self.references = order[np.sort(np.argpartition(turn, size - 1)[:size])]
        self.own = np.full(self.n_candidates, -1)
        self.own[self.references] = np.arange(size)
        self.far = rows.take(self.references, self.references).max()
        n_bytes = self.n_candidates * size * self.dtype.itemsize
        self.held = [] if n_bytes <= min(_BYTES_HELD, most_held) else None
        self.weight = np.zeros(size)
        for candidates, block in self._make():
            nearest = block.argmin(axis=1)
            place, own = self._hide_own(candidates, block)
            nearest[place] = own
            np.add.at(self.weight, nearest, weight[candidates])
            if self.held is not None:
                self.held.append((candidates, block))

    def _make(self):
        size = max(1, _ITEMS_PER_BLOCK // self.n_points)
        for start, stop in row_blocks(self.n_candidates, size):
            candidates = self.order[start:stop]
            yield candidates, self.rows.take(candidates, self.references)

    def _hide_own(self, candidates, block):
        """Put references far from themselves; return where and which they are."""
        place = np.flatnonzero(self.own[candidates] >= 0)
        own = self.own[candidates[place]]
        block[place, own] = self.far
        return place, own

    def blocks(self):
        """Yield candidates and their rows, until all were there."""
        if self.held is not None:
            yield from self.held
            return
        for candidates, block in self._make():
            self._hide_own(candidates, block)
            yield candidates, block

    def take(self, candidates, points=None):
        """Rows of some candidates, for all references or for some."""
        block = self.rows.take(candidates, self.references)
        self._hide_own(candidates, block)
        return block if points is None else block[:, points]


def sample_size(n_points, n_clusters):
    """Return the published number of reference points, for two points or more."""
    return int(np.ceil(100 * np.log(max(n_clusters * n_points, 3))))


def onebatch(problem, start, step=nullcontext):
    """Swap medoids while a loss falls that a sample of ``100 log(k n)`` points gives.

    Medoids without points then move to where they help. The result is judged by all
    points; the search has converged if the last pass found nothing.
    """
    order, rows = problem.order, problem.rows
    n, k = len(order), len(start)
    size = min(n, sample_size(n, k))
    limit = memory_allowed(problem.memory_limit)
    batch = Batch(rows, problem.weight, problem.candidates, size, problem.rng, limit)
    if k == 1:
        state = SingleState(batch, start, batch.weight)
    else:
        nobody = np.full(n, -1, dtype=np.int32)
        state = SwapState(batch, start, batch.weight, own=nobody)

    def one_pass():
        for candidates, block in batch.blocks():
            _, closed = state.try_rows(block, candidates, tol=_TOL)
            if closed:
                break

    n_iter, converged = repeat(state, one_pass, problem.max_iter, step)
    found = state.result(n_iter)
    found = problem.evaluate(found.medoids, n_iter, found.n_swap, converged)
    return without_empty(problem, found)
