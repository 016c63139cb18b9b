"""Covariances within the labelled classes."""

import numpy as np


def class_moments(X, weight, codes):
    """Return sizes, means and scatter matrices of the classes that have a weight.

    ``codes`` are 1 for the first class, 2 for the second, ...; rows of 0 do not count.
    """
    d, counts = X.shape[1], codes[(codes > 0) & (weight > 0)]
    names = np.unique(counts)
    sizes, means = np.empty(len(names)), np.empty((len(names), d))
    scatters = np.empty((len(names), d, d))
    for c, name in enumerate(names):
        rows = codes == name
        some, heavy = X[rows].astype(np.float64), weight[rows]
        sizes[c] = heavy.sum()
        means[c] = heavy @ some / sizes[c]
        away = some - means[c]
        scatters[c] = (away * heavy[:, None]).T @ away
    return sizes, means, scatters


def shrunk(covariance, share):
    """Return a covariance nearer to its diagonal: units of features do not matter."""
    return (1 - share) * covariance + share * np.diag(np.diagonal(covariance))
