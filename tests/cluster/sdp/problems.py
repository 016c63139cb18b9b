"""Data of the tests of the SDP family."""

import numpy as np


def clusters(n, n_clusters, n_features, seed, gap=3.0):
    """Return samples of Gaussian clusters, the labels and the covariances."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n_clusters, n_features, n_features))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.2 * np.eye(n_features)
    labels = np.arange(n) % n_clusters
    means = gap * rng.normal(size=(n_clusters, n_features))
    noise = rng.normal(size=(n, n_features))
    noise = np.einsum("nij,nj->ni", roots[labels], noise)
    return means[labels] + noise, labels, covariances


def crossed(n, seed=0):
    """Return two long flat clusters that cross, and their covariances."""
    rng = np.random.default_rng(seed)
    scales = np.array([[6.0, 0.3], [0.3, 6.0]])
    y = np.arange(n) % 2
    return rng.normal(size=(n, 2)) * scales[y], y, scales[:, :, None] ** 2 * np.eye(2)


def mixture(n, k, distance, d=4, seed=0):
    """Return isotropic Gaussian clusters whose centres are ``distance`` apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % k
    center = np.linalg.qr(rng.normal(size=(max(d, k), k)))[0].T * distance / 2**0.5
    return center[labels] + rng.normal(size=(n, max(d, k))), labels


def recovery_distance(n, k, d):
    """Distance of centres from which the relaxation recovers unit Gaussians."""
    return 2 * np.sqrt((1 + np.sqrt(1 + k * d / (n * np.log(n)))) * np.log(n))
