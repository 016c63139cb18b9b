"""K-medoids for many numbers of clusters: k_path."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from skextras._validation import check_number, check_parameters, in_words
from skextras.cluster._medoids import _cache_kernels, _init
from skextras.cluster._medoids._fasterpam import warn_not_converged
from skextras.cluster._medoids._kmedoids import KMedoids
from skextras.cluster._medoids._optimizers import plan
from skextras.cluster._medoids._problem import Problem
from skextras.cluster._medoids._silhouette import (
    from_nearest,
    silhouettes,
    weighted_mean,
)
from skextras.cluster._medoids._swaps import optimize, single_medoid
from skextras.cluster._medoids._task import check_task, check_X


class MedoidPath(NamedTuple):
    """Medoids for many numbers of clusters, found by :func:`k_path`.

    Attributes
    ----------
    n_clusters : ndarray of shape (n_path,)
        Numbers of clusters, ascending.
    loss : ndarray of shape (n_path,)
        Weighted sum of the dissimilarities to the nearest medoid.
    medoid_silhouette : ndarray of shape (n_path,)
        Average medoid silhouette; NaN for one cluster.
    medoid_indices : list of ndarray of shape (n_clusters[i],)
        Rows of the medoids, for each number of clusters.
    """

    n_clusters: np.ndarray
    loss: np.ndarray
    medoid_silhouette: np.ndarray
    medoid_indices: list


def k_path(
    X,
    n_clusters_range,
    *,
    metric="euclidean",
    metric_params=None,
    init="random",
    sample_weight=None,
    max_iter: int = 300,
    n_jobs=None,
    random_state=None,
) -> MedoidPath:
    """Find medoids for many numbers of clusters in little more than one fit.

    The dissimilarities are computed once. FasterPAM finds the largest number of medoids
    from a start. Then, down to the next number, the medoid whose removal adds least to
    the loss is removed, one at a time, and FasterPAM goes on from there. Each result is
    a local optimum, as that of :class:`KMedoids`; the numbers depend on one another.

    Read more in the :ref:`User Guide <medoid_silhouette>`.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Points; of shape (n_samples, n_samples) if ``metric="precomputed"``.
    n_clusters_range : array-like of int
        Numbers of clusters, in any order.
    metric : str or callable, default="euclidean"
        Dissimilarity, as in :class:`KMedoids`.
    metric_params : dict, default=None
        Keyword arguments of ``metric``.
    init : str or array-like, default="random"
        Where to start for the largest number of clusters, as in :class:`KMedoids`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each point in the loss.
    max_iter : int, default=300
        Maximum number of passes over all candidates for each number of clusters.
    n_jobs : int, default=None
        Number of threads that compute dissimilarities, as in :class:`KMedoids`. The
        result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the start and the order of the candidates. Pass an int for the same
        result in every call.

    Returns
    -------
    n_clusters : ndarray of shape (n_path,)
        The numbers of clusters, ascending and each once.
    loss : ndarray of shape (n_path,)
        Weighted sum of the dissimilarities to the nearest medoid.
    medoid_silhouette : ndarray of shape (n_path,)
        Average medoid silhouette; NaN for one cluster.
    medoid_indices : list of ndarray of shape (n_clusters[i],)
        Rows of the medoids, each a value for ``init`` of :class:`KMedoids`.

    Raises
    ------
    ValueError
        If ``n_clusters_range`` is not a list of positive integers, or goes beyond the
        number of distinct points; for other bad input, as :class:`KMedoids`.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the search for some number of clusters.

    See Also
    --------
    MedoidPathDisplay : Draw the result.
    MedoidSilhouette : Choose medoids by their average medoid silhouette.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import k_path
    >>> X = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [13.0]])
    >>> path = k_path(X, [1, 2, 3], random_state=0)
    >>> path.loss
    array([31.,  5.,  3.])
    >>> path.n_clusters[np.nanargmax(path.medoid_silhouette)]
    np.int64(2)
    """
    numbers = _check_range(n_clusters_range)
    top, max_iter = int(numbers[-1]), check_number(max_iter, "max_iter", 1)
    # checks the other parameters, and keeps the names of the features
    model = KMedoids(
        top, metric=metric, metric_params=metric_params, init=init, n_jobs=n_jobs,
        random_state=random_state,
    )  # fmt: skip
    check_parameters(model, "k_path")
    X = check_X(model, X, reset=True)
    names = getattr(model, "feature_names_in_", None)
    task = check_task(X, sample_weight, top, metric, metric_params, names, n_jobs)
    if task.n_points < top:
        raise ValueError(
            f"n_clusters_range goes up to {top}, and X has {task.n_points} "
            "distinct points of positive weight: end it there."
        )
    if task.is_sparse:
        raise ValueError(
            "k_path takes no sparse dissimilarities, got a sparse precomputed X: give "
            "a dense one."
        )
    start = _init.locate(init, X, top, task.points)
    rows = task.rows(n_jobs)
    _, storage = plan("fasterpam", rows, top)
    rows = rows.hold() if storage == "matrix" else rows
    weight, rng = task.points.weight, check_random_state(random_state)
    order = rows.ranked(weight)
    candidates = order[rng.permutation(len(order))]
    problem = Problem(rows, weight, order, candidates, top, rng, max_iter, init)
    results, all_converged = _descend(problem, numbers, start)
    if not all_converged:
        warn_not_converged("k_path", max_iter)
    loss, value, medoids = zip(*results, strict=True)
    indices = [task.points.index[chosen] for chosen in medoids]
    if not task.is_exact:
        found = [_evaluate(task.X, task.weight, chosen) for chosen in indices]
        loss, value = zip(*found, strict=True)
    return MedoidPath(numbers, np.array(loss), np.array(value), indices)


def _check_range(n_clusters_range):
    """Return numbers of clusters, ascending and each once."""
    numbers = np.asarray(n_clusters_range)
    if numbers.ndim != 1 or len(numbers) == 0 or numbers.dtype.kind not in "iu":
        raise ValueError(
            "n_clusters_range must be a non-empty list of integers, got "
            f"{in_words(n_clusters_range)}."
        )
    if numbers.min() < 1:
        raise ValueError(
            f"n_clusters_range must hold integers of at least 1, got {numbers.min()}."
        )
    return np.unique(numbers).astype(np.intp)


def _evaluate(distances, weight, medoids):
    """Loss and average medoid silhouette in the right triangle of a matrix."""
    to_medoids = distances[:, medoids]
    loss = float(weight @ to_medoids.min(axis=1).astype(np.float64))
    if len(medoids) == 1:
        return loss, np.nan
    return loss, weighted_mean(silhouettes(to_medoids), weight)


def _descend(problem, numbers, start):
    """Return (loss, silhouette, medoids) for each of the ascending numbers."""
    rows, weight = problem.rows, problem.weight
    if start is None:
        start = _init.draw(problem.init, problem)
    if numbers[-1] > 1:
        state_of = rows.swap_states(weight, problem.candidates, eager=True)
    results, all_converged = [], True
    for k in numbers[::-1]:
        start = _thin_out(rows, start, weight, k)
        if k == 1:
            found = single_medoid(rows, start, weight, problem.order)
            results.append((found.loss, np.nan, found.medoids))
            continue
        swaps = state_of(start)
        found = optimize(swaps, problem.max_iter)
        all_converged &= found.converged
        start = found.medoids
        value = weighted_mean(from_nearest(swaps.state.dn, swaps.state.ds), weight)
        results.append((found.loss, value, start))
        del swaps  # before the next one is made
    return results[::-1], all_converged


def _thin_out(rows, medoids, weight, n_left):
    """Remove medoids one at a time: always the one that adds least to the loss."""
    m, k = rows.n_points, len(medoids)
    if k == n_left:
        return medoids
    chosen = rows.take(medoids)
    near, second = np.empty((2, m), dtype=np.int32)
    dn, ds = np.empty((2, m), dtype=rows.dtype)
    removal, is_left = np.empty(k), np.ones(k, dtype=bool)
    while is_left.sum() > max(n_left, 2):
        _cache_kernels.find_nearest(chosen, near, second, dn, ds)
        _cache_kernels.sum_losses(near, dn, ds, weight, removal)
        slot = np.flatnonzero(is_left)[np.argmin(removal[is_left])]
        is_left[slot] = False
        chosen[slot] = np.inf
    return medoids[is_left][:n_left]
