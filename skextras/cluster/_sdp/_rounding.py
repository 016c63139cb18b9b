"""From a relaxed clustering to labels, and from labels to the nearest centres."""

import numpy as np
from scipy.sparse import issparse

from skextras.cluster._sdp._descent import (
    Kernel,
    Rows,
    best_of_starts,
    swap_centers,
)
from skextras.cluster._sdp._rounding_kernels import square_distances

#: Values of ``rounding``, and the ways of each.
WAYS = {
    "best": ("spectral", "denoise"),
    "spectral": ("spectral",),
    "denoise": ("denoise",),
}
_BLOCK = 2**22  # entries of X that are worked on at a time
_FAR = 2.0**600  # brings squares back from beyond the range of floats


def distinct_rows(X):
    """Return the first place of each distinct row, and which of them every row is.

    They are numbered in the order of their first place.
    """
    rows = np.ascontiguousarray(X + 0.0)  # -0.0 is 0.0
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    return first[order], place[codes.ravel()]


def round_relaxation(points, distinct, factor, n_clusters, rng, *, rounding, polish):
    """Return labels from the factor U of Z = UU'.

    Every way gives some; with ``polish`` their inertia is lowered, and where all ways
    are taken, k-means++ starts are tried too. The labels of least inertia are kept.
    """
    found = [
        _relaxed_labels(points, factor, n_clusters, rng, way) for way in WAYS[rounding]
    ]
    if not polish:
        return min(found, key=lambda labels: points.inertia(labels, n_clusters))
    first, codes = distinct
    space = _space(points, first, np.bincount(codes).astype(float))
    tried = [space.descend(labels[first], n_clusters) for labels in found]
    if rounding == "best":
        tried.append(best_of_starts(space, n_clusters, rng))
        line = space.line(n_clusters)
        if line is not None:
            tried.append(space.descend(line, n_clusters))
    labels, value = min(tried, key=lambda pair: pair[1])
    if rounding == "best":
        labels, value = swap_centers(space, labels, value, n_clusters, rng)
    return labels[codes]


def membership(labels, n_clusters):
    """Return the factor of the Z of clusters, none of them empty."""
    factor = np.eye(n_clusters)[labels]
    return factor / np.sqrt(factor.sum(axis=0))


def _space(points, first, weight):
    if points.X is not None:
        return Rows(points.X[first], weight)
    return Kernel(np.ascontiguousarray(points.gram()[np.ix_(first, first)]), weight)


def _relaxed_labels(points, factor, n_clusters, rng, way):
    """Cluster the rows of leading singular vectors of Z, or those of ZX."""
    if way == "spectral":
        rows, values, _ = np.linalg.svd(factor, full_matrices=False)
        rows = rows[:, :n_clusters][:, values[:n_clusters] > 1e-6 * values[0]]
    elif points.X is not None:
        rows = factor @ (factor.T @ points.X)
    else:  # rows whose inner products are ZAZ
        values, turn = np.linalg.eigh(factor.T @ points.gram() @ factor)
        rows = factor @ (turn * np.sqrt(np.maximum(values, 0)))
    return best_of_starts(Rows(rows), n_clusters, rng)[0]


def find_centers(X, labels, n_clusters):
    """Return the means of the rows of each label in the dtype of X.

    An empty cluster has the centre of cluster 0. Equal rows have exactly their mean.
    """
    centers = np.empty((n_clusters, X.shape[1]))
    for a in range(n_clusters):
        rows = X[labels == a].astype(np.float64)
        if len(rows) == 0:
            centers[a] = centers[0]
            continue
        centers[a] = rows[0]
        rows -= centers[a]
        centers[a] += rows.mean(axis=0)
    return centers.astype(X.dtype)


def find_distances(X, centers):
    """Return Euclidean distances in float64; a block of rows at a time."""
    centers = np.ascontiguousarray(centers, dtype=np.float64)
    out = np.empty((X.shape[0], len(centers)))
    height = max(_BLOCK // X.shape[1], 1)
    for low in range(0, X.shape[0], height):
        rows = X[low : low + height]
        rows = rows.toarray() if issparse(rows) else rows
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        part = out[low : low + height]
        square_distances(rows, centers, 1.0, 1.0, part)
        large, small = ~np.isfinite(part), part < 1 / _FAR
        np.sqrt(part, out=part)
        for wrong, before, after in ((large, 1 / _FAR, 1.0), (small, 1.0, _FAR)):
            _repair(rows, centers, part, wrong, before, after)
    return out


def _repair(rows, centers, distances, wrong, before, after):
    """Compute again, in another scale, what left the range of squares."""
    bad = wrong.any(axis=1)
    if bad.any():
        again = np.empty((int(bad.sum()), len(centers)))
        square_distances(rows[bad], centers, before, after, again)
        with np.errstate(over="ignore"):  # the caller looks at it
            distances[wrong] = (np.sqrt(again) / (before * after))[wrong[bad]]


def settle(X, labels, n_clusters):
    """Return labels and centres such that each row has the label of its nearest centre.

    The means are rounded to the dtype of X: a row between two of them may change sides.
    """
    for _ in range(20):
        centers = find_centers(X, labels, n_clusters)
        nearest = find_distances(X, centers).argmin(axis=1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
    return nearest, centers
