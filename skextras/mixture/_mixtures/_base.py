"""What all mixtures have in common: densities, posteriors, samples, criteria."""

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._fitting import warn
from skextras._gaussian import _components, _missing
from skextras._gaussian._components import Components
from skextras._gaussian._covariances import expand
from skextras._gaussian._maximization import Mixture
from skextras._validation import check_number, check_spread, validate_data

DTYPES = (np.float64, np.float32)


class BaseMixture(CallbackSupportMixin, DensityMixin, BaseEstimator):
    """Fitted normal mixtures, whatever they were fitted to."""

    def _check_X(self, X):
        check_is_fitted(self)
        return self._validated(X, reset=False)

    def _validated(self, X, **options):
        """Return rows as an array; NaN stays in it if values may be missing."""
        finite = "allow-nan" if self.missing == "ignore" else True
        return validate_data(
            self, X, dtype=DTYPES, order="C", ensure_all_finite=finite, **options
        )

    def _rows_to_fit(self, X, **options):
        """As ``_validated``; raise if squares of differences are no numbers."""
        X = self._validated(X, **options)
        is_empty = np.isnan(np.fmax.reduce(X, axis=0))
        if is_empty.any():
            raise ValueError(
                f"X has no value of feature {int(np.argmax(is_empty))}: drop it."
            )
        check_spread(X)
        return X

    def _before(self, problem):
        """Return the mixture of the last fit if it is where to begin."""
        if not (self.warm_start and hasattr(self, "means_")):
            return None
        shape = problem.structure.n_components, problem.X.shape[1]
        if self.means_.shape != shape:
            raise ValueError(
                f"warm_start=True continues a fit of shape {self.means_.shape}, and "
                f"this one has {shape}: set warm_start=False."
            )
        return Mixture(self.weights_, self.means_, self.covariances_)

    def _run(self, problem, given, method):
        """Run EM from all starts; store the best fit."""
        rng, best = check_random_state(self.random_state), None
        before = self._before(problem)
        n_runs = 1 if before is not None else self.n_init
        with fit_progress(self, problem.X, max_steps=n_runs) as step:
            for _ in range(n_runs):
                mixture = before
                if mixture is None:
                    mixture = problem.start(method, given, self.max_iter, rng)
                with step(max(self.max_iter, 1)) as part:
                    fit = problem.run(
                        mixture, max_iter=self.max_iter, tol=self.tol, step=part
                    )
                if best is None or fit.objective > best.objective:
                    best = fit
        self._set_fit(best, problem)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags: y is optional, and values may be missing."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.allow_nan = self.missing == "ignore"
        return tags

    def _set_fit(self, fit, problem):
        """Store a fit in the attributes, and warn of what went wrong."""
        mixture, dtype = fit.mixture, problem.X.dtype
        self.weights_ = mixture.weights
        self.means_ = mixture.means
        self.covariances_ = mixture.covariances
        self.precisions_cholesky_ = fit.components.roots
        with np.errstate(over="ignore"):
            self.precisions_ = _precisions(fit.components)
        self.converged_, self.n_iter_ = fit.converged, len(fit.history)
        self.lower_bound_, self.lower_bounds_ = fit.objective, fit.history
        self._dtype = dtype
        if fit.mended:
            names = ", ".join(map(str, sorted(fit.mended)))
            warn(
                f"Components {names} collapsed: they lost their rows, or their "
                "covariance became singular and was widened. Use fewer components, a "
                "larger reg_covar, or covariance_type='diag'.",
                ConvergenceWarning,
            )
        if not fit.converged and self.max_iter > 0:
            warn(
                f"EM did not converge in max_iter={self.max_iter} iterations: increase "
                "max_iter or tol.",
                ConvergenceWarning,
            )

    def _map(self, X, task):
        """Call ``task(rows, responsibilities, log_sums)`` for blocks of rows."""
        kind, codes = self.covariance_type, np.zeros(len(X), dtype=np.intp)
        components = Components(self.means_, self.precisions_cholesky_, kind)
        with np.errstate(divide="ignore"):
            logs = np.log(self.weights_)[None]
        if not _missing.is_any(X):
            table = logs + components.constants()
            _components.map_posterior(
                X, components, table, codes, task, n_jobs=self._n_threads()
            )
            return
        full = expand(self.covariances_, kind, *self.means_.shape)
        for pattern in _missing.patterns(X):
            parts = _missing.posterior(X, pattern, self.means_, full, logs, codes)
            task(pattern.rows, *parts)

    def score_samples(self, X):
        """Compute the log density of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows. Where values are missing (NaN), the density is that of the others.

        Returns
        -------
        log_densities : ndarray of shape (n_samples,)
            Logarithms of the mixture density.
        """
        X = self._check_X(X)
        out = np.empty(len(X))

        def task(rows, shares, log_sums):
            out[rows] = log_sums

        self._map(X, task)
        return out.astype(X.dtype)

    def score(self, X, y=None):
        """Compute the mean log density of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        score : float
            Mean of ``score_samples``.
        """
        return float(np.mean(self.score_samples(X), dtype=np.float64))

    def _shares(self, X, n_columns, combine):
        """Return ``combine(responsibilities)`` of all rows."""
        out = np.empty((len(X), n_columns), dtype=X.dtype)

        def task(rows, shares, log_sums):
            out[rows] = combine(shares)

        self._map(X, task)
        return out

    def _best(self, X, combine):
        """Return the column that is largest in each row of ``combine(...)``."""
        out = np.empty(len(X), dtype=np.intp)

        def task(rows, shares, log_sums):
            out[rows] = combine(shares).argmax(axis=1)

        self._map(X, task)
        return out

    def _n_parameters(self):
        """Return the number of free parameters."""
        n_components, d = self.means_.shape
        of_covariances = {
            "full": n_components * d * (d + 1) / 2,
            "tied": d * (d + 1) / 2,
            "diag": n_components * d,
            "spherical": n_components,
        }[self.covariance_type]
        return int(of_covariances + n_components * d + n_components - 1)

    def bic(self, X):
        """Compute the Bayesian information criterion: less is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        bic : float
            Minus twice the log-likelihood, plus log(n_samples) for each parameter.
        """
        logs = self.score_samples(X)
        total = float(np.sum(logs, dtype=np.float64))
        return -2 * total + self._n_parameters() * float(np.log(len(logs)))

    def aic(self, X):
        """Compute the information criterion of Akaike: less is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        aic : float
            Minus twice the log-likelihood, plus 2 for each parameter.
        """
        logs = self.score_samples(X)
        return -2 * float(np.sum(logs, dtype=np.float64)) + 2 * self._n_parameters()

    def _draw(self, n_samples):
        """Return rows drawn from the mixture, and the components that they are of."""
        check_is_fitted(self)
        n_samples = check_number(n_samples, "n_samples", 1)
        rng = check_random_state(self.random_state)
        n_components, d = self.means_.shape
        counts = rng.multinomial(n_samples, self.weights_ / self.weights_.sum())
        owner = np.repeat(np.arange(n_components), counts)
        X, rows = np.empty((n_samples, d)), rng.normal(size=(n_samples, d))
        full = expand(self.covariances_, self.covariance_type, n_components, d)
        for k in np.flatnonzero(counts):
            some = owner == k
            X[some] = self.means_[k] + rows[some] @ np.linalg.cholesky(full[k]).T
        return X.astype(self._dtype), owner


def _precisions(components):
    """Return the inverse covariances, in the shape of their type."""
    roots = components.roots
    if components.covariance_type == "full":
        return roots @ roots.transpose(0, 2, 1)
    if components.covariance_type == "tied":
        return roots @ roots.T
    return roots**2
