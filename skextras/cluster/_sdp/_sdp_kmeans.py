"""K-means by semidefinite relaxation: the estimator."""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import (
    BaseEstimator,
    ClusterMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._fitting import fit_method, warn
from skextras._memory import check_memory
from skextras._parallel import blas_on_one_thread
from skextras._validation import (
    MEMORY_LIMIT,
    N_JOBS,
    Interval,
    StrOptions,
    validate_data,
)
from skextras.cluster._sdp import _rounding
from skextras.cluster._sdp._bounds import advice, outcome
from skextras.cluster._sdp._centers import CentersMixin, find_centers, settle
from skextras.cluster._sdp._certificates import certify_labels
from skextras.cluster._sdp._inputs import (
    made_dense,
    points_or_kernel,
    warn_of_equal_points,
)
from skextras.cluster._sdp._kmeans_relaxation import relax
from skextras.cluster._sdp._settings import Settings


class SDPKMeans(CallbackSupportMixin, CentersMixin, ClusterMixin, BaseEstimator):
    r"""K-means by the semidefinite relaxation of Peng and Wei.

    Solves

    .. math:: \max_Z \langle A, Z \rangle \quad \text{subject to} \quad
        Z \succeq 0, \; Z \ge 0, \; Z 1 = 1, \; \operatorname{tr} Z = K,

    where :math:`A_{ij} = x_i^T x_j`, or the kernel that is given, and rounds
    :math:`Z` to a clustering. A clustering has :math:`Z_{ij} = 1 / |G|` for points of
    the same cluster :math:`G`, and the inertia
    :math:`\operatorname{tr} A - \langle A, Z \rangle`; the relaxation therefore bounds
    the inertia of every clustering from below. ``lower_bound_`` is such a bound, and
    ``gap_`` how far the result can be from the best one.

    Read more in the :ref:`User Guide <certified_kmeans>`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    affinity : str, default="linear"
        "linear": ``X`` holds points, as for K-means. "precomputed": it holds a
        symmetric kernel matrix of inner products, as for kernel K-means. If that is
        indefinite, inertias may be negative.
    solver : str, default="auto"
        How the relaxation is solved:

        - "admm": a splitting method on n x n matrices. Deterministic; gives the bound
          along the way.
        - "low_rank": :math:`Z = U U^T` with a nonnegative :math:`U` of ``rank``
          columns. No n x n matrix for points; from random starts, and not convex.
        - "cvxpy": the program as it is written above, by a general solver, for up to
          300 points. Needs the package cvxpy. ``max_iter`` and ``tol`` are not for it.
        - "auto": "admm" for up to 1000 points, else "low_rank".
    rank : int, default=None
        Columns of :math:`U`, at least ``n_clusters``. None means 4 times ``n_clusters``
        for up to 2000 points, else twice.
    rounding : str, default="best"
        How labels come from :math:`Z`:

        - "best": in both ways below and from k-means++ starts; centres are then moved
          at random while that helps. The labels of least inertia are kept: small sets
          are clustered as well as by :class:`~sklearn.cluster.KMeans` with many starts,
          points on a line optimally. With ``polish=False``, the better of both ways.
        - "spectral": K-means on the leading eigenvectors of :math:`Z`.
        - "denoise": K-means on the rows of :math:`Z X`, or in the space of the kernel
          :math:`Z A Z`.

        One way alone shows what the relaxation itself says; its inertia may be larger.
    polish : bool, default=True
        Lower the inertia of the rounded labels by moving single points; the labels are
        then those that ``predict`` gives. Without it, the inertia may be larger,
        ``predict`` may give other labels, and ``labels_`` are sometimes nearer to the
        groups that are sought.
    certificate : str or None, default="auto"
        Where ``lower_bound_`` comes from: a ``method`` of :func:`certify_kmeans`. With
        "auto", the bound of the ADMM itself is used where there is one. None computes
        no bound.
    block_size : int, default=1000
        Maximum number of points in a block, for the certificate "blocks".
    n_init : int or "auto", default="auto"
        Random starts of "low_rank", of which the best solution is kept. "auto" is 5
        for up to 5000 points, else 1.
    max_iter : int, default=5000
        Maximum number of iterations of the solver, per start.
    tol : float, default=0.0001
        Relative tolerance on constraint violation and objective; the objective counts
        as at least a thousandth of the total sum of squares.
    memory_limit : int, float or None, default=2000000000
        Maximum memory for n x n matrices, and for a sparse ``X`` made dense: bytes
        (int), fraction of the available memory (float), or all of it (None).
    solver_options : dict, default=None
        For "cvxpy": "solver", which is "SCS" or the name of another one such as
        "CLARABEL", and what that solver understands.
    n_jobs : int, default=None
        Number of threads for the certificate "blocks". None means 1 unless in a
        :obj:`joblib.parallel_config` context; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Draws the starts of "low_rank" and of the rounding. Pass an int for the same
        result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each training point.
    cluster_centers_ : ndarray of shape (n_clusters, n_features) or None
        Means of the clusters, in the dtype of ``X``; None if
        ``affinity="precomputed"``.
    inertia_ : float
        Sum of squared distances to the means.
    lower_bound_ : float
        Lower bound of the inertia of any clustering; NaN if ``certificate=None``.
    gap_ : float
        ``(inertia_ - lower_bound_) / abs(inertia_)``.
    certified_ : bool
        Whether the labels are proven to be optimal.
    certificate_ : KMeansCertificate or None
        The bound, where it comes from and whether it holds for certain.
    relaxed_inertia_ : float
        :math:`\operatorname{tr} A - \langle A, Z \rangle` of the :math:`Z` that was
        found, or ``lower_bound_`` if that is larger: :math:`Z` is feasible up to
        ``infeasibility_``. Not a bound itself, and never above ``inertia_``.
    membership_factor_ : ndarray of shape (n_samples, n_factors)
        :math:`U` with :math:`Z \approx U U^T`, in the dtype of ``X``. Where the labels
        are better than the :math:`Z` of the solver, it is theirs: a column for each
        cluster, and zeros.
    infeasibility_ : float
        Constraint violation: the relative norm of that of :math:`Z \ge 0` and
        :math:`Z 1 = 1`, or, for "low_rank", where these hold, the error of the trace
        relative to ``n_clusters``.
    n_iter_ : int
        Number of iterations of the solver.
    solver_ : str
        The solver that "auto" chose.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples; if a kernel is not square or
        not symmetric; if squared distances leave the range of float64; if "cvxpy" is
        asked for more than 300 points, or does not take ``solver_options``; if ``rank``
        is less than ``n_clusters``.
    MemoryError
        If n x n matrices, or a sparse ``X`` made dense, exceed ``memory_limit``.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the solver; if there are fewer distinct points than
        clusters: some are then empty.

    See Also
    --------
    certify_kmeans : The bound for labels of another estimator.
    sklearn.cluster.KMeans : The same inertia, faster and without a bound.

    References
    ----------
    .. [1] J. Peng and Y. Wei, "Approximating K-means-type clustering via semidefinite
       programming", SIAM Journal on Optimization 18, 2007.
    .. [2] Y. Zhuang, X. Chen, Y. Yang and R. Y. Zhang, "Statistically optimal K-means
       clustering via nonnegative low-rank semidefinite programming", ICLR, 2024.
    .. [3] D. G. Mixon, S. Villar and R. Ward, "Clustering subgaussian mixtures by
       semidefinite programming", Information and Inference 6, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skextras.cluster import SDPKMeans
    >>> model = SDPKMeans(n_clusters=3, random_state=0).fit(load_iris().data)
    >>> round(model.inertia_, 2), round(model.lower_bound_, 1)
    (78.85, 75.5)
    >>> model.certified_
    False
    >>> model.predict([[5.0, 3.4, 1.5, 0.2]]) == model.labels_[0]
    array([ True])
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "affinity": [StrOptions({"linear", "precomputed"})],
        "solver": [StrOptions({"auto", "admm", "low_rank", "cvxpy"})],
        "rank": [Interval(Integral, 1, None, closed="left"), None],
        "rounding": [StrOptions(set(_rounding.WAYS))],
        "polish": ["boolean"],
        "certificate": [
            StrOptions({"auto", "quick", "sdp", "blocks", "monte-carlo"}),
            None,
        ],
        "block_size": [Interval(Integral, 2, None, closed="left")],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, 1, closed="neither")],
        "memory_limit": MEMORY_LIMIT,
        "solver_options": [dict, None],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        affinity="linear",
        solver="auto",
        rank=None,
        rounding="best",
        polish=True,
        certificate="auto",
        block_size=1000,
        n_init="auto",
        max_iter=5000,
        tol=1e-4,
        memory_limit=2_000_000_000,
        solver_options=None,
        n_jobs=None,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.affinity = affinity
        self.solver = solver
        self.rank = rank
        self.rounding = rounding
        self.polish = polish
        self.certificate = certificate
        self.block_size = block_size
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.memory_limit = memory_limit
        self.solver_options = solver_options
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None):
        """Solve the relaxation, round it, and bound what is lost.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples), and dense, if
            ``affinity="precomputed"``. A sparse matrix is made dense.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        linear = self.affinity == "linear"
        X = validate_data(
            self,
            X,
            dtype=[np.float64, np.float32],
            order="C",
            accept_sparse=linear and "csr",
        )
        params = self.get_params(deep=False)
        settings = Settings.of(params, X.shape[0])
        if issparse(X):
            X = made_dense(X, self.memory_limit)
        rng = check_random_state(self.random_state)
        self.solver_ = settings.solver
        with blas_on_one_thread():
            points, rows = points_or_kernel(X, settings.precomputed)
            distinct = _rounding.distinct_rows(rows)
            if points.total <= 0:  # beside what rounding makes of them
                distinct = np.zeros(1, dtype=np.intp), np.zeros(len(X), dtype=np.intp)
            with fit_progress(self, X, max_steps=settings.n_steps) as step:
                relaxed = self._solve(points, distinct, settings, rng, step)
                U = relaxed.memberships.factor()
                ways = {"rounding": self.rounding, "polish": self.polish}
                k = settings.n_clusters
                labels = _rounding.round_relaxation(points, distinct, U, k, rng, **ways)
                self.cluster_centers_ = None
                if linear:
                    if self.polish or len(distinct[0]) <= k:
                        labels, self.cluster_centers_ = settle(X, labels, k)
                    else:
                        self.cluster_centers_ = find_centers(X, labels, k)
                args = points, labels, len(distinct[0]), relaxed, settings, rng
                self._set_certificate(*certify_labels(*args))
        self._set_relaxed(points, labels, relaxed, U.astype(X.dtype), k)
        self.labels_ = labels.astype(np.int32)
        self._n_features_out = k
        warn_of_equal_points(len(distinct[0]), k)
        return self

    def _solve(self, points, distinct, settings, rng, step):
        """Solve the relaxation; set and tell how that ended."""
        relaxed = relax(
            points,
            distinct,
            settings,
            solver_options=self.solver_options,
            rng=rng,
            step=step,
        )
        self.n_iter_ = max(int(relaxed.n_iter), 1)
        if not relaxed.converged:
            way_out = advice(relaxed)
            if settings.solver == "cvxpy":
                way_out = "raise the limits of the solver by solver_options"
            warn(f"SDPKMeans {outcome(relaxed)}: {way_out}.", ConvergenceWarning)
        return relaxed

    def _set_certificate(self, inertia, certificate):
        self.inertia_, self.certificate_ = inertia, certificate
        self.lower_bound_ = self.gap_ = np.nan
        self.certified_ = False
        if certificate is not None:
            self.lower_bound_, self.gap_ = certificate.lower_bound, certificate.gap
            self.certified_ = certificate.certified

    def _set_relaxed(self, points, labels, relaxed, factor, k):
        """Set what is told of Z: that of the labels where it is better."""
        value = float(relaxed.value * points.scale)
        self.infeasibility_ = float(relaxed.infeasibility)
        if value > self.inertia_ and len(np.unique(labels)) == k:
            self.infeasibility_ = 0.0
            own = _rounding.membership(labels, k)
            more = max(factor.shape[1] - k, 0)
            factor = np.pad(own, ((0, 0), (0, more))).astype(factor.dtype)
        bound = -np.inf if np.isnan(self.lower_bound_) else self.lower_bound_
        self.relaxed_inertia_ = min(max(value, bound), self.inertia_)
        self.membership_factor_ = factor

    def membership_matrix(self):
        """Return :math:`Z = U U^T`, for n x n matrices within ``memory_limit``.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_samples)
            Relaxed membership: about 1 / (size of the cluster) for points that belong
            together, about 0 for others.
        """
        check_is_fitted(self)
        U = self.membership_factor_
        check_memory(
            8 * len(U) ** 2,
            f"Z of {len(U)} points",
            "work with membership_factor_, or raise memory_limit.",
            limit=self.memory_limit,
        )
        return U @ U.T

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.affinity == "precomputed"
        tags.input_tags.sparse = self.affinity == "linear"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
