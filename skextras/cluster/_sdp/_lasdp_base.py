"""What LASDP and ILASDP share: input, covariances, prediction."""

from abc import abstractmethod

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin
from skextras._fitting import warn
from skextras._gaussian._covariances import (
    check_covariances,
    contract,
    estimate_means,
    expand,
)
from skextras._gaussian._em import (
    estimate_weights,
    log_joint,
    log_posterior,
)
from skextras._gaussian._frame import make_frame, make_views
from skextras._gaussian._options import MixtureOptions
from skextras._parallel import blas_on_one_thread
from skextras._validation import validate_data
from skextras.cluster._sdp._hard_labels import (
    hard_objective,
    hard_terms,
    match,
    one_hot,
)
from skextras.cluster._sdp._starts import check_labels

_FLOATS = [np.float64, np.float32]
_LEAST = 1e-145  # least spread of a feature: its square times reg_covar is normal


class BaseLASDP(CallbackSupportMixin, ClusterMixin, BaseEstimator):
    """Base of estimators of Gaussian clusters by relaxed memberships."""

    @property
    def _n_clusters(self):
        return int(self.n_clusters)  # unsigned numbers of numpy turn sums into floats

    @abstractmethod
    def _given(self):
        """Return the given covariances, or None, and the name of their parameter."""

    @abstractmethod
    def _stop_rule(self):
        """Return the tolerance of the solver and its largest number of iterations."""

    def _prepare(self, X):
        """Check the input of ``fit``; return X in float64 and the given covariances."""
        X = validate_data(self, X, dtype=_FLOATS, order="C", ensure_min_samples=2)
        self._dtype, X = X.dtype, X.astype(np.float64, copy=False)
        n, n_features = X.shape
        if n < self._n_clusters:
            raise ValueError(
                f"n_samples={n} must be >= n_clusters={self._n_clusters}: give more "
                "samples or ask for fewer clusters."
            )
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.square(X - X.mean(axis=0)).sum() * n
        if not np.isfinite(size):
            raise ValueError(
                f"X holds values up to {abs(X).max():.3g}, and their squares are not "
                "finite: divide X by a constant."
            )
        spread = np.ptp(X, axis=0)
        if ((spread > 0) & (spread < _LEAST)).any():
            place = int(np.argmax((spread > 0) & (spread < _LEAST)))
            raise ValueError(
                f"X[:, {place}] varies by {spread[place]:.3g}, and a product of such "
                f"differences is 0 in double precision: multiply X by a constant."
            )
        given, name = self._given()
        if given is not None:
            given = check_covariances(
                given, name, self.covariance_type, self._n_clusters, n_features
            )
        if not isinstance(self.init, str):
            check_labels(self.init, n, self._n_clusters)
        return X, given

    def _options(self, n):
        """Arguments of ``solve`` that are parameters."""
        tol, max_iter = self._stop_rule()
        return {
            "n_init": 10 if n <= 5000 else 3,
            "solver": self.solver,
            "rank": int(self.rank),
            "trace": self.trace,
            "tol": tol,
            "max_iter": max_iter,
            "memory_limit": self.memory_limit,
        }

    def _enter(self, X, given):
        """Return a frame, views, and X and the given covariances in the frame."""
        frame = make_frame(X, self.covariance_type, given)
        inside = frame.coordinates(X)
        if given is None:
            return frame, make_views(X, self.covariance_type), inside, None
        given = frame.covariances_inside(given)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            least = np.linalg.eigvalsh(given).min()
            fits = least > 1e-14 and np.isfinite(np.square(inside).sum() / least)
        if not fits:
            raise ValueError(
                f"{self._given()[1]} holds variances down to {least:.3g} times their "
                "mean, for which squared Mahalanobis distances are beyond double "
                "precision: give them in the units of X."
            )
        return frame, [inside], inside, given

    def _mixture_options(self):
        """Return what clusters are looked for, for functions that see no estimator."""
        return MixtureOptions(
            self._n_clusters,
            self.covariance_type,
            self.shrinkage,
            float(self.reg_covar),
            self.weights,
            getattr(self, "min_cluster_size", 1),
        )

    def _few_rows(self, X):
        """Labels if there are at most as many distinct rows as clusters, else None."""
        if self._n_clusters == 1:
            return np.zeros(len(X), dtype=np.intp)
        if len(X) > self._n_clusters and len(np.unique(X[:1000], axis=0)) > (
            self._n_clusters
        ):
            return None
        rows, labels = np.unique(X, axis=0, return_inverse=True)
        if len(rows) > self._n_clusters:
            return None
        if len(rows) < self._n_clusters:
            warn(
                f"X has {len(rows)} distinct rows for n_clusters={self._n_clusters}: "
                "other clusters are empty; ask for fewer clusters.",
                ConvergenceWarning,
            )
        return labels.reshape(-1).astype(np.intp)

    def _set_trivial(self, X, labels, given):
        """Set the result where clusters need no search: each gets its covariance.

        Weights belong to the clusters, so they do not matter for that.
        """
        if given is not None:
            zero = np.zeros(self._n_clusters)
            labels = match(hard_terms(X, labels, given, zero))[labels]
        membership = one_hot(labels, self._n_clusters)
        matrices = given
        if not self._keeps_covariances():
            matrices = self._mixture_options().covariances(X, membership)
        self._set_model(X, labels, membership, matrices)
        log_weights = self._mixture_options().log_weights(membership)
        self.objective_ = hard_objective(X, labels, matrices, log_weights)
        self.upper_bound_ = None
        self.infeasibility_ = 0.0
        self.n_iter_ = 1
        self.converged_ = True

    def _set_model(self, X, labels, membership, matrices):
        self.labels_ = labels
        self.membership_ = membership.astype(self._dtype)
        self.means_ = estimate_means(X, membership)
        self.weights_ = estimate_weights(membership, self.weights)
        self.covariances_ = contract(matrices, self.covariance_type)

    def _set_relaxed(self, relaxed, shift):
        """Set what the relaxation tells, in the units of the samples."""
        self.objective_ = relaxed.value - shift
        bound = relaxed.bound
        self.upper_bound_ = None if bound is None else bound - shift
        self.infeasibility_ = relaxed.infeasibility

    def _checked(self, X):
        check_is_fitted(self, "means_")
        return validate_data(self, X, reset=False, dtype=_FLOATS, order="C")

    def _log_joint(self, X):
        X = X.astype(np.float64, copy=False)
        with blas_on_one_thread():
            return log_joint(X, *self._mixture())

    def _log_posterior(self, X):
        X = X.astype(np.float64, copy=False)
        with blas_on_one_thread():
            return log_posterior(X, *self._mixture())

    def _mixture(self):
        matrices = expand(self.covariances_, self.covariance_type, *self.means_.shape)
        return self.means_, matrices, self.weights_

    def predict(self, X):
        """Assign each sample to the cluster with the largest weighted density.

        Where squared distances overflow, to that of the least Mahalanobis distance.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Number of the cluster of each sample.
        """
        return self._log_posterior(self._checked(X)).argmax(axis=1)

    def predict_proba(self, X):
        """Compute the probabilities of the clusters under the Gaussian mixture.

        Where squared distances overflow, they are 1 for the cluster of the least
        Mahalanobis distance, or shared by those that are equally near in float64.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_clusters)
            Rows sum to 1. In the dtype of ``X`` if that is float32.
        """
        X = self._checked(X)
        return np.exp(self._log_posterior(X)).astype(X.dtype, copy=False)

    def score(self, X, y=None):
        """Compute the mean log-likelihood of samples under the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        score : float
            Mean of the log of the mixture density.
        """
        return float(logsumexp(self._log_joint(self._checked(X)), axis=1).mean())

    def bic(self, X):
        """Compute the Bayesian information criterion: less is better.

        Covariances that were given and kept do not count as parameters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        bic : float
            Minus twice the log-likelihood, plus log(n_samples) for each parameter.
        """
        deviance, n = self._deviance(X)
        return deviance + self._n_parameters() * float(np.log(n))

    def aic(self, X):
        """Compute the information criterion of Akaike: less is better.

        Covariances that were given and kept do not count as parameters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        aic : float
            Minus twice the log-likelihood, plus 2 for each parameter.
        """
        return self._deviance(X)[0] + 2.0 * self._n_parameters()

    def _deviance(self, X):
        """Minus twice the log-likelihood, and the number of samples."""
        joint = self._log_joint(self._checked(X))
        return -2.0 * float(logsumexp(joint, axis=1).sum()), len(joint)

    def _n_parameters(self):
        """Count the numbers that ``fit`` estimates."""
        n_clusters, n_features = self.means_.shape
        count = n_clusters * n_features
        if self.weights == "estimated":
            count += n_clusters - 1
        if not self._keeps_covariances():
            triangle = n_features * (n_features + 1) // 2
            count += {
                "full": n_clusters * triangle,
                "tied": triangle,
                "diag": n_clusters * n_features,
                "spherical": n_clusters,
            }[self.covariance_type]
        return count

    def _rng(self):
        return check_random_state(self.random_state)
