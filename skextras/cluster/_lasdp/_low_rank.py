"""Low-rank LA-SDP: non-negative factors and an augmented Lagrangian."""

from typing import NamedTuple

import numpy as np

from skextras.cluster._lasdp._low_rank_kernels import minimize

_INNER = 200  # most gradients between two updates of the multipliers


class LowRankResult(NamedTuple):
    """Factors of the matrices Z_k = U_k'U_k, samples along the last axis."""

    factors: np.ndarray
    multipliers: np.ndarray
    objective: float
    infeasibility: float
    n_iter: int
    converged: bool


def start_factors(n_clusters, rank, n_samples, rng):
    """Non-negative random factors of unit norm for each block."""
    factors = np.abs(rng.normal(size=(n_clusters, rank, n_samples)))
    return factors / np.linalg.norm(factors, axis=(1, 2), keepdims=True)


def solve_low_rank(problem, factors, *, trace, tol, max_iter, multipliers=None):
    """Solve LA-SDP near ``factors``, in O(n_samples) memory.

    The matrices are completely positive: of the relaxed ones, those with non-negative
    factors. Where the program has a better one without, its value is not reached.
    ``infeasibility`` is the root mean square of the row sums minus 1.
    """
    joint = trace == "sum"
    n = factors.shape[2]
    scale, shift = problem.scale, problem.shift
    W = problem.whitened / np.sqrt(scale)
    g, c = problem.norms / scale, (problem.constants - shift) / scale
    U = np.array(factors, dtype=np.float64, order="C")
    y = np.zeros(n) if multipliers is None else (multipliers + shift) / scale
    beta, last, n_iter, inner = 1.0, np.inf, 0, 0.1
    curvature = 2.0 * max(np.linalg.norm(w @ w.T, 2) for w in W) + 4.0 * beta * n
    least, most = 1e-3 / curvature, 1e3 / curvature
    step, before, converged = 1.0 / curvature, np.inf, False
    while n_iter < max_iter:
        objective, h, slope, n_done, step = minimize(
            W, g, c, U, y, beta, min(_INNER, max_iter - n_iter), inner * n, step,
            least, most, joint,
        )  # fmt: skip
        n_iter += max(n_done, 1)
        infeasibility = np.sqrt(np.mean(h**2))
        y += beta * h
        move = abs(objective - before) / n
        before = objective
        # a flat valley: the slope may stay while the objective no longer moves
        if infeasibility <= tol and move <= (tol if slope <= tol * n else 0.1 * tol):
            converged = True
            break
        if infeasibility > max(0.5 * last, tol):
            beta *= 1.5
        last = infeasibility
        inner = max(0.5 * inner, 0.5 * tol)
    return LowRankResult(
        U,
        scale * y - shift,
        float(scale * objective - shift * n),
        float(infeasibility),
        n_iter,
        converged,
    )
