"""Gaussian clusters in their plainest form."""

import numpy as np
from scipy.stats import multivariate_normal


def profile_likelihood(X, labels, covariances, weights=None):
    """Log-likelihood of hard labels, means at their best."""
    total = 0.0
    for k, covariance in enumerate(covariances):
        part = X[labels == k]
        if len(part):
            law = multivariate_normal(part.mean(axis=0), covariance)
            total += law.logpdf(part).sum()
            if weights is not None:
                total += len(part) * np.log(weights[k])
    return total


def shrunk_covariance(X, weight, share):
    """Covariance by weights, mixed with a sphere of equal trace."""
    S = np.cov(X.T, aweights=weight, ddof=0).reshape(X.shape[1], X.shape[1])
    return (1 - share) * S + share * np.trace(S) / X.shape[1] * np.eye(X.shape[1])
