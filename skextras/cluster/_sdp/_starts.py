"""First labels of LASDP and ILASDP."""

import numpy as np
from scipy.special import softmax
from sklearn.cluster import AgglomerativeClustering

from skextras._gaussian._covariances import mean_variance
from skextras._gaussian._em import log_joint
from skextras.cluster._sdp._hard_labels import (
    fit_kmeans,
    improve,
    labels_of_sum,
    nearest,
    one_hot,
    whitened_means,
)
from skextras.cluster._sdp._program import make_problem
from skextras.cluster._sdp._solution import solve

NAMES = ("auto", "sdp", "ward", "k-means++")
_SOME = 2000  # samples that are enough for first clusterings


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
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_clusters:
        raise ValueError(
            f"init holds the label {low if low < 0 else high}: labels go from 0 to "
            f"{n_clusters - 1} for n_clusters={n_clusters}."
        )
    labels = labels.astype(np.intp)
    size = np.bincount(labels, minlength=n_clusters)
    if not size.all():
        raise ValueError(
            f"init gives no sample to cluster {int(size.argmin())}: give each of "
            f"{n_clusters} clusters one."
        )
    return labels


def first_clustering(model, X, views, given, rng, options):
    """Return labels and memberships to begin with, and EM from them.

    ``views`` are coordinates of the samples ``X`` that clusterings are made of.
    Memberships are those of labels, or of EM if ``init="auto"``. With ``given``
    covariances, there is no EM.
    """
    if given is not None:
        labels = _first_labels(model, X, views, given, rng, options)
        return labels, one_hot(labels, model._n_clusters), None
    labels, start = _first_mixture(model, X, views, rng, options)
    if isinstance(model.init, str) and model.init == "auto":
        return start.membership.argmax(axis=1), start.membership, start
    return labels, one_hot(labels, model._n_clusters), start


def _clusterings(model, views, rng, options):
    """Yield labels by ``model.init``; an array is checked before."""
    init, n_clusters = model.init, model._n_clusters
    if not isinstance(init, str):
        yield check_labels(init, len(views[0]), n_clusters)
    elif init == "auto":
        for view in views:
            yield fit_kmeans(view, n_clusters, 5, rng).labels_.astype(np.intp)
        for view in views[:: max(len(views) - 1, 1)]:
            yield _ward(view, n_clusters)
    elif init == "ward":
        yield _ward(views[0], n_clusters)
    elif init == "k-means++":
        yield fit_kmeans(views[0], n_clusters, 1, rng).labels_.astype(np.intp)
    else:
        X = views[0]
        identity = mean_variance(X) * np.eye(X.shape[1])
        same = np.repeat(identity[None], n_clusters, axis=0)
        problem = make_problem(X, same, np.zeros(n_clusters))
        solution = solve(problem, rng=rng, **options)
        yield labels_of_sum(solution, n_clusters, rng)


def _ward(X, n_clusters):
    return AgglomerativeClustering(n_clusters).fit(X).labels_.astype(np.intp)


def _first_mixture(model, X, views, rng, options):
    """Run EM from every first clustering; return labels and mixture of the best.

    The first one counts as best unless another has a likelihood that is larger by more
    than chance: by the standard deviation of the log-likelihood of one feature.
    """
    n = len(X)
    place = _some(model, n, rng)
    some = X[place]
    found, margin = [], np.sqrt(0.5 * len(some))
    for labels in _clusterings(model, [view[place] for view in views], rng, options):
        mixture = model._mix(some, one_hot(labels, model._n_clusters))
        found.append((model._rank(mixture, len(some)), labels, mixture))
    best = max(found, key=lambda entry: entry[0])
    whole, value = found[0][0]
    if best[0] <= (whole, value + margin):
        best = found[0]
    _, labels, mixture = best
    if len(some) < n:
        joint = log_joint(X, mixture.means, mixture.covariances, mixture.weights)
        mixture = model._mix(X, softmax(joint, axis=1))
        labels = mixture.membership.argmax(axis=1)
    return labels, mixture


def _first_labels(model, X, views, given, rng, options):
    """Labels of a large objective for given covariances."""
    problem = make_problem(X, given, np.zeros(model._n_clusters))
    place = _some(model, len(X), rng)
    few = problem._replace(
        whitened=problem.whitened[:, :, place], norms=problem.norms[:, place]
    )
    views = [view[place] for view in views]
    found = [improve(few, each) for each in _clusterings(model, views, rng, options)]
    labels, _ = max(found, key=lambda pair: pair[1])
    if len(place) < len(X):
        labels = improve(problem, nearest(problem, whitened_means(few, labels)))[0]
    if model.weights == "estimated":
        log_weights = model._log_weights(one_hot(labels, model._n_clusters))
        labels = improve(make_problem(X, given, log_weights), labels)[0]
    return labels


def _some(model, n, rng):
    """Choose samples for first clusterings; labels that are given keep all."""
    if n <= _SOME or not isinstance(model.init, str):
        return np.arange(n)
    return rng.choice(n, _SOME, replace=False)
