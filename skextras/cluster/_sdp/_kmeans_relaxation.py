"""The relaxation of K-means by Peng and Wei: a solver for each problem."""

from contextlib import nullcontext

import numpy as np
from scipy.linalg import eigh
from sklearn.metrics import pairwise_distances_argmin

from skextras._linalg import EPS
from skextras.cluster._sdp import _admm, _stated
from skextras.cluster._sdp._low_rank import solve_from_starts, solve_low_rank
from skextras.cluster._sdp._program import Problem
from skextras.cluster._sdp._relaxed import Parts, Relaxed, Vectors
from skextras.cluster._sdp._rounding import membership

_EXPECTED = 100  # iterations of the ADMM, for its progress
_DENSE = 2000  # points of which n x n matrices are small
_SMALL = 1e-3  # part of the total below which values are met in units of the total


def relax(points, distinct, settings, *, solver_options, rng, step):
    """Solve the relaxation of K-means as ``settings`` say.

    Parameters
    ----------
    points : Points
        What is clustered.
    distinct : tuple of ndarray
        First place of each distinct point, and which of them every point is.
    settings : Settings
        The solver and its options.
    solver_options : dict or None
        Options for cvxpy.
    rng : RandomState
        Draws starts of "low_rank".
    step : callable
        Is entered as a context around each part of the work.

    Returns
    -------
    relaxed : Relaxed
        Z, and tr A - <A, Z>, scaled as the points are.
    """
    k = settings.n_clusters
    options = {"tol": settings.tol, "max_iter": settings.max_iter}
    if k == 1 or len(distinct[0]) <= k:
        return _trivial(points, distinct, k)
    if settings.solver == "low_rank":
        options |= {"n_init": settings.n_init, "rng": rng, "step": step}
        return solve_by_parts(points, k, settings.rank, **options)
    with step(_EXPECTED) as part:
        if settings.solver == "cvxpy":
            return _stated.solve_kmeans(points, k, solver_options)
        return _admm.solve(points, k, feasible=True, step=part, **options)


def _trivial(points, distinct, k):
    """Return Z of a single cluster, or of k clusters of equal points."""
    first, codes = distinct
    labels = np.zeros(points.n, dtype=np.intp)
    if k > 1:
        labels = codes.copy()
        copies = np.setdiff1d(np.arange(points.n), first)
        n_missing = k - len(first)  # the trace is k
        labels[copies[:n_missing]] = len(first) + np.arange(n_missing)
    Z = Vectors(membership(labels, k), complete=True)
    value = points.total if k == 1 else 0.0
    return Relaxed(Z, value, None, 0.0, 0, True)


def solve_by_parts(
    points, n_clusters, rank, *, n_init, tol, max_iter, rng, step=nullcontext
):
    """Maximise <A, UU'> for U >= 0, tr UU' = K and UU'1 = 1, from random starts.

    This is LA-SDP with a single matrix, of trace K. The best of ``n_init`` solutions is
    returned: the program in U is not convex. ``step()`` is entered as a context around
    each.
    """
    roots, shift = _roots(points)
    norms = np.einsum("dn,dn->n", roots, roots)
    problem = Problem(roots[None], norms[None], np.zeros(1), float(norms.mean()), 0.0)
    rest = shift * (points.n - n_clusters)
    options = {"trace": "each", "size": float(n_clusters), "max_iter": max_iter}
    starts = (_start(roots, rank, rng) for _ in range(n_init))
    best = solve_from_starts(problem, starts, step=step, tol=tol, **options)
    # tol was in units of the total; the value may be a small part of it
    share = max((-best.merit - rest) / norms.sum(), _SMALL)
    if share < 0.3 and best.n_iter < max_iter:
        options |= {"multipliers": best.multipliers, "max_iter": max_iter - best.n_iter}
        fine = solve_low_rank(problem, best.parts, tol=share * tol, **options)
        best = fine._replace(n_iter=best.n_iter + fine.n_iter)
    value = -best.objective - rest
    return Relaxed(
        Parts(best.parts), value, None, best.infeasibility, best.n_iter, best.converged
    )


def _roots(points):
    """Return R and t with A + tI = R'R.

    The trace of Z is fixed, so that t only adds a constant.
    """
    X = points.X
    if X is not None and (X.shape[1] <= points.n or points.n > _DENSE):
        return np.ascontiguousarray(X.T), 0.0
    values, vectors = eigh(points.gram())
    shift = max(-values[0], 0.0)
    values += shift
    kept = values > EPS * points.n * values[-1]
    return np.ascontiguousarray((vectors[:, kept] * np.sqrt(values[kept])).T), shift


def _start(roots, rank, rng):
    """Give half of each point to the nearest of ``rank`` random ones, the rest to all.

    Parts that are all alike are a saddle point, and it takes long to leave shares of 0.
    """
    n = roots.shape[1]
    centers = rng.choice(n, min(rank, n), replace=False)
    nearest = pairwise_distances_argmin(roots.T, roots.T[centers])
    parts = np.full((1, rank, n), 0.5 / rank)
    parts[0, nearest, np.arange(n)] += 0.5
    return parts
