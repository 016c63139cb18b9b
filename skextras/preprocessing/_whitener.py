"""Coordinates in which the rows of a class have the covariance I."""

from numbers import Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from skextras import _labels
from skextras._callbacks import CallbackSupportMixin
from skextras._fitting import fit_method
from skextras._gaussian._within import class_moments, shrunk
from skextras._validation import (
    Interval,
    StrOptions,
    check_spread,
    check_weights,
    validate_data,
)

_FLAT = 1e-12  # share of the largest variance below which a direction is none


class WithinClassWhitener(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    r"""Whiten by the covariance within classes.

    .. math:: z = W^{-1/2} (x - \bar x)

    where W is the pooled covariance of the rows of each class about its mean. Distances
    in z compare differences with those inside a class: a feature that varies much
    within classes counts little. Rows that are labelled -1 do not count for W.

    Parameters
    ----------
    shrinkage : "auto" or float, default="auto"
        Share by which covariances between features are reduced: with 1, features are
        only scaled. "auto" is min(0.5, n_features / n_labelled).

    Attributes
    ----------
    covariance_ : ndarray of shape (n_features, n_features)
        The covariance W within classes, shrunk.
    whitening_ : ndarray of shape (n_features, n_features)
        A root of its inverse: ``inv(covariance_) = whitening_ @ whitening_.T``.
    mean_ : ndarray of shape (n_features,)
        Mean of all rows.
    classes_ : ndarray
        Classes that labels name; without any, W is the covariance of all rows.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    See Also
    --------
    skextras.mixture.SemiSupervisedGaussianMixture : Classes of different covariances.

    References
    ----------
    .. [1] A. O. Hatch, S. Kajarekar and A. Stolcke, "Within-class covariance
       normalization for SVM-based speaker recognition", Interspeech 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.preprocessing import WithinClassWhitener
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2)) * [10, 1]
    >>> y = np.repeat([0, 1, -1], [50, 50, 100])
    >>> Z = WithinClassWhitener().fit_transform(X, y)
    >>> Z.std(axis=0).round()
    array([1., 1.])
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, *, shrinkage="auto"):
        self.shrinkage = shrinkage

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        """Estimate the covariance within classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, at least 0.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        X = validate_data(
            self, X, dtype=(np.float64, np.float32), order="C", ensure_min_samples=2
        )
        check_spread(X)
        labels = _labels.read(y, None, len(X))
        weight = check_weights(sample_weight, len(X))
        rows = X.astype(np.float64)
        self.mean_ = np.average(rows, axis=0, weights=weight)
        self.classes_ = labels.classes
        codes = labels.codes if len(labels.classes) else np.ones(len(X), dtype=np.intp)
        self.covariance_ = self._within(rows, weight, codes)
        scale = np.sqrt(np.diagonal(self.covariance_))
        scale = np.where(scale > 0, scale, 1.0)
        values, vectors = np.linalg.eigh(self.covariance_ / scale / scale[:, None])
        values = np.maximum(values, _FLAT * (values[-1] or 1.0))
        self.whitening_ = vectors / np.sqrt(values) @ vectors.T / scale[:, None]
        self._unwhitening = vectors * np.sqrt(values) @ vectors.T * scale
        return self

    def _within(self, X, weight, codes):
        sizes, _, scatters = class_moments(X, weight, codes)
        size = sizes.sum()
        if not size > len(sizes):
            raise ValueError(
                "y must label more rows than classes, so that classes have a "
                f"covariance: got {size:g} rows of {len(sizes)} classes. Label more "
                "rows, or leave y out."
            )
        share = self.shrinkage
        if share == "auto":
            share = min(0.5, X.shape[1] / size)
        return shrunk(scatters.sum(axis=0) / (size - len(sizes)), share)

    def transform(self, X):
        """Whiten rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_features)
            Whitened rows.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=(np.float64, np.float32), order="C"
        )
        with np.errstate(over="ignore"):  # rows may be far away
            return ((X - self.mean_) @ self.whitening_).astype(X.dtype)

    def inverse_transform(self, X):
        """Return whitened rows as they were.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whitened rows.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            Rows.
        """
        check_is_fitted(self)
        return np.asarray(X) @ self._unwhitening + self.mean_

    @property
    def _n_features_out(self):
        return len(self.mean_)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags: y is optional, and float32 stays."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
