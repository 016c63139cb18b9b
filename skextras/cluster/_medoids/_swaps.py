"""The swap phase of FasterPAM on checked arrays."""

from contextlib import nullcontext

import numpy as np

from skextras._parallel import raise_if_stopped
from skextras.cluster._medoids import (
    _bound_kernels,
    _cache_kernels,
    _swap_kernels,
)
from skextras.cluster._medoids._codes import aligned
from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._swap_kernels import State

#: Candidates tried by one kernel call, times points: an interrupt waits for so many.
_ITEMS_PER_CALL = 2**25
#: A swap must lower the loss by this fraction, so that rounding cannot make a cycle.
_TOL = 1e-12


class SwapState:
    """The medoids while they are swapped: see ``State`` and ``Bounds``."""

    def __init__(self, rows, medoids, weight, codes=None, own=None):
        n, k = rows.n_points, len(medoids)
        self.rows, self.codes = rows, codes
        self.n_swap, self.loss, self.last = 0, np.inf, -1
        identity = np.arange(n, dtype=np.int32)
        is_medoid = np.zeros(rows.n_candidates, dtype=bool)
        is_medoid[medoids] = True
        keys = np.empty((n, k), dtype=f"i{rows.dtype.itemsize}")
        near, second = np.empty((2, n), dtype=np.int32)
        dn, ds, left, back = np.empty((4, n), dtype=rows.dtype)
        self.state = State(
            medoids=np.array(medoids, dtype=np.intp),
            is_medoid=is_medoid,
            table=keys.view(rows.dtype),
            keys=keys,
            near=near,
            second=second,
            dn=dn,
            ds=ds,
            weight=weight,
            removal=np.empty(k),
            own=identity if own is None else own,
            left=left,
            back=back,
            partial=np.empty(k),
        )
        chosen = rows.take(self.medoids)
        self.state.table[:] = chosen.T
        _cache_kernels.find_nearest(chosen, near, second, dn, ds)
        self._own_slots()
        self._make_bounds(identity)
        self.every = None

    @property
    def medoids(self):
        """The candidates in the slots."""
        return self.state.medoids

    @property
    def is_medoid(self):
        """Which candidates are medoids."""
        return self.state.is_medoid

    def _make_bounds(self, identity):
        codes, lanes = self.codes, _bound_kernels.LANES
        n, k = len(identity), len(self.medoids)
        size = n if codes else 0
        levels, grouped = (np.empty((size, 4), dtype=np.uint8) for _ in range(2))
        n_keys = k * codes.n_classes if codes else 0
        self.bounds = _bound_kernels.Bounds(
            tiles=codes.tiles if codes else np.empty((0, n, lanes), dtype=np.uint8),
            inverse=np.empty(0),
            levels=levels,
            packed=levels.view("<u4").ravel(),
            unit=1.0,
            n_classes=codes.n_classes if codes else 1,
            place=np.empty(n_keys + 1, dtype=np.intp),
            members=np.empty(size, dtype=np.int32),
            grouped=grouped,
            packed_groups=grouped.view("<u4").ravel(),
            identity=identity,
            sums=aligned((k + 1, lanes), np.int32),
            lanes=np.empty(lanes),
            least=np.empty(lanes, dtype=np.int32),
            level=np.empty((1, 4), dtype=np.uint8),
            at=np.array([-1, 0]),
        )
        if codes:
            self._set_levels()

    def _set_levels(self):
        """Express all points in the steps of the codes; extend these if needed."""
        codes, s = self.codes, self.state
        codes.extend(s.ds)
        self.bounds = self.bounds._replace(inverse=codes.inverse, unit=codes.unit)
        farther, nearer = (np.ceil(d * codes.inverse) for d in (s.ds, s.dn))
        steps = farther, nearer, farther - nearer + 1.0
        steps = np.minimum(steps, _bound_kernels.LEVEL_MAX)
        self.bounds.levels[:] = np.vstack([steps, codes.classes]).T

    def _own_slots(self):
        """Give every medoid its own slot, even beside another one just as near."""
        s = self.state
        o, slot = s.own[s.medoids], np.arange(len(s.medoids), dtype=np.int32)
        moved = (o >= 0) & (s.near[o] != slot) & (s.table[o, slot] <= s.dn[o])
        o, slot = o[moved], slot[moved]
        s.second[o], s.ds[o] = s.near[o], s.dn[o]
        s.near[o], s.dn[o] = slot, s.table[o, slot]

    def refresh(self):
        """Recompute the loss and the removal losses, which swaps only update."""
        s = self.state
        self.loss = _cache_kernels.sum_losses(s.near, s.dn, s.ds, s.weight, s.removal)
        self.bounds.at[0] = -1
        return self.loss

    def eager_pass(self):
        """Try all candidates, or all up to the last one that was taken."""
        order, n_points = self.codes.order, self.rows.n_points
        stride = max(_bound_kernels.LANES, _ITEMS_PER_CALL // n_points)
        matrix = np.empty((0, 0), dtype=self.rows.dtype)  # stops where it needs a row
        if self.rows.is_held:
            matrix = self.rows.matrix
        start, closed = 0, False
        while start < len(order) and not closed:
            raise_if_stopped()
            stop = min(start + stride, len(order))
            reached, self.last, self.loss, n_swap, closed, fits = _swap_kernels.scan(
                matrix, order, start, stop, self.last, self.loss, _TOL, self.state,
                self.bounds,
            )  # fmt: skip
            start = reached
            self.n_swap += n_swap
            self._follow(fits)
            if fits and not closed and reached < stop:
                candidate = order[start : start + 1]
                self.try_rows(self.rows.take(candidate), candidate)
                start += 1

    def try_rows(self, rows, candidates, *, slots=None, once=False, tol=_TOL):
        """Try candidates whose rows are there; stop at the first swap if ``once``.

        Each is tried in all slots, or in its one of ``slots``. Returns how many were
        tried, and if the last round began at the one after them.
        """
        if slots is None:
            slots = np.full(len(candidates), -1)
        start, n_swap, closed = 0, 0, False
        while start < len(candidates) and not closed and not (once and n_swap):
            start, self.last, self.loss, n_swap, closed, fits = _swap_kernels.scan_rows(
                rows, candidates, slots, start, once, self.last, self.loss, tol,
                self.state, self.bounds,
            )  # fmt: skip
            self.n_swap += n_swap
            self._follow(fits)
        return start, closed

    def best_swap(self):
        """Make the best swap of all, if it lowers the loss."""
        codes = self.codes
        if self.every is None:
            before = np.empty_like(self.bounds.levels)
            shape = (len(codes.tiles), *self.bounds.sums.shape)
            self.every = _swap_kernels.Every(
                bounds=np.empty(len(codes.order)),
                sums=aligned(shape, np.int32),
                levels=before,
                packed=before.view("<u4").ravel(),
                near=np.empty_like(self.state.near),
            )
        found, done = (0.0, -2, 0), False
        budget = max(1, _ITEMS_PER_CALL // self.rows.n_points)
        while not done:
            self.loss, swapped, fits, found, done = _swap_kernels.best_swap(
                self.rows.matrix, codes.order, codes.rank, self.loss, _TOL, found,
                budget, self.state, self.bounds, self.every,
            )  # fmt: skip
        self.n_swap += swapped
        self._follow(fits)

    def result(self, n_iter, converged=True):
        """Return medoids, labels and loss, and what it took to find them."""
        s = self.state
        _cache_kernels.settle_ties(s.keys, s.near, s.second)
        self._own_slots()  # now they do not depend on the swaps before
        loss = self.refresh()
        return Found(s.medoids, s.near, loss, n_iter, self.n_swap, converged)

    def _follow(self, fits):
        """Make codes anew where levels do not fit any more."""
        if not fits:
            self._set_levels()
            self.codes.finish()
            self.bounds.at[:] = -1, 0


def optimize(state, max_iter, *, eager=True, step=nullcontext):
    """Swap until nothing helps; the result tells whether that point was reached.

    Passes are eager, or else make the best swap of all. ``step()`` is entered as a
    context around every pass.
    """
    if state.codes:
        state.codes.finish()
    one_pass = state.eager_pass if eager else state.best_swap
    n_iter, converged = repeat(state, one_pass, max_iter, step)
    return state.result(n_iter, converged)


def repeat(state, one_pass, max_iter, step):
    """Make passes until one changes nothing; return their number and if that came."""
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        raise_if_stopped()
        n_iter += 1
        with step():
            n_swap, loss = state.n_swap, state.refresh()
            one_pass()
            converged = state.n_swap == n_swap or state.loss >= loss
    return n_iter, converged


class SingleState:
    """As ``SwapState`` for one medoid, without bounds."""

    def __init__(self, rows, medoids, weight):
        self.rows, self.weight, self.n_swap = rows, weight, 0
        self.medoids = np.array(medoids, dtype=np.intp)
        self.is_medoid = np.zeros(rows.n_candidates, dtype=bool)
        self.is_medoid[self.medoids] = True
        self.loss = np.inf

    def refresh(self):
        """Compute the loss."""
        self.loss = float(self._sums(self.rows.take(self.medoids))[0])
        return self.loss

    def try_rows(self, rows, candidates, *, slots=None, once=False, tol=_TOL):
        """Try candidates whose rows are there; stop at the first swap if ``once``."""
        sums = self._sums(rows)
        for place, (candidate, loss) in enumerate(zip(candidates, sums, strict=True)):
            if loss < self.loss * (1 - tol):
                self.is_medoid[self.medoids] = False
                self.is_medoid[candidate] = True
                self.medoids[0], self.loss = candidate, float(loss)
                self.n_swap += 1
                if once:
                    return place + 1, False
        return len(candidates), False

    def result(self, n_iter):
        """Return the medoid, labels and loss, and what it took to find it."""
        labels = np.zeros(self.rows.n_points, dtype=np.int32)
        return Found(self.medoids, labels, self.refresh(), n_iter, self.n_swap)

    def _sums(self, rows):
        return rows.astype(np.float64) @ self.weight


def single_medoid(rows, medoids, weight, order, *, step=nullcontext):
    """Find the one medoid with the smallest sum: no swaps needed."""
    with step():
        sums = rows.sums(weight)
        best = order[np.argmin(sums[order])]
        if not sums[best] < sums[medoids[0]] * (1 - _TOL):
            best = medoids[0]
    labels = np.zeros(rows.n_points, dtype=np.int32)
    swapped = int(best != medoids[0])
    return Found(np.array([best]), labels, float(sums[best]), 1, swapped)
