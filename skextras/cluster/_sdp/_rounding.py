"""From a relaxed clustering to labels, and from labels to a local optimum."""

import numpy as np
from sklearn.cluster import KMeans


def spectral_labels(factor, n_clusters, rng):
    """Cluster the rows of the leading singular vectors of the factor by K-means."""
    vectors, values, _ = np.linalg.svd(factor, full_matrices=False)
    vectors = vectors[:, :n_clusters][:, values[:n_clusters] > 1e-6 * values[0]]
    return _kmeans(vectors, n_clusters, rng)


def denoised_labels(points, factor, n_clusters, rng):
    """Cluster the rows of ZX: each point moved to the centre that Z gives it."""
    return _kmeans(factor @ (factor.T @ points.X), n_clusters, rng)


def _kmeans(rows, n_clusters, rng):
    return KMeans(n_clusters, n_init=10, random_state=rng).fit(rows).labels_


def polish(points, labels, n_clusters):
    """Lower the inertia by Lloyd's iteration from the centres of the labels."""
    if points.X is None:
        return _polish_kernel(points, labels, n_clusters)
    centers, size = means(points.X, labels, n_clusters)
    if not size.all():
        return labels
    lloyd = KMeans(n_clusters, init=centers, n_init=1, tol=0).fit(points.X)
    return lloyd.labels_


def means(X, labels, n_clusters):
    """Return the means of the rows of each label, 0 for an empty one, and sizes."""
    size = np.bincount(labels, minlength=n_clusters)
    centers = np.zeros((n_clusters, X.shape[1]))
    for a in np.flatnonzero(size):
        centers[a] = X[labels == a].mean(axis=0, dtype=np.float64)
    return centers, size


def _polish_kernel(points, labels, n_clusters, max_iter=300):
    gram = points.gram()
    best = points.inertia(labels, n_clusters)
    for _ in range(max_iter):
        size = np.maximum(np.bincount(labels, minlength=n_clusters), 1)
        belongs = np.eye(n_clusters)[labels] / size
        inner = gram @ belongs
        square = np.einsum("ij,ij->j", belongs, inner)
        new = (square - 2 * inner).argmin(axis=1)
        size = np.bincount(new, minlength=n_clusters)
        value = points.inertia(new, n_clusters)
        if not size.all() or not value < best:  # also ends where A is not PSD
            return labels
        labels, best = new, value
    return labels
