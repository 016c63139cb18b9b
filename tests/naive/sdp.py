"""Certified K-means and the LA-SDP in their plainest form: dense matrices."""

from functools import lru_cache

import numpy as np


@lru_cache
def partitions(n, k):
    """Return the labels of all divisions of n points into exactly k clusters."""

    def extend(labels, used):
        if len(labels) == n:
            if used == k:
                yield labels
            return
        for label in range(min(used + 1, k)):
            yield from extend([*labels, label], max(used, label + 1))

    return np.array(list(extend([], 0)))


def inertia(X, labels):
    """Sum of squared distances to the means."""
    X, labels = np.asarray(X, dtype=float), np.asarray(labels)
    return sum(
        ((X[labels == a] - X[labels == a].mean(axis=0)) ** 2).sum()
        for a in np.unique(labels)
    )


def inertias(X, k):
    """Inertia of each of the ``partitions``."""
    X = X - X.mean(axis=0)
    belongs = partitions(len(X), k)[:, :, None] == np.arange(k)
    sums = np.einsum("lik,ij->lkj", belongs, X)
    return (X**2).sum() - ((sums**2).sum(axis=2) / belongs.sum(axis=1)).sum(axis=1)


def best_inertia(X, k):
    """Return the least inertia of all divisions into k clusters."""
    return max(inertias(X, k).min(), 0.0)


def dual_bound(X, k, N):
    """Return the lower bound that a nonnegative symmetric N gives."""
    n = len(X)
    X = X - X.mean(axis=0)
    J = np.eye(n) - 1 / n
    values = np.linalg.eigvalsh(J @ (X @ X.T + N) @ J)
    return (X**2).sum() - N.sum() / n - values[n - k + 1 :].sum()


def quick_dual(X, labels):
    """Return lam and N of the certificate in closed form, entry by entry."""
    X = X - X.mean(axis=0)
    n, k = len(X), labels.max() + 1
    size = np.bincount(labels)
    center = np.array([X[labels == a].mean(axis=0) for a in range(k)])
    P = size * (X @ center.T)
    s = size * (center**2).sum(axis=1)
    y = (2 * P[np.arange(n), labels] - s[labels]) / size[labels]
    R0 = (size * y[:, None] + s) / 2 - P
    w = (size / size[labels][:, None] + 1) / 2
    other = np.arange(k) != labels[:, None]
    lam = (R0 / w)[other].min()
    R = R0 - lam * w
    N = np.zeros((n, n))
    for b in range(k):
        for a in range(k):
            if a != b:
                row, column = R[labels == b, a], R[labels == a, b]
                if row.sum() > 0:
                    N[np.ix_(labels == b, labels == a)] = (
                        np.outer(row, column) / row.sum()
                    )
    return lam, N


def project(M, k):
    """Return the symmetric stochastic matrix with 0 <= Z <= I, trace k nearest to M."""
    n = len(M)
    J = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(J @ M @ J - 1e6 * np.ones((n, n)) / n)
    low, high = values.min() - 2, values.max() + 2
    for _ in range(60):
        middle = (low + high) / 2
        above = np.clip(values - middle, 0, 1).sum() > k - 1
        low, high = (middle, high) if above else (low, middle)
    weight = np.clip(values - low, 0, 1)
    return (vectors * weight) @ vectors.T + 1 / n


def admm(X, k, n_iter):
    """Solve the relaxation with fixed rho = 1 and full eigendecompositions: its N."""
    X = X - X.mean(axis=0)
    A = X @ X.T
    unit = np.linalg.eigvalsh(A)[-1]
    T = np.full(A.shape, 1 / len(A))
    for _ in range(n_iter):
        Z = project(np.abs(T) + A / unit, k)
        T = 1.6 * Z - 0.6 * np.maximum(T, 0) + np.minimum(T, 0)
    return -unit * np.minimum(T, 0)


def lasdp_matrices(X, covariances, log_weights):
    """Matrices A_k of the LA-SDP, entry by entry."""
    n, n_clusters = len(X), len(covariances)
    A = np.empty((n_clusters, n, n))
    for k, covariance in enumerate(covariances):
        inverse = np.linalg.inv(covariance)
        constant = np.log(np.linalg.det(covariance)) - 2 * log_weights[k]
        for i in range(n):
            for j in range(n):
                apart = X[i] - X[j]
                A[k, i, j] = -constant - 0.5 * apart @ inverse @ apart
    return A


def lasdp_relaxed(P):
    """Return the matrices Z_k of parts of shape (n_clusters, rank, n_samples)."""
    Z = np.zeros((len(P), P.shape[2], P.shape[2]))
    for k, parts in enumerate(P):
        for p in parts[parts.any(axis=1)]:
            Z[k] += np.outer(p, p) / p.sum()
    return Z


def lasdp_lagrangian(A, P, y, beta, joint):
    """Augmented Lagrangian of parts: the traces are 1, each or in the mean."""
    Z = lasdp_relaxed(P)
    h = np.trace(Z, axis1=1, axis2=2) - 1
    if joint:
        h[:] = h.mean()
    return -(A * Z).sum() + y @ h + beta / 2 * h @ h
