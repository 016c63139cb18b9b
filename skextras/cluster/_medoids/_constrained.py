"""Swaps under limits: medoids that stay, and a least weight of the clusters."""

from contextlib import nullcontext

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skextras._fitting import warn
from skextras.cluster._medoids import _cache_kernels, _constrained_kernels
from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._init import check_distinct, find_samples
from skextras.cluster._medoids._problem import Limits
from skextras.cluster._medoids._swaps import single_medoid

#: Candidates tried by one kernel call, times points: an interrupt waits for so many.
_ITEMS_PER_CALL = 2**25
#: A swap must lower the loss by this fraction.
_TOL = 1e-12


def check_limits(points, n_clusters, given, fixed_medoids, min_cluster_size):
    """Return ``Limits`` from the parameters of KMedoids, and the points.

    The rows of ``fixed_medoids`` stand for their points there. ``given`` are the
    positions of starting medoids, if there are any: they must hold the fixed ones.
    """
    fixed = np.empty(0, dtype=np.intp)
    if fixed_medoids is not None:
        fixed = _check_fixed(points, n_clusters, given, fixed_medoids)
        index = points.index.copy()
        index[fixed] = np.asarray(fixed_medoids)
        points = points._replace(index=index)
    size, total = float(min_cluster_size or 0), points.weight.sum()
    limits = Limits(fixed, size * (1 - _constrained_kernels.TOL))
    if limits.least * n_clusters > total:
        raise ValueError(
            f"min_cluster_size={size:g} times n_clusters={n_clusters} must not exceed "
            f"the weight of all samples, {total:g}: ask for fewer or smaller clusters."
        )
    return limits, points


def _check_fixed(points, n_clusters, given, fixed_medoids):
    """Return the positions of fixed medoids among the points."""
    fixed = find_samples(fixed_medoids, "fixed_medoids", points)
    check_distinct(fixed, "fixed_medoids")
    if len(fixed) > n_clusters:
        raise ValueError(
            f"fixed_medoids holds {len(fixed)} samples and n_clusters={n_clusters}: "
            "ask for more clusters, or fix fewer medoids."
        )
    if given is not None and not np.isin(fixed, given).all():
        missing = np.asarray(fixed_medoids)[~np.isin(fixed, given)]
        raise ValueError(
            "the starting medoids must hold all fixed_medoids, and sample "
            f"{missing[0]} is not there: add it to init, or set warm_start=False."
        )
    return fixed


def warn_of_small_clusters(labels, weight, n_clusters, min_cluster_size):
    """Warn if a cluster has remained below the limit."""
    sizes = np.bincount(labels, weight, n_clusters)
    if sizes.min() < float(min_cluster_size) * (1 - _constrained_kernels.TOL):
        warn(
            f"Cluster {sizes.argmin()} has a weight of {sizes.min():g}, below "
            f"min_cluster_size={min_cluster_size}: raise n_init, or ask for fewer or "
            "smaller clusters.",
            ConvergenceWarning,
        )


class _State:
    """The medoids, and what follows from them: see ``_constrained_kernels``."""

    def __init__(self, problem, medoids):
        self.rows, self.weight = problem.rows, problem.weight
        self.order, self.n_fixed = problem.candidates, len(problem.limits.fixed)
        n, k = self.rows.n_points, len(medoids)
        self.medoids = np.array(medoids)
        self.is_medoid = np.zeros(n, dtype=bool)
        self.near, self.second = np.empty((2, n), dtype=np.int32)
        self.dn, self.ds = np.empty((2, n), dtype=self.rows.dtype)
        self.removal = np.empty(k)
        self.n_swap = 0
        self.limit(Limits())

    def limit(self, limits):
        """Set the minimum weight of a cluster."""
        self.limits, self.last = limits, -1
        self._update()

    def _update(self):
        """Compute all from the medoids."""
        self.is_medoid[:] = False
        self.is_medoid[self.medoids] = True
        caches = (self.near, self.second, self.dn, self.ds)
        _cache_kernels.find_nearest(self.rows.take(self.medoids), *caches)
        self.loss = _cache_kernels.sum_losses(
            self.near, self.dn, self.ds, self.weight, self.removal
        )
        self.sizes = np.bincount(self.near, self.weight, len(self.medoids))
        self.lacking = self.limits.lacking(self.sizes)

    def eager_pass(self):
        """Try all candidates, or all up to the last one that was taken."""
        start, stop = 0, len(self.order) if self.last < 0 else self.last
        while start < stop:
            place, slot, start = self._find(start, stop, eager=True)
            if place >= 0 and self._swap(slot, self.order[place]):
                self.last, stop = place, len(self.order)

    def best_swap(self):
        """Make the best swap of all, if one helps."""
        place, slot, _ = self._find(0, len(self.order), eager=False)
        if place >= 0:
            self._swap(slot, self.order[place])

    def _find(self, start, stop, *, eager):
        """Find the best swap, or the first if ``eager``: (place, slot, stop)."""
        found, best = (-1, -1), (self.lacking, -_TOL * self.loss)
        per_candidate = len(self.near) + len(self.medoids) ** 2
        stride = max(1, _ITEMS_PER_CALL // per_candidate)
        while start < stop and not (eager and found[0] >= 0):
            end = min(start + stride, stop)
            *better, start, best = _constrained_kernels.find(
                self.rows.matrix, self.order, start, end, eager, best, self.n_fixed,
                self.is_medoid, self.near, self.second, self.dn, self.ds, self.weight,
                self.removal, self.sizes, self.limits.least,
            )  # fmt: skip
            found = better if better[0] >= 0 else found
        return *found, start

    def _swap(self, slot, candidate):
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


def optimize_within(problem, start, step=nullcontext, *, eager=True):
    """Swap as ``optimize`` does, within the limits of the problem.

    The first passes do not look at the weights of the clusters. If some then lack
    weight, each further pass makes the swap that lowers this most, until none lack
    any; after that, swaps must lower the loss and leave no cluster lacking.
    """
    rows, weight, limits = problem.rows, problem.weight, problem.limits
    medoids = limits.start(start)
    if len(medoids) == 1:  # then all points are in its cluster
        order = limits.fixed if len(limits.fixed) else problem.candidates
        return single_medoid(rows, medoids, weight, order, step=step)
    state = _State(problem, medoids)
    n_iter, converged = 0, False
    for stage in (Limits(), limits):
        state.limit(stage)
        converged = converged and not state.lacking
        while n_iter < problem.max_iter and not converged:
            n_iter += 1
            with step():
                n_swap = state.n_swap
                if eager and not state.lacking:
                    state.eager_pass()
                else:
                    state.best_swap()
                converged = state.n_swap == n_swap
    return Found(state.medoids, state.near, state.loss, n_iter, state.n_swap, converged)
