"""LA-SDP clustering with covariances that stay: the estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skextras._callbacks import fit_progress
from skextras._fitting import fit_method, warn
from skextras._gaussian._covariances import TYPES
from skextras._parallel import blas_on_one_thread
from skextras._validation import MEMORY_LIMIT, Interval, StrOptions
from skextras.cluster._sdp._hard_labels import round_memberships
from skextras.cluster._sdp._lasdp_base import BaseLASDP
from skextras.cluster._sdp._lasdp_relaxation import SOLVERS, solve
from skextras.cluster._sdp._program import make_problem
from skextras.cluster._sdp._starts import NAMES, first_clustering

#: Constraints of the parameters that LASDP and ILASDP share.
SHARED = {
    "n_clusters": [Interval(Integral, 1, None, closed="left")],
    "init": [StrOptions(set(NAMES)), "array-like"],
    "covariance_type": [StrOptions(set(TYPES))],
    "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
    # Smaller ones would drown in rounding: covariances could be singular.
    "reg_covar": [Interval(Real, 1e-12, None, closed="left")],
    "weights": [StrOptions({"uniform", "estimated"})],
    "trace": [StrOptions({"each", "sum"})],
    "solver": [StrOptions(set(SOLVERS))],
    "rank": [Interval(Integral, 1, None, closed="left")],
    "memory_limit": MEMORY_LIMIT,
    "random_state": ["random_state"],
}


class LASDP(BaseLASDP):
    r"""Likelihood-adjusted semidefinite clustering with given covariances.

    For samples :math:`x_i` of Gaussian clusters whose covariances :math:`\Sigma_k` are
    known, the best labels maximise :math:`\sum_k \langle A_k, Z_k \rangle` over
    :math:`Z_k = 1_{G_k} 1_{G_k}^T / n_k`, the matrices of the clusters :math:`G_k`,
    where

    .. math:: (A_k)_{ij} = -\log\det\Sigma_k
       - \tfrac12 (x_i - x_j)^T \Sigma_k^{-1} (x_i - x_j).

    This is twice the log-likelihood with the means profiled out, up to a constant. The
    relaxation allows all :math:`Z_k` that are positive semidefinite with entries at
    least 0, :math:`\sum_k Z_k 1 = 1` and trace 1. No means and no labels are needed to
    start. Without ``covariances``, the covariances are those of a first
    clustering, and :class:`ILASDP` is the better choice.

    A pass of the solver "low_rank" takes time :math:`O(n K d r)` for :math:`n`
    samples, :math:`K` clusters, :math:`d` features and ``rank`` :math:`r`, and memory
    is :math:`O(n K (d + r))`.

    Read more in the :ref:`User Guide <ila_sdp>`.

    Parameters
    ----------
    n_clusters : int, default=2
        Number of clusters. The default is small because each one needs samples enough
        for a covariance.
    init : str or array-like of shape (n_samples,), default="auto"
        First clustering, from which the solver starts beside random starts, and which
        gives the covariances if ``covariances`` is None. "auto" takes the best of
        several, by k-means and Ward's method; "sdp" is the relaxation with equal
        spherical covariances; "ward"; "k-means++" is k-means from one start; or integer
        labels. Clusters are matched with ``covariances`` by likelihood.
    covariance_type : str, default="full"
        "full", "tied", "diag" or "spherical", as in
        :class:`~sklearn.mixture.GaussianMixture`.
    covariances : array-like, default=None
        The covariances, in the shape of ``covariances_``.
    shrinkage : float or "auto", default="auto"
        Shrinkage intensity: share of a sphere in each estimated covariance, see
        :class:`ILASDP`. "auto" is ((d + 1) / (n_k + d + 1)) ** 1.5 for n_k samples,
        with 1 for d if ``covariance_type="diag"``.
    reg_covar : float, default=1e-06
        Multiple of the covariance of all samples that is added to covariances that are
        estimated, at least 1e-12.
    weights : str, default="uniform"
        "uniform", or "estimated": then the constant of cluster k contains twice the log
        of its share in the first clustering.
    trace : str, default="each"
        "each": trace 1 for every Z_k. "sum": ``n_clusters`` for their sum, which is a
        weaker relaxation.
    solver : str, default="auto"
        "low_rank": ``rank`` parts, any number of samples. "admm": dense
        matrices, up to a few hundred samples, with an upper bound. "cvxpy": the same
        program stated in cvxpy and solved by SCS, for comparison. "auto" is "low_rank".
    rank : int, default=4
        Number of parts of each Z_k, for "low_rank". With 8, the objective is that of
        the SDP to about 1e-4, at twice the time; labels rarely differ.
    tol : float, default=0.001
        Tolerance of the solver: of ``infeasibility_``, and of the objective. "admm" and
        "cvxpy" have converged when ``abs(upper_bound_ - objective_)`` is at most
        ``tol`` times ``n_samples * n_features``, or times
        ``abs(objective_ + n_samples * c)`` if that is more, where c is the mean of
        -(A_k)_ii over k. "low_rank" has no bound: there, the objective
        changes by at most ``tol * n_samples`` times the mean squared Mahalanobis
        length of the samples.
    max_iter : int, default=5000
        Maximum number of iterations of the solver.
    n_init : int or "auto", default="auto"
        Random starts of "low_rank", beside two from the first labels; the one with the
        largest objective at a loose tolerance is carried on. "auto" is 10 up to 5000
        samples and 3 above.
    memory_limit : int, float or None, default=2000000000
        Maximum memory for the matrices of the solvers "admm" and "cvxpy": bytes (int),
        fraction of the available memory (float), or all of it (None).
    random_state : int, RandomState instance or None, default=None
        Draws the starts. Pass an int for the same result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each sample: that of the largest weighted density around ``means_``,
        as in ``predict``.
    membership_ : ndarray of shape (n_samples, n_clusters)
        Row sums of the Z_k, scaled so that each row sums to 1. One-hot if the
        relaxation is ambiguous (e.g. equal covariances). In the dtype of ``X``, as far
        as that is float32; the other attributes are in float64.
    means_ : ndarray of shape (n_clusters, n_features)
        Means by membership.
    covariances_ : ndarray
        The covariances, in the shape that ``covariance_type`` has in
        :class:`~sklearn.mixture.GaussianMixture`.
    weights_ : ndarray of shape (n_clusters,)
        Shares of the clusters, or equal ones.
    objective_ : float
        Objective of the relaxation.
    upper_bound_ : float or None
        Upper bound of the objective of any labels with these covariances; None for
        "low_rank".
    infeasibility_ : float
        Constraint violation of the relaxation: the root mean square of the traces of
        the Z_k minus 1 for "low_rank", where row sums hold, and of the row sums minus 1
        for "admm" and "cvxpy".
    n_iter_ : int
        Number of iterations of the solver, without those of the loose starts.
    converged_ : bool
        Whether the solver reached its tolerance.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If there are fewer samples than clusters; if ``init`` or ``covariances``
        has a wrong shape or content.
    MemoryError
        If a dense solver would take more than ``memory_limit``.

    Warns
    -----
    ConvergenceWarning
        If the solver did not reach its tolerance; if there are fewer distinct rows than
        clusters; if a cluster has no samples.

    See Also
    --------
    ILASDP : Estimates the covariances too.

    Notes
    -----
    The low-rank problem is not convex, and ``converged_`` tells of a local optimum.
    Random starts can all be bad where the scales of the clusters differ much; so the
    solver starts from labels too, and never returns less than their objective. "admm"
    gives a bound that shows what is left.

    References
    ----------
    .. [1] Y. Zhuang, X. Chen and Y. Yang, "Likelihood adjusted semidefinite programs
       for clustering heterogeneous data", ICML, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import LASDP
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(size=(50, 2)) * [5, 0.3], rng.normal(size=(50, 2))])
    >>> covariances = [[[25, 0], [0, 0.09]], [[1, 0], [0, 1]]]
    >>> model = LASDP(covariances=covariances, random_state=0).fit(X)
    >>> model.membership_.shape
    (100, 2)
    >>> model.predict([[9, 0], [0, 2]])
    array([0, 1])
    """

    _parameter_constraints = {  # noqa: RUF012
        **SHARED,
        "covariances": ["array-like", None],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_clusters=2,
        *,
        init="auto",
        covariance_type="full",
        covariances=None,
        shrinkage="auto",
        reg_covar=1e-6,
        weights="uniform",
        trace="each",
        solver="auto",
        rank=4,
        tol=1e-3,
        max_iter=5000,
        n_init="auto",
        memory_limit=2_000_000_000,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.covariance_type = covariance_type
        self.covariances = covariances
        self.shrinkage = shrinkage
        self.reg_covar = reg_covar
        self.weights = weights
        self.trace = trace
        self.solver = solver
        self.rank = rank
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.memory_limit = memory_limit
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None):
        """Solve the relaxation and round it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X, given = self._prepare(X)
        labels = self._few_rows(X)
        if labels is not None:
            self._set_trivial(X, labels, given)
            self.labels_ = self._log_posterior(X).argmax(axis=1)
            if labels.max() + 1 == self._n_clusters:  # else it is told before
                self._warn_of_empty()
            return self
        options = self._options(len(X))
        steps = options["n_init"] + 1 if self.solver in ("auto", "low_rank") else 1
        with blas_on_one_thread(), fit_progress(self, X, max_steps=steps) as step:
            self._solve(X, given, self._rng(), options, step)
        if not self.converged_:
            warn(
                f"LASDP did not reach tol={self.tol:g} in {self.n_iter_} iterations: "
                "raise max_iter or tol, or scale the features.",
                ConvergenceWarning,
            )
        self._warn_of_empty()
        return self

    def _warn_of_empty(self):
        size = np.bincount(self.labels_, minlength=self._n_clusters)
        if not size.all():
            warn(
                f"LASDP leaves cluster {int(size.argmin())} of n_clusters="
                f"{self._n_clusters} empty: ask for fewer clusters, or give "
                "covariances.",
                ConvergenceWarning,
            )

    def _options(self, n):
        options = super()._options(n)
        if self.n_init != "auto":
            options["n_init"] = int(self.n_init)
        return options

    def _solve(self, X, given, rng, options, step):
        frame, views, inside, known = self._enter(X, given)
        mixture = self._mixture_options()
        labels, membership, _ = first_clustering(
            self.init, mixture, inside, views, known, rng, options
        )
        if known is None:
            known = mixture.covariances(inside, membership)
            given = frame.covariances(known)
        log_weights = mixture.log_weights(membership)
        problem = make_problem(inside, known, log_weights)
        relaxed = solve(problem, rng=rng, labels=labels, step=step, **options)
        shift = 2.0 * len(X) * frame.log_det
        rounded = round_memberships(
            relaxed.memberships, inside, known, log_weights, rng
        )
        self._set_model(X, rounded.labels, rounded.membership, given)
        self.labels_ = self._log_posterior(X).argmax(axis=1)
        self._set_relaxed(relaxed, shift)
        self.n_iter_ = relaxed.n_iter
        self.converged_ = relaxed.converged

    def _given(self):
        return self.covariances, "covariances"

    def _stop_rule(self):
        return float(self.tol), int(self.max_iter)

    def _keeps_covariances(self):
        return self.covariances is not None
