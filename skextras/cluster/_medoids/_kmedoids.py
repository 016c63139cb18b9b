"""K-medoids clustering: the estimator."""

from numbers import Integral, Real

from sklearn.utils import check_random_state

from skextras._callbacks import fit_progress
from skextras._validation import (
    MEMORY_LIMIT,
    METRICS,
    N_JOBS,
    Interval,
    StrOptions,
    in_words,
)
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._base import BaseMedoids
from skextras.cluster._medoids._constrained import check_limits, warn_of_small_clusters
from skextras.cluster._medoids._optimizers import OPTIMIZERS, best_run, plan, resolve
from skextras.cluster._medoids._problem import Problem


class KMedoids(BaseMedoids):
    r"""K-medoids clustering, by FasterPAM and its relatives.

    Chooses ``n_clusters`` of the training points as medoids :math:`m_i` such that

    .. math:: \sum_o w_o \min_i d(x_o, m_i)

    is small, where :math:`d` is ``metric``, :math:`x_o` the rows of ``X`` and
    :math:`w` is ``sample_weight``. With "fasterpam" and "pam", the result is a local
    optimum: no swap of one medoid for one other point lowers the loss. Any
    dissimilarity will do; it need not be a metric.

    Time of these is :math:`O(n^2)` for each of a few passes, whatever the number of
    clusters, plus that of the :math:`n^2` dissimilarities; memory is that of an
    :math:`n \times n` matrix in the dtype of ``X`` and another one of single bytes, for
    the :math:`n` distinct rows. With "onebatch", time and memory are nearly linear in
    :math:`n`.

    Read more in the :ref:`User Guide <k_medoids>`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of medoids.
    metric : str or callable, default="euclidean"
        Dissimilarity: a name that :func:`sklearn.metrics.pairwise_distances` knows,
        "gower", "precomputed", or a symmetric function of two rows that returns a
        float. A function compiled by numba runs in a compiled loop. With "precomputed",
        ``X`` holds dissimilarities: square in ``fit``, of shape (n_queries, n_samples)
        afterwards; ``X[o, j]`` is that of point ``o`` to candidate medoid ``j``, which
        gives asymmetric matrices their meaning.
    metric_params : dict, default=None
        Keyword arguments of ``metric``. Those of "gower", which is for numbers,
        categories and missing values (NaN), are ``categorical_features`` (names,
        indices or mask), ``ranges`` and ``weights``: see the
        :ref:`User Guide <gower>`. A sparse precomputed ``X`` takes
        ``missing_distance``, the distance assigned to pairs that are not stored, by
        default twice the largest stored one: see the
        :ref:`User Guide <sparse_matrices>`.
    method : str, default="auto"
        The optimiser:

        - "auto": "fasterpam" for up to 100 000 distinct points if ``memory_limit``
          leaves room for :math:`n^2` bytes, else "onebatch".
        - "fasterpam": make every swap that helps at once. Stores the
          dissimilarities if ``memory_limit`` allows it. If not, stores one byte for
          each and recomputes those that decide: the same swaps, more slowly, except
          where rounding decides between ties, see the
          :ref:`User Guide <large_k_medoids>`.
        - "pam", or "fastpam1": make the swap that helps most, then look again. The
          same swaps as the original PAM, one in a pass.
        - "alternate": assign the points, move each medoid to the centre of its cluster,
          and repeat. For comparison: it stops at larger losses than the others.
        - "onebatch": as "fasterpam", but swaps are evaluated on a random sample of
          :math:`100 \ln(k n)` points (OneBatchPAM). No matrix of all points.
        - "fastclarans": swap medoids for random points until 2.5 % of the points, and
          at least 50, did not help in a row. No matrix of all points.
        - "fastclara": "fasterpam" in five samples, see :class:`CLARA`.
    init : str or array-like, default="random"
        Where to start:

        - "random": distinct points, all equally likely.
        - "build": the greedy BUILD phase of PAM, exact.
        - "k-medoids++": each next medoid with a probability in proportion to the
          weighted dissimilarity to the medoids before.
        - "lab": as BUILD, each from a random sample of :math:`10 + \sqrt{n}` points
          and judged by it: linear in the number of points.
        - "heuristic": the points to which the others are nearest, relative to how far
          these are from all, after Park and Jun. They crowd in the middle.
        - "first": the first distinct rows.
        - array of shape (n_clusters,): indices of samples.
        - array of shape (n_clusters, n_features): rows of ``X``.
    n_init : int, default=1
        Number of runs, each with its own start. The one with the smallest loss is
        kept, the first on ties. Ignored if ``init`` is an array: a single run is made.
    max_iter : int, default=300
        Maximum number of passes over all candidates in a run. With "pam", each pass
        but the last makes one swap. "fastclarans" has no passes.
    fixed_medoids : array-like of shape (n_fixed,) of int, default=None
        Indices of samples that stay medoids. They take the first slots; the
        others start with the first of ``init`` that are not fixed. An ``init`` of
        indices or rows must hold the fixed ones too. For "fasterpam" and "pam".
    min_cluster_size : float, default=None
        Minimum total sample weight of a cluster (number of samples if ``sample_weight``
        is None). After the usual search, clusters below it are repaired, and swaps that
        leave none below it go on lowering the loss. For "fasterpam" and "pam".
    memory_limit : int, float or None, default=None
        Maximum memory for stored dissimilarities: bytes (int), fraction of the
        available memory (float), or all of it (None). Temporary blocks take up to
        64 MB more. Sparse matrices, "fastclara" and "fastclarans" store none.
    warm_start : bool, default=False
        Go on from the medoids of the last fit, which must be rows of ``X``, or their
        indices if ``metric="precomputed"``. ``init`` is for the first fit only.
    n_jobs : int, default=None
        Number of threads that compute dissimilarities. None means 1 unless in a
        :obj:`joblib.parallel_config` context, but for matrix products the number that
        BLAS would take; -1 means all processors. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the start and the order of the candidates. Pass an int for the same
        result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each training point: that of its nearest medoid, the first on ties.
    medoid_indices_ : ndarray of shape (n_clusters,)
        Training rows of the medoids.
    cluster_centers_ : ndarray of shape (n_clusters, n_features) or None
        The medoids, sparse as ``X`` is; None if ``metric="precomputed"``.
    inertia_ : float
        The loss: weighted sum of ``distances_``.
    distances_ : ndarray of shape (n_samples,)
        Dissimilarity of each training point to its medoid.
    second_labels_ : ndarray of shape (n_samples,)
        Cluster of the second nearest medoid, -1 if there is one cluster.
    medoid_silhouette_samples_ : ndarray of shape (n_samples,)
        Medoid silhouettes, see :func:`medoid_silhouette_samples`; NaN for one cluster.
    method_ : str
        The method: ``method``, or what "auto" chose.
    storage_ : {"matrix", "bytes", "sparse", "none"}
        How the dissimilarities between all points were stored: in full, as one byte
        each, as the entries of a sparse ``X``, or not at all.
    n_iter_ : int
        Number of passes of the best run; with "fastclarans", of points that were tried;
        0 if there are no more distinct points than clusters.
    n_swap_ : int
        Number of swaps of the best run.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples; if dissimilarities are missing,
        infinite or negative; if ``init`` holds rows that are not in ``X``; if weights
        are negative or all zero.
    MemoryError
        If the matrix of dissimilarities is larger than the memory that is left.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the best run; if some clusters are empty, as where there
        are fewer distinct points; if a cluster stays below ``min_cluster_size``.

    See Also
    --------
    fasterpam : The same optimiser as a function of a matrix.
    sklearn.cluster.KMeans : Centres that are means, for squared Euclidean distances.

    Notes
    -----
    Equal rows count as one point with the sum of their weights, and rows of weight 0
    are not candidates: weights and repetitions give the same result. So does any order
    of the rows, with the same ``random_state``.

    Sums are taken in float64: that no swap lowers the loss holds up to a fraction
    of :math:`10^{-12}`, if no precomputed entry stands for "out of reach" by exceeding
    the others more than about :math:`10^9` times.

    References
    ----------
    .. [1] E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering: O(k)
       runtime improvement of the PAM, CLARA, and CLARANS algorithms", Information
       Systems 101, 2021.
    .. [2] A. de Mathelin, N. Cecchi, F. Deheeger, M. Mougeot and N. Vayatis,
       "OneBatchPAM: a fast and frugal k-medoids algorithm", AAAI, 2025.
    .. [3] H.-S. Park and C.-H. Jun, "A simple and fast algorithm for K-medoids
       clustering", Expert Systems with Applications 36, 2009.
    .. [4] L. Kaufman and P. J. Rousseeuw, "Finding Groups in Data: An Introduction to
       Cluster Analysis", Wiley, 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import KMedoids
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [4, 2], [4, 4], [4, 0]])
    >>> kmedoids = KMedoids(n_clusters=2, random_state=0).fit(X)
    >>> kmedoids.inertia_
    8.0
    >>> kmedoids.cluster_centers_
    array([[1., 2.],
           [4., 2.]])
    >>> kmedoids.predict([[0, 0], [5, 5]])
    array([0, 1])
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(METRICS), callable],
        "metric_params": [dict, None],
        "method": [StrOptions({"auto", *OPTIMIZERS})],
        "init": [StrOptions(set(_init.NAMES)), "array-like", "sparse matrix"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "fixed_medoids": ["array-like", None],
        "min_cluster_size": [Interval(Real, 0, None, closed="neither"), None],
        "memory_limit": MEMORY_LIMIT,
        "warm_start": ["boolean"],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        metric="euclidean",
        metric_params=None,
        method="auto",
        init="random",
        n_init=1,
        max_iter=300,
        fixed_medoids=None,
        min_cluster_size=None,
        memory_limit=None,
        warm_start=False,
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
        self.fixed_medoids = fixed_medoids
        self.min_cluster_size = min_cluster_size
        self.memory_limit = memory_limit
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _check_options(self):
        self._init_or_last_medoids()
        return int(self.n_clusters)

    def _init_or_last_medoids(self):
        """Return ``init``, or the medoids from which a warm start goes on."""
        init = self.init
        if self.warm_start and hasattr(self, "medoid_indices_"):
            init = self.cluster_centers_
            if self.metric == "precomputed":
                init = self.medoid_indices_
            if len(self.medoid_indices_) != self.n_clusters:
                raise ValueError(
                    f"warm_start=True goes on from {len(self.medoid_indices_)} medoids "
                    f"of the last fit, and n_clusters={self.n_clusters}: keep their "
                    "number, or set warm_start=False."
                )
        optimizer = OPTIMIZERS.get(self.method)  # None for "auto"
        if optimizer and optimizer.draws_start and not _init.is_drawn(init):
            raise ValueError(
                f"method={self.method!r} starts anew in each sample, got "
                f"init={in_words(init)} and warm_start={self.warm_start}: give the "
                "name of a start that can be drawn there, or another method."
            )
        return init

    def _with_start(self, task):
        init, k = self._init_or_last_medoids(), int(self.n_clusters)
        try:
            start = _init.locate(init, task.X, k, task.points)
        except ValueError as error:
            if init is self.init:
                raise
            raise ValueError(
                "warm_start=True goes on from the medoids of the last fit, which are "
                f"not all distinct points of this X ({error}) Set warm_start=False."
            ) from error
        given = None if isinstance(init, str) else start
        fixed, size = self.fixed_medoids, self.min_cluster_size
        limits, points = check_limits(task.points, k, given, fixed, size)
        self.method_ = resolve(self.method, limits=limits, is_sparse=task.is_sparse)
        return task._replace(points=points, start=start, limits=limits)

    def _few(self, task, medoids):
        self.storage_ = "none"
        if self.method_ not in OPTIMIZERS:
            self.method_ = "fasterpam"
        return super()._few(task, medoids)

    def _search(self, task):
        k, limits, limit = int(self.n_clusters), task.limits, self.memory_limit
        weight, rng = task.points.weight, check_random_state(self.random_state)
        rows = task.rows(self.n_jobs)
        self.method_, self.storage_ = plan(self.method_, rows, k, limits, limit)
        optimizer = OPTIMIZERS[self.method_]
        n_runs = int(self.n_init)
        if task.start is not None and not optimizer.samples:  # all would be the same
            n_runs = 1
        with fit_progress(self, task.X, max_steps=1 + n_runs) as step:
            with step() as part:
                rows = rows.hold(part) if self.storage_ == "matrix" else rows
            # ranked: the same from X as from a precomputed matrix
            order = task.order(rows) if optimizer.samples else rows.ranked(weight)
            candidates = order[rng.permutation(len(order))]
            problem = Problem(
                rows, weight, order, candidates, k, rng, int(self.max_iter), self.init,
                limits, limit,
            )  # fmt: skip
            found = best_run(problem, optimizer, task.start, n_runs, step)
        return task.in_rows(found)

    def _set_result(self, task, found, nearest=None):
        super()._set_result(task, found, nearest)
        if self.min_cluster_size is not None:
            k, size = int(self.n_clusters), self.min_cluster_size
            warn_of_small_clusters(self.labels_, task.weight, k, size)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse |= self.metric == "precomputed"
        return tags
