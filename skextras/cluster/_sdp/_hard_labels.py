"""From relaxed memberships to labels."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster._sdp._relaxed import shares

_CLEAR = 0.9  # mean lead of the largest membership above which it is believed
_FEW = 5000  # samples that are enough to find k centres


def one_hot(labels, n_clusters):
    """Memberships of hard labels."""
    return np.eye(n_clusters)[labels]


def hard_terms(X, labels, covariances, log_weights):
    """Part of the objective if cluster c had covariance k, of shape (k, c).

    The sum of those of a matching is the LA-SDP objective of the hard labels. Clusters
    without samples have 0.
    """
    n_clusters = len(covariances)
    size = np.bincount(labels, minlength=n_clusters).astype(float)
    means = one_hot(labels, n_clusters).T @ X / np.maximum(size, 1.0)[:, None]
    residual = (X - means[labels]).T
    terms = np.empty((n_clusters, n_clusters))
    for k, covariance in enumerate(covariances):
        root = np.linalg.cholesky(covariance)
        away = (solve_triangular(root, residual, lower=True) ** 2).sum(axis=0)
        constant = 2.0 * np.log(np.diag(root)).sum() - 2.0 * log_weights[k]
        away = np.bincount(labels, weights=away, minlength=n_clusters)
        terms[k] = -constant * size - away
    return terms


def hard_objective(X, labels, covariances, log_weights):
    """LA-SDP objective of hard labels: twice the profile log-likelihood.

    Without the constant ``-n_samples * n_features * log(2 pi)``.
    """
    return float(np.trace(hard_terms(X, labels, covariances, log_weights)))


def match(terms):
    """Return the covariance of each cluster by likelihood, from ``hard_terms``."""
    rows, columns = linear_sum_assignment(terms, maximize=True)
    new = np.empty(len(terms), dtype=np.intp)
    new[columns] = rows
    return new


def label_terms(problem, labels):
    """``hard_terms`` from whitened samples: entry (k, c) for cluster c."""
    n_clusters = len(problem.whitened)
    shares = one_hot(labels, n_clusters)
    size = shares.sum(axis=0)
    sums = problem.whitened @ shares
    between = (sums**2).sum(axis=1) / np.maximum(size, 1.0)
    return between - problem.norms @ shares - problem.constants[:, None] * size


def improve(problem, labels, max_iter=30):
    """Alternate between means and labels, as k-means does, for given covariances.

    Returns labels and objective, which never falls. No cluster loses all its samples.
    """
    n_clusters = len(problem.constants)
    labels = match(label_terms(problem, labels))[labels]
    value = label_value(problem, labels)
    for _ in range(max_iter):
        new = nearest(problem, whitened_means(problem, labels))
        found = label_value(problem, new)
        filled = np.count_nonzero(np.bincount(new, minlength=n_clusters))
        if filled < len(np.unique(labels)) or not found > value:
            break
        labels, value = new, found
    return labels, value


def label_value(problem, labels):
    """LA-SDP objective of hard labels."""
    return float(np.trace(label_terms(problem, labels)))


def whitened_means(problem, labels):
    """Means of the clusters, each whitened by its covariance; NaN without samples."""
    shares = one_hot(labels, len(problem.constants))
    size = shares.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.einsum("kdn,nk->kd", problem.whitened, shares) / size[:, None]


def nearest(problem, means):
    """Give each sample to the cluster of its largest term around whitened means."""
    cost = problem.norms + problem.constants[:, None]
    for k, (whitened, mean) in enumerate(zip(problem.whitened, means, strict=True)):
        cost[k] += mean @ mean - 2.0 * mean @ whitened
    cost[np.isnan(means).any(axis=1)] = np.inf
    return cost.argmin(axis=0)


def fit_kmeans(X, n_clusters, n_init, rng):
    """K-means, without its warning of empty clusters: the caller's labels show them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(n_clusters, n_init=n_init, random_state=rng).fit(X)


class Rounded(NamedTuple):
    """Labels, and memberships: relaxed ones, or those of the labels."""

    labels: np.ndarray
    membership: np.ndarray
    is_relaxed: bool


def labels_of_sum(memberships, n_clusters, rng):
    """K-means on the leading eigenvectors of the sum of all Z_k.

    The centres are found from some thousand samples: on all of 100 000, K-means takes
    15 times as long.
    """
    vectors = memberships.leading_vectors(n_clusters)
    some = vectors
    if len(vectors) > _FEW:
        some = vectors[rng.choice(len(vectors), _FEW, replace=False)]
    kmeans = fit_kmeans(some, n_clusters, 10, rng)
    return kmeans.predict(vectors).astype(np.intp)


def round_memberships(memberships, X, covariances, log_weights, rng):
    """Return labels and memberships of samples from relaxed membership matrices.

    Labels are the largest memberships. With equal covariances, the Z_k may share their
    sum in any way, and memberships say nothing. So unless they are clear, the sum of
    the Z_k is rounded as well, and its clusters are matched with the covariances by
    likelihood. The labels of larger likelihood are taken, and memberships are theirs.
    """
    membership, n_clusters = shares(memberships), len(covariances)
    labels = membership.argmax(axis=1)
    ordered = np.sort(membership, axis=1)
    lead = np.mean(ordered[:, -1] - ordered[:, -2])
    whole = len(np.unique(labels)) == n_clusters
    if lead >= _CLEAR and whole:
        return Rounded(labels, membership, True)
    other = labels_of_sum(memberships, n_clusters, rng)
    terms = hard_terms(X, other, covariances, log_weights)
    new = match(terms)
    value = hard_objective(X, labels, covariances, log_weights)
    if not whole or terms[new, np.arange(n_clusters)].sum() > value:
        labels = new[other]
    return Rounded(labels, one_hot(labels, n_clusters), False)
