"""Classification by a density for each class."""

from numbers import Real

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._fitting import fit_method, warn
from skextras._validation import N_JOBS, Interval, StrOptions, check_weights, in_words
from skextras.neighbors._density import _inputs
from skextras.neighbors._density._bandwidth import NAMES
from skextras.neighbors._density._kernel_density import KernelDensity
from skextras.neighbors._density._profiles import PROFILES


class KernelDensityClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    r"""Bayes classifier with a kernel density for each class.

    .. math:: P(c \mid x) \propto \pi_c \, f_c(x)

    where :math:`f_c` is the density of the training samples of class c and
    :math:`\pi_c` its prior. Where one sample decides all densities, as in many
    dimensions, the probabilities are those of the nearest sample: ``n_effective`` tells
    how many samples an answer rests on.

    Parameters
    ----------
    bandwidth : float, array-like or str, default="loo"
        As in :class:`KernelDensity`, chosen in each class apart.
    kernel : str, default="gaussian"
        As in :class:`KernelDensity`.
    shared : bool, default=False
        Choose one bandwidth for all classes, from the distances of their samples to
        their means. A class of too few distinct samples for a bandwidth of its own
        takes that one, with a warning.
    priors : array-like of shape (n_classes,), default=None
        Prior probabilities of the classes, in sorted order; None means their shares of
        the training weight.
    boundary : dict or list, default=None
        As in :class:`KernelDensity`.
    rtol : float, default=1e-08
        Share of each density that may be left out.
    n_jobs : int, default=None
        Number of threads; -1 means all processors. Results do not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    priors_ : ndarray of shape (n_classes,)
        Prior probabilities.
    densities_ : list of KernelDensity
        The fitted density of each class.
    bandwidth_ : list
        ``bandwidth_`` of each class.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    See Also
    --------
    KernelDensity : The densities.

    References
    ----------
    .. [1] B. W. Silverman, "Density estimation for statistics and data analysis",
       Chapman and Hall, 1986.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skextras.neighbors import KernelDensityClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = KernelDensityClassifier().fit(X[::2], y[::2])
    >>> round(model.score(X[1::2], y[1::2]), 2)
    0.96
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "bandwidth": [
            Interval(Real, 0, None, closed="neither"),
            "array-like",
            StrOptions(set(NAMES)),
        ],
        "kernel": [StrOptions(set(PROFILES))],
        "shared": ["boolean"],
        "priors": [None, "array-like"],
        "boundary": [None, dict, list, tuple],
        "rtol": [Interval(Real, 0, 1, closed="left")],
        "n_jobs": N_JOBS,
    }

    def __init__(
        self,
        bandwidth="loo",
        *,
        kernel="gaussian",
        shared=False,
        priors=None,
        boundary=None,
        rtol=1e-8,
        n_jobs=None,
    ):
        self.bandwidth = bandwidth
        self.kernel = kernel
        self.shared = shared
        self.priors = priors
        self.boundary = boundary
        self.rtol = rtol
        self.n_jobs = n_jobs

    @fit_method
    def fit(self, X, y, sample_weight=None):
        """Fit a density to each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X = _inputs.check_X(self, X, reset=True)
        y = _inputs.check_classes(self, y, len(X))
        weight = check_weights(sample_weight, len(X))
        self.classes_, codes = np.unique(y, return_inverse=True)
        mass = np.bincount(codes, weight, minlength=len(self.classes_))
        if not (mass > 0).all():
            name = self.classes_[int(np.argmin(mass))]
            raise ValueError(
                f"All samples of class {in_words(name)} have weight 0: drop them."
            )
        self.priors_ = self._check_priors(mass)
        self.densities_, together = [], None
        with fit_progress(self, X, max_steps=len(self.classes_)) as step:
            for c, name in enumerate(self.classes_):
                with step():
                    rows, bandwidth = codes == c, self.bandwidth
                    if self._needs_others(X[rows & (weight > 0)], name):
                        if together is None:
                            together = self._shared_bandwidth(X, codes, weight)
                        bandwidth = together
                    density = self._fit_class(
                        X[rows], weight[rows], name, bandwidth, self.boundary
                    )
                    self.densities_.append(density)
        self.bandwidth_ = [density.bandwidth_ for density in self.densities_]
        return self

    def _needs_others(self, rows, name):
        """Tell if a class takes the bandwidth of all; warn if that was not asked."""
        if not isinstance(self.bandwidth, str):
            return False
        if self.shared:
            return True
        one = (rows == rows[0]).all(axis=0)
        if not one.any() or (not one.all() and self.bandwidth in ("loo", "knn")):
            return False
        warn(
            f"Class {in_words(name)} has too few distinct samples for "
            f'bandwidth="{self.bandwidth}": it takes the bandwidth of all classes '
            "together. Set shared=True, or give a number."
        )
        return True

    def _shared_bandwidth(self, X, codes, weight):
        """Return the bandwidth of the distances of all samples to their class's mean.

        Of the samples themselves if these are all equal.
        """
        kept = weight > 0
        rows, means = X[kept].astype(np.float64), np.zeros(X.shape)
        for c in range(len(self.classes_)):
            own = codes == c
            means[own] = np.average(X[own], axis=0, weights=weight[own])
        inner = rows - means[kept]
        if len(np.unique(inner, axis=0)) < 2:
            inner = rows
        whole = self._fit_class(inner, weight[kept], "all", self.bandwidth, None)
        is_matrix = self.bandwidth == "loo-full"
        return whole.bandwidth_matrix_ if is_matrix else whole.bandwidth_

    def _fit_class(self, X, weight, name, bandwidth, boundary):
        density = KernelDensity(
            bandwidth=bandwidth, kernel=self.kernel, boundary=boundary,
            rtol=self.rtol, regime_check=False, n_jobs=self.n_jobs,
        )  # fmt: skip
        try:
            return density.fit(X, sample_weight=weight)
        except ValueError as error:
            raise ValueError(f"Class {in_words(name)}: {error}") from None

    def _check_priors(self, mass):
        if self.priors is None:
            return mass / mass.sum()
        priors = np.asarray(self.priors, dtype=float)
        if priors.shape != mass.shape or not ((priors >= 0).all() and priors.any()):
            raise ValueError(
                f"priors must be {len(mass)} numbers of at least 0, one for each class "
                f"of {in_words(self.classes_.tolist())}, got {in_words(self.priors)}."
            )
        return priors / priors.sum()

    def _joint(self, X):
        check_is_fitted(self)
        X = _inputs.check_X(self, X, reset=False)
        logs = [density.score_samples(X) for density in self.densities_]
        with np.errstate(divide="ignore"):
            joint = np.array(logs, dtype=np.float64).T + np.log(self.priors_)
        none = np.isneginf(joint).all(axis=1)  # in no reach of any class
        joint[none] = np.log(np.maximum(self.priors_, 1e-300))
        return X, joint

    def predict_log_proba(self, X):
        """Compute the logs of the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Where no sample is in reach of a kernel that ends, those of the priors.
        """
        X, joint = self._joint(X)
        logs = (joint - logsumexp(joint, axis=1, keepdims=True)).astype(X.dtype)
        logs[np.exp(logs) == 1] = 0  # as the probability is rounded to 1
        return logs

    def predict_proba(self, X):
        """Compute the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            They sum up to 1. Where no sample is in reach of a kernel that ends, those
            of the priors.
        """
        return np.exp(self.predict_log_proba(X))

    def predict(self, X):
        """Return the class of largest probability of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Classes.
        """
        joint = self._joint(X)[1]
        return self.classes_[np.argmax(joint, axis=1)]

    def score(self, X, y, sample_weight=None):
        """Return the share of rows whose class is predicted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each point in the mean.

        Returns
        -------
        score : float
            Accuracy.
        """
        return super().score(X, y, sample_weight)

    def n_effective(self, X):
        """Compute the number of training samples that each probability rests on.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        n_effective : ndarray of shape (n_samples, n_classes)
            1 over the sum of the squared weights of the samples of each class.
        """
        check_is_fitted(self)
        X = _inputs.check_X(self, X, reset=False)
        parts = [density.diagnose(X)["n_effective"] for density in self.densities_]
        return np.array(parts).T
