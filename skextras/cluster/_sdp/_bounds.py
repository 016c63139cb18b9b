"""Lower bounds of points: by the relaxation, and by random draws of rows."""

import warnings
from math import log, sqrt

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skextras import _fitting
from skextras._memory import check_memory
from skextras._parallel import map_blocks, n_threads
from skextras.cluster._sdp import _admm
from skextras.cluster._sdp._dual import dual_bound
from skextras.cluster._sdp._quick import Quick, quick_bound

_BYTES = 48  # for each pair of points, as measured in float64 for a kernel


def n_bytes(n_samples):
    """Return what the relaxation of so many points takes."""
    return _BYTES * n_samples**2


def check_dense(n_samples, memory_limit, way_out, n_jobs=1):
    """Raise MemoryError, before any work, if n x n matrices would take too much."""
    count = n_threads(n_jobs)
    threads = f" on each of {count} threads" if count > 1 else ""
    check_memory(
        n_bytes(n_samples) * count,
        f"The relaxation of {n_samples} points{threads}",
        f"{way_out}, or raise memory_limit.",
        limit=memory_limit,
    )


def sdp_bound(
    points,
    n_clusters,
    *,
    tol,
    max_iter,
    target=None,
    known=None,
    digits=True,
    warn=False,
):
    """Return the scaled bound of the relaxation, or a larger one that costs less.

    ``known`` is a bound; ``target``, the inertia of labels, is what it may reach:
    ``digits`` asks for all digits if it nearly does.
    """
    if n_clusters == 1:
        return points.total * (1 - 1e-12)
    if n_clusters >= points.n or points.total <= 0:
        return 0.0
    best = [-np.inf if known is None else known]
    if points.factor() is not None:
        best.append(dual_bound(points, n_clusters))

    settled = False

    def settles(_):
        """Tell if the clusters of K-means are proven optimal."""
        nonlocal settled
        quick = known_bound(points, n_clusters)
        best.append(quick.bound)
        settled = quick.proven
        return settled

    options = {"tol": tol, "max_iter": max_iter, "target": target}
    solution = _admm.solve(points, n_clusters, known=settles, **options)
    if settled:
        return max(*best, solution.bound)
    best.append(solution.bound)
    if digits:
        best.append(tightened(points, n_clusters, solution, target, tol, max_iter))
    reached = target is not None and max(best) >= (1 - tol) * target
    if warn and not (solution.converged or reached):
        _fitting.warn(
            f"The relaxation {outcome(solution)}. The bound holds, but may be loose: "
            f"{advice(solution)}.",
            ConvergenceWarning,
        )
    return max(best)


def known_bound(points, n_clusters):
    """Return the quick bound of the clusters that K-means finds."""
    X, loss = points.euclidean(n_clusters)
    with warnings.catch_warnings():  # of few distinct rows
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = KMeans(n_clusters, n_init=10, random_state=0).fit(X).labels_
    codes = np.unique(labels, return_inverse=True)[1].ravel()
    if codes.max() + 1 < n_clusters:
        return Quick(-np.inf, np.inf, False)
    quick = quick_bound(X, codes, n_clusters)
    return quick._replace(bound=quick.bound - loss, inertia=quick.inertia - loss)


def tightened(points, n_clusters, solution, target, tol, max_iter):
    """Return the bound of a solution, proven to more digits if it nearly is ``target``.

    The relaxation seems to be tight then, and a larger bound would prove the labels.
    """
    left = max_iter - solution.n_iter
    near = target is not None and solution.bound < target <= (
        solution.bound + 3 * tol * abs(target)
    )
    if not near or left <= 0 or solution.dual is None:
        return solution.bound
    options = {"max_iter": left, "target": target, "tol": 1e-7}
    return _admm.go_on(points, n_clusters, solution, **options).bound


def outcome(solution):
    """Say how a solution that has not converged ended."""
    ended = "stalled after" if solution.stalled else "did not converge in"
    return (
        f"{ended} {solution.n_iter} iterations (constraint violation "
        f"{solution.infeasibility:.1g})"
    )


def advice(solution):
    """Say what may help a solution that has not converged."""
    if solution.stalled:
        return "more iterations would not help; a larger tol or fewer clusters may"
    return "raise max_iter or tol"


def monte_carlo_bound(
    points, n_clusters, mean_inertia, sample_size, n_draws, confidence, rng, **options
):
    """Bound the inertia with a probability, from random samples of the rows.

    The optimum of a sample, per row, is at most that of all rows in expectation. From
    the samples' bounds v, Hoeffding's inequality for min(v, ``mean_inertia``) and
    Markov's for the least v give a bound each; half of the risk is given to either.
    """
    risk = (1 - confidence) / 2
    n_jobs = options.pop("n_jobs")
    draws = [
        (rng.choice(points.n, sample_size, replace=False),) for _ in range(n_draws)
    ]

    def bound(rows):
        part = points.part(rows)
        value = sdp_bound(part, n_clusters, **options)
        return max(value, 0.0) * (part.scale / points.scale) / sample_size

    values = np.array(map_blocks(bound, draws, n_jobs=n_jobs))
    loss = mean_inertia * sqrt(log(1 / risk) / (2 * n_draws))
    hoeffding = np.minimum(values, mean_inertia).mean() - loss
    markov = risk ** (1 / n_draws) * values.min()
    return points.n * max(hoeffding, markov)
