"""The swap phase of FasterPAM on checked arrays."""

from contextlib import nullcontext

import numpy as np

from skextras._parallel import raise_if_stopped
from skextras.cluster._medoids import _cache_kernels, _swap_kernels
from skextras.cluster._medoids._found import Found

#: Candidates tried by one kernel call, times points: an interrupt waits for so many.
_ITEMS_PER_CALL = 2**25
#: A swap must lower the loss by this fraction, so that rounding cannot make a cycle.
_TOL = 1e-12
#: The steps are chosen such that a point's second medoid can go farther by this factor.
_HEADROOM = 1.25
#: Codes are made a little smaller than exact ones, for the rounding of a product and
#: for matrices that are symmetric up to rounding.
_SAFETY = 1 - 4e-6


class Codes:
    """One byte per point and candidate: lower bounds of the dissimilarities.

    A point's codes count steps of its own; a step, times the weight of the point, is
    ``unit`` times a power of 4, the point's class. Candidates lie in the order in which
    they are tried, or in their own if all are judged before each swap (not ``eager``).
    """

    def __init__(self, rows, weight, order, *, eager=True):
        self.rows, self.weight = rows, weight
        self.rank = np.empty(rows.n_candidates, dtype=np.intp)
        self.rank[order] = np.arange(len(order))
        self.order = order if eager else np.sort(order)
        self.natural = np.array_equal(self.order, np.arange(len(order)))
        self.complete = False
        n, lanes = rows.n_points, _swap_kernels.LANES
        self.tiles = _aligned((-(-len(order) // lanes), n, lanes), np.uint8)
        self.n_classes = 1  # as many as leave sums of n points below 2**31
        while n * 255 * 4**self.n_classes < 2**31 and self.n_classes < 5:
            self.n_classes += 1
        self.classes = self.unit = None

    def calibrate(self, ds):
        """Choose the steps such that levels up to ``ds`` fit."""
        ds = np.maximum(ds, _least_step(ds.dtype))
        reach = self.weight * ds * (_HEADROOM / _swap_kernels.LEVEL_MAX)
        spare = 1 if self.n_classes > 1 else 0  # for points whose ``ds`` grows
        self.unit = reach.max() / 4.0 ** (self.n_classes - 1 - spare)
        if not self.unit > 0:
            self.unit = 1.0
        self._classify(reach)
        self.complete = False

    def extend(self, ds):
        """Choose longer steps for those points whose levels do not fit any more."""
        ds = np.maximum(ds, _least_step(ds.dtype))
        reach = self.weight * ds / _swap_kernels.LEVEL_MAX
        if self.unit is None or reach.max() > self.unit * 4.0 ** (self.n_classes - 1):
            self.calibrate(ds)
            return
        before = self.classes
        self._classify(np.maximum(reach * _HEADROOM, self.unit * 4.0**before))
        if self.complete:
            for o in np.flatnonzero(self.classes != before):
                self.encode(o, o + 1)

    def _classify(self, reach):
        with np.errstate(divide="ignore", over="ignore"):
            classes = np.ceil(np.log2(reach / self.unit) / 2)
            self.classes = np.clip(classes, 0, self.n_classes - 1)
            self.inverse = self.weight / (self.unit * 4.0**self.classes)
        dtype = self.rows.dtype
        scale = np.minimum(self.inverse * _SAFETY, np.finfo(dtype).max)
        self.scale = scale.astype(dtype)

    def encode(self, start, stop):
        """Fill in the points start..stop."""
        self.rows.encode(self.order, self.natural, self.scale, self.tiles, start, stop)

    def arrays(self):
        """Arguments of the kernel that codes the entries of a matrix."""
        matrix = self.rows.by_point
        return matrix, self.order, self.natural, self.scale, self.tiles

    def finish(self):
        """Fill in all points, unless that is done."""
        if not self.complete:
            self.encode(0, self.rows.n_points)
            self.complete = True


def _least_step(dtype):
    """Return a dissimilarity so small that shorter steps are no use, nor finite."""
    return dtype.type(2.0 ** (np.finfo(dtype).minexp + 20))


class SwapState:
    """The arrays of the swap phase: see ``_swap_kernels`` for their meaning."""

    def __init__(self, rows, medoids, weight, codes=None, own=None):
        n, k = rows.n_points, len(medoids)
        self.rows, self.weight, self.codes = rows, weight, codes
        self.identity = np.arange(n, dtype=np.int32)
        self.own = self.identity if own is None else own
        self.medoids = np.array(medoids, dtype=np.intp)
        self.is_medoid = np.zeros(rows.n_candidates, dtype=bool)
        self.is_medoid[self.medoids] = True
        self.keys = np.empty((n, k), dtype=f"i{rows.dtype.itemsize}")
        self.table = self.keys.view(rows.dtype)
        self.near, self.second = np.empty((2, n), dtype=np.int32)
        self.dn, self.ds, self.left = np.empty((3, n), dtype=rows.dtype)
        self.removal = np.empty(k)
        self.n_swap, self.loss, self.last = 0, np.inf, -1
        self.at, self.all_sums = np.array([-1, 0]), None
        chosen = rows.take(self.medoids)
        _cache_kernels.fill_table(chosen, self.table, 0, n)
        caches = (self.near, self.second, self.dn, self.ds)
        _cache_kernels.find_nearest(chosen, *caches)
        self._own_slots()
        lanes = _swap_kernels.LANES
        self.sums = _aligned((k + 1, lanes), np.int32)
        self.bounds = np.empty(lanes)
        n_keys = k * codes.n_classes if codes else 0
        size = n if codes else 0
        self.place = np.empty(n_keys + 1, dtype=np.intp)
        self.members = np.empty(size, dtype=np.int32)
        self.grouped = np.empty((size, 4), dtype=np.uint8)
        self.levels = np.empty((size, 4), dtype=np.uint8)
        self.packed = self.levels.view("<u4").ravel()
        self.packed_groups = self.grouped.view("<u4").ravel()
        self.no_codes = np.empty((0, n, lanes), dtype=np.uint8), np.empty(0)
        if codes:
            self._set_levels()

    def _set_levels(self):
        """Express all points in the steps of the codes; extend these if needed."""
        self.codes.extend(self.ds)
        self.levels[:, 3] = self.codes.classes
        _swap_kernels.set_all_levels(self.dn, self.ds, self.codes.inverse, self.levels)

    def _own_slots(self):
        """Give every medoid its own slot."""
        caches = (self.near, self.second, self.dn, self.ds)
        _cache_kernels.own_slots(self.table, self.own[self.medoids], *caches)

    def refresh(self):
        """Recompute the loss and the removal losses, which swaps only update."""
        self.loss = _swap_kernels.sum_losses(
            self.near, self.dn, self.ds, self.weight, self.removal
        )
        self.at[0] = -1
        return self.loss

    def eager_pass(self):
        """Try all candidates, or all up to the last one that was taken."""
        n_candidates = len(self.codes.order)
        stride = max(_swap_kernels.LANES, _ITEMS_PER_CALL // len(self.near))
        matrix = np.empty((0, 0), dtype=self.rows.dtype)  # stops where it needs a row
        if self.rows.is_held:
            matrix = self.rows.matrix
        start, closed = 0, False
        while start < n_candidates and not closed:
            raise_if_stopped()
            stop = min(start + stride, n_candidates)
            reached, self.last, self.loss, n_swap, closed, fits = _swap_kernels.scan(
                matrix, self.codes.order, start, stop, self.last, self.loss, _TOL,
                self.at, *self._arrays(), *self._code_arrays(),
            )  # fmt: skip
            start = reached
            self.n_swap += n_swap
            self._follow(fits)
            if fits and not closed and reached < stop:
                candidate = self.codes.order[start : start + 1]
                self.try_rows(self.rows.take(candidate), candidate)
                start += 1

    def try_rows(self, rows, candidates, *, slots=None, once=False, tol=_TOL):
        """Try candidates whose rows are there; stop at the first swap if ``once``.

        Each is tried in all slots, or in its one of ``slots``. Returns how many were
        tried, and if the last round began at the one after them.
        """
        if slots is None:
            slots = np.full(len(candidates), -1)
        tiles, inverse = self.no_codes
        if self.codes:
            tiles, inverse = self.codes.tiles, self.codes.inverse
        start, n_swap, closed = 0, 0, False
        while start < len(candidates) and not closed and not (once and n_swap):
            start, self.last, self.loss, n_swap, closed, fits = _swap_kernels.scan_rows(
                rows, candidates, slots, start, once, self.last, self.loss, tol,
                self.at, *self._arrays(), tiles, inverse, self.levels, self.identity,
                self.sums,
            )  # fmt: skip
            self.n_swap += n_swap
            self._follow(fits)
        return start, closed

    def best_swap(self):
        """Make the best exchange of all, if it lowers the loss."""
        if self.all_sums is None:
            shape = (len(self.codes.tiles), *self.sums.shape)
            before = np.empty_like(self.levels)
            packed_before = before.view("<u4").ravel()
            self.all_sums = before, packed_before, _aligned(shape, np.int32)
        bounds, found, done = np.empty(len(self.codes.order)), (0.0, -2, 0), False
        budget = max(1, _ITEMS_PER_CALL // len(self.near))
        while not done:
            self.loss, swapped, fits, found, done = _swap_kernels.best_swap(
                self.rows.matrix, self.codes.order, self.codes.rank, self.loss, _TOL,
                self.at, *self._arrays(), *self._code_arrays(), *self.all_sums, bounds,
                found, budget,
            )  # fmt: skip
        self.n_swap += swapped
        self._follow(fits)

    def result(self, n_iter, converged=True):
        """Return medoids, labels and loss, and what it took to find them."""
        _cache_kernels.settle_ties(self.keys, self.near, self.second)
        self._own_slots()  # now they do not depend on the swaps before
        loss = self.refresh()
        return Found(self.medoids, self.near, loss, n_iter, self.n_swap, converged)

    def _follow(self, fits):
        """Make codes anew where levels do not fit any more."""
        if not fits:
            self._set_levels()
            self.codes.finish()
            self.at[:] = -1, 0

    def _arrays(self):
        """Arguments that all kernels of the swap phase have in common."""
        return (
            self.medoids, self.is_medoid, self.table, self.keys, self.near, self.second,
            self.dn, self.ds, self.weight, self.removal, self.own, self.left,
        )  # fmt: skip

    def _code_arrays(self):
        """Arguments of the kernels that read codes."""
        codes = self.codes
        return (
            codes.tiles, codes.inverse, self.levels, codes.unit, codes.n_classes,
            self.place, self.members, self.grouped, self.identity, self.sums,
            self.bounds, self.packed, self.packed_groups,
        )  # fmt: skip


def optimize(state, max_iter, *, eager=True, step=nullcontext):
    """Swap until nothing helps; the result tells whether that point was reached.

    Passes are eager, or else make the best exchange of all. ``step()`` is entered as a
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


def _aligned(shape, dtype):
    """Return an empty array that begins at a cache line."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(n_bytes + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(dtype).reshape(shape)
