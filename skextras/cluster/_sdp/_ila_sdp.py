"""Iterative LA-SDP clustering, which estimates the covariances too: the estimator."""

from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skextras._callbacks import fit_progress
from skextras._fitting import fit_method, warn
from skextras._gaussian._covariances import contract
from skextras._parallel import blas_on_one_thread
from skextras._validation import Interval, StrOptions
from skextras.cluster._sdp._alternation import Alternation, alternate
from skextras.cluster._sdp._lasdp import SHARED
from skextras.cluster._sdp._lasdp_base import BaseLASDP

_EXPECTED = 5  # iterations of a run, for its progress


class ILASDP(BaseLASDP):
    r"""Iterative likelihood-adjusted semidefinite clustering.

    Clusters samples into Gaussian groups of different shapes. It alternates between the
    relaxation of :class:`LASDP`, which gives memberships for covariances, and the
    covariances of these memberships, shrunk. ``refine="em"`` lets EM with the same
    shrinkage finish the work, and the result is its Gaussian mixture.

    EM with shrunk covariances from a good start is a strong and cheaper rival. See the
    :ref:`User Guide <ila_sdp>` for numbers, and for when not to use this.

    An iteration takes up to a few hundred passes of :math:`O(n K d r)` for :math:`n`
    samples, :math:`K` clusters, :math:`d` features and ``rank`` :math:`r`; fewer than
    ten iterations are usual.

    Parameters
    ----------
    n_clusters : int, default=2
        Number of clusters. The default is small because each one needs samples enough
        for a covariance.
    init : str or array-like of shape (n_samples,), default="auto"
        First clustering. "auto" makes several, by k-means and Ward's method in the
        units of X, with features scaled to variance 1, and whitened; runs EM from each;
        and takes the one of the largest likelihood, or k-means in the units of X where
        the gain could be chance. Above 2000 samples, these are made of 2000. "sdp" is
        the relaxation with equal spherical covariances, which is that of k-means;
        "ward" and "k-means++", k-means from one start, are in the units of X. Or give
        integer labels.
    covariance_type : str, default="full"
        "full", "tied", "diag" or "spherical", as in
        :class:`~sklearn.mixture.GaussianMixture`.
    covariances_init : array-like, default=None
        Covariances of the first iteration, in the shape of ``covariances_``.
    update_covariances : bool, default=True
        Whether to estimate covariances. If not, ``covariances_init`` must be given, and
        there is one iteration, without EM.
    covariance_update : str, default="soft"
        "soft" weights samples by membership, "hard" takes labels. "exact" takes the
        covariances with the largest objective for the Z_k: without shrinkage, the
        objective then rises in each iteration. These are smaller, as they leave out
        what separates the parts of a cluster that is relaxed.
    shrinkage : float or "auto", default="auto"
        Shrinkage intensity: share of a sphere in each covariance, in coordinates where
        the covariance of all samples is that of a sphere: the units of the features and
        rotations do not matter to it. "auto" is ((d + 1) / (n_k + d + 1)) ** 1.5 for
        n_k samples, with 1 for d if ``covariance_type="diag"``.
    anneal : bool, default=False
        Shrink by 0.8, 0.5, 0.3 and 0.15 in the first four iterations: for bad starts.
    reg_covar : float, default=1e-06
        Multiple of the covariance of all samples that is added to covariances; of the
        variances for "diag", of their mean for "spherical"; at least 1e-12.
    weights : str, default="estimated"
        "estimated" for the shares of the clusters, or "uniform" for clusters that count
        the same. With "uniform", a small cluster takes samples of a large one.
    trace : str, default="each"
        "each": trace 1 for every Z_k. "sum": ``n_clusters`` for their sum.
    solver : str, default="auto"
        "low_rank", "admm" or "cvxpy", see :class:`LASDP`. "auto" is "low_rank".
    rank : int, default=4
        Number of parts of each Z_k, for "low_rank".
    solver_tol : float, default=0.01
        Tolerance of the solver. Smaller ones rarely change labels.
    solver_max_iter : int, default=5000
        Maximum number of iterations of the solver in one relaxation.
    refine : str or None, default="em"
        "em" to end with EM from the last memberships, or None.
    min_cluster_size : float, default=2
        Minimum number of samples in a cluster: if one falls below it, the iterations
        end with the one before. ``n_clusters`` times this must be at most
        ``n_samples``. Unused if
        ``update_covariances=False``, or if there are no more distinct rows than
        clusters.
    max_iter : int, default=30
        Maximum number of iterations.
    tol : float, default=0.0001
        The iterations end when labels stay, or the objective, which is twice a
        log-likelihood, changes by at most ``2 * tol * n_samples``.
    n_init : int, default=1
        Number of runs, of which the best is kept: that with the largest likelihood
        after EM, or with the largest objective if ``refine=None``, both with shrunk
        covariances, and with no cluster below ``min_cluster_size``. To either,
        c / 2 times the sum of the log-determinants is added, for c = d + 2, or 3 for
        "diag" and "spherical", or a quarter of the mean cluster size if that is less: a
        cluster of c samples gains nothing where it collapses. Runs differ most with
        ``init="k-means++"``. Within a run, the first relaxation by "low_rank" has 10
        random starts up to 5000 samples and 3 above, and two from the first labels.
    memory_limit : int, float or None, default=2000000000
        Maximum memory for the matrices of the solvers "admm" and "cvxpy": bytes (int),
        fraction of the available memory (float), or all of it (None).
    random_state : int, RandomState instance or None, default=None
        Draws the starts. Pass an int for the same result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each sample: that of its largest membership.
    membership_ : ndarray of shape (n_samples, n_clusters)
        Probabilities of the clusters after EM, else scaled row sums of the Z_k, as in
        :class:`LASDP`. Rows sum to 1. In the dtype of ``X``, as far as that is float32;
        the other attributes are in float64.
    means_ : ndarray of shape (n_clusters, n_features)
        Means by membership.
    covariances_ : ndarray
        Covariances, in the shape that ``covariance_type`` has in
        :class:`~sklearn.mixture.GaussianMixture`.
    weights_ : ndarray of shape (n_clusters,)
        Shares of the clusters, or equal ones.
    objective_ : float
        Objective of the last relaxation.
    objective_path_ : ndarray of shape (n_steps,)
        Objectives of all relaxations, each with its own covariances.
    upper_bound_ : float or None
        Upper bound of the objective of any labels with the covariances of the last
        relaxation; None for "low_rank".
    infeasibility_ : float
        Constraint violation of the last relaxation, see :class:`LASDP`.
    n_iter_ : int
        Number of iterations.
    converged_ : bool
        Whether the iterations, the solver and EM converged.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If there are fewer samples than clusters, or than ``min_cluster_size`` in each;
        if ``init`` or ``covariances_init`` has a wrong shape or content.
    MemoryError
        If a dense solver would take more than ``memory_limit``.

    Warns
    -----
    ConvergenceWarning
        If the iterations, the solver or EM did not converge; if a cluster fell below
        ``min_cluster_size``; if there are fewer distinct rows than clusters.

    See Also
    --------
    LASDP : One relaxation, for covariances that are known.
    sklearn.mixture.GaussianMixture : EM without shrinkage.

    References
    ----------
    .. [1] Y. Zhuang, X. Chen and Y. Yang, "Likelihood adjusted semidefinite programs
       for clustering heterogeneous data", ICML, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import ILASDP
    >>> rng = np.random.default_rng(0)
    >>> flat = rng.normal(size=(60, 2)) * [6, 0.3]
    >>> tall = rng.normal(size=(60, 2)) * [0.3, 6] + [0, 8]
    >>> model = ILASDP(n_clusters=2, random_state=0).fit(np.vstack([flat, tall]))
    >>> flat_label, tall_label = model.predict([[5, 0], [0, 12]])
    >>> bool(flat_label != tall_label)
    True
    >>> model.membership_.shape
    (120, 2)
    """

    _parameter_constraints = {  # noqa: RUF012
        **SHARED,
        "covariances_init": ["array-like", None],
        "solver_tol": [Interval(Real, 0, None, closed="neither")],
        "solver_max_iter": [Interval(Integral, 1, None, closed="left")],
        "update_covariances": ["boolean"],
        "covariance_update": [StrOptions({"soft", "hard", "exact"})],
        "anneal": ["boolean"],
        "refine": [StrOptions({"em"}), None],
        "min_cluster_size": [Interval(Real, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_clusters=2,
        *,
        init="auto",
        covariance_type="full",
        covariances_init=None,
        update_covariances=True,
        covariance_update="soft",
        shrinkage="auto",
        anneal=False,
        reg_covar=1e-6,
        weights="estimated",
        trace="each",
        solver="auto",
        rank=4,
        solver_tol=1e-2,
        solver_max_iter=5000,
        refine="em",
        min_cluster_size=2,
        max_iter=30,
        tol=1e-4,
        n_init=1,
        memory_limit=2_000_000_000,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.covariance_type = covariance_type
        self.covariances_init = covariances_init
        self.update_covariances = update_covariances
        self.covariance_update = covariance_update
        self.shrinkage = shrinkage
        self.anneal = anneal
        self.reg_covar = reg_covar
        self.weights = weights
        self.trace = trace
        self.solver = solver
        self.rank = rank
        self.solver_tol = solver_tol
        self.solver_max_iter = solver_max_iter
        self.refine = refine
        self.min_cluster_size = min_cluster_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.memory_limit = memory_limit
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None):
        """Alternate between labels and covariances.

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
        if given is None and not self.update_covariances:
            raise ValueError(
                "update_covariances=False needs covariances_init, got None: give the "
                "covariances or let them be estimated."
            )
        labels = self._few_rows(X)
        if labels is not None:
            self._set_trivial(X, labels, given)
            self.objective_path_ = np.array([self.objective_])
            return self
        if self.update_covariances and (
            self.min_cluster_size * self._n_clusters > len(X)
        ):
            raise ValueError(
                f"min_cluster_size={self.min_cluster_size:g} times n_clusters="
                f"{self._n_clusters} must be <= n_samples={len(X)}: lower one of them."
            )
        kept = None if self.update_covariances else given
        frame, views, inside, given = self._enter(X, given)
        mixture, solver_options = self._mixture_options(), self._options(len(X))
        options = Alternation(
            self.init,
            self.update_covariances,
            self.covariance_update,
            self.anneal,
            self.refine,
            int(self.max_iter),
            float(self.tol),
        )
        rng, n_init, runs = self._rng(), int(self.n_init), []
        with blas_on_one_thread(), fit_progress(self, X, max_steps=n_init) as step:
            for _ in range(n_init):
                with step(_EXPECTED) as part:
                    args = inside, views, given, mixture, options, solver_options
                    runs.append(alternate(*args, rng, part))
        run = max(runs, key=lambda run: run.rank)
        self._set_relaxed(run.relaxed, 2.0 * len(X) * frame.log_det)
        run = run.in_units_of(frame)
        self._set_run(run if kept is None else run._replace(covariances=kept))
        if run.faults:
            warn(
                f"ILASDP did not converge: {'; '.join(run.faults)}.",
                ConvergenceWarning,
            )
        return self

    def _set_run(self, run):
        self.labels_ = run.labels
        self.membership_ = run.membership.astype(self._dtype)
        self.means_, self.weights_ = run.means, run.weights
        self.covariances_ = contract(run.covariances, self.covariance_type)
        self.objective_path_ = np.array(run.path)
        self.n_iter_ = len(run.path)
        self.converged_ = not run.faults

    def _given(self):
        return self.covariances_init, "covariances_init"

    def _stop_rule(self):
        return float(self.solver_tol), int(self.solver_max_iter)

    def _keeps_covariances(self):
        return self.covariances_init is not None and not self.update_covariances
