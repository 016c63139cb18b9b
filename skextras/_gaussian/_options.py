"""What Gaussian clusters are looked for, apart from any estimator."""

from typing import NamedTuple

import numpy as np

from skextras._gaussian._covariances import (
    estimate_covariances,
    estimate_means,
    mean_variance,
)
from skextras._gaussian._em import estimate_weights, expectation_maximization


class MixtureOptions(NamedTuple):
    """Parameters of Gaussian clusters, and what follows from them for samples.

    ``min_size`` is the least number of samples of a cluster, ``reg_covar`` relative to
    the mean variance of the samples.
    """

    n_clusters: int
    covariance_type: str
    shrinkage: float | str
    reg_covar: float
    weights: str
    min_size: float

    def covariances(self, X, membership, shrinkage=None):
        """Estimate covariances from memberships, as full matrices."""
        return estimate_covariances(
            X,
            membership,
            estimate_means(X, membership),
            self.covariance_type,
            self.shrinkage if shrinkage is None else shrinkage,
            self.floor(X),
        )

    def floor(self, X):
        """Return what is added to the variances."""
        return self.reg_covar * mean_variance(X)

    def log_weights(self, membership):
        """Logarithms of the weights; 0 if these are uniform, to leave them out."""
        if self.weights == "uniform":
            return np.zeros(self.n_clusters)
        share = estimate_weights(membership, "estimated")
        return np.log(np.maximum(share, 1e-300))

    def fit(self, X, membership):
        """Run EM from memberships of shape (n_samples, n_clusters)."""
        return expectation_maximization(
            X,
            membership,
            covariance_type=self.covariance_type,
            shrinkage=self.shrinkage,
            floor=self.floor(X),
            weights=self.weights,
            min_size=self.min_size,
            max_iter=200,
            tol=1e-4,
        )

    def rank(self, mixture):
        """Rank an EM result, to compare it with others of the same samples."""
        n = len(mixture.membership)
        labels = mixture.membership.argmax(axis=1)
        return self.rank_of(mixture.covariances, labels, n * mixture.log_likelihood)

    def rank_of(self, covariances, labels, log_likelihood):
        """Tell if no cluster is too small; then the likelihood, minus a volume penalty.

        The penalty is such that a cluster of at most d + 2 samples, or a quarter of the
        mean size if that is less, gains nothing where its covariance collapses.
        """
        sizes = np.bincount(labels, minlength=self.n_clusters)
        log_det = np.linalg.slogdet(covariances)[1]
        axes = self.covariance_type in ("diag", "spherical")
        free = 1 if axes else covariances.shape[1]
        if self.covariance_type == "tied":
            log_det = log_det[:1]
        whole = sizes.min() >= self.min_size
        penalty = min(free + 2, 0.25 * sizes.mean())
        return bool(whole), float(log_likelihood + 0.5 * penalty * log_det.sum())
