"""First labels of LASDP and ILASDP."""

import numpy as np
from sklearn.cluster import AgglomerativeClustering

from skextras.cluster._lasdp._covariances import mean_variance
from skextras.cluster._lasdp._problem import make_problem
from skextras.cluster._lasdp._rounding import fit_kmeans, labels_of_sum
from skextras.cluster._lasdp._solution import solve

NAMES = ("sdp", "ward", "k-means++")


def check_labels(init, n_samples, n_clusters):
    """Return given labels as integers: one for each sample, all clusters present."""
    labels = np.asarray(init)
    if labels.shape != (n_samples,):
        raise ValueError(
            f"init must hold one label for each of {n_samples} samples, got the shape "
            f"{labels.shape}."
        )
    if labels.dtype.kind not in "iu":
        raise ValueError(
            "init must be a name or integer labels, got an array of dtype "
            f"{labels.dtype}."
        )
    low, high = labels.min(), labels.max()
    if low < 0 or high >= n_clusters:
        raise ValueError(
            f"init holds the label {low if low < 0 else high}: labels go from 0 to "
            f"{n_clusters - 1} for n_clusters={n_clusters}."
        )
    size = np.bincount(labels, minlength=n_clusters)
    if not size.all():
        raise ValueError(
            f"init gives no sample to cluster {int(size.argmin())}: give each of "
            f"{n_clusters} clusters one."
        )
    return labels.astype(np.intp)


def first_labels(model, X, rng, options):
    """Labels to begin with, by ``model.init``; an array is checked before."""
    init, n_clusters = model.init, model.n_clusters
    if not isinstance(init, str):
        return check_labels(init, len(X), n_clusters)
    if init == "ward":
        return AgglomerativeClustering(n_clusters).fit(X).labels_.astype(np.intp)
    if init == "k-means++":
        return fit_kmeans(X, n_clusters, 1, rng).labels_.astype(np.intp)
    identity = mean_variance(X) * np.eye(X.shape[1])
    same = np.repeat(identity[None], n_clusters, axis=0)
    solution = solve(make_problem(X, same, np.zeros(n_clusters)), rng=rng, **options)
    return labels_of_sum(solution, n_clusters, rng)
