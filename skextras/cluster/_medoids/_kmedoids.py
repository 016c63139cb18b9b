"""K-medoids clustering: the estimator."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skextras._callbacks import fit_progress, with_callbacks
from skextras._validation import (
    METRICS,
    Interval,
    StrOptions,
    _fit_context,
    all_or_nothing,
)
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._alternate import alternate
from skextras.cluster._medoids._base import BaseMedoids
from skextras.cluster._medoids._build import loss_of_each
from skextras.cluster._medoids._fasterpam import warn_not_converged
from skextras.cluster._medoids._points import fill_up
from skextras.cluster._medoids._swaps import (
    Codes,
    FasterPAMResult,
    SwapState,
    optimize,
    single_medoid,
)


class KMedoids(BaseMedoids):
    r"""K-medoids clustering, by FasterPAM or PAM.

    Chooses ``n_clusters`` of the training points as medoids :math:`m_i` such that

    .. math:: \sum_o w_o \min_i d(x_o, m_i)

    is small, where :math:`d` is ``metric``, :math:`x_o` the rows of ``X`` and
    :math:`w` is ``sample_weight``. The result is a local optimum: no exchange of one
    medoid for one other point lowers the loss. Any dissimilarity will do; it need not
    be a metric.

    Time is :math:`O(n^2)` for each of a few passes, whatever the number of clusters,
    plus that of the :math:`n^2` dissimilarities; memory is that of an :math:`n \times
    n` matrix in the dtype of ``X`` and another one of single bytes, for the :math:`n`
    distinct rows.

    Read more in the :ref:`User Guide <k_medoids>`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of medoids.
    metric : str or callable, default="euclidean"
        Dissimilarity: a name that :func:`sklearn.metrics.pairwise_distances` knows,
        "precomputed", or a symmetric function of two rows that returns a float. A
        function compiled by numba runs in a compiled loop. With "precomputed", ``X``
        holds dissimilarities: square in ``fit``, of shape (n_queries, n_samples)
        afterwards; ``X[o, j]`` is that of point ``o`` to candidate medoid ``j``, which
        gives asymmetric matrices their meaning.
    metric_params : dict, default=None
        Keyword arguments of ``metric``.
    method : {"fasterpam", "pam", "fastpam1", "alternate"}, default="fasterpam"
        The optimiser:

        - "fasterpam": make every exchange that helps at once.
        - "pam", or "fastpam1": make the exchange that helps most, then look again. The
          same exchanges as the original PAM, one in a pass.
        - "alternate": assign the points, move each medoid to the centre of its cluster,
          and repeat. For comparison: it stops at larger losses than the others.
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
        kept, the first on ties.
    max_iter : int, default=300
        Maximum number of passes over all candidates in a run. With "pam", each pass
        but the last makes one exchange.
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
    n_iter_ : int
        Number of passes of the best run.
    n_swap_ : int
        Number of exchanges of the best run.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples; if dissimilarities are missing,
        infinite or negative; if ``init`` holds what is not a point of ``X``; if weights
        are negative or all zero.
    MemoryError
        If the matrix of dissimilarities is larger than the memory that is left.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the best run, or if there are fewer distinct points than
        clusters: some are then empty.

    See Also
    --------
    fasterpam : The same optimiser as a function of a matrix.
    sklearn.cluster.KMeans : Centres that are means, for squared Euclidean distances.

    Notes
    -----
    Equal rows count as one point with the sum of their weights, and rows of weight 0
    are not candidates: weights and repetitions give the same result. So does any order
    of the rows, with the same ``random_state``.

    Sums are taken in float64: that no exchange lowers the loss holds up to a fraction
    of :math:`10^{-12}`, if no precomputed entry stands for "out of reach" by exceeding
    the others more than about :math:`10^9` times.

    References
    ----------
    .. [1] E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering: O(k)
       runtime improvement of the PAM, CLARA, and CLARANS algorithms", Information
       Systems 101, 2021.
    .. [2] H.-S. Park and C.-H. Jun, "A simple and fast algorithm for K-medoids
       clustering", Expert Systems with Applications 36, 2009.
    .. [3] L. Kaufman and P. J. Rousseeuw, "Finding Groups in Data: An Introduction to
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
        "method": [StrOptions({"fasterpam", "pam", "fastpam1", "alternate"})],
        "init": [StrOptions(set(_init.NAMES)), "array-like", "sparse matrix"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        metric="euclidean",
        metric_params=None,
        method="fasterpam",
        init="random",
        n_init=1,
        max_iter=300,
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
        self.n_jobs = n_jobs
        self.random_state = random_state

    @all_or_nothing
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
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
        X, weight, given, points, params = self._prepare(X, sample_weight)
        start = np.argsort(points.index)[: self.n_clusters]
        if not isinstance(self.init, str):
            start = _init.locate(self.init, X, self.n_clusters, points)
        if len(points.index) < self.n_clusters:
            medoids = fill_up(points, self.n_clusters)
            best, converged = FasterPAMResult(medoids, None, 0.0, 1, 0), True
        else:
            matrix = self._dissimilarities(X, given, points, params, self.n_clusters)
            best, converged = self._best_run(X, *matrix, points, start)
            medoids = points.index[best.medoid_indices]
        self.n_iter_ = best.n_iter
        self.n_swap_ = best.n_swap
        if self._set_result(X, weight, params, medoids, points) and not converged:
            warn_not_converged("KMedoids", self.max_iter)
        return self

    def _best_run(self, X, rows, columns, points, start):
        """Optimise ``n_init`` times; return the best result and if it converged."""
        k, n_jobs, weight = int(self.n_clusters), self.n_jobs, points.weight
        rng = check_random_state(self.random_state)
        sums = loss_of_each(rows, weight, n_jobs=n_jobs)
        order = np.argsort(sums, kind="stable")  # whatever the order of the rows of X
        candidates = order[rng.permutation(len(order))]
        codes = None
        if k > 1 and self.method != "alternate":
            codes = Codes(columns, weight, candidates, n_jobs=n_jobs)
        best = None
        with fit_progress(self, X, max_steps=self.n_init * self.max_iter) as step:
            for _ in range(self.n_init):
                if isinstance(self.init, str) and self.init != "first":
                    start = _init.draw(self.init, rows, k, weight, order, rng, n_jobs)
                if k == 1:
                    run = single_medoid(rows, start, weight, order, step=step), True
                elif codes is None:
                    run = alternate(rows, start, weight, self.max_iter, step=step)
                else:
                    state = SwapState(rows, start, weight, codes)
                    eager = self.method == "fasterpam"
                    run = optimize(state, self.max_iter, eager=eager, step=step)
                    del state  # before the next one is made
                if best is None or run[0].loss < best[0].loss:
                    best = run
        return best
