"""LA-SDP, the relaxed clustering by likelihood: a solver for each problem."""

from skextras._callbacks import unseen
from skextras._memory import check_memory
from skextras.cluster._sdp import _stated
from skextras.cluster._sdp._hard_labels import label_value
from skextras.cluster._sdp._joint_admm import solve_admm
from skextras.cluster._sdp._low_rank import (
    label_parts,
    solve_from_starts,
    solve_low_rank,
    start_parts,
)
from skextras.cluster._sdp._relaxed import Parts, Relaxed

SOLVERS = ("auto", "low_rank", "admm", "cvxpy")
_LOOSE = 1e-2  # largest tolerance of starts, of which the best is carried on
_SHORT = 500  # most passes of a start
_EXPECTED = 200  # iterations of a dense solver, for its progress
_COPIES = {"admm": 12, "cvxpy": 30}  # matrices of n x n for each cluster, about


def solve(
    problem,
    *,
    solver,
    rank,
    trace,
    tol,
    max_iter,
    memory_limit,
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
            "choose solver='low_rank', or raise memory_limit.",
            limit=memory_limit,
        )
        options = {"trace": trace, "tol": tol, "max_iter": max_iter}
        with step(_EXPECTED) as part:
            if solver == "admm":
                return solve_admm(problem, step=part, **options)
            return _stated.solve_lasdp(problem, **options)
    options = {"trace": trace, "max_iter": max_iter}
    if last is None:
        starts = [start_parts(n_clusters, rank, n, rng) for _ in range(n_init)]
        if labels is not None:
            starts += [
                label_parts(labels, n_clusters, rank, share, rng)
                for share in (0.8, 1.0)
            ]
        loose = max(tol, min(10.0 * tol, _LOOSE))
        short = {"trace": trace, "max_iter": min(max_iter, _SHORT)}
        best = solve_from_starts(problem, starts, step=step, tol=loose, **short)
        parts, multipliers = best.parts, best.multipliers
    else:
        parts, multipliers = last.memberships.parts, last.dual
    with step():
        result = solve_low_rank(
            problem, parts, tol=tol, multipliers=multipliers, **options
        )
    if labels is not None:
        result = _at_least(result, problem, labels, tol, options)
    return Relaxed(
        Parts(result.parts),
        result.objective,
        None,
        result.infeasibility,
        result.n_iter,
        result.converged,
        dual=result.multipliers,
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
