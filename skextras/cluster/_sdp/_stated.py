"""LA-SDP as a cvxpy program: the readable reference, for small n."""

import numpy as np

from skextras._cvxpy import import_cvxpy
from skextras._fitting import warn
from skextras.cluster._sdp._joint_admm import DenseResult, dual_bound

_MOST = 300  # samples above which a solve takes minutes


def solve_cvxpy(problem, *, trace, tol, max_iter):
    """State the program and hand it to SCS."""
    cp = import_cvxpy("choose solver='low_rank'")
    A = (problem.matrices() + problem.shift) / problem.scale
    n_clusters, n, _ = A.shape
    if n > _MOST:
        warn(
            f"solver='cvxpy' with n_samples={n}: 200 samples in 3 clusters take about "
            "20 seconds, and time grows faster than n_samples**3; choose "
            "solver='low_rank'.",
            UserWarning,
        )
    Z = [cp.Variable((n, n), PSD=True) for _ in range(n_clusters)]
    rows = sum(cp.sum(z, axis=1) for z in Z) == 1
    # one triangle: Z >= 0 would state every entry twice
    above = [cp.upper_tri(z) >= 0 for z in Z]
    diagonal = [cp.diag(z) >= 0 for z in Z]
    if trace == "each":
        traces = [cp.trace(z) == 1 for z in Z]
    else:
        traces = [sum(cp.trace(z) for z in Z) == n_clusters]
    # A holds constants: as cp.Parameter, it would cost minutes to compile
    objective = sum(cp.sum(cp.multiply(a, z)) for a, z in zip(A, Z, strict=True))
    program = cp.Problem(cp.Maximize(objective), [rows, *above, *diagonal, *traces])
    # the gap that is asked for, in the units of the scaled program
    eps = 0.1 * tol * min(1.0, problem.unit(0.0) / (n * problem.scale))
    options = {"eps_abs": eps, "eps_rel": eps, "max_iters": max_iter}
    program.solve(solver=cp.SCS, **options)
    if Z[0].value is None:
        raise RuntimeError(
            f"solver='cvxpy' found no solution, SCS says {program.status!r}: choose "
            "solver='low_rank'."
        )
    matrices = np.stack([z.value for z in Z])
    N = np.zeros_like(A)
    i, j = np.triu_indices(n, 1)
    for k in range(n_clusters):
        N[k, i, j] = N[k, j, i] = 0.5 * abs(np.ravel(above[k].dual_value))
        N[k, range(n), range(n)] = abs(diagonal[k].dual_value)
    y = rows.dual_value
    bound = min(dual_bound(A, y, N, trace), dual_bound(A, -y, N, trace))
    off = np.sqrt(np.mean((matrices.sum(axis=(0, 2)) - 1.0) ** 2))
    value, bound = problem.scale * float(np.vdot(A, matrices)), problem.scale * bound
    return DenseResult(
        matrices,
        value - problem.shift * n,
        bound - problem.shift * n,
        float(off),
        int(program.solver_stats.num_iters),
        bool(off <= tol and abs(bound - value) <= tol * problem.unit(value)),
    )
