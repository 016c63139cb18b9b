"""The relaxation of Peng and Wei in cvxpy, by general conic solvers."""

import numpy as np

SETTINGS = {
    "SCS": {"eps_abs": 1e-4, "eps_rel": 1e-4, "max_iters": 20_000},
    "CLARABEL": {},
    "SDPA": {},
}
NEEDS = {
    "SCS": ("cvxpy", "scs"),
    "CLARABEL": ("cvxpy", "clarabel"),
    "SDPA": ("cvxpy", "sdpa-python"),
}


def relaxed_inertia(X, k, solver):
    """Return the relaxed inertia, of data scaled to a largest inner product of 1."""
    import cvxpy as cp

    X = X - X.mean(axis=0)
    gram = X @ X.T
    unit = np.abs(gram).max()
    n = len(X)
    Z = cp.Variable((n, n), PSD=True)
    constraints = [
        Z @ np.ones(n) == 1,
        cp.trace(Z) == k,
        cp.diag(Z) >= 0,
        cp.upper_tri(Z) >= 0,
    ]
    problem = cp.Problem(cp.Maximize(cp.sum(cp.multiply(gram / unit, Z))), constraints)
    problem.solve(solver=solver, **SETTINGS[solver])
    return float(np.trace(gram) - problem.value * unit)
