"""From a relaxed clustering to labels."""

import numpy as np

from skextras.cluster._sdp._descent import (
    Kernel,
    Rows,
    best_of_starts,
    swap_centers,
)

#: Values of ``rounding``, and the ways of each.
WAYS = {
    "best": ("spectral", "denoise"),
    "spectral": ("spectral",),
    "denoise": ("denoise",),
}


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
    No more distinct points than clusters have one each.
    """
    if n_clusters == 1:
        return np.zeros(points.n, dtype=np.intp)
    if len(distinct[0]) <= n_clusters:
        return distinct[1]
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
