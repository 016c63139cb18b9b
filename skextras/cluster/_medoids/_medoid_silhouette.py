"""Clustering by the average medoid silhouette: the estimator."""

from numbers import Integral

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import fit_progress
from skextras._fitting import warn
from skextras._memory import check_memory
from skextras._validation import METRICS, N_JOBS, Interval, StrOptions, check_weights
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._base import BaseMedoids
from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._msc import dynmsc, scaled_up
from skextras.cluster._medoids._problem import Problem
from skextras.cluster._medoids._silhouette import weighted_mean
from skextras.cluster._medoids._task import check_X

#: Whether a method begins with more clusters than are wanted.
_DESCENDS = {"fastermsc": False, "dynmsc": True}


class MedoidSilhouette(BaseMedoids):
    r"""Clustering by the average medoid silhouette (FasterMSC, DynMSC).

    Chooses ``n_clusters`` of the training points as medoids :math:`m_i` such that

    .. math:: \frac{1}{\sum_o w_o} \sum_o w_o \left( 1 - \frac{a_o}{b_o} \right)

    is large, where :math:`a_o` and :math:`b_o` are the dissimilarities of the point
    :math:`x_o` to its nearest and second nearest medoid, and :math:`w` is
    ``sample_weight``. A quotient with :math:`a_o = 0` is 0. With ``n_clusters="auto"``,
    it chooses the number of clusters as well. The result is a local optimum: no
    swap of one medoid for one other point raises the average.

    Time is :math:`O(n^2)` for each of a few passes, plus that of the :math:`n^2`
    dissimilarities; memory is that of an :math:`n \times n` matrix in the dtype of
    ``X``, for the :math:`n` distinct rows.

    Read more in the :ref:`User Guide <medoid_silhouette>`.

    Parameters
    ----------
    n_clusters : int or "auto", default=8
        Number of clusters. With "auto", the number from 2 to ``max_clusters`` with the
        largest average, the smaller one on ties. For 1, where nothing is second, the
        average is NaN and the medoid is the point with the smallest sum of
        dissimilarities.
    metric : str or callable, default="euclidean"
        Dissimilarity, as in :class:`KMedoids`.
    metric_params : dict, default=None
        Keyword arguments of ``metric``.
    method : {"fastermsc", "dynmsc"}, default="fastermsc"
        How the number of clusters is reached; "auto" implies "dynmsc".

        - "fastermsc": from a start with that many medoids, make every swap that
          helps at once.
        - "dynmsc": do so with ``max_clusters``; then remove a medoid and go on, down to
          the number. This is done twice, without the medoid whose removal lowers the
          average most, and without the one whose removal lowers it least, and the
          better result is kept.
    init : str or array-like, default="random"
        Where to start, as in :class:`KMedoids`. An array holds as many medoids as the
        search starts with.
    n_init : int, default=1
        Number of runs, each with its own start. The best result is kept, the first on
        ties.
    max_iter : int, default=300
        Maximum number of passes over all candidates for each number of clusters.
    max_clusters : int, default=20
        Number of clusters from which "dynmsc" goes down; never more than one fewer than
        there are distinct points. "fastermsc" does not use it.
    n_jobs : int, default=None
        Number of threads that compute dissimilarities, as in :class:`KMedoids`. The
        result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the start and the order of the candidates. Pass an int for the same
        result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each training point: that of its nearest medoid, the first on ties.
    medoid_indices_ : ndarray of shape (`n_clusters_`,)
        Training rows of the medoids.
    cluster_centers_ : ndarray of shape (`n_clusters_`, n_features) or None
        The medoids, sparse as ``X`` is; None if ``metric="precomputed"``.
    medoid_silhouette_ : float
        The average medoid silhouette.
    medoid_silhouette_samples_ : ndarray of shape (n_samples,)
        Medoid silhouette of each training point.
    n_clusters_ : int
        Number of medoids.
    n_clusters_path_ : ndarray of shape (n_path,)
        Numbers of clusters that were tried, ascending.
    medoid_silhouette_path_ : ndarray of shape (n_path,)
        Average medoid silhouette that was found for each.
    inertia_ : float
        Weighted sum of ``distances_``.
    distances_ : ndarray of shape (n_samples,)
        Dissimilarity of each training point to its medoid.
    second_labels_ : ndarray of shape (n_samples,)
        Cluster of the second nearest medoid, -1 if there is one cluster.
    n_iter_ : int
        Number of passes that led to the medoids, with their number of clusters.
    n_swap_ : int
        Number of swaps in these passes.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples, or ``max_clusters`` where that
        is used; for other bad input, as :class:`KMedoids`.
    MemoryError
        If the matrix of dissimilarities is larger than the memory that is left.

    Warns
    -----
    UndefinedMetricWarning
        If ``n_clusters`` is 1.
    ConvergenceWarning
        If ``max_iter`` ended the search that led to the medoids, or if there are fewer
        distinct points than clusters: some are then empty.

    See Also
    --------
    KMedoids : Choose medoids by the sum of dissimilarities.
    k_path : Losses and medoid silhouettes of k-medoids for many numbers of clusters.
    medoid_silhouette_score : The average medoid silhouette of any medoids.

    Notes
    -----
    Every medoid has the value 1, so that the average is near 1 whenever there are
    nearly as many medoids as points. Keep ``max_clusters`` small beside their number.

    Equal rows and weights are treated as in :class:`KMedoids`. Sums are taken in
    float64, and a swap must raise the average by :math:`10^{-12}`.

    References
    ----------
    .. [1] L. Lenssen and E. Schubert, "Medoid silhouette clustering with automatic
       cluster number selection", Information Systems 120, 2024.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from skextras.cluster import MedoidSilhouette
    >>> X, _ = make_blobs(300, centers=4, cluster_std=0.5, random_state=3)
    >>> model = MedoidSilhouette("auto", random_state=0).fit(X)
    >>> model.n_clusters_
    4
    >>> model.labels_.shape
    (300,)
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_clusters": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "metric": [StrOptions(METRICS), callable],
        "metric_params": [dict, None],
        "method": [StrOptions(set(_DESCENDS))],
        "init": [StrOptions(set(_init.NAMES)), "array-like", "sparse matrix"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_clusters": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        metric="euclidean",
        metric_params=None,
        method="fastermsc",
        init="random",
        n_init=1,
        max_iter=300,
        max_clusters=20,
        n_jobs=None,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.metric = metric
        self.metric_params = metric_params
        self.method = method
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.max_clusters = max_clusters
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _check_options(self):
        least = 2 if self.n_clusters == "auto" else int(self.n_clusters)
        most = int(self.max_clusters)
        if self._descends() and most < least:
            raise ValueError(
                f"max_clusters={most} must be >= n_clusters={least} with "
                "method='dynmsc', which goes down from there: raise it."
            )
        return least

    def _descends(self):
        """Tell if the search begins with more clusters than are wanted."""
        return self.n_clusters == "auto" or (
            self.n_clusters > 1 and _DESCENDS[self.method]
        )

    def _n_starting(self, task):
        """Return the number of medoids that the search starts with."""
        least = self._check_options()
        if not self._descends():
            return least
        return max(least, min(int(self.max_clusters), task.n_points - 1))

    def _with_start(self, task):
        n_medoids = self._n_starting(task)
        start = _init.locate(self.init, task.X, n_medoids, task.points)
        return task._replace(start=start)

    def _few(self, task, medoids):
        return {len(medoids): super()._few(task, medoids)}

    def _search(self, task):
        """Return the best result for each number of clusters."""
        least, top, rows = (
            self._check_options(),
            self._n_starting(task),
            task.rows(self.n_jobs),
        )
        check_memory(
            rows.n_points * (rows.n_points + top) * rows.dtype.itemsize,
            f"The matrix of dissimilarities between {rows.n_points} points",
            "fit on a sample, and predict the rest.",
        )
        n_fits = int(self.n_init) * (1 + 2 * (top - least)) if top > 1 else 1
        with fit_progress(self, task.X, max_steps=1 + n_fits) as step:
            with step() as part:
                rows = rows.hold(part)
            path = self._best_path(task, rows, top, least, step)
        return {k: task.in_rows(found) for k, found in path.items()}

    def _best_path(self, task, rows, top, least, step):
        """Optimise ``n_init`` times; return the best result for each number."""
        weight, rng = task.points.weight, check_random_state(self.random_state)
        order = rows.ranked(weight)
        if least == 1:
            return {1: Found(order[:1], None, np.nan, 1, 0)}
        candidates, max_iter = order[rng.permutation(len(order))], int(self.max_iter)
        problem = Problem(rows, weight, order, candidates, top, rng, max_iter)
        matrix, path, start = scaled_up(rows.matrix), {}, task.start
        for _ in range(int(self.n_init)):
            if task.start is None:
                start = _init.draw(self.init, problem)
            args = matrix, start, weight, candidates, max_iter, least
            for k, found in dynmsc(*args, step=step).items():
                if k not in path or found.loss < path[k].loss:
                    path[k] = found
        return path

    def _set_result(self, task, path):
        """Evaluate the medoids of each number of clusters, and choose the number."""
        numbers, values, chosen = sorted(path), [], None
        for k in numbers:
            self._set_medoids(task, path[k].medoids)
            nearest = self._nearest(task.X, two=True)
            values.append(self._value(nearest, task.weight))
            if chosen is None or (
                self.n_clusters == "auto" and values[-1] > self.medoid_silhouette_
            ):
                chosen = nearest
                self.n_clusters_, self.medoid_silhouette_ = k, values[-1]
        self.n_clusters_path_ = np.array(numbers)
        self.medoid_silhouette_path_ = np.array(values)
        super()._set_result(task, path[self.n_clusters_], chosen)
        if self.n_clusters_ == 1:
            warn(
                "The medoid silhouette of n_clusters=1 is undefined, and NaN: ask for "
                "two clusters or more.",
                UndefinedMetricWarning,
            )

    def _value(self, nearest, weight):
        """Average medoid silhouette of points; NaN for one medoid."""
        _, near, _, far = nearest
        return weighted_mean(self._silhouettes(near, far), weight)

    def score(self, X, y=None, sample_weight=None):
        """Return the average medoid silhouette: more is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points; of shape (n_queries, n_samples) if ``metric="precomputed"``.
        y : Ignored
            Not used, present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each point in the average.

        Returns
        -------
        score : float
            The weighted average, between 0 and 1; NaN for one cluster.
        """
        check_is_fitted(self, "medoid_indices_")
        X = check_X(self, X, reset=False)
        weight = check_weights(sample_weight, X.shape[0])
        return self._value(self._nearest(X, two=True), weight)
