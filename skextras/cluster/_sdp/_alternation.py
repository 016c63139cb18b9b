"""One run of iLA-SDP: labels and covariances by turns, then EM."""

from typing import NamedTuple

import numpy as np

from skextras._gaussian._covariances import (
    estimate_covariances,
    estimate_means,
    shrink,
)
from skextras._gaussian._em import estimate_weights
from skextras.cluster._sdp._hard_labels import one_hot, round_solution
from skextras.cluster._sdp._program import make_problem
from skextras.cluster._sdp._solution import Solution, solve
from skextras.cluster._sdp._starts import first_clustering

_ANNEAL = (0.8, 0.5, 0.3, 0.15)  # least shrinkage of the first iterations


class Run(NamedTuple):
    """A clustering, the path to it, and what kept it from coming to rest.

    ``rank`` compares runs, see ``BaseLASDP._rank_of``.
    """

    labels: np.ndarray
    membership: np.ndarray
    means: np.ndarray
    weights: np.ndarray
    covariances: np.ndarray
    solution: Solution
    path: list
    rank: tuple
    faults: list

    def in_units_of(self, frame):
        """Return the run in the units of the samples."""
        shift = 2.0 * len(self.labels) * frame.log_det
        solution, bound = self.solution, self.solution.upper_bound
        return self._replace(
            means=frame.means(self.means),
            covariances=frame.covariances(self.covariances),
            solution=solution._replace(
                objective=solution.objective - shift,
                upper_bound=None if bound is None else bound - shift,
            ),
            path=[value - shift for value in self.path],
        )


def alternate(model, X, views, given, rng, step):
    """Alternate between labels and covariances, from a start of its own."""
    options = model._options(len(X))
    fixed = given is not None and not model.update_covariances
    labels, membership, start = first_clustering(model, X, views, given, rng, options)
    path, solution, best, faults = [], None, None, []
    for iteration in range(1 if fixed else int(model.max_iter)):
        with step():
            covariances = given
            if iteration or given is None:
                covariances = _update(model, X, membership, solution, iteration)
            log_weights = model._log_weights(membership)
            problem = make_problem(X, covariances, log_weights)
            solution = solve(problem, rng=rng, last=solution, labels=labels, **options)
            before = labels
            labels, membership = round_solution(
                solution, X, covariances, log_weights, rng
            )
        size = np.bincount(labels, minlength=model._n_clusters)
        if best is not None and size.min() < model.min_cluster_size:
            faults.append(
                f"cluster {int(size.argmin())} fell to {size.min()} samples, below "
                f"min_cluster_size={model.min_cluster_size:g}, in iteration "
                f"{iteration + 1}, and the one before is kept; raise shrinkage or "
                "ask for fewer clusters"
            )
            break
        path.append(solution.objective)
        best = labels, membership, covariances, solution
        if fixed or _is_at_rest(model, iteration, labels, before, path):
            break
        if model.covariance_update == "hard":
            membership = one_hot(labels, model._n_clusters)
    else:
        faults.append(
            f"labels still change after max_iter={model.max_iter} iterations; raise "
            "max_iter"
        )
    labels, membership, covariances, solution = best
    if not solution.converged:
        faults.append(
            f"the solver did not reach solver_tol={model.solver_tol:g} in "
            f"{solution.n_iter} iterations; raise solver_max_iter"
        )
    run = Run(
        labels,
        membership,
        estimate_means(X, membership),
        estimate_weights(membership, model.weights),
        covariances,
        solution,
        path,
        model._rank_of(
            covariances,
            np.bincount(labels, minlength=model._n_clusters),
            0.5 * solution.objective,
        ),
        faults,
    )
    return run if fixed or model.refine is None else _refine(model, X, run, start)


def _update(model, X, membership, solution, iteration):
    """Estimate the covariances of the next iteration."""
    shrinkage, floor = model.shrinkage, model._floor(X)
    if model.anneal and iteration < len(_ANNEAL):
        shrinkage = _ANNEAL[iteration]
    kind = model.covariance_type
    # memberships of a spectral rounding are not those of the Z_k
    if (
        model.covariance_update == "exact"
        and solution is not None
        and membership is solution.membership
    ):
        return shrink(*solution.scatters(X), kind, shrinkage, floor)
    means = estimate_means(X, membership)
    return estimate_covariances(X, membership, means, kind, shrinkage, floor)


def _is_at_rest(model, iteration, labels, before, path):
    """Labels stayed, or the objective nearly did, with the final shrinkage."""
    if model.anneal and iteration < len(_ANNEAL):
        return False
    if before is not None and (labels == before).all():
        return True
    most = 2.0 * model.tol * len(labels)  # the objective is twice a log-likelihood
    return len(path) > 1 and abs(path[-1] - path[-2]) <= most


def _refine(model, X, run, start):
    """Let EM go on from a run, or take that from the first labels if it is better."""
    result = model._mix(X, run.membership)
    if start is not None and model._rank(start, len(X)) > model._rank(result, len(X)):
        result = start
    faults = list(run.faults)
    if not result.converged:
        reason = "is not at rest after 200 iterations; set refine=None"
        if result.n_iter < 200:
            reason = (
                f"stopped in iteration {result.n_iter}, before a cluster weighs "
                f"less than min_cluster_size={model.min_cluster_size:g}; raise "
                "shrinkage, or set refine=None"
            )
        faults.append(f"EM {reason}")
    return run._replace(
        labels=result.membership.argmax(axis=1),
        membership=result.membership,
        means=result.means,
        weights=result.weights,
        covariances=result.covariances,
        rank=model._rank(result, len(X)),
        faults=faults,
    )
