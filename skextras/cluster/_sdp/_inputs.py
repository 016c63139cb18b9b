"""Checks of points, kernels and labels."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array

from skextras._fitting import warn
from skextras._linalg import EPS
from skextras._memory import check_memory
from skextras.cluster._sdp._points import Points


def check_points(X, function):
    with np.errstate(over="ignore", invalid="ignore"):  # it adds inf to -inf, to look
        return check_array(X, dtype=np.float64, input_name="X", estimator=function)


def made_dense(X, memory_limit):
    """Return a sparse matrix as a dense one, if that may be."""
    check_memory(
        8 * X.shape[0] * X.shape[1],
        f"Sparse X of shape {X.shape}, made dense,",
        "reduce it by TruncatedSVD, or raise memory_limit.",
        limit=memory_limit,
    )
    X = X.toarray()
    if not np.isfinite(X).all():  # parts of an entry, each finite
        raise ValueError(
            "X has duplicate entries with a sum beyond the range of "
            f"{X.dtype}: divide X by a constant."
        )
    return X


def make_points(X):
    """Return centred points, or raise if their inertia exceeds the range of floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        points = Points(X)
        largest = points.total * points.scale
    if not np.isfinite(largest):
        raise ValueError(
            "X has squared distances beyond the range of float64, got values up to "
            f"{np.abs(X).max():g}: divide X by a constant."
        )
    if points.total > 0 and largest < np.finfo(np.float64).tiny:
        raise ValueError(
            "X has squared distances below the range of float64, with differences up "
            f"to {np.ptp(X, axis=0).max():g}: multiply X by a constant."
        )
    return points


def check_underflow(X, codes):
    """Raise if points of the same cluster differ, where the inertia is taken for 0."""
    first = np.unique(codes, return_index=True)[1]
    differ = np.abs(X - X[first[codes]]).max()
    if differ > 0:
        raise ValueError(
            "X has squared distances within clusters below the range of float64, with "
            f"differences up to {differ:g}: multiply X by a constant, or round what "
            "is meant to be equal."
        )


def check_labels(labels, X):
    """Return labels as 0, 1, ... and their number."""
    if labels is None:
        raise ValueError(
            "labels must be the cluster of each sample, got None: "
            "kmeans_lower_bound needs no labels."
        )
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.ravel()
    if labels.shape != (len(X),):
        raise ValueError(
            f"labels must be one for each of the {len(X)} samples, got an array of "
            f"shape {labels.shape}."
        )
    if labels.dtype.kind == "O" and any(
        label != label or label is None for label in labels
    ):
        raise ValueError(
            "labels must not be missing, got None or NaN: give each sample a cluster "
            "or leave it out."
        )
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        place = int(np.flatnonzero(~np.isfinite(labels))[0])
        raise ValueError(
            f"labels must not be missing or infinite, got {labels[place]} for sample "
            f"{place}: give it a cluster or leave it out."
        )
    if labels.dtype.kind in "if" and (labels == -1).any():
        raise ValueError(
            f"labels hold -1, which marks noise, for {int((labels == -1).sum())} "
            "samples: leave these out of X and labels, or give them a cluster."
        )
    if labels.dtype.kind in "mM" and np.isnat(labels).any():
        raise ValueError(
            "labels must not be missing, got NaT: give each sample a cluster or leave "
            "it out."
        )
    try:
        values, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"labels must be of one kind that has an order ({error}): use integers or "
            "strings."
        ) from error
    return codes.ravel(), len(values)


def points_or_kernel(X, precomputed):
    """Return ``Points`` of rows or of a kernel, and rows that tell which are equal."""
    if not precomputed:
        return make_points(X), X
    if X.shape[0] != X.shape[1]:
        raise ValueError(f"precomputed X must be square, got the shape {X.shape}.")
    X = X.astype(np.float64) / 2  # sums of two stay finite
    size = np.abs(X).max(initial=0.0)
    fault = np.abs(X - X.T) > 1e-6 * size
    if fault.any():
        i, j = np.argwhere(fault)[0]
        raise ValueError(
            f"precomputed X must be symmetric, got {2 * X[i, j]} at row {i}, column "
            f"{j}, and {2 * X[j, i]} at row {j}, column {i}: use (X + X.T) / 2."
        )
    gram = X + X.T
    points = Points(gram=gram)
    rounding = points.n * EPS
    if np.abs(points.gram()).max() <= rounding:
        points.total = 0.0  # all samples are equal
    elif points.total <= rounding:
        raise ValueError(
            "precomputed X is not a kernel: centred, its trace is "
            f"{points.total * points.scale:.3g}, and that of inner products is "
            "positive. For a matrix D of distances, give -D**2 / 2."
        )
    elif not np.finfo(float).tiny <= float(points.total) * float(points.scale) < np.inf:
        raise ValueError(
            "precomputed X has a trace beyond the range of float64, with values up to "
            f"{2 * size:g}: multiply X by a constant."
        )
    return points, gram


def warn_of_equal_points(n_distinct, k):
    """Warn if there are fewer distinct points than clusters."""
    if n_distinct >= k:
        return
    points = "point" if n_distinct == 1 else "points"
    clusters = "cluster is" if k - n_distinct == 1 else "clusters are"
    warn(
        f"X has only {n_distinct} distinct {points} for n_clusters={k}; "
        f"{k - n_distinct} {clusters} empty.",
        ConvergenceWarning,
    )
