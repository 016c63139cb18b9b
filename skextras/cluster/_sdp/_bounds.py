"""Lower bounds of points: by the relaxation, by blocks of rows, by random draws."""

from math import log, sqrt

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skextras import _fitting
from skextras._parallel import map_blocks, n_threads
from skextras._validation import check_memory
from skextras.cluster._sdp import _admm
from skextras.cluster._sdp._exact import dual_bound

_BYTES = 36  # for each pair of points: up to 31 are taken, in float64 for a kernel


def n_bytes(n_samples):
    """Return what the relaxation of so many points takes."""
    return _BYTES * n_samples**2


def check_dense(n_samples, max_memory, way_out, n_jobs=1):
    """Raise MemoryError, before any work, if n x n matrices would take too much."""
    count = n_threads(n_jobs)
    threads = f" on each of {count} threads" if count > 1 else ""
    check_memory(
        n_bytes(n_samples) * count,
        f"The relaxation of {n_samples} points{threads}",
        f"{way_out}, or raise max_memory.",
        limit=int(max_memory),
        name="max_memory",
    )


def sdp_bound(points, n_clusters, *, tol, max_iter, target=None, warn=False):
    """Return the scaled bound of the relaxation; not below that of N = 0."""
    if n_clusters == 1:
        return points.total * (1 - 1e-12)
    if n_clusters >= points.n or points.total <= 0:
        return 0.0
    options = {"max_iter": max_iter, "target": target}
    solution = _admm.solve(points, n_clusters, tol=tol, **options)
    if warn and not solution.converged:
        _fitting.warn(
            f"The relaxation did not come to rest in {solution.n_iter} iterations: the "
            "bound holds, and may be larger with a larger max_iter.",
            ConvergenceWarning,
        )
    bound = dual_bound(points, n_clusters, solution.negative, solution.vectors)
    if target is not None and bound < target <= bound + 3 * tol * target:
        # The relaxation seems tight: single precision would be the last obstacle.
        solution = _admm.solve(
            points, n_clusters, tol=1e-7, dtype=np.float64, **options
        )
        bound = max(
            bound, dual_bound(points, n_clusters, solution.negative, solution.vectors)
        )
    return bound


def block_bound(points, n_clusters, labels, block_size, *, tol, max_iter, n_jobs):
    """Sum the bounds of blocks of rows that are alike.

    The best clusters of all points, restricted to a block, are clusters of that block;
    about means of their own they are not less tight. So the sum of the blocks' optima
    is at most the optimum. It comes near it if each block looks like the whole: rows
    are sorted by cluster and distance from its centre, and dealt to the blocks in turn.
    """
    n_blocks = -(-points.n // block_size)
    order = np.lexsort((_distances(points.X, labels), labels))

    def bound(block):
        part = points.part(order[block::n_blocks])
        value = sdp_bound(part, n_clusters, tol=tol, max_iter=max_iter)
        return max(value, 0.0) * (part.scale / points.scale)

    blocks = [(block,) for block in range(n_blocks)]
    return sum(map_blocks(bound, blocks, n_jobs=n_jobs)) * (1 - 1e-13)


def _distances(X, labels):
    """Squared distances of rows to the means of their groups."""
    size = np.bincount(labels)
    sums = np.zeros((len(size), X.shape[1]))
    np.add.at(sums, labels, X)
    out = np.empty(len(X))
    center = sums / size[:, None]
    for low in range(0, len(X), 4096):
        rows = X[low : low + 4096] - center[labels[low : low + 4096]]
        out[low : low + 4096] = np.einsum("ij,ij->i", rows, rows)
    return out


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
