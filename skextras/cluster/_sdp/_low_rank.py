"""Low-rank LA-SDP: parts of clusters and an augmented Lagrangian of the traces."""

from typing import NamedTuple

import numpy as np

from skextras.cluster._sdp._low_rank_kernels import (
    MEMORY,
    OBJECTIVE,
    SLOPE,
    STEP,
    STUCK,
    minimize,
)

_INNER = 100  # most passes between two updates of the multipliers
# by experiment: near the multipliers that are usual, and firm enough to hold traces
_PRICE, _PENALTY = 0.05, 0.5
_FIRM = 1e4  # largest penalty: for traces that these parts cannot have
_MOST = 1e6  # of the multipliers that a solve begins with, the same
_CALL = 5e7  # entries of whitened samples in a call: an interrupt waits for its end


class LowRankResult(NamedTuple):
    """Parts p of the matrices Z_k = sum of pp' / 1'p, samples along the last axis.

    ``merit`` estimates the objective at the right traces: it compares loose solutions.
    """

    parts: np.ndarray
    multipliers: np.ndarray
    objective: float
    merit: float
    infeasibility: float
    n_iter: int
    converged: bool


def start_parts(n_clusters, rank, n_samples, rng):
    """Random parts: non-negative, with sum 1 for each sample.

    The power makes parts of a cluster differ: proportional ones are a saddle point.
    """
    parts = rng.uniform(size=(n_clusters, rank, n_samples)) ** 6
    return parts / parts.sum(axis=(0, 1))


def label_parts(labels, n_clusters, rank, share, rng):
    """Parts of hard labels: ``share`` of each sample, the rest at random.

    With a share of 1, Z_k are those of the clusters, and stay among those of rank 1.
    """
    n = len(labels)
    parts = np.zeros((n_clusters, rank, n))
    if share < 1.0:
        parts += (1.0 - share) * start_parts(n_clusters, rank, n, rng)
    parts[labels, 0, np.arange(n)] += share
    return parts


def sum_up(W, g, P):
    """Return the sums of the parts that the kernels carry on."""
    norms = np.einsum("kn,krn->kr", g, P)
    few = np.stack([P.sum(axis=2), np.einsum("krn,krn->kr", P, P), norms], axis=2)
    return np.concatenate([few, P @ W.transpose(0, 2, 1)], axis=2)


def solve_low_rank(problem, parts, *, trace, tol, max_iter, multipliers=None, size=1.0):
    """Solve LA-SDP near ``parts``, in O(n_samples) memory.

    For u = p / sqrt(1'p), Z_k is the sum of uu', and as sums of parts are 1 for each
    sample, so are the row sums. What is left is one constraint for each cluster: its
    trace is ``size``. ``infeasibility`` is the root mean square of what they miss,
    relative to that.

    The matrices are completely positive: of the relaxed ones, those with non-negative
    factors. Where the program has a better one without, its value is not reached.
    """
    joint = trace == "sum"
    n_clusters, _, n = parts.shape
    scale, shift = problem.scale, problem.shift
    W = problem.whitened / np.sqrt(scale)
    g, c = problem.norms / scale, (problem.constants - shift) / scale
    P = np.array(parts, dtype=np.float64, order="C")
    sums = sum_up(W, g, P)
    # firmer where constants differ much: else the likeliest cluster takes all parts
    unit = n / (n_clusters * size) * (1.0 + np.ptp(c))
    y = np.full(n_clusters, _PRICE * unit)
    if multipliers is not None:  # of covariances that may have been of another scale
        y = np.clip(multipliers / scale, -_MOST * unit, _MOST * unit)
    beta, last, n_iter, inner = _PENALTY * unit, np.inf, 0, 0.1
    before, converged = np.inf, False
    recent, h, state = np.empty(MEMORY), np.empty(n_clusters), np.zeros(5)
    state[STEP] = 1.0
    pause = max(1, int(_CALL / (W.size * P.shape[1])))
    while n_iter < max_iter and not converged:
        most = min(_INNER, max_iter - n_iter)
        n_done, state[STUCK] = 0, 0.0
        while True:
            n_done = minimize(
                W, g, c, P, sums, y, beta, n_done, most, pause, inner, size, joint,
                recent, state, h,
            )  # fmt: skip
            objective, slope = state[OBJECTIVE], state[SLOPE]
            if state[STUCK] or n_done >= most or slope <= inner:
                break
        n_iter += n_done
        infeasibility = np.sqrt(np.mean(h**2)) / size
        y = y + beta * h
        move = abs(objective - before) / n
        before = objective
        # a flat valley: the slope may stay while the objective no longer moves
        quiet = move <= (tol if slope <= tol else 0.1 * tol)
        if n_done == most and slope == np.inf:  # no step was found in the passes left
            quiet = False
        converged = infeasibility <= tol and quiet
        if infeasibility > max(0.5 * last, tol):
            beta = min(1.5 * beta, _FIRM * unit)
        last = infeasibility
        inner = max(0.5 * inner, 0.5 * tol)
    return LowRankResult(
        P,
        scale * y,
        float(scale * objective - shift * n),
        float(scale * (objective - y @ h) - shift * n),
        float(infeasibility),
        n_iter,
        converged,
    )


def solve_from_starts(problem, starts, *, step, **options):
    """Solve LA-SDP near each of ``starts``; return the best result.

    ``step()`` is entered as a context around each.
    """
    results = []
    for start in starts:
        with step():
            results.append(solve_low_rank(problem, start, **options))
    # where a cluster lost all parts, its trace stays 0
    return max(results, key=lambda result: (result.converged, result.merit))
