"""The relaxation of Peng and Wei, stated in cvxpy: short, general and slow."""

import numpy as np

from skextras._cvxpy import import_cvxpy, solve_program
from skextras.cluster._sdp._admm import Solution

LARGEST = 300  # points; beyond, a solve takes minutes

#: Accurate enough for a reference; ``solver_options`` changes it.
_OPTIONS = {"SCS": {"eps_abs": 1e-6, "eps_rel": 1e-6, "max_iters": 50_000}}


def solve(points, n_clusters, options):
    """Maximise <A, Z> over the relaxed normalised memberships Z."""
    cp = import_cvxpy("choose solver='admm'")
    options = dict(options or {})
    solver = str(options.pop("solver", "SCS")).upper()
    options = {**_OPTIONS.get(solver, {}), **options}
    gram = points.gram()
    unit = max(np.abs(gram).max(), np.finfo(float).tiny)
    n = points.n
    Z = cp.Variable((n, n), PSD=True)
    constraints = [
        Z @ np.ones(n) == 1,
        cp.trace(Z) == n_clusters,
        cp.diag(Z) >= 0,
    ]
    if n > 1:
        # Z is symmetric: half of its entries are enough, and half of the rows.
        constraints.append(cp.upper_tri(Z) >= 0)
    # A constant, not a parameter: n^2 parameters take minutes to compile.
    problem = cp.Problem(cp.Maximize(cp.sum(cp.multiply(gram / unit, Z))), constraints)
    solve_program(problem, solver, options, "choose solver='admm'")
    Z = (Z.value + Z.value.T) / 2
    violation = max(
        np.linalg.norm(Z.sum(axis=1) - 1) / n**0.5,
        np.linalg.norm(np.minimum(Z, 0)) / n_clusters**0.5,
    )
    value = points.total - problem.value * unit
    n_iter = int(problem.solver_stats.num_iters or 0)
    converged = problem.status == "optimal"
    return Solution(_factor(Z), value, -np.inf, float(violation), n_iter, converged)


def _factor(Z):
    """Return V with Z = VV' + 11'/n, but for eigenvalues that are rounding."""
    values, vectors = np.linalg.eigh(Z - 1 / len(Z))
    kept = values > 1e-4
    return (vectors[:, kept] * np.sqrt(values[kept]))[:, ::-1]
