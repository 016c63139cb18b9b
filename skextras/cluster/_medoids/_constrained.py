"""Exchanges under limits: medoids that stay, and a least weight of the clusters."""

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skextras._fitting import warn
from skextras.cluster._medoids import (
    _cache_kernels,
    _constrained_kernels,
    _swap_kernels,
)
from skextras.cluster._medoids._init import check_distinct, find_samples
from skextras.cluster._medoids._swaps import FasterPAMResult, single_medoid

#: Candidates tried by one kernel call, times points: an interrupt waits for so many.
_ITEMS_PER_CALL = 2**25
#: An exchange must lower the loss by this fraction.
_TOL = 1e-12


class Limits(NamedTuple):
    """Positions of the points that stay medoids, and the least weight of a cluster."""

    fixed: np.ndarray
    least: float

    def __bool__(self):
        """Tell if anything is limited."""
        return bool(len(self.fixed) > 0 or self.least > 0)

    def start(self, medoids):
        """Put the fixed medoids first; the first of the others fill the other slots."""
        others = medoids[~np.isin(medoids, self.fixed)]
        return np.concatenate([self.fixed, others])[: len(medoids)].astype(np.intp)

    def prefer(self, result, other, weight):
        """Tell if a result lacks less, or equally much and has a lower loss."""
        ranks = []
        for found in (result, other):
            n_clusters = len(found.medoid_indices)
            sizes = np.bincount(found.labels, weight, n_clusters) if self else 0
            ranks.append((_lacking(sizes, self.least), found.loss))
        return ranks[0] < ranks[1]


def _lacking(sizes, least):
    """Weight that clusters of such sizes lack in all."""
    return float(np.maximum(least - sizes, 0).sum())


def check_limits(estimator, points, init, start):
    """Return the limits that an estimator sets, from ``init`` or else ``start``.

    The rows of ``fixed_medoids`` become those that stand for their points.
    """
    fixed = _fixed(estimator, points, init, start)
    size, k = float(estimator.min_cluster_size or 0), int(estimator.n_clusters)
    limits = Limits(fixed, size * (1 - _constrained_kernels.TOL))
    total = points.weight.sum()
    if limits.least * k > total:
        raise ValueError(
            f"min_cluster_size={size:g} times n_clusters={k} must not exceed the "
            f"weight of all samples, {total:g}: ask for fewer or smaller clusters."
        )
    if limits and estimator.method not in ("auto", "fasterpam", "pam", "fastpam1"):
        raise ValueError(
            f"method={estimator.method!r} takes neither fixed_medoids nor "
            "min_cluster_size: choose 'fasterpam' or 'pam'."
        )
    return limits


def _fixed(estimator, points, init, start):
    """Check ``fixed_medoids``; return their positions among the points."""
    if estimator.fixed_medoids is None:
        return np.empty(0, dtype=np.intp)
    fixed = find_samples(estimator.fixed_medoids, "fixed_medoids", points)
    check_distinct(fixed, "fixed_medoids")
    if len(fixed) > estimator.n_clusters:
        raise ValueError(
            f"fixed_medoids holds {len(fixed)} samples and "
            f"n_clusters={estimator.n_clusters}: ask for more clusters, or fix fewer "
            "medoids."
        )
    rows = np.asarray(estimator.fixed_medoids)
    missing = rows[~np.isin(fixed, start)]
    if not isinstance(init, str) and len(missing):
        raise ValueError(
            "the starting medoids must hold all fixed_medoids, and sample "
            f"{missing[0]} is not there: add it to init, or set warm_start=False."
        )
    points.index[fixed] = rows
    return fixed


def warn_of_small_clusters(model, weight):
    """Warn if a cluster has remained below the limit."""
    sizes = np.bincount(model.labels_, weight, model.n_clusters)
    if sizes.min() < float(model.min_cluster_size) * (1 - _constrained_kernels.TOL):
        warn(
            f"Cluster {sizes.argmin()} has a weight of {sizes.min():g}, below "
            f"min_cluster_size={model.min_cluster_size}: raise n_init, or ask for "
            "fewer or smaller clusters.",
            ConvergenceWarning,
        )


class _State:
    """The medoids, and what follows from them: see ``_constrained_kernels``."""

    def __init__(self, rows, medoids, weight, order, n_fixed):
        n, k = rows.n_points, len(medoids)
        self.rows, self.weight, self.order, self.n_fixed = rows, weight, order, n_fixed
        self.medoids = np.array(medoids)
        self.is_medoid = np.zeros(n, dtype=bool)
        self.near, self.second = np.empty((2, n), dtype=np.int32)
        self.dn, self.ds = np.empty((2, n), dtype=rows.dtype)
        self.removal = np.empty(k)
        self.n_swap = 0
        self.limit(0.0)

    def limit(self, least):
        """Set the least weight of a cluster."""
        self.least, self.last = least, -1
        self._update()

    def _update(self):
        """Compute all from the medoids."""
        self.is_medoid[:] = False
        self.is_medoid[self.medoids] = True
        caches = (self.near, self.second, self.dn, self.ds)
        _cache_kernels.find_nearest(self.rows.take(self.medoids), *caches)
        self.loss = _swap_kernels.sum_losses(
            self.near, self.dn, self.ds, self.weight, self.removal
        )
        self.sizes = np.bincount(self.near, self.weight, len(self.medoids))
        self.lacking = _lacking(self.sizes, self.least)

    def eager_pass(self):
        """Try all candidates, or all up to the last one that was taken."""
        start, stop = 0, len(self.order) if self.last < 0 else self.last
        while start < stop:
            place, slot, start = self._find(start, stop, eager=True)
            if place >= 0 and self._exchange(slot, self.order[place]):
                self.last, stop = place, len(self.order)

    def best_swap(self):
        """Make the best exchange of all, if one helps."""
        place, slot, _ = self._find(0, len(self.order), eager=False)
        if place >= 0:
            self._exchange(slot, self.order[place])

    def _find(self, start, stop, *, eager):
        """Find the best exchange, or the first if ``eager``: (place, slot, stop)."""
        found, best = (-1, -1), (self.lacking, -_TOL * self.loss)
        per_candidate = len(self.near) + len(self.medoids) ** 2
        stride = max(1, _ITEMS_PER_CALL // per_candidate)
        while start < stop and not (eager and found[0] >= 0):
            end = min(start + stride, stop)
            *better, start, best = _constrained_kernels.find(
                self.rows.matrix, self.order, start, end, eager, best, self.n_fixed,
                self.is_medoid, self.near, self.second, self.dn, self.ds, self.weight,
                self.removal, self.sizes, self.least,
            )  # fmt: skip
            found = better if better[0] >= 0 else found
        return *found, start

    def _exchange(self, slot, candidate):
        """Let a candidate take a slot, unless rounding alone made that look better."""
        rank, left = (self.lacking, self.loss), self.medoids[slot]
        self.medoids[slot] = candidate
        self._update()
        if (self.lacking, self.loss) < rank:
            self.n_swap += 1
            return True
        self.medoids[slot] = left
        self._update()
        return False


def optimize_within(
    rows, medoids, weight, limits, order, max_iter, *, eager=True, step=nullcontext
):
    """Exchange as ``optimize`` does, within ``limits``.

    The first passes do not look at the weights of the clusters. If some then lack
    weight, each further pass makes the exchange that lowers this most, until none lack
    any; after that, exchanges must lower the loss and leave no cluster lacking.
    """
    if len(medoids) == 1:  # then all points are in its cluster
        order = limits.fixed if len(limits.fixed) else order
        return single_medoid(rows, medoids, weight, order, step=step), True
    state = _State(rows, medoids, weight, order, len(limits.fixed))
    n_iter, converged = 0, False
    for least in (0.0, limits.least):
        state.limit(least)
        converged = converged and not state.lacking
        while n_iter < max_iter and not converged:
            n_iter += 1
            with step():
                n_swap = state.n_swap
                if eager and not state.lacking:
                    state.eager_pass()
                else:
                    state.best_swap()
                converged = state.n_swap == n_swap
    labels, n_swap = state.near, state.n_swap
    return FasterPAMResult(state.medoids, labels, state.loss, n_iter, n_swap), converged
