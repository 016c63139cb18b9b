"""Covariances of weighted samples: estimates, shrinkage, shapes and checks."""

import numpy as np

TYPES = ("full", "tied", "diag", "spherical")


def mean_variance(X):
    """Mean variance of the features; 1 if all samples are equal."""
    return float(X.var(axis=0).mean()) or 1.0


def estimate_means(X, membership):
    """Weighted means; the overall mean for a cluster without weight.

    Rounding takes none of them out of the range of X, not even by the last digit.
    """
    size = membership.sum(axis=0)
    means = membership.T @ X / np.maximum(size, np.finfo(float).tiny)[:, None]
    means[size <= 0] = X.mean(axis=0)
    return np.clip(means, X.min(axis=0), X.max(axis=0))


def amount(shrinkage, size, n_features, covariance_type):
    """Share of the spherical target for a cluster of ``size`` samples."""
    if covariance_type == "spherical":
        return 0.0
    if shrinkage != "auto":
        return float(shrinkage)
    free = 1 if covariance_type == "diag" else n_features
    return ((free + 1) / (size + free + 1)) ** 1.5


def estimate_covariances(X, membership, means, covariance_type, shrinkage, floor):
    """Return shrunk covariances of weighted samples, as full matrices."""
    n_features = X.shape[1]
    scatter = np.empty((len(means), n_features, n_features))
    for k, mean in enumerate(means):
        shifted = np.sqrt(membership[:, k])[:, None] * (X - mean)
        scatter[k] = shifted.T @ shifted
    return shrink(scatter, membership.sum(axis=0), covariance_type, shrinkage, floor)


def shrink(scatter, size, covariance_type, shrinkage, floor):
    """Turn sums of squares of ``size`` samples into covariances, in place.

    Each is ``(1 - a) S + a tr(S) / d I + floor I``, positive definite for ``floor > 0``
    however few samples there are.
    """
    n_features = scatter.shape[1]
    if covariance_type == "tied":
        scatter[:] = scatter.sum(axis=0)
        size = np.full(len(scatter), size.sum())
    scatter /= np.maximum(size, np.finfo(float).tiny)[:, None, None]
    identity = np.eye(n_features)
    for S, n_k in zip(scatter, size, strict=True):
        if covariance_type == "diag":
            S *= identity
        target = np.trace(S) / n_features
        if covariance_type == "spherical":
            S[:] = target * identity
        a = amount(shrinkage, n_k, n_features, covariance_type)
        S *= 1.0 - a
        S += (a * target + floor) * identity
    return scatter


def shape_of(covariance_type, n_clusters, n_features):
    """Shape of ``covariances_``, as in scikit-learn's GaussianMixture."""
    return {
        "full": (n_clusters, n_features, n_features),
        "tied": (n_features, n_features),
        "diag": (n_clusters, n_features),
        "spherical": (n_clusters,),
    }[covariance_type]


def expand(covariances, covariance_type, n_clusters, n_features):
    """Return full matrices, one for each cluster."""
    identity = np.eye(n_features)
    if covariance_type == "tied":
        return np.repeat(covariances[None], n_clusters, axis=0)
    if covariance_type == "diag":
        return covariances[:, :, None] * identity
    if covariance_type == "spherical":
        return covariances[:, None, None] * identity
    return np.array(covariances)


def contract(matrices, covariance_type):
    """Return what ``expand`` takes."""
    if covariance_type == "tied":
        return matrices[0].copy()
    if covariance_type == "diag":
        return np.diagonal(matrices, axis1=1, axis2=2).copy()
    if covariance_type == "spherical":
        return matrices[:, 0, 0].copy()
    return matrices


def check_covariances(given, name, covariance_type, n_clusters, n_features):
    """Return the parameter ``name`` as full matrices; name the first that is bad."""
    try:
        given = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be an array of numbers, got {given!r:.60}."
        ) from error
    shape = shape_of(covariance_type, n_clusters, n_features)
    if given.shape != shape:
        raise ValueError(
            f"{name} must have the shape {shape} for covariance_type="
            f"{covariance_type!r}, n_clusters={n_clusters} and {n_features} features, "
            f"got {given.shape}."
        )
    matrices = expand(given, covariance_type, n_clusters, n_features)
    for k, matrix in enumerate(matrices):
        _check_matrix(matrix, name if covariance_type == "tied" else f"{name}[{k}]")
    return matrices


def _check_matrix(matrix, name):
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity: replace it.")
    gap = abs(matrix - matrix.T).max()
    if gap > 1e-8 * abs(matrix).max():
        raise ValueError(
            f"{name} must be symmetric, got entries that differ from those mirrored by "
            f"{gap:.3g}: give (C + C.T) / 2."
        )
    values = np.linalg.eigvalsh(matrix)
    if not values[0] > 1e-14 * values[-1]:
        raise ValueError(
            f"{name} must be positive definite, got the smallest eigenvalue "
            f"{values[0]:.3g}: add a multiple of the identity matrix."
        )
