"""A normal mixture with the interface of scikit-learn's."""

from numbers import Integral, Real

import numpy as np

from skextras import _labels
from skextras._fitting import fit_method
from skextras._gaussian._covariances import TYPES
from skextras._gaussian._maximization import Options
from skextras._gaussian._missing import is_any
from skextras._parallel import n_blas_threads
from skextras._validation import Interval, StrOptions
from skextras.mixture._mixtures import _given, _problem
from skextras.mixture._mixtures._base import BaseMixture
from skextras.mixture._mixtures._structure import Structure


class GaussianMixture(BaseMixture):
    """Gaussian mixture fitted by EM, faster and safer.

    It takes the place of ``sklearn.mixture.GaussianMixture``: a change of the import is
    enough. No array has a row for each sample and a column for each component. Starts
    are compared in scaled and in whitened coordinates, and what is added to covariances
    is relative to the data by default, so that units do not matter.

    Parameters
    ----------
    n_components : int, default=1
        Number of components.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        Each component has its own covariance, all have the same, the features are
        independent, or have one variance.
    tol : float, default=0.001
        EM ends when the mean log-likelihood changes by less.
    reg_covar : float or "auto", default="auto"
        Added to the diagonal of the covariances, in squared units of the features.
        "auto" adds 1e-6 times the covariance of all samples.
    max_iter : int, default=100
        Largest number of iterations of EM.
    n_init : int, default=1
        Number of starts; the fit of largest likelihood is kept.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}, \
default="kmeans"
        How the first responsibilities are found.
    weights_init : array-like of shape (n_components,), default=None
        First weights.
    means_init : array-like of shape (n_components, n_features), default=None
        First means.
    precisions_init : array-like, default=None
        First inverse covariances, in the shape of ``precisions_``.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts, and of ``sample``.
    warm_start : bool, default=False
        Begin with the last fit.
    verbose : int, default=0
        Accepted as in scikit-learn; progress is shown by callbacks.
    verbose_interval : int, default=10
        Accepted as in scikit-learn; it has no effect.
    missing : {"error", "ignore"}, default="error"
        Refuse missing values (NaN), or take them to be missing at random: densities are
        those of the other values.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Weights of the components.
    means_ : ndarray of shape (n_components, n_features)
        Means of the components.
    covariances_ : ndarray
        Covariances, of shape (n_components, n_features, n_features) for "full",
        (n_features, n_features) for "tied", (n_components, n_features) for "diag", and
        (n_components,) for "spherical".
    precisions_ : ndarray
        Inverse covariances, in the same shape.
    precisions_cholesky_ : ndarray
        Their factors: ``precisions = P @ P.T``.
    converged_ : bool
        Whether EM converged.
    n_iter_ : int
        Number of iterations of the best start.
    lower_bound_ : float
        Mean log-likelihood of the samples before the last step.
    lower_bounds_ : list of float
        The same for all iterations.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    See Also
    --------
    SemiSupervisedGaussianMixture : Mixture of which some rows are labelled.

    References
    ----------
    .. [1] A. P. Dempster, N. M. Laird and D. B. Rubin, "Maximum likelihood from
       incomplete data via the EM algorithm", Journal of the Royal Statistical Society B
       39, 1977.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.mixture import GaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.r_[rng.normal(size=(100, 2)), rng.normal(6, 1, size=(50, 2))]
    >>> model = GaussianMixture(2, random_state=0).fit(X)
    >>> model.weights_.round(2)
    array([0.67, 0.33])
    >>> model.predict([[0, 0], [6, 6]])
    array([0, 1])
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(TYPES))],
        "tol": [Interval(Real, 0, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [
            StrOptions({"kmeans", "k-means++", "random", "random_from_data"})
        ],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "missing": [StrOptions({"error", "ignore"})],
    }

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-3,
        reg_covar="auto",
        max_iter=100,
        n_init=1,
        init_params="kmeans",
        weights_init=None,
        means_init=None,
        precisions_init=None,
        random_state=None,
        warm_start=False,
        verbose=0,
        verbose_interval=10,
        missing="error",
    ):
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.missing = missing

    def _n_threads(self):
        return n_blas_threads()  # as in scikit-learn, where BLAS takes them

    @fit_method
    def fit(self, X, y=None):
        """Estimate the mixture.

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
        problem, given = self._read(X)
        self._run(problem, given, self.init_params)
        return self

    def _read(self, X):
        X = self._rows_to_fit(X, ensure_min_samples=2)
        n, d = X.shape
        if n < self.n_components:
            raise ValueError(
                f"n_components={self.n_components} is more than the number of samples, "
                f"n_samples={n}: use fewer components."
            )
        weight, labels = np.ones(n), _labels.read(None, None, n)
        structure = Structure(labels, 1, self.n_components, "all")
        spread, _, _ = _problem.spread_of(X, weight, self.covariance_type)
        floor = _problem.floor_of(self.reg_covar, spread, d, self.covariance_type)
        options = Options(
            self.covariance_type, floor, spread, structure.weigh,
            has_missing=is_any(X),
        )  # fmt: skip
        given = _given.read(
            self.weights_init, self.means_init, self.precisions_init, None,
            self.covariance_type, (self.n_components, d), n,
        )  # fmt: skip
        return _problem.Problem(
            X, weight, labels, structure, options, self._n_threads()
        ), given

    def fit_predict(self, X, y=None):
        """Estimate the mixture, and return the likeliest component of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Number of the component of each sample.
        """
        return self.fit(X).predict(X)

    def predict(self, X):
        """Return the likeliest component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Numbers of the components.
        """
        return self._best(self._check_X(X), lambda shares: shares)

    def predict_proba(self, X):
        """Compute the probabilities of the components, given each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_components)
            Rows sum to 1; they are equal where all densities are 0.
        """
        X = self._check_X(X)
        return self._shares(X, len(self.weights_), lambda shares: shares)

    def sample(self, n_samples=1):
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Rows, those of the first component first.
        y : ndarray of shape (n_samples,)
            Components that they are of.
        """
        return self._draw(n_samples)
