"""K-means in which some rows stay in their cluster."""

import numpy as np
from sklearn.metrics import euclidean_distances, pairwise_distances_argmin_min

_FEW = 2**18  # distances of which an array is made at once


def novel_centers(Z, centers, k, rng):
    """Draw k rows by the square of their distance from the centers and each other.

    The best of some draws is kept: that of the least sum of squares.
    """
    best, least = None, np.inf
    for _ in range(2 + int(np.log(k))):
        near = np.full(len(Z), np.inf)
        if len(centers):
            near = pairwise_distances_argmin_min(Z, centers, metric="sqeuclidean")[1]
        chosen = []
        for _ in range(k):
            total = near.sum()
            is_told = 0 < total < np.inf  # else all rows are equal, or it is the first
            share = near / total if is_told else np.full(len(Z), 1 / len(Z))
            chosen.append(rng.choice(len(Z), p=share))
            near = np.minimum(near, ((Z - Z[chosen[-1]]) ** 2).sum(axis=1))
        if near.sum() < least:
            best, least = chosen, near.sum()
    return Z[best]


def constrained_kmeans(Z, weight, centers, fixed, *, max_iter=100, tol=0.0, moves=None):
    """Run Lloyd's algorithm in which rows with ``fixed`` >= 0 stay in that cluster.

    Centers that are not in the mask ``moves`` stay. Return labels, centers, the sum of
    squares, and the number of iterations.
    """
    centers, labels, n_iter = centers.copy(), None, 0
    moves = np.ones(len(centers), dtype=bool) if moves is None else moves
    while n_iter < max_iter:
        n_iter += 1
        new, distances = _nearest(Z, centers, fixed)
        if labels is not None and (new == labels).all():
            break
        labels, before = new, centers.copy()
        for k in np.flatnonzero(moves):
            rows = (labels == k) & (weight > 0)
            if rows.any():
                centers[k] = np.average(Z[rows], axis=0, weights=weight[rows])
            else:  # the free row that is farthest from its center takes its place
                far = int(np.argmax(np.where(fixed < 0, distances, -1.0)))
                centers[k], labels[far], distances[far] = Z[far], k, 0.0
        if np.linalg.norm(centers - before) <= tol:
            break
    labels, distances = _nearest(Z, centers, fixed)
    return labels, centers, float(weight @ distances**2), n_iter


def _nearest(Z, centers, fixed):
    """Return the cluster of each row, and its distance from the center."""
    if len(Z) * len(centers) <= _FEW:  # threads would wait for each other
        squares = euclidean_distances(Z, centers, squared=True)
        labels = squares.argmin(axis=1)
        distances = np.sqrt(squares[np.arange(len(Z)), labels])
    else:
        labels, distances = pairwise_distances_argmin_min(Z, centers)
    stays = np.flatnonzero(fixed >= 0)
    if len(stays):
        labels[stays] = fixed[stays]
        away = Z[stays] - centers[fixed[stays]]
        distances[stays] = np.sqrt(np.einsum("ij,ij->i", away, away))
    return labels, distances
