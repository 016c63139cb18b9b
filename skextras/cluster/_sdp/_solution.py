"""What every LA-SDP solver returns, and how one is chosen."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from skextras._callbacks import unseen
from skextras._memory import check_memory
from skextras.cluster._sdp._hard_labels import label_value
from skextras.cluster._sdp._low_rank import (
    factors,
    label_parts,
    solve_from_starts,
    solve_low_rank,
    start_parts,
)

SOLVERS = ("auto", "low_rank", "admm", "cvxpy")
_LOOSE = 1e-2  # largest tolerance of starts, of which the best is carried on
_SHORT = 500  # most passes of a start
_EXPECTED = 200  # iterations of a dense solver, for its progress
_TINY = np.finfo(float).tiny
_COPIES = {"admm": 12, "cvxpy": 30}  # matrices of n x n for each cluster, about


class Solution(NamedTuple):
    """A relaxed solution: parts or matrices, whichever the solver works with."""

    parts: np.ndarray | None
    matrices: np.ndarray | None
    multipliers: np.ndarray | None
    membership: np.ndarray
    objective: float
    upper_bound: float | None
    infeasibility: float
    n_iter: int
    converged: bool

    def leading_vectors(self, n_vectors):
        """Leading eigenvectors of the sum of all Z_k, as columns."""
        if self.parts is None:
            total = self.matrices.sum(axis=0)
            n = len(total)
            low = max(n - n_vectors, 0)
            return eigh(total, subset_by_index=[low, n - 1])[1]
        stacked = factors(self.parts).reshape(-1, self.parts.shape[2])
        values, vectors = np.linalg.eigh(stacked @ stacked.T)
        values, vectors = values[-n_vectors:], vectors[:, -n_vectors:]
        return stacked.T @ (vectors / np.sqrt(np.maximum(values, 1e-12)))

    def scatters(self, X):
        """Return X'(diag(Z_k 1) - Z_k)X and the sum of the entries of Z_k, for each k.

        Their ratio is the covariance with the largest objective for these Z_k.
        """
        if self.parts is None:
            Z = np.maximum(self.matrices, 0.0)
            weights = Z.sum(axis=2)
        else:
            weights = self.parts.sum(axis=1)
        sizes = weights.sum(axis=1)
        out = np.empty((len(weights), X.shape[1], X.shape[1]))
        for k, weight in enumerate(weights):
            centred = X - weight @ X / max(sizes[k], _TINY)
            if self.parts is None:
                between = centred.T @ Z[k] @ centred
            else:
                sums = self.parts[k] @ centred
                size = np.maximum(self.parts[k].sum(axis=1), _TINY)
                between = (sums.T / size) @ sums
            out[k] = (centred.T * weight) @ centred - between
        return out, sizes


def memberships(row_sums):
    """Scale the row sums of all Z_k, of shape (n_clusters, n_samples), to sum 1."""
    membership = np.maximum(row_sums.T, 0.0)
    total = membership.sum(axis=1, keepdims=True)
    even = np.full_like(membership, 1.0 / membership.shape[1])
    return np.where(total > 0, membership / np.where(total > 0, total, 1.0), even)


def solve(
    problem,
    *,
    solver,
    rank,
    trace,
    tol,
    max_iter,
    max_memory,
    n_init,
    rng,
    last=None,
    labels=None,
    step=unseen,
):
    """Solve one LA-SDP; ``last`` is the solution of a similar one to start from.

    The objective of "low_rank" is at least that of ``labels``. ``step()`` is entered as
    a context around each of ``n_init`` starts, and once more.
    """
    n_clusters, _, n = problem.whitened.shape
    if solver in _COPIES:
        size = _COPIES[solver] * n_clusters * n**2 * 8
        check_memory(
            size,
            f"solver={solver!r} with n_samples={n} and n_clusters={n_clusters}",
            "choose solver='low_rank', or raise max_memory.",
            limit=max_memory,
            name="max_memory",
        )
        if solver == "admm":
            from skextras.cluster._sdp._joint_admm import solve_admm as dense
        else:
            from skextras.cluster._sdp._stated import solve_cvxpy as dense
        options = {"trace": trace, "tol": tol, "max_iter": max_iter}
        with step(_EXPECTED) as part:
            if solver == "admm":
                options["step"] = part
            result = dense(problem, **options)
        sums = memberships(result.matrices.sum(axis=2))
        return Solution(None, result.matrices, None, sums, *result[1:])
    options = {"trace": trace, "max_iter": max_iter}
    if last is None or last.parts is None:
        loose = {
            "trace": trace,
            "tol": max(tol, min(10.0 * tol, _LOOSE)),
            "max_iter": min(max_iter, _SHORT),
        }
        starts = [start_parts(n_clusters, rank, n, rng) for _ in range(n_init)]
        if labels is not None:
            starts += [
                label_parts(labels, n_clusters, rank, share, rng)
                for share in (0.8, 1.0)
            ]
        last = solve_from_starts(problem, starts, step=step, **loose)
    with step():
        result = solve_low_rank(
            problem, last.parts, tol=tol, multipliers=last.multipliers, **options
        )
    if labels is not None:
        result = _at_least(result, problem, labels, tol, options)
    return Solution(
        result.parts,
        None,
        result.multipliers,
        memberships(result.parts.sum(axis=1)),
        result.objective,
        None,
        result.infeasibility,
        result.n_iter,
        result.converged,
    )


def _at_least(result, problem, labels, tol, options):
    """Return a result whose objective is at least that of hard labels."""
    value = label_value(problem, labels)
    if result.objective >= value:
        return result
    n_clusters, rank, _ = result.parts.shape
    parts = label_parts(labels, n_clusters, rank, 1.0, None)
    again = solve_low_rank(problem, parts, tol=tol, **options)
    if again.objective >= value:
        return again
    return again._replace(parts=parts, objective=value, merit=value, infeasibility=0.0)
