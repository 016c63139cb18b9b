"""The relaxations stated in cvxpy: short, general and slow."""

from typing import Any, NamedTuple

import numpy as np

from skextras._cvxpy import import_cvxpy, solve_program
from skextras._fitting import warn
from skextras.cluster._sdp._joint_admm import dual_bound
from skextras.cluster._sdp._relaxed import Matrices, Relaxed, Vectors

LARGEST = 300  # points; beyond, a solve takes minutes

#: Accurate enough for a reference; ``solver_options`` changes it.
_OPTIONS = {"SCS": {"eps_abs": 1e-6, "eps_rel": 1e-6, "max_iters": 50_000}}


class _Stated(NamedTuple):
    """A program: its matrices, and the constraints that have multipliers."""

    program: Any
    matrices: list
    rows: Any
    above: list
    diagonal: list


def _state(cp, A, size, trace):
    """Maximise the sum of <A_k, Z_k> over relaxed memberships Z_k.

    A has the shape (n_clusters, n, n). The rows of all Z_k sum to 1; each has the trace
    ``size``, or for ``trace="sum"`` all of them have it in the mean.
    """
    n = A.shape[1]
    Z = [cp.Variable((n, n), PSD=True) for _ in A]
    rows = sum(cp.sum(z, axis=1) for z in Z) == 1
    # Z is symmetric: one triangle is enough.
    above = [cp.upper_tri(z) >= 0 for z in Z] if n > 1 else []
    diagonal = [cp.diag(z) >= 0 for z in Z]
    if trace == "each":
        traces = [cp.trace(z) == size for z in Z]
    else:
        traces = [sum(cp.trace(z) for z in Z) == len(Z) * size]
    # Constants, not parameters: n^2 parameters take minutes to compile.
    objective = sum(cp.sum(cp.multiply(a, z)) for a, z in zip(A, Z, strict=True))
    constraints = [rows, *above, *diagonal, *traces]
    program = cp.Problem(cp.Maximize(objective), constraints)
    return _Stated(program, Z, rows, above, diagonal)


def solve_kmeans(points, n_clusters, options):
    """Solve the relaxation of K-means by the solver that ``options`` name."""
    cp = import_cvxpy("choose solver='admm'")
    options = dict(options or {})
    solver = str(options.pop("solver", "SCS")).upper()
    options = {**_OPTIONS.get(solver, {}), **options}
    gram, n = points.gram(), points.n
    unit = max(np.abs(gram).max(), np.finfo(float).tiny)
    stated = _state(cp, gram[None] / unit, n_clusters, "each")
    program = stated.program
    solve_program(program, solver, options, "choose solver='admm'")
    Z = stated.matrices[0].value
    Z = (Z + Z.T) / 2
    violation = max(
        np.linalg.norm(Z.sum(axis=1) - 1) / n**0.5,
        np.linalg.norm(np.minimum(Z, 0)) / n_clusters**0.5,
    )
    value = points.total - program.value * unit
    n_iter = int(program.solver_stats.num_iters or 0)
    converged = program.status == "optimal"
    return Relaxed(
        Vectors(_vectors(Z)), value, None, float(violation), n_iter, converged
    )


def _vectors(Z):
    """Return V with Z = VV' + 11'/n, but for eigenvalues that are rounding."""
    values, vectors = np.linalg.eigh(Z - 1 / len(Z))
    kept = values > 1e-4
    return (vectors[:, kept] * np.sqrt(values[kept]))[:, ::-1]


def solve_lasdp(problem, *, trace, tol, max_iter):
    """Solve LA-SDP by SCS; the bound follows from its multipliers."""
    cp = import_cvxpy("choose solver='low_rank'")
    A = (problem.matrices() + problem.shift) / problem.scale
    n_clusters, n, _ = A.shape
    if n > LARGEST:
        warn(
            f"solver='cvxpy' with n_samples={n}: 200 samples in 3 clusters take about "
            "20 seconds, and time grows faster than n_samples**3; choose "
            "solver='low_rank'.",
            UserWarning,
        )
    stated = _state(cp, A, 1, trace)
    program = stated.program
    # the gap that is asked for, in the units of the scaled program
    eps = 0.1 * tol * min(1.0, problem.unit(0.0) / (n * problem.scale))
    options = {"eps_abs": eps, "eps_rel": eps, "max_iters": max_iter}
    solve_program(program, "SCS", options, "choose solver='low_rank'")
    matrices = np.stack([z.value for z in stated.matrices])
    N = np.zeros_like(A)
    i, j = np.triu_indices(n, 1)
    for k in range(n_clusters):
        N[k, i, j] = N[k, j, i] = 0.5 * abs(np.ravel(stated.above[k].dual_value))
        N[k, range(n), range(n)] = abs(stated.diagonal[k].dual_value)
    y = stated.rows.dual_value
    bound = min(dual_bound(A, y, N, trace), dual_bound(A, -y, N, trace))
    off = np.sqrt(np.mean((matrices.sum(axis=(0, 2)) - 1.0) ** 2))
    value, bound = problem.scale * float(np.vdot(A, matrices)), problem.scale * bound
    return Relaxed(
        Matrices(matrices),
        value - problem.shift * n,
        bound - problem.shift * n,
        float(off),
        int(program.solver_stats.num_iters),
        bool(off <= tol and abs(bound - value) <= tol * problem.unit(value)),
    )
