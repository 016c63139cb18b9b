"""Normal mixtures of which some rows are labelled."""

from numbers import Integral, Real

import numpy as np

from skextras import _labels
from skextras._fitting import fit_method
from skextras._gaussian._covariances import TYPES
from skextras._gaussian._maximization import Options
from skextras._gaussian._missing import is_any
from skextras._validation import (
    N_JOBS,
    Interval,
    StrOptions,
    check_weights,
    in_words,
)
from skextras.mixture._mixtures import _given, _prior, _problem
from skextras.mixture._mixtures._class_mixture import ClassMixture
from skextras.mixture._mixtures._structure import Structure


class SemiSupervisedGaussianMixture(ClassMixture):
    r"""Gaussian mixture of labelled and unlabelled rows, with novel classes.

    Labelled rows belong to the components of their class; unlabelled ones, marked by
    -1, to any, also to those of ``n_novel`` classes that no label names. EM maximises

    .. math:: \sum_{i\ \text{labelled}} \log p(x_i \mid y_i)
              + \lambda \sum_{i\ \text{unlabelled}} \log p(x_i)

    plus the log density of the prior, where :math:`\lambda` is ``unlabelled_weight``,
    and log p(x, y) takes the place of log p(x | y) with ``weights="all"``. Labels are
    taken to be missing at random within each class.

    Parameters
    ----------
    n_novel : int, default=0
        Number of classes that no label names, of one component each.
    n_components_per_class : int, default=1
        Number of components of each known class.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        Each component has its own covariance, all have the same, the features are
        independent, or have one variance.
    prior : {"empirical"}, dict or None, default=None
        Normal-inverse-Wishart law of means and covariances: None for maximum
        likelihood; "empirical" takes the one under which the labelled classes are
        likeliest; a dict has "mean", "mean_precision", "degrees_of_freedom" and
        "covariance".
    prior_strength : float, default=1.0
        Multiplies the degrees of freedom of the empirical prior, beyond n_features + 1:
        the larger, the more alike covariances are.
    weights : {"unlabelled", "all"}, default="unlabelled"
        Rows that the weights of the classes are estimated from: labels are often given
        to some classes more than to others. If none is unlabelled, all count.
    unlabelled_weight : float, default=1.0
        Weight of each unlabelled row.
    tol : float, default=0.001
        EM ends when the mean objective changes by less.
    reg_covar : float or "auto", default="auto"
        Added to the diagonal of the covariances, in squared units of the features.
        "auto" adds 1e-6 times the covariance of all rows.
    max_iter : int, default=100
        Largest number of iterations of EM.
    n_init : int, default=1
        Number of starts; the fit of largest objective is kept.
    weights_init : array-like of shape (n_components,), default=None
        First weights.
    means_init : array-like of shape (n_components, n_features), default=None
        First means: those of the known classes in sorted order, then the novel ones.
    precisions_init : array-like, default=None
        First inverse covariances, in the shape of ``precisions_``.
    responsibilities_init : array-like of shape (n_samples, n_components), default=None
        First responsibilities of the components for the rows, also for labelled ones.
    freeze : dict or None, default=None
        Components whose parameters stay as they begin: keys are among "weights",
        "means" and "covariances", values are arrays of numbers of components, or "all".
    warm_start : bool, default=False
        Begin with the last fit.
    missing : {"error", "ignore"}, default="error"
        Refuse missing values (NaN), or take them to be missing at random: densities are
        those of the other values.
    n_jobs : int, default=None
        Number of threads; -1 means all processors. Results do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts, and of ``sample``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Known classes in sorted order, then novel ones: for integers, the numbers that
        follow the largest label; "novel_0", "novel_1", ... for text.
    known_classes_ : ndarray
        The classes that labels name.
    novel_classes_ : ndarray of shape (n_novel,)
        The others.
    component_classes_ : ndarray of shape (n_components,)
        Class of each component.
    class_weights_ : ndarray of shape (n_classes,)
        Weights of the classes.
    weights_ : ndarray of shape (n_components,)
        Weights of the components.
    means_ : ndarray of shape (n_components, n_features)
        Means of the components.
    covariances_ : ndarray
        Covariances, in the shape of scikit-learn's ``GaussianMixture``.
    precisions_ : ndarray
        Inverse covariances, in the same shape.
    precisions_cholesky_ : ndarray
        Their factors: ``precisions = P @ P.T``.
    prior_ : dict or None
        The prior, as the parameter takes it.
    converged_ : bool
        Whether EM converged.
    n_iter_ : int
        Number of iterations of the best start.
    lower_bound_ : float
        Objective over the weight of all rows, before the last step.
    lower_bounds_ : list of float
        The same for all iterations.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    Raises
    ------
    ValueError
        If labels are no classes, or there are too few rows for the components.

    See Also
    --------
    GaussianMixture : Mixture without labels.

    References
    ----------
    .. [1] D. J. Miller and H. S. Uyar, "A mixture of experts classifier with learning
       based on both labelled and unlabelled data", NIPS 1996.
    .. [2] K. Nigam, A. McCallum, S. Thrun and T. Mitchell, "Text classification from
       labeled and unlabeled documents using EM", Machine Learning 39, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.mixture import SemiSupervisedGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.r_[rng.normal(size=(100, 2)), rng.normal(6, 1, size=(100, 2))]
    >>> y = np.full(200, -1)
    >>> y[:10] = 0  # nobody told of the second class
    >>> model = SemiSupervisedGaussianMixture(n_novel=1, random_state=0).fit(X, y)
    >>> model.classes_
    array([0, 1])
    >>> model.predict([[0, 0], [6, 6]])
    array([0, 1])
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "n_novel": [Interval(Integral, 0, None, closed="left")],
        "n_components_per_class": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(TYPES))],
        "prior": [StrOptions({"empirical"}), dict, None],
        "prior_strength": [Interval(Real, 0, None, closed="neither")],
        "weights": [StrOptions({"unlabelled", "all"})],
        "unlabelled_weight": [Interval(Real, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "responsibilities_init": ["array-like", None],
        "freeze": [dict, None],
        "warm_start": ["boolean"],
        "missing": [StrOptions({"error", "ignore"})],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_novel=0,
        *,
        n_components_per_class=1,
        covariance_type="full",
        prior=None,
        prior_strength=1.0,
        weights="unlabelled",
        unlabelled_weight=1.0,
        tol=1e-3,
        reg_covar="auto",
        max_iter=100,
        n_init=1,
        weights_init=None,
        means_init=None,
        precisions_init=None,
        responsibilities_init=None,
        freeze=None,
        warm_start=False,
        missing="error",
        n_jobs=None,
        random_state=None,
    ):
        self.n_novel = n_novel
        self.n_components_per_class = n_components_per_class
        self.covariance_type = covariance_type
        self.prior = prior
        self.prior_strength = prior_strength
        self.weights = weights
        self.unlabelled_weight = unlabelled_weight
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.responsibilities_init = responsibilities_init
        self.freeze = freeze
        self.warm_start = warm_start
        self.missing = missing
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None, sample_weight=None, label_distributions=None):
        """Estimate the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown; None means -1 for all. Text
            and -1 go together in an array of dtype object.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, at least 0: the fit is that of rows repeated so often.
        label_distributions : array-like of shape (n_samples, n_classes), default=None
            Probabilities of the classes of y, in sorted order, for rows that are -1
            there; NaN or zeros for the others.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        problem, given, classes = self._read(X, y, sample_weight, label_distributions)
        self._set_classes(classes, problem.structure, problem.options.prior)
        self._run(problem, given, "kmeans")
        self.class_weights_ = problem.structure.class_sums(self.weights_)
        return self

    def _read(self, X, y, sample_weight, label_distributions):
        """Return the problem, first parameters, and the names of all classes."""
        X = self._rows_to_fit(X)
        n, d = X.shape
        labels = _labels.read(y, label_distributions, n)
        weight = check_weights(sample_weight, n)
        is_free = labels.codes == 0
        self._check_sizes(labels, weight)
        weight = np.where(is_free, weight * self.unlabelled_weight, weight)
        if not weight.any():
            raise ValueError(
                f"unlabelled_weight={self.unlabelled_weight} leaves no row with a "
                "weight: label some, or give more."
            )
        structure = Structure(
            labels, self.n_components_per_class, self.n_novel, self.weights
        )
        kind, shape = self.covariance_type, (structure.n_components, d)
        spread, mean, total = _problem.spread_of(X, weight, kind)
        prior = self.prior
        if isinstance(prior, dict):
            prior = _prior.read(prior, d)
        elif prior is not None:
            prior = _prior.empirical(
                X, weight, labels, shape[0], mean, total, self.prior_strength
            )
        concentration = 0.0 if prior is None else prior.concentration
        options = Options(
            kind, _problem.floor_of(self.reg_covar, spread, d, kind), spread,
            lambda found: structure.weigh(found, concentration), prior,
            is_any(X), _given.frozen(self.freeze, kind, shape[0]),
        )  # fmt: skip
        given = _given.read(
            self.weights_init, self.means_init, self.precisions_init,
            self.responsibilities_init, kind, shape, n,
        )  # fmt: skip
        problem = _problem.Problem(
            X, weight, labels, structure, options, self._n_threads()
        )
        return problem, given, _labels.names(labels.classes, self.n_novel)

    def _check_sizes(self, labels, weight):
        """Raise if some component could have no row."""
        _labels.check_novel(labels, weight, self.n_novel)
        for c, name in enumerate(labels.classes):
            count = int(((labels.codes == c + 1) & (weight > 0)).sum())
            if count < self.n_components_per_class:
                raise ValueError(
                    f"n_components_per_class={self.n_components_per_class} is more "
                    f"than the labelled rows of class {in_words(name)} in y, {count}."
                )

    def fit_predict(self, X, y=None, sample_weight=None, label_distributions=None):
        """Estimate the mixture, and return the likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.
        label_distributions : array-like of shape (n_samples, n_classes), default=None
            Probabilities of the classes for rows that are not labelled.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes: those that were given for labelled rows.
        """
        self.fit(X, y, sample_weight, label_distributions)
        return self._with_given(self.predict(X), y)
