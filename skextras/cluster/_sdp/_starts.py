"""First labels of LASDP and ILASDP."""

from functools import partial

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
from skextras.cluster._sdp._lasdp_relaxation import solve
from skextras.cluster._sdp._program import make_problem

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


def first_clustering(init, options, X, views, given, rng, solver_options):
    """Return labels and memberships to begin with, and EM from them.

    Parameters
    ----------
    init : str or ndarray of shape (n_samples,)
        A name of ``NAMES``, or labels.
    options : MixtureOptions
        What clusters are looked for.
    X : ndarray of shape (n_samples, n_features)
        Samples.
    views : list of ndarray of shape (n_samples, n_features)
        Coordinates of the samples that clusterings are made of.
    given : ndarray of shape (n_clusters, n_features, n_features) or None
        Covariances, if they are given: then there is no EM.
    solver_options : dict
        Arguments of ``solve``, for "sdp".

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        The labels.
    membership : ndarray of shape (n_samples, n_clusters)
        That of the labels, or of EM if ``init="auto"``.
    start : EMResult or None
        EM from the labels.
    """
    clusterings = partial(_clusterings, init, options.n_clusters, rng, solver_options)
    whole = not isinstance(init, str)  # labels that are given keep all samples
    place = np.arange(len(X)) if whole else _some(len(X), rng)
    if given is not None:
        labels = _first_labels(options, X, views, given, place, clusterings)
        return labels, one_hot(labels, options.n_clusters), None
    labels, start = _first_mixture(options, X, views, place, clusterings)
    if isinstance(init, str) and init == "auto":
        return start.membership.argmax(axis=1), start.membership, start
    return labels, one_hot(labels, options.n_clusters), start


def _clusterings(init, n_clusters, rng, solver_options, views):
    """Yield labels by ``init``; an array is checked before."""
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
        relaxed = solve(problem, rng=rng, **solver_options)
        yield labels_of_sum(relaxed.memberships, n_clusters, rng)


def _ward(X, n_clusters):
    return AgglomerativeClustering(n_clusters).fit(X).labels_.astype(np.intp)


def _first_mixture(options, X, views, place, clusterings):
    """Run EM from every first clustering; return labels and mixture of the best.

    The first one counts as best unless another has a likelihood that is larger by more
    than chance: by the standard deviation of the log-likelihood of one feature.
    """
    some = X[place]
    found, margin = [], np.sqrt(0.5 * len(some))
    for labels in clusterings([view[place] for view in views]):
        mixture = options.fit(some, one_hot(labels, options.n_clusters))
        found.append((options.rank(mixture), labels, mixture))
    best = max(found, key=lambda entry: entry[0])
    whole, value = found[0][0]
    if best[0] <= (whole, value + margin):
        best = found[0]
    _, labels, mixture = best
    if len(some) < len(X):
        joint = log_joint(X, mixture.means, mixture.covariances, mixture.weights)
        mixture = options.fit(X, softmax(joint, axis=1))
        labels = mixture.membership.argmax(axis=1)
    return labels, mixture


def _first_labels(options, X, views, given, place, clusterings):
    """Labels of a large objective for given covariances."""
    problem = make_problem(X, given, np.zeros(options.n_clusters))
    few = problem._replace(
        whitened=problem.whitened[:, :, place], norms=problem.norms[:, place]
    )
    found = [improve(few, each) for each in clusterings([v[place] for v in views])]
    labels, _ = max(found, key=lambda pair: pair[1])
    if len(place) < len(X):
        labels = improve(problem, nearest(problem, whitened_means(few, labels)))[0]
    if options.weights == "estimated":
        log_weights = options.log_weights(one_hot(labels, options.n_clusters))
        labels = improve(make_problem(X, given, log_weights), labels)[0]
    return labels


def _some(n, rng):
    """Choose samples for first clusterings."""
    return np.arange(n) if n <= _SOME else rng.choice(n, _SOME, replace=False)
