"""Gaussian mixtures: densities, and EM with shrunk covariances."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from skextras._gaussian._covariances import estimate_covariances, estimate_means


class EMResult(NamedTuple):
    """The mixture after EM, and whether it converged."""

    membership: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray
    log_likelihood: float
    n_iter: int
    converged: bool


def log_joint(X, means, covariances, weights):
    """Log of weight times density, of shape (n_samples, n_clusters)."""
    n, n_features = X.shape
    out = np.empty((n, len(means)))
    for k, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        root = np.linalg.cholesky(covariance)
        with np.errstate(over="ignore", invalid="ignore"):
            shifted = (X - mean).T
            away = solve_triangular(root, shifted, lower=True, check_finite=False)
            square = (away**2).sum(axis=0)
        square[np.isnan(square)] = np.inf  # infinity minus infinity
        out[:, k] = -np.log(np.diag(root)).sum() - 0.5 * square
    with np.errstate(divide="ignore"):
        return out + np.log(weights) - 0.5 * n_features * np.log(2.0 * np.pi)


def log_posterior(X, means, covariances, weights):
    """Log of the probability of each cluster; finite rows however far samples are."""
    joint = log_joint(X, means, covariances, weights)
    total = logsumexp(joint, axis=1, keepdims=True)
    lost = np.isneginf(total[:, 0])
    total[lost] = 0.0
    joint -= total
    if lost.any():
        joint[lost] = _log_nearest(X[lost], means, covariances, weights)
    return joint


def _log_nearest(X, means, covariances, weights):
    """Log of 1 at the nearest mean; rows are divided by their size, not to overflow."""
    size = np.maximum(abs(X).max(axis=1, keepdims=True), abs(means).max())
    units = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2).min(axis=1))
    away = np.full((len(means), X.shape[1], len(X)), np.inf)
    for k in np.flatnonzero(weights):
        root = np.linalg.cholesky(covariances[k])
        shifted = (X / size - means[k] / size).T
        away[k] = solve_triangular(root / units[k], shifted, lower=True)
        away[k] *= units.min() / units[k]
    square = (away**2).sum(axis=1).T
    nearest = square == square.min(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.log(nearest / nearest.sum(axis=1, keepdims=True))


def estimate_weights(membership, kind):
    """Shares of the clusters, or equal ones."""
    n, n_clusters = membership.shape
    if kind == "uniform":
        return np.full(n_clusters, 1.0 / n_clusters)
    return membership.sum(axis=0) / n


def expectation_maximization(
    X,
    membership,
    *,
    covariance_type,
    shrinkage,
    floor,
    weights,
    min_size,
    max_iter,
    tol,
):
    """Run EM from memberships until the mean log-likelihood changes by less than tol.

    If a cluster comes to weigh less than ``min_size`` samples, the iterate before is
    returned as not converged.
    """
    before, best, converged = -np.inf, None, False
    for n_iter in range(1, max_iter + 1):
        if best is not None and membership.sum(axis=0).min() < min_size:
            break
        means = estimate_means(X, membership)
        covariances = estimate_covariances(
            X, membership, means, covariance_type, shrinkage, floor
        )
        shares = estimate_weights(membership, weights)
        joint = log_joint(X, means, covariances, shares)
        total = logsumexp(joint, axis=1)
        membership = np.exp(joint - total[:, None])
        value = float(total.mean())
        converged = abs(value - before) < tol
        best = EMResult(
            membership, means, covariances, shares, value, n_iter, converged
        )
        if converged:
            break
        before = value
    return best
