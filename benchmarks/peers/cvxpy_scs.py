"""The packages ``cvxpy`` and ``scs``: the LA-SDP as a conic program."""

from skextras.cluster._lasdp._cvxpy import solve_cvxpy


def lasdp(problem, eps):
    """Solve to the tolerance ``eps`` of SCS; return the objective."""
    result = solve_cvxpy(problem, trace="each", tol=10 * eps, max_iter=100_000)
    return result.objective
