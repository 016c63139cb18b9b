"""K-medoids of large data by samples: CLARA and FastCLARA."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skextras._callbacks import fit_progress, unseen
from skextras._distinct import fill_up
from skextras._fitting import fit_method
from skextras._memory import check_memory
from skextras._parallel import blas_on_one_thread, map_blocks
from skextras._validation import METRICS, N_JOBS, Interval, StrOptions
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._base import BaseMedoids
from skextras.cluster._medoids._empty import without_empty
from skextras.cluster._medoids._fasterpam import warn_not_converged
from skextras.cluster._medoids._swaps import (
    Codes,
    SwapState,
    optimize,
    single_medoid,
)


class CLARA(BaseMedoids):
    r"""K-medoids clustering of large data by samples (CLARA, FastCLARA).

    Draws samples, finds the medoids of each by PAM or FasterPAM, and keeps those with
    the smallest loss over *all* points,

    .. math:: \sum_o w_o \min_i d(x_o, m_i),

    where :math:`d` is ``metric``, :math:`x_o` are the rows of ``X``, :math:`m_i` the
    medoids and :math:`w` is ``sample_weight``. They are a local
    optimum of their sample, not of the data: on images of digits, the loss is 4 to 11 %
    above that of :class:`KMedoids` with samples of the default size, and 0.2 to 3.5 %
    with samples of 1000 points.

    With samples of :math:`s` points, time is :math:`O(s^2 p + n k p)` for each of them
    and memory :math:`O(s^2 + n)` beside ``X``, for :math:`p` features.

    Read more in the :ref:`User Guide <clara>`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of medoids.
    metric : str or callable, default="euclidean"
        Dissimilarity, as in :class:`KMedoids`.
    metric_params : dict, default=None
        Keyword arguments of ``metric``, as in :class:`KMedoids`.
    method : {"pam", "fasterpam"}, default="pam"
        What finds the medoids of a sample: "pam" for CLARA, "fasterpam" for FastCLARA.
    init : {"random", "build", "k-medoids++", "lab", "heuristic"}, default="build"
        Where to start in a sample, as in :class:`KMedoids`.
    max_iter : int, default=300
        Maximum number of passes over the candidates in a sample.
    n_sampling : int, default=None
        Number of points in a sample. None means ``40 + 2 * n_clusters`` for "pam" and
        ``80 + 4 * n_clusters`` for "fasterpam", and never more than there are points.
    n_sampling_iter : int, default=5
        Number of samples.
    independent : bool, default=False
        Draw all samples independently, and work on them in parallel. Otherwise the best
        medoids so far are part of the next sample, and one more search starts there.
    n_jobs : int, default=None
        Number of threads: for the samples if ``independent``, else for dissimilarities.
        None means 1 unless in a :obj:`joblib.parallel_config` context; -1 means all
        processors. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the samples and the starts. Pass an int for the same result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each training point: that of its nearest medoid, the first on ties.
    medoid_indices_ : ndarray of shape (n_clusters,)
        Training rows of the medoids.
    cluster_centers_ : ndarray of shape (n_clusters, n_features) or None
        The medoids, sparse as ``X`` is; None if ``metric="precomputed"``.
    inertia_ : float
        The loss over all training points: weighted sum of ``distances_``.
    distances_ : ndarray of shape (n_samples,)
        Dissimilarity of each training point to its medoid.
    second_labels_ : ndarray of shape (n_samples,)
        Cluster of the second nearest medoid, -1 if there is one cluster.
    medoid_silhouette_samples_ : ndarray of shape (n_samples,)
        Medoid silhouettes, see :func:`medoid_silhouette_samples`; NaN for one cluster.
    n_iter_ : int
        Number of passes in the sample that gave the medoids.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples, or ``n_sampling`` is smaller
        than ``n_clusters``; if dissimilarities are missing, infinite or negative; if
        weights are negative or all zero.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the search in the best sample; if some clusters are empty,
        as where there are fewer distinct points.

    See Also
    --------
    KMedoids : Swaps judged by all points, for data whose matrix fits into memory.

    References
    ----------
    .. [1] L. Kaufman and P. J. Rousseeuw, "Clustering large data sets", in Pattern
       Recognition in Practice II, Elsevier, 1986.
    .. [2] E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering: O(k)
       runtime improvement of the PAM, CLARA, and CLARANS algorithms", Information
       Systems 101, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import CLARA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(10000, 2)) + 10 * rng.integers(0, 3, size=(10000, 1))
    >>> clara = CLARA(n_clusters=3, random_state=0).fit(X)
    >>> np.bincount(clara.labels_)
    array([3362, 3350, 3288])
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(METRICS), callable],
        "metric_params": [dict, None],
        "method": [StrOptions({"pam", "fasterpam"})],
        "init": [StrOptions(set(_init.NAMES) - {"first"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_sampling": [Interval(Integral, 1, None, closed="left"), None],
        "n_sampling_iter": [Interval(Integral, 1, None, closed="left")],
        "independent": ["boolean"],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        metric="euclidean",
        metric_params=None,
        method="pam",
        init="build",
        max_iter=300,
        n_sampling=None,
        n_sampling_iter=5,
        independent=False,
        n_jobs=None,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.metric = metric
        self.metric_params = metric_params
        self.method = method
        self.init = init
        self.max_iter = max_iter
        self.n_sampling = n_sampling
        self.n_sampling_iter = n_sampling_iter
        self.independent = independent
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        """Find the medoids.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples) if
            ``metric="precomputed"``.
        y : Ignored
            Not used, present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each point in the loss; None means 1 for all.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        k, size = int(self.n_clusters), self.n_sampling
        size = None if size is None else int(size)
        if size is not None and size < k:
            raise ValueError(
                f"n_sampling={size} must be >= n_clusters={k}: give larger samples."
            )
        X, weight, given, points, params = self._prepare(X, sample_weight, k)
        if len(points.index) <= k:
            medoids = fill_up(points, k)
            self.n_iter_, converged = 0, True
        else:
            n_jobs = 1 if self.independent else self.n_jobs
            rows = self._rows(X, given, points, params, n_jobs)
            rng = check_random_state(self.random_state)
            with fit_progress(self, X, max_steps=int(self.n_sampling_iter)) as step:
                best, converged = search(
                    rows,
                    points.weight,
                    k,
                    rng,
                    eager=self.method == "fasterpam",
                    init=self.init,
                    max_iter=int(self.max_iter),
                    size=size,
                    n_samples=int(self.n_sampling_iter),
                    n_threads=self.n_jobs if self.independent else None,
                    independent=self.independent,
                    step=step,
                )
            medoids, self.n_iter_ = points.index[best.medoid_indices], best.n_iter
        if self._set_result(X, weight, params, medoids, points) and not converged:
            warn_not_converged("CLARA", self.max_iter)
        return self


def search(
    rows, weight, n_clusters, rng, *, eager, init, max_iter, size=None, n_samples=5,
    independent=False, n_threads=None, step=unseen,
):  # fmt: skip
    """Find medoids in ``n_samples`` samples; return the best for all points.

    That is a result, with the loss over all points, and whether the search in its
    sample converged. A medoid without points, as where a sample has fewer distinct ones
    than all the points, moves to where it helps.
    """
    n_points, k = rows.n_points, n_clusters
    if size is None:
        size = 80 + 4 * k if eager else 40 + 2 * k
    size = min(size, n_points)
    check_memory(
        size**2 * (1 + rows.dtype.itemsize),
        f"The matrix of dissimilarities in a sample of {size} points",
        "give a smaller n_sampling.",
    )
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_samples)

    def run(seed, carried=None):
        rng = np.random.RandomState(seed)
        sample = rng.choice(n_points, size, replace=False)
        if carried is not None:
            fresh = sample[~np.isin(sample, carried)][: size - k]
            sample = np.concatenate([carried, fresh])
        draw = partial(_init.draw, init, n_clusters=k, rng=rng)
        goes_on = carried is not None
        found, converged = _search_sample(
            rows.part(sample), weight[sample], k, draw, goes_on, eager, max_iter
        )
        medoids = sample[found.medoid_indices]
        labels, nearest = rows.nearest(medoids)
        loss = float(weight @ nearest.astype(np.float64))
        found = found._replace(medoid_indices=medoids, labels=labels, loss=loss)
        return found, converged

    if independent:
        with blas_on_one_thread():
            tasks = [(seed,) for seed in seeds]
            runs = map_blocks(run, tasks, n_jobs=n_threads, step=step)
        best, converged = min(runs, key=lambda found: found[0].loss)
        return without_empty(rows, best, weight), converged
    best = None
    for seed in seeds:
        with step():
            found = run(seed, best and best[0].medoid_indices)
        if best is None or found[0].loss < best[0].loss:
            best = found
    best, converged = best
    return without_empty(rows, best, weight), converged


def _search_sample(rows, weight, k, draw, goes_on, eager, max_iter):
    """Find medoids in a sample; from its first points as well if it ``goes_on``."""
    order = np.arange(rows.n_points)
    codes = Codes(rows, weight, order)
    starts = [draw(rows=rows, weight=weight, order=order)]
    if goes_on:
        starts.append(order[:k])
    runs = []
    for start in starts:
        if k == 1:
            runs.append((single_medoid(rows, start, weight, order), True))
        else:
            state = SwapState(rows, start, weight, codes)
            runs.append(optimize(state, max_iter, eager=eager))
    return min(runs, key=lambda found: found[0].loss)
