"""Moments of groups of rows, and covariances within the labelled classes."""

import numpy as np


def class_moments(X, weight, codes):
    """Return sizes, means and scatter matrices of the classes that have a weight.

    ``codes`` are 1 for the first class, 2 for the second, ...; rows of 0 do not count.
    """
    names = np.unique(codes[(codes > 0) & (weight > 0)])
    group = np.where(np.isin(codes, names), np.searchsorted(names, codes), -1)
    return group_moments(X, weight, group, len(names))


def group_moments(X, weight, group, n_groups):
    """Return sizes, means and scatter matrices of groups of rows; -1 is in none.

    All three are 0 for groups without a weight.
    """
    d = X.shape[1]
    sizes, means = np.zeros(n_groups), np.zeros((n_groups, d))
    scatters = np.zeros((n_groups, d, d))
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(n_groups + 1))
    for k in range(n_groups):
        rows = order[ends[k] : ends[k + 1]]
        some, heavy = X[rows].astype(np.float64), weight[rows]
        sizes[k] = heavy.sum()
        if sizes[k] > 0:
            means[k] = heavy @ some / sizes[k]
            away = some - means[k]
            scatters[k] = (away * heavy[:, None]).T @ away
    return sizes, means, scatters


def shrunk(covariance, share):
    """Return a covariance nearer to its diagonal: units of features do not matter."""
    return (1 - share) * covariance + share * np.diag(np.diagonal(covariance))
