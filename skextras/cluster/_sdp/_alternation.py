"""One run of iLA-SDP: labels and covariances by turns, then EM."""

from typing import NamedTuple

import numpy as np

from skextras._gaussian._covariances import (
    estimate_means,
    shrink,
)
from skextras._gaussian._em import estimate_weights
from skextras.cluster._sdp._hard_labels import Rounded, one_hot, round_memberships
from skextras.cluster._sdp._lasdp_relaxation import solve
from skextras.cluster._sdp._program import make_problem
from skextras.cluster._sdp._relaxed import Relaxed
from skextras.cluster._sdp._starts import first_clustering

_ANNEAL = (0.8, 0.5, 0.3, 0.15)  # least shrinkage of the first iterations


class Run(NamedTuple):
    """A clustering, the path to it, and what kept it from converging.

    ``rank`` compares runs, see ``MixtureOptions.rank_of``.
    """

    labels: np.ndarray
    membership: np.ndarray
    means: np.ndarray
    weights: np.ndarray
    covariances: np.ndarray
    relaxed: Relaxed
    path: list
    rank: tuple
    faults: list

    def in_units_of(self, frame):
        """Return the run in the units of the samples, but for the relaxation."""
        shift = 2.0 * len(self.labels) * frame.log_det
        return self._replace(
            means=frame.means(self.means),
            covariances=frame.covariances(self.covariances),
            path=[value - shift for value in self.path],
        )


class Alternation(NamedTuple):
    """Parameters of ILASDP, beside those of the clusters and of the solver."""

    init: object
    update_covariances: bool
    covariance_update: str
    anneal: bool
    refine: str | None
    max_iter: int
    tol: float


def alternate(X, views, given, mixture, options, solver_options, rng, step):
    """Alternate between labels and covariances, from a start of its own.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples, in the coordinates of the frame.
    views : list of ndarray of shape (n_samples, n_features)
        Coordinates for first clusterings.
    given : ndarray of shape (n_clusters, n_features, n_features) or None
        Covariances, if they are given.
    mixture : MixtureOptions
        What clusters are looked for.
    options : Alternation
        How.
    solver_options : dict
        Arguments of ``solve``.

    Returns
    -------
    run : Run
    """
    fixed = given is not None and not options.update_covariances
    labels, membership, start = first_clustering(
        options.init, mixture, X, views, given, rng, solver_options
    )
    path, relaxed, best, faults = [], None, None, []
    rounded = Rounded(labels, membership, False)
    for iteration in range(1 if fixed else options.max_iter):
        with step():
            covariances = given
            if iteration or given is None:
                kept = relaxed if rounded.is_relaxed else None
                covariances = _update(
                    X, rounded.membership, kept, mixture, options, iteration
                )
            log_weights = mixture.log_weights(rounded.membership)
            problem = make_problem(X, covariances, log_weights)
            before = rounded.labels
            relaxed = solve(
                problem, rng=rng, last=relaxed, labels=before, **solver_options
            )
            rounded = round_memberships(
                relaxed.memberships, X, covariances, log_weights, rng
            )
        fault = _too_small(rounded.labels, mixture, iteration)
        if best is not None and fault:
            faults.append(fault)
            break
        path.append(relaxed.value)
        best = rounded, covariances, relaxed
        if fixed or _has_converged(options, iteration, rounded.labels, before, path):
            break
        if options.covariance_update == "hard":
            hard = one_hot(rounded.labels, mixture.n_clusters)
            rounded = Rounded(rounded.labels, hard, False)
    else:
        faults.append(
            f"labels still change after max_iter={options.max_iter} iterations; raise "
            "max_iter"
        )
    rounded, covariances, relaxed = best
    if not relaxed.converged:
        faults.append(
            f"the solver did not reach solver_tol={solver_options['tol']:g} in "
            f"{relaxed.n_iter} iterations; raise solver_max_iter"
        )
    run = Run(
        rounded.labels,
        rounded.membership,
        estimate_means(X, rounded.membership),
        estimate_weights(rounded.membership, mixture.weights),
        covariances,
        relaxed,
        path,
        mixture.rank_of(covariances, rounded.labels, 0.5 * relaxed.value),
        faults,
    )
    return run if fixed or options.refine is None else _refine(X, run, start, mixture)


def _too_small(labels, mixture, iteration):
    """Say which cluster fell below the least size, or return None."""
    size = np.bincount(labels, minlength=mixture.n_clusters)
    if size.min() >= mixture.min_size:
        return None
    return (
        f"cluster {int(size.argmin())} fell to {size.min()} samples, below "
        f"min_cluster_size={mixture.min_size:g}, in iteration {iteration + 1}, and the "
        "one before is kept; raise shrinkage or ask for fewer clusters"
    )


def _update(X, membership, relaxed, mixture, options, iteration):
    """Estimate the covariances of the next iteration.

    ``relaxed`` is the solution whose memberships these are; those of a spectral
    rounding are not of any.
    """
    shrinkage = mixture.shrinkage
    if options.anneal and iteration < len(_ANNEAL):
        shrinkage = _ANNEAL[iteration]
    if options.covariance_update == "exact" and relaxed is not None:
        scatters = relaxed.memberships.scatters(X)
        kind = mixture.covariance_type
        return shrink(*scatters, kind, shrinkage, mixture.floor(X))
    return mixture.covariances(X, membership, shrinkage)


def _has_converged(options, iteration, labels, before, path):
    """Labels stayed, or the objective nearly did, with the final shrinkage."""
    if options.anneal and iteration < len(_ANNEAL):
        return False
    if before is not None and (labels == before).all():
        return True
    most = 2.0 * options.tol * len(labels)  # the objective is twice a log-likelihood
    return len(path) > 1 and abs(path[-1] - path[-2]) <= most


def _refine(X, run, start, mixture):
    """Let EM go on from a run, or take that from the first labels if it is better."""
    result = mixture.fit(X, run.membership)
    if start is not None and mixture.rank(start) > mixture.rank(result):
        result = start
    faults = list(run.faults)
    if not result.converged:
        reason = "did not converge in 200 iterations; set refine=None"
        if result.n_iter < 200:
            reason = (
                f"stopped in iteration {result.n_iter}, before a cluster weighs "
                f"less than min_cluster_size={mixture.min_size:g}; raise "
                "shrinkage, or set refine=None"
            )
        faults.append(f"EM {reason}")
    return run._replace(
        labels=result.membership.argmax(axis=1),
        membership=result.membership,
        means=result.means,
        weights=result.weights,
        covariances=result.covariances,
        rank=mixture.rank(result),
        faults=faults,
    )
