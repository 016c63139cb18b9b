"""K-medoids by random swaps: CLARANS and FastCLARANS."""

from numbers import Integral

from sklearn.utils import check_random_state

from skextras._callbacks import fit_progress
from skextras._validation import METRICS, N_JOBS, Interval, StrOptions
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._base import BaseMedoids
from skextras.cluster._medoids._optimizers import best_run, random_swaps
from skextras.cluster._medoids._problem import Problem
from skextras.cluster._medoids._random_swaps import DRAWS


class CLARANS(BaseMedoids):
    r"""K-medoids clustering by random swaps (CLARANS, FastCLARANS).

    Swaps medoids for points that are drawn at random whenever that lowers

    .. math:: \sum_o w_o \min_i d(x_o, m_i),

    where :math:`d` is ``metric``, :math:`x_o` are the rows of ``X``, :math:`m_i` the
    medoids and :math:`w` is ``sample_weight``, until many draws in a row did not help.
    Each swap is evaluated on all points, but not all swaps are tried: the result is
    usually not quite a local optimum. Dissimilarities are computed when they are
    needed, and not stored.

    A draw takes :math:`O(n p)` for :math:`n` points with :math:`p` features. Memory is
    :math:`O(n k)` beside ``X``.

    Read more in the :ref:`User Guide <clarans>`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of medoids.
    metric : str or callable, default="euclidean"
        Dissimilarity, as in :class:`KMedoids`.
    metric_params : dict, default=None
        Keyword arguments of ``metric``.
    method : {"clarans", "fastclarans"}, default="fastclarans"
        What is drawn: a point and the medoid to swap for it ("clarans"), or a
        point, to be swapped for the medoid where that helps most ("fastclarans").
    init : str, default="random"
        Where to start, as in :class:`KMedoids`: "random", "build", "k-medoids++",
        "lab" or "heuristic". All but "random", "k-medoids++" and "lab" take
        :math:`O(n^2)` time.
    n_init : int, default=2
        Number of searches from new starts (``numlocal``). The best result is kept.
    max_neighbors : int, default=None
        Number of draws in a row without success that ends a search (``maxneighbor``).
        None means 2.5 % of the :math:`n - k` other points, at least 50 or all of them,
        for "fastclarans", and 1.25 % of the :math:`k (n - k)` swaps, at least 250, for
        "clarans".
    n_jobs : int, default=None
        Number of threads that compute dissimilarities. None means 1 unless in a
        :obj:`joblib.parallel_config` context, but for matrix products the number that
        BLAS would take; -1 means all processors. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws starts and swaps. Pass an int for the same result in every call.

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
    n_iter_ : int
        Number of draws of the best search.
    n_swap_ : int
        Number of swaps of the best search.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples; if dissimilarities are missing,
        infinite or negative; if weights are negative or all zero.

    Warns
    -----
    ConvergenceWarning
        If some clusters are empty, as where there are fewer distinct points.

    See Also
    --------
    KMedoids : Tries all swaps, for data whose matrix fits into memory.
    CLARA : Searches in samples, and is faster.

    References
    ----------
    .. [1] R. T. Ng and J. Han, "CLARANS: a method for clustering objects for spatial
       data mining", IEEE Transactions on Knowledge and Data Engineering 14, 2002.
    .. [2] E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering: O(k)
       runtime improvement of the PAM, CLARA, and CLARANS algorithms", Information
       Systems 101, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import CLARANS
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 2)) + 10 * rng.integers(0, 3, size=(1000, 1))
    >>> clarans = CLARANS(n_clusters=3, random_state=0).fit(X)
    >>> sorted(np.bincount(clarans.labels_).tolist())
    [319, 338, 343]
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(METRICS), callable],
        "metric_params": [dict, None],
        "method": [StrOptions({"clarans", "fastclarans"})],
        "init": [StrOptions(set(_init.NAMES) - {"first"})],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_neighbors": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        metric="euclidean",
        metric_params=None,
        method="fastclarans",
        init="random",
        n_init=2,
        max_neighbors=None,
        n_jobs=None,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.metric = metric
        self.metric_params = metric_params
        self.method = method
        self.init = init
        self.n_init = n_init
        self.max_neighbors = max_neighbors
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _search(self, task):
        k, n_init = int(self.n_clusters), int(self.n_init)
        limit = None if self.max_neighbors is None else int(self.max_neighbors)
        rows, rng = task.rows(self.n_jobs), check_random_state(self.random_state)
        order, weight = task.order(rows), task.points.weight
        problem = Problem(rows, weight, order, order, k, rng, init=self.init)
        optimizer = random_swaps(DRAWS[self.method], limit)
        with fit_progress(self, task.X, max_steps=n_init) as step:
            found = best_run(problem, optimizer, None, n_init, step)
        return task.in_rows(found)
