"""Normal mixtures that find out how many classes no label names."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from skextras import _labels
from skextras._callbacks import fit_progress
from skextras._fitting import fit_method
from skextras._gaussian._covariances import TYPES
from skextras._gaussian._maximization import Mixture
from skextras._validation import (
    N_JOBS,
    Interval,
    StrOptions,
    check_weights,
    in_words,
)
from skextras.mixture._mixtures import _prior, _problem, _starts, _zeta
from skextras.mixture._mixtures._class_mixture import ClassMixture
from skextras.mixture._mixtures._search import Search, best_of, of_all

_OVER_GIVEN, _OVER_UNKNOWN = 4, 6  # "auto"


class GaussianMixtureDiscovery(ClassMixture):
    r"""Gaussian mixture that discovers classes which no label names.

    Labelled rows belong to the component of their class, unlabelled ones, marked by -1,
    to any, also to those of novel classes, of which nobody told the number. The search
    begins where few neighbours are labelled, with more clusters than there are classes.
    It unites those that one component explains better than two, then runs EM, splits
    components and unites them again, as long as the sum of the log marginal likelihoods
    of the components rises. Classes are not normal: only a share ``zeta`` of the rows
    counts as evidence. The share is chosen by hiding known classes, and no label of a
    novel one is looked at.

    Labels are taken to be missing at random within each class. Where they are not, use
    ``novelty="typicality"``.

    Parameters
    ----------
    n_novel : int, default=None
        Number of classes that no label names; None means that it is estimated.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        Each component has its own covariance, all have the same, the features are
        independent, or have one variance.
    prior : {"empirical"} or dict, default="empirical"
        Normal-inverse-Wishart law of means and covariances: "empirical" takes the one
        under which the labelled classes are likeliest; a dict has "mean",
        "mean_precision", "degrees_of_freedom" and "covariance".
    prior_strength : float, default=1.0
        Multiplies the degrees of freedom of the empirical prior, beyond n_features + 1:
        the larger, the more alike covariances are.
    concentration : float, default=1.0
        Of the Dirichlet process prior of the components: the larger, the more there
        are.
    zeta : {"auto", "cv"} or float, default="auto"
        Share of the rows of novel components that counts as evidence, above 0 and at
        most 1. "cv" chooses it by hiding known classes, and needs two of them; "auto"
        is "cv" if ``n_novel`` is None and there are two, else 0.1, and 1 if
        ``n_novel`` is given.
    novelty : {"label_rate", "typicality"}, default="label_rate"
        Which rows look novel at first: those with few labelled neighbours, or those far
        from the labelled rows of each class.
    over : int or "auto", default="auto"
        Clusters that the search begins with, for each novel class that is expected:
        "auto" is 4 if ``n_novel`` is given, else 6 for each known class.
    min_cluster_size : int, default=6
        Least weight of the unlabelled rows of a novel component.
    max_novel : int, default=None
        Largest number of novel classes; None means no limit.
    acceptance : {"greedy", "stochastic"}, default="greedy"
        Accept moves that are a gain, or with probability min(1, H), where H is the
        ratio of Hastings [1]_.
    weights : {"unlabelled", "all"}, default="unlabelled"
        Rows that the weights of the classes are estimated from.
    freeze_known : bool, default=False
        Estimate means and covariances of known classes from labelled rows alone.
    reg_covar : float or "auto", default="auto"
        Added to the diagonal of the covariances, in squared units of the features.
        "auto" adds 1e-6 times the covariance of all rows.
    tol : float, default=0.001
        EM ends when the mean objective changes by less.
    max_iter : int, default=100
        Largest number of iterations of EM.
    max_rounds : int, default=20
        Largest number of rounds of splits and unions.
    n_init : int, default=10
        Largest number of searches. Of those with the number of classes that is found
        most often, the one of largest objective is kept. There are fewer searches if
        three of them end alike.
    warm_start : bool, default=False
        Begin with the last fit, instead of many clusters.
    n_jobs : int, default=None
        Number of threads; -1 means all processors. Results do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed of the searches, and of ``sample``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Known classes in sorted order, then novel ones by falling weight: for integers,
        the numbers that follow the largest label; "novel_0", "novel_1", ... for text.
    known_classes_ : ndarray
        The classes that labels name.
    novel_classes_ : ndarray of shape (n_novel_classes,)
        The others.
    n_novel_classes_ : int
        Their number.
    n_novel_source_ : {"given", "estimated"}
        Where that number is from.
    labels_ : ndarray of shape (n_samples,)
        Classes of the rows: those that were given for labelled ones.
    component_classes_ : ndarray of shape (n_classes,)
        Class of each component: ``classes_``.
    weights_ : ndarray of shape (n_classes,)
        Weights of the components.
    means_ : ndarray of shape (n_classes, n_features)
        Means of the components.
    covariances_ : ndarray
        Covariances, in the shape of scikit-learn's ``GaussianMixture``.
    precisions_ : ndarray
        Inverse covariances, in the same shape.
    precisions_cholesky_ : ndarray
        Their factors: ``precisions = P @ P.T``.
    prior_ : dict
        The prior, as the parameter takes it.
    zeta_ : float
        Share of the rows that counts as evidence.
    zeta_scores_ : dict or None
        Share of the rows of hidden classes that were found, by ``zeta``, if that was
        chosen.
    novelty_mask_ : ndarray of shape (n_samples,)
        Rows that looked novel at first, among the at most 10 000 that are searched.
    history_ : list of dict
        For each round that was accepted: "n_novel", "objective", and "moves", named
        tuples ``(kind, components, gain)`` with the numbers of the components then.
    converged_ : bool
        Whether the last EM converged.
    n_iter_ : int
        Number of its iterations.
    lower_bound_ : float
        Its objective over the weight of all rows.
    lower_bounds_ : list of float
        The same for all iterations.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    Raises
    ------
    ValueError
        If labels are no classes, ``n_novel`` is more than the unlabelled rows, or
        ``zeta="cv"`` has fewer than two known classes to hide.

    See Also
    --------
    SemiSupervisedGaussianMixture : EM with a given number of novel classes.
    skextras.model_selection.KnownClassSearchCV : Search of the other parameters.

    Notes
    -----
    With more than 10 000 rows, a random part of that size is searched, and the last EM
    takes all.

    References
    ----------
    .. [1] J. Chang and J. W. Fisher III, "Parallel sampling of DP mixture models using
       sub-cluster splits", NIPS 2013.
    .. [2] B. Zhao, X. Wen and K. Han, "Learning semi-supervised Gaussian mixture models
       for generalized category discovery", ICCV 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.mixture import GaussianMixtureDiscovery
    >>> rng = np.random.default_rng(0)
    >>> middles = 10 * rng.normal(size=(5, 2))
    >>> X = np.repeat(middles, 60, axis=0) + rng.normal(size=(300, 2))
    >>> y = np.where(np.arange(300) % 2, np.repeat([0, 1, 2, -1, -1], 60), -1)
    >>> model = GaussianMixtureDiscovery(random_state=0).fit(X, y)
    >>> model.n_novel_classes_, model.n_novel_source_
    (2, 'estimated')
    >>> model.classes_
    array([0, 1, 2, 3, 4])
    """

    missing = "error"  # missing values are refused

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "n_novel": [Interval(Integral, 0, None, closed="left"), None],
        "covariance_type": [StrOptions(set(TYPES))],
        "prior": [StrOptions({"empirical"}), dict],
        "prior_strength": [Interval(Real, 0, None, closed="neither")],
        "concentration": [Interval(Real, 0, None, closed="neither")],
        "zeta": [StrOptions({"auto", "cv"}), Interval(Real, 0, 1, closed="right")],
        "novelty": [StrOptions({"label_rate", "typicality"})],
        "over": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "min_cluster_size": [Interval(Integral, 1, None, closed="left")],
        "max_novel": [Interval(Integral, 0, None, closed="left"), None],
        "acceptance": [StrOptions({"greedy", "stochastic"})],
        "weights": [StrOptions({"unlabelled", "all"})],
        "freeze_known": ["boolean"],
        "reg_covar": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_rounds": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_novel=None,
        *,
        covariance_type="full",
        prior="empirical",
        prior_strength=1.0,
        concentration=1.0,
        zeta="auto",
        novelty="label_rate",
        over="auto",
        min_cluster_size=6,
        max_novel=None,
        acceptance="greedy",
        weights="unlabelled",
        freeze_known=False,
        reg_covar="auto",
        tol=1e-3,
        max_iter=100,
        max_rounds=20,
        n_init=10,
        warm_start=False,
        n_jobs=None,
        random_state=None,
    ):
        self.n_novel = n_novel
        self.covariance_type = covariance_type
        self.prior = prior
        self.prior_strength = prior_strength
        self.concentration = concentration
        self.zeta = zeta
        self.novelty = novelty
        self.over = over
        self.min_cluster_size = min_cluster_size
        self.max_novel = max_novel
        self.acceptance = acceptance
        self.weights = weights
        self.freeze_known = freeze_known
        self.reg_covar = reg_covar
        self.tol = tol
        self.max_iter = max_iter
        self.max_rounds = max_rounds
        self.n_init = n_init
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        """Discover the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown; None means -1 for all. Text
            and -1 go together in an array of dtype object.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, at least 0.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X = self._rows_to_fit(X, ensure_min_samples=2)
        labels = _labels.read(y, None, len(X))
        weight = check_weights(sample_weight, len(X))
        n_known = len(labels.classes)
        least = int(n_known == 0) if self.n_novel is None else self.n_novel
        _labels.check_novel(labels, weight, least)
        _labels.check_weighed(labels, weight)
        plan = self._plan(X.shape[1])
        chooses = _zeta.is_chosen(plan, n_known)
        before = self._last_fit(labels, X.shape[1])
        rng = check_random_state(self.random_state)
        problem = _problem.Problem(X, weight, labels, None, None, self._n_threads())
        rows = _starts.rows_to_search(labels.codes, weight, rng)
        searched = problem.of_rows(rows)
        n_folds = len(_zeta.folds(n_known)) if chooses else 0
        self.zeta_ = None if chooses else _zeta.otherwise(plan)
        self.zeta_scores_ = None
        with fit_progress(self, X, max_steps=n_folds + self.n_init + 1) as step:
            if chooses:
                self.zeta_, self.zeta_scores_ = _zeta.choose(searched, plan, rng, step)
            search = Search(searched, plan._replace(zeta=self.zeta_), rng)
            state, self.history_ = best_of(search, self.n_init, before, step)
            with step(self.max_iter) as part:
                fit, owner, problem = of_all(search, problem, state.mixture, part)
        names = _labels.names(labels.classes, problem.structure.n_components - n_known)
        self._set_classes(names, problem.structure, search.options.prior)
        self._set_fit(fit, problem)
        self.novelty_mask_ = np.zeros(len(X), dtype=bool)
        self.novelty_mask_[rows] = search.novel
        self.n_novel_classes_ = len(self.novel_classes_)
        self.n_novel_source_ = "estimated" if self.n_novel is None else "given"
        self.labels_ = self.classes_[owner]
        return self

    def _plan(self, d):
        """Return the parameters that the search has."""
        is_told = self.n_novel is not None and self.max_novel is not None
        if is_told and self.n_novel > self.max_novel:
            raise ValueError(
                f"n_novel={self.n_novel} is more than max_novel={self.max_novel}: "
                "leave one of them out."
            )
        prior = None
        if isinstance(self.prior, dict):
            prior = _prior.read(self.prior, d)
        most = np.inf if self.max_novel is None else self.max_novel
        over = self.over
        if isinstance(over, str):
            over = _OVER_UNKNOWN if self.n_novel is None else _OVER_GIVEN
        return _problem.Plan(
            self.n_novel, self.covariance_type, prior, self.prior_strength,
            self.concentration, self.zeta, self.novelty, over,
            self.min_cluster_size, most, self.acceptance == "stochastic", self.weights,
            self.freeze_known, self.reg_covar, self.tol, self.max_iter, self.max_rounds,
        )  # fmt: skip

    def _last_fit(self, labels, d):
        """Return the mixture of the last fit if it is where to begin."""
        if not (self.warm_start and hasattr(self, "means_")):
            return None
        same = np.array_equal(self.known_classes_, labels.classes)
        if not same or self.means_.shape[1] != d:
            raise ValueError(
                f"warm_start=True continues a fit to {self.means_.shape[1]} features "
                f"and the classes {in_words(self.known_classes_.tolist())}, and now "
                f"there are {d} and {in_words(labels.classes.tolist())}: set "
                "warm_start=False."
            )
        return Mixture(self.weights_, self.means_, self.covariances_)

    def fit_predict(self, X, y=None, sample_weight=None):
        """Discover the classes, and return that of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes: those that were given for labelled rows.
        """
        return self.fit(X, y, sample_weight).labels_

    def __repr__(self, N_CHAR_MAX=700):
        """Return the parameters, and how many novel classes there are after a fit."""
        text = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "n_novel_source_"):
            return text
        return f"{text}  # {self.n_novel_classes_} novel, {self.n_novel_source_}"
