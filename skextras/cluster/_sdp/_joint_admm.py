"""LA-SDP with dense matrices, by alternating directions: for bounds and small n."""

import numpy as np

from skextras._callbacks import unseen
from skextras._linalg import project_simplex
from skextras.cluster._sdp._relaxed import Matrices, Relaxed

_RELAX = 1.6  # over-relaxation
_EVERY = 20  # iterations between two looks at the bound and the step size


def project_spectra(matrices, trace):
    """Project on positive semidefinite matrices of trace 1, each or in the mean."""
    values, vectors = np.linalg.eigh(matrices)
    if trace == "each":
        values = project_simplex(values, 1.0)[0]
    else:
        n_clusters = len(values)
        values = project_simplex(values.reshape(1, -1), n_clusters)[0]
        values = values.reshape(n_clusters, -1)
    return (vectors * values[:, None, :]) @ vectors.transpose(0, 2, 1)


def dual_bound(A, y, N, trace):
    """Bound the optimum for any ``y`` and symmetric ``N >= 0`` by weak duality.

    sum(y) plus the largest eigenvalues of ``A_k + N_k - (y 1' + 1 y') / 2``, raised by
    what rounding could hide.
    """
    S = A + N - 0.5 * (y[:, None] + y)
    values = np.linalg.eigvalsh(S)
    largest = abs(values).max() + abs(A).max() + abs(y).max()
    margin = 1e-13 * S.shape[1] * largest
    top = values[:, -1] + margin
    n_clusters = len(A)
    return float(y.sum() + (top.sum() if trace == "each" else n_clusters * top.max()))


def solve_admm(problem, *, trace, tol, max_iter, step=unseen):
    """Solve LA-SDP by alternating directions, spectra split from entries.

    With copies Y_k = Z_k, the one step projects on positive semidefinite Z_k of right
    traces, the other on non-negative Y_k whose rows sum to 1 over all k: over-relaxed
    ADMM, [1]_ sections 3.1 to 3.4. The thresholds of the second are the multipliers of
    the rows, from which the bound follows.

    It has converged when the objective is within ``tol * problem.unit(objective)`` of
    the least bound, and the root mean square of the row sums minus 1 is at most
    ``tol``. Both are looked at every 20 iterations. Each iteration is a ``step()``.

    References
    ----------
    .. [1] S. Boyd, N. Parikh, E. Chu, B. Peleato and J. Eckstein, "Distributed
       optimization and statistical learning via the alternating direction method of
       multipliers", Foundations and Trends in Machine Learning 3, 2011.
    """
    A = (problem.matrices() + problem.shift) / problem.scale
    n_clusters, n, _ = A.shape
    size = max(np.linalg.norm(a - a.mean(axis=0), 2) for a in A)
    rho = size
    Y, V = np.full_like(A, 1.0 / (n * n_clusters)), np.zeros_like(A)
    least, converged, n_iter = np.inf, False, 0
    while n_iter < max_iter and not converged:
        n_iter += 1
        T = Y - V
        with step():  # what takes most of the time
            Z = project_spectra(0.5 * (T + T.transpose(0, 2, 1)) + A / rho, trace)
        M = _RELAX * Z + (1.0 - _RELAX) * Y + V
        rows = M.transpose(1, 0, 2).reshape(n, -1)  # row i of all blocks
        projected, y = project_simplex(rows, 1.0)
        Y_new = np.ascontiguousarray(
            projected.reshape(n, n_clusters, n).transpose(1, 0, 2)
        )
        V = M - Y_new
        change = rho / size * np.linalg.norm(Y_new - Y)
        apart = np.linalg.norm(Z - Y_new)
        Y = Y_new
        if n_iter % _EVERY == 0 or n_iter == max_iter:
            N = np.maximum(y[:, None] - V, 0.0)
            N = 0.5 * rho * (N + N.transpose(0, 2, 1))
            least = min(least, dual_bound(A, rho * y, N, trace))
            objective = float(np.vdot(A, Z))
            rows_off = np.sqrt(np.mean((Z.sum(axis=(0, 2)) - 1.0) ** 2))
            most = tol * problem.unit(problem.scale * objective) / problem.scale
            converged = bool(rows_off <= tol and abs(least - objective) <= most)
            factor = 1.5 if apart > 4 * change else 1 / 1.5 if change > 4 * apart else 1
            rho *= factor
            V /= factor
    return Relaxed(
        Matrices(Z),
        problem.scale * objective - problem.shift * n,
        problem.scale * least - problem.shift * n,
        float(rows_off),
        n_iter,
        converged,
    )
