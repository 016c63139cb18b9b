"""From relaxed memberships to labels."""

import warnings

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

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


def fit_kmeans(X, n_clusters, n_init, rng):
    """K-means, without its warning of empty clusters: the caller's labels show them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(n_clusters, n_init=n_init, random_state=rng).fit(X)


def labels_of_sum(solution, n_clusters, rng):
    """K-means on the leading eigenvectors of the sum of all Z_k.

    The centres are found from some thousand samples: on all of 100 000, K-means takes
    15 times as long.
    """
    vectors = solution.leading_vectors(n_clusters)
    some = vectors
    if len(vectors) > _FEW:
        some = vectors[rng.choice(len(vectors), _FEW, replace=False)]
    kmeans = fit_kmeans(some, n_clusters, 10, rng)
    return kmeans.predict(vectors).astype(np.intp)


def round_solution(solution, X, covariances, log_weights, rng):
    """Return labels and memberships of a relaxed solution.

    Labels are the largest memberships. With equal covariances, the Z_k may share their
    sum in any way, and memberships say nothing. So unless they are clear, the sum of
    the Z_k is rounded as well, and its clusters are matched with the covariances by
    likelihood. The labels of larger likelihood are taken, and memberships are theirs.
    """
    membership, n_clusters = solution.membership, len(covariances)
    labels = membership.argmax(axis=1)
    ordered = np.sort(membership, axis=1)
    lead = np.mean(ordered[:, -1] - ordered[:, -2])
    whole = len(np.unique(labels)) == n_clusters
    if lead >= _CLEAR and whole:
        return labels, membership
    other = labels_of_sum(solution, n_clusters, rng)
    terms = hard_terms(X, other, covariances, log_weights)
    new = match(terms)
    value = hard_objective(X, labels, covariances, log_weights)
    if not whole or terms[new, np.arange(n_clusters)].sum() > value:
        labels = new[other]
    return labels, one_hot(labels, n_clusters)
