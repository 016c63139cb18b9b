"""What is asked of a fitted density."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin
from skextras._validation import check_number, in_words
from skextras.neighbors._density import _calculus, _inputs, _levels
from skextras.neighbors._density import _leave_one_out as loo
from skextras.neighbors._density._scaling import Scale


class BaseDensity(CallbackSupportMixin, OutlierMixin, BaseEstimator):
    """Methods of an estimator with a fitted ``_density``."""

    def score_samples(self, X):
        """Compute the log of the density at each row of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points at which the density is asked.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            Natural logarithm of the density; -inf outside the boundaries and where no
            sample is in reach of a kernel that ends.
        """
        check_is_fitted(self)
        X = _inputs.check_X(self, X, reset=False)
        return self._answer(X).log_sum.astype(X.dtype, copy=False)

    def _answer(self, X, **options):
        """Return the ``Answer`` of the density at rows of all features."""
        rows, codes = _inputs.split(self, X)
        options = {"rtol": self.rtol, "atol": self.atol, **options}
        return self._density.sums(rows, codes, n_jobs=self.n_jobs, **options)

    def score(self, X, y=None):
        """Return the sum of the log densities at the rows of X.

        As in scikit-learn it is a sum, not a mean: it grows with the number of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points at which the density is asked.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        log_likelihood : float
            Sum of ``score_samples(X)``.
        """
        return float(np.sum(self.score_samples(X), dtype=np.float64))

    def sample(self, n_samples=1, random_state=None):
        """Draw rows from the density.

        With a boundary of the kind "linear" they follow the density divided by its
        integral, which is near 1 and not 1.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        random_state : int, RandomState instance or None, default=None
            Seed of the draw; None stands for that of the estimator.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The rows; of dtype object if categories are text.
        """
        check_is_fitted(self)
        self._refuse_for("sample", balloon=True, metric=True)
        n = check_number(n_samples, "n_samples", 1)
        seed = self.random_state if random_state is None else random_state
        rng = check_random_state(seed)
        rows, codes = self._density.draw(n, rng)
        table = _inputs.join(self, rows, codes)
        return table if self._levels else table.astype(self._dtype, copy=False)

    def loo_score_samples(self):
        """Compute the log density at each training sample, without that sample.

        A sample leaves with its whole weight. Samples of weight 0 are in no sum: theirs
        is the log density as it is.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            In the order of the training rows.
        """
        check_is_fitted(self)
        sample = self._density.sample
        if len(sample.X) < 2:
            raise ValueError(
                "loo_score_samples needs X with at least 2 samples of positive weight, "
                f"got {len(sample.X)}: fit more samples."
            )
        out = np.empty(len(self._kept))
        own = np.arange(len(sample.X))
        out[self._kept] = self._density.sums(
            sample.X, sample.codes, rtol=self.rtol, own=own, n_jobs=self.n_jobs
        ).log_sum
        if not self._kept.all():
            out[~self._kept] = self._answer(self._dropped).log_sum
        return out.astype(self._dtype, copy=False)

    def loo_path(self, bandwidths):
        """Compute criteria of cross-validation for many bandwidths, from no new fit.

        Parameters
        ----------
        bandwidths : array-like of shape (n_bandwidths,)
            Bandwidths that all features have in common.

        Returns
        -------
        path : dict of ndarray of shape (n_bandwidths,)
            ``"bandwidth"``; ``"log_likelihood"``: weighted mean of leave-one-out log
            densities; ``"slope"``: its derivative by log(bandwidth), NaN unless the
            kernel is "gaussian".
        """
        check_is_fitted(self)
        bandwidths = np.asarray(bandwidths, dtype=float).ravel()
        if not (np.isfinite(bandwidths) & (bandwidths > 0)).all() or not len(
            bandwidths
        ):
            raise ValueError(
                f"bandwidths must be finite and above 0, got {in_words(bandwidths)}."
            )
        sample, categories = self._density.sample, self._density.categories
        d, share = sample.X.shape[1], sample.weight / sample.weight.sum()
        values, slopes = np.empty((2, len(bandwidths)))
        for i, bandwidth in enumerate(bandwidths):
            logs, moment = loo.log_likelihood(
                sample, Scale(np.full(d, bandwidth)), categories=categories,
                n_jobs=self.n_jobs,
            )  # fmt: skip
            values[i], slopes[i] = share @ logs, share @ moment - d
        if self.kernel != "gaussian":
            slopes[:] = np.nan
        return {"bandwidth": bandwidths, "log_likelihood": values, "slope": slopes}

    def evaluate_grid(self, n_points=None, limits=None):
        """Compute the density on a regular grid: for plots.

        Parameters
        ----------
        n_points : int or tuple of int, default=None
            Number of points along each feature; None means 1024 for one feature, 256
            for two and 64 for three.
        limits : array-like of shape (n_features, 2), default=None
            Ends of the grid along each feature; None means what the kernels reach.

        Returns
        -------
        grid : DensityGrid
            Named tuple with ``axes``, a list of one array for each feature, and
            ``density``, an array with one axis for each feature.
        """
        check_is_fitted(self)
        self._refuse_for("evaluate_grid", categories=True)
        d = self.n_features_in_
        if d > 3:
            raise ValueError(
                f"evaluate_grid is for at most 3 features, got {d}: use score_samples, "
                "or the marginal of some features."
            )
        low, high = _levels.limits_of(self._density)
        if limits is not None:
            limits = np.asarray(limits, dtype=float)
            if limits.shape != (d, 2) or not (limits[:, 0] < limits[:, 1]).all():
                raise ValueError(
                    f"limits must be {d} pairs (low, high) with low < high, got "
                    f"{in_words(limits.tolist())}."
                )
            low, high = limits.T
        default = {1: 1024, 2: 256, 3: 64}[d]
        counts = np.broadcast_to(default if n_points is None else n_points, (d,))
        counts = [check_number(n, "n_points", 2) for n in counts.tolist()]
        axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts, strict=True)]
        values = _levels.on_axes(
            self._density, axes, rtol=self.rtol, n_jobs=self.n_jobs
        )
        return _levels.DensityGrid(axes, values)

    def gradient(self, X):
        """Compute the gradient of the log density at each row of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points at which the gradient is asked.

        Returns
        -------
        gradient : ndarray of shape (n_samples, n_features)
            It points to where the density grows; NaN where the density is 0.
        """
        check_is_fitted(self)
        self._refuse_for("gradient", categories=True, metric=True)
        X = _inputs.check_X(self, X, reset=False)
        slope = _calculus.log_slope(
            self._density, X.astype(np.float64), n_jobs=self.n_jobs
        )
        return slope.astype(X.dtype, copy=False)

    def cdf(self, X):
        """Compute the probability of values that are at most those of each row of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Upper ends of all features.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
            Mass of the density below.
        """
        check_is_fitted(self)
        X = _inputs.check_X(self, X, reset=False)
        mass = _calculus.cdf(self._density, X.astype(np.float64), n_jobs=self.n_jobs)
        return mass.astype(X.dtype, copy=False)

    def density_level(self, mass):
        """Return the density above which a share of the mass lies.

        It is that of contours: the region where the density is above the level is the
        smallest one that holds the share. For one or two features it is computed on a
        grid, otherwise from 100 000 rows that are drawn.

        Parameters
        ----------
        mass : float or array-like of shape (n_levels,)
            Shares between 0 and 1, such as 0.95.

        Returns
        -------
        level : float or ndarray of shape (n_levels,)
            The density, not its log.
        """
        check_is_fitted(self)
        shares = np.asarray(mass, dtype=float)
        if not ((shares > 0) & (shares < 1)).all():
            raise ValueError(f"mass must lie between 0 and 1, got {in_words(mass)}.")
        self._refuse_for("density_level", balloon=True, metric=True)
        rng = check_random_state(0)
        levels = _levels.levels(
            self._density, shares.ravel(), rng=rng, n_jobs=self.n_jobs
        )
        return levels.reshape(shares.shape) if shares.ndim else float(levels[0])

    def in_region(self, X, mass):
        """Tell which rows lie in the smallest region that holds a share of the mass.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.
        mass : float
            Share between 0 and 1, such as 0.95.

        Returns
        -------
        inside : ndarray of shape (n_samples,)
            True or False for each row.
        """
        if not isinstance(mass, Real):
            raise ValueError(f"mass must be one number, got {in_words(mass)}.")
        return self.score_samples(X) >= np.log(self.density_level(mass))

    @property
    def offset_(self):
        """Log density that a share ``contamination`` of the samples lie below."""
        check_is_fitted(self)
        share = float(self.contamination)
        return self._once(("offset", share), lambda: self._quantile(share))

    def _once(self, key, compute):
        """Return what ``compute`` does, which is kept for this fit."""
        known = self._density.known
        if key not in known:
            known[key] = compute()
        return known[key]

    def _quantile(self, share):
        """Return the log density that a share of the training weight lies below."""
        sample = self._density.sample
        logs = self._density.sums(
            sample.X, sample.codes, rtol=self.rtol, n_jobs=self.n_jobs
        ).log_sum
        logs = logs.astype(self._dtype).astype(np.float64)
        order = np.argsort(logs)
        mass = np.cumsum(sample.weight[order])
        place = np.searchsorted(mass, share * mass[-1] * (1 + 1e-12), side="right")
        return float(logs[order[min(place, len(order) - 1)]])

    def decision_function(self, X):
        """Compute the log density less ``offset_``: negative for outliers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            The lower, the more of an outlier.
        """
        logs = self.score_samples(X)
        return logs - logs.dtype.type(self.offset_)

    def predict(self, X):
        """Tell outliers: rows of lower density than most samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        is_inlier : ndarray of shape (n_samples,)
            -1 for outliers, 1 for others.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _refuse_for(self, what, *, categories=False, metric=False, balloon=False,
                    linear=False):  # fmt: skip
        """Raise if a method has no meaning for this density."""
        density = self._density
        problem = None
        if categories and density.categories is not None:
            problem = "categorical features: take the marginal of the others"
        elif metric and density.sample.metric != "euclidean":
            problem = f'metric="{density.sample.metric}"'
        elif balloon and density.balloon is not None:
            problem = 'adaptive="balloon", which does not integrate to 1'
        elif linear and density.sample.boundaries.of("linear"):
            problem = 'a boundary of the kind "linear": use "renormalise"'
        if problem:
            raise ValueError(f"{what} is not known for a density with {problem}.")
