"""Densities of targets, given features."""

from numbers import Real

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._fitting import fit_method
from skextras._validation import (
    N_JOBS,
    Interval,
    StrOptions,
    check_number,
    check_weights,
    in_words,
)
from skextras.neighbors._density import _bandwidth, _boundaries, _calculus, _inputs
from skextras.neighbors._density import _leave_one_out as loo
from skextras.neighbors._density._density import Density, Sample
from skextras.neighbors._density._profiles import PROFILES
from skextras.neighbors._density._quantiles import QuantileTask
from skextras.neighbors._density._rounding import rounding_unit
from skextras.neighbors._density._scaling import Scale

_RULES = ("loo", "scott", "silverman")
_ITEMS = 2**20  # pairs that a thread holds at a time


class ConditionalKernelDensity(CallbackSupportMixin, DensityMixin, BaseEstimator):
    r"""Density of targets given features, by normal kernels.

    .. math:: p(y \mid x) = \sum_i w_i(x) \, K_{h_y}(y - y_i), \quad
              w_i(x) \propto w_i K_{h_x}(x - x_i)

    where :math:`w_i` is ``sample_weight``. The weights are computed in logarithms:
    however far x lies from all samples, the answer is finite, and rests on the nearest
    of them; ``n_effective`` tells on how many.

    A fit with "loo" takes O(n^2 d) for each of some tens of steps; others are done at
    once. Each query takes O(n d).

    Parameters
    ----------
    bandwidth_x : float, array-like or str, default="loo"
        Standard deviation of the kernels of the features, in their units: one number,
        one for each, or "scott", "silverman" or "loo", which makes
        the leave-one-out likelihood of the targets largest, together with
        ``bandwidth_y`` if that is "loo", too.
    bandwidth_y : float, array-like or str, default="loo"
        That of the kernels of the targets.
    random_state : int, RandomState instance or None, default=None
        Seed of ``sample``.
    n_jobs : int, default=None
        Number of threads; -1 means all processors. Results do not depend on it.

    Attributes
    ----------
    bandwidth_x_ : ndarray of shape (n_features,)
        Bandwidths of the features.
    bandwidth_y_ : ndarray of shape (n_targets,)
        Bandwidths of the targets.
    loo_score_ : float or None
        Mean leave-one-out log density of the targets, if a bandwidth was "loo".
    n_iter_ : int
        Number of bandwidths that were tried.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    See Also
    --------
    KernelDensity : Density of all features; ``conditional`` gives some of them.

    References
    ----------
    .. [1] M. P. Holmes, A. G. Gray and C. L. Isbell, "Fast nonparametric conditional
       density estimation", UAI 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.neighbors import ConditionalKernelDensity
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-2, 2, size=(300, 1))
    >>> y = X[:, 0] ** 2 + rng.normal(scale=0.2, size=300)
    >>> model = ConditionalKernelDensity().fit(X, y)
    >>> model.predict([[0.0], [1.5]]).round(1)
    array([0.1, 2.2])
    >>> model.predict_quantile([[1.5]], [0.05, 0.95]).round(1)
    array([[1.8, 2.7]])
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "bandwidth_x": [
            Interval(Real, 0, None, closed="neither"), "array-like",
            StrOptions(set(_RULES)),
        ],
        "bandwidth_y": [
            Interval(Real, 0, None, closed="neither"), "array-like",
            StrOptions(set(_RULES)),
        ],
        "random_state": ["random_state"],
        "n_jobs": N_JOBS,
    }  # fmt: skip

    def __init__(
        self, bandwidth_x="loo", bandwidth_y="loo", *, random_state=None, n_jobs=None
    ):
        self.bandwidth_x = bandwidth_x
        self.bandwidth_y = bandwidth_y
        self.random_state = random_state
        self.n_jobs = n_jobs

    @fit_method
    def fit(self, X, y, sample_weight=None):
        """Choose the bandwidths.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X, y, weight = _inputs.check_X_y(self, X, y, sample_weight)
        self._is_flat, self._dtype = y.ndim == 1, X.dtype
        Y = y.reshape(len(y), -1).astype(np.float64)
        kept = weight > 0
        joint = _sample(np.hstack([X, Y])[kept].astype(np.float64), weight[kept])
        d = X.shape[1]
        by_content = joint.take(np.lexsort(joint.X.T[::-1]))  # whatever their order
        with fit_progress(self, X, max_steps=1) as step, step(30) as part:
            widths, score, n_iter = _choose(
                _bandwidth.merged(by_content),
                d,
                self.bandwidth_x,
                self.bandwidth_y,
                self.n_jobs,
                part,
            )
        self.bandwidth_x_, self.bandwidth_y_ = widths[:d], widths[d:]
        self.loo_score_, self.n_iter_ = score, n_iter
        self._Y, features = joint.X[:, d:], joint._replace(X=joint.X[:, :d])
        features = features._replace(boundaries=_boundaries.read(None, d, range(d)))
        self._features = Density(features, Scale(widths[:d]), algorithm="gemm")
        return self

    def _over(self, X, task):
        """Call ``task(start, stop, W)`` with the weights of samples at rows of X."""

        def work(start, stop, Z, W, log_sums):
            return task(start, stop, W)

        rows = X.astype(np.float64)
        return _calculus.weights(self._features, rows, work, n_jobs=self.n_jobs)

    def _check(self, X):
        check_is_fitted(self)
        return _inputs.check_X(self, X, reset=False)

    def _targets(self, Y, n):
        """Return targets in columns; raise unless there is one for each row."""
        Y = check_array(Y, dtype=np.float64, ensure_2d=False, input_name="y")
        Y = Y.reshape(-1, 1) if Y.ndim <= 1 and self._Y.shape[1] == 1 else Y
        if Y.shape != (n, self._Y.shape[1]):
            raise ValueError(
                f"y must have shape ({n}, {self._Y.shape[1]}), one row for each of X, "
                f"got {Y.shape}."
            )
        return Y

    def score_samples(self, X, y=None):
        """Compute the log density of each target given its features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets; None asks for the log density of the features.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            Natural logarithm of p(y | x), or of p(x).
        """
        X = self._check(X)
        if y is None:
            logs = self._features.sums(X.astype(np.float64), n_jobs=self.n_jobs).log_sum
            return logs.astype(X.dtype, copy=False)
        Y = self._targets(y, len(X)) / self.bandwidth_y_
        known, k = self._Y / self.bandwidth_y_, Y.shape[1]
        const = -k / 2 * np.log(2 * np.pi) - np.log(self.bandwidth_y_).sum()

        def task(start, stop, W):
            with np.errstate(divide="ignore"):
                terms = np.log(W)
            for a in range(k):
                terms -= (Y[start:stop, a, None] - known[:, a]) ** 2 / 2
            top = terms.max(axis=1)
            with np.errstate(invalid="ignore"):
                total = np.exp(terms - top[:, None]).sum(axis=1)
            return top + np.log(total)

        return (np.concatenate(self._over(X, task)) + const).astype(X.dtype, copy=False)

    def score(self, X, y, sample_weight=None):
        """Return the mean log density of targets given features: more is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the mean.

        Returns
        -------
        score : float
            The weighted mean of ``score_samples``.
        """
        logs = self.score_samples(X, y).astype(np.float64)
        weight = check_weights(sample_weight, len(logs))
        return float(weight @ logs / weight.sum())

    def predict(self, X):
        """Compute the mean of the targets given features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Means.
        """
        X = self._check(X)
        mean = np.concatenate(self._over(X, lambda start, stop, W: W @ self._Y))
        mean = mean.astype(X.dtype, copy=False)
        return mean[:, 0] if self._is_flat else mean

    def n_effective(self, X):
        """Compute the number of samples that an answer rests on.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        n_effective : ndarray of shape (n_samples,)
            1 over the sum of the squared weights of the samples.
        """
        X = self._check(X)
        parts = self._over(X, lambda start, stop, W: 1 / np.square(W).sum(axis=1))
        return np.concatenate(parts)

    def cdf(self, X, y):
        """Compute the probability that the target is at most y, given features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Upper ends; of several targets, all are to be at most theirs.

        Returns
        -------
        probability : ndarray of shape (n_samples,)
            Probability.
        """
        X = self._check(X)
        Y = self._targets(y, len(X))

        def task(start, stop, W):
            for a, width in enumerate(self.bandwidth_y_):
                z = (Y[start:stop, a, None] - self._Y[:, a]) / width
                W = W * _calculus.kernel_cdf(PROFILES["gaussian"], z)
            return np.clip(W.sum(axis=1), 0.0, 1.0)

        return np.concatenate(self._over(X, task)).astype(X.dtype, copy=False)

    def predict_quantile(self, X, quantile=0.5):
        """Compute quantiles of the target given features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        quantile : float or array-like of shape (n_quantiles,), default=0.5
            Probabilities between 0 and 1.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_quantiles)
            Quantiles; one column for each if several are asked.
        """
        X = self._check(X)
        levels = np.asarray(quantile, dtype=float)
        if levels.ndim > 1 or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(
                f"quantile must lie between 0 and 1, got {in_words(quantile)}."
            )
        if self._Y.shape[1] > 1:
            raise ValueError(
                f"predict_quantile needs one target, got {self._Y.shape[1]}: fit each "
                "alone."
            )
        known, width = self._Y[:, 0], self.bandwidth_y_[0]
        order = np.argsort(known)
        task = QuantileTask(known[order], width, levels.ravel())
        parts = self._over(X, lambda start, stop, W: task(W[:, order]))
        out = np.concatenate(parts).astype(X.dtype, copy=False)
        return out if levels.ndim else out[:, 0]

    def sample(self, X, n_samples=1, random_state=None):
        """Draw targets given features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        n_samples : int, default=1
            Number of draws for each row of X.
        random_state : int, RandomState instance or None, default=None
            Seed of the draw; None stands for that of the estimator.

        Returns
        -------
        y : ndarray of shape (n_rows, n_draws) or (n_rows, n_draws, n_targets)
            The draws.
        """
        X = self._check(X)
        m = check_number(n_samples, "n_samples", 1)
        rng = check_random_state(
            self.random_state if random_state is None else random_state
        )
        uniform = rng.uniform(size=(len(X), m))
        noise = rng.normal(size=(len(X), m, self._Y.shape[1]))

        def task(start, stop, W):
            sums = np.cumsum(W, axis=1)
            sums /= sums[:, -1:]
            return [
                np.searchsorted(line, u, side="right").clip(max=W.shape[1] - 1)
                for line, u in zip(sums, uniform[start:stop], strict=True)
            ]

        owners = np.concatenate(self._over(X, task))
        out = self._Y[owners] + noise * self.bandwidth_y_
        out = out.astype(X.dtype, copy=False)
        return out[:, :, 0] if self._is_flat else out

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags


def _sample(X, weight):
    d = X.shape[1]
    return Sample(X, weight, PROFILES["gaussian"], _boundaries.read(None, d, range(d)))


def _choose(joint, d, bandwidth_x, bandwidth_y, n_jobs, step):
    """Return bandwidths of features and targets, their score, and the steps."""
    names = [*(f"{a} of X" for a in range(d)), *(
        f"{a} of y" for a in range(joint.X.shape[1] - d)
    )]  # fmt: skip
    free, widths = [], np.empty(joint.X.shape[1])
    parts = (("bandwidth_x", bandwidth_x, slice(0, d)),
             ("bandwidth_y", bandwidth_y, slice(d, None)))  # fmt: skip
    for name, bandwidth, part in parts:
        X = joint.X[:, part]
        rule = bandwidth
        if isinstance(bandwidth, str) and bandwidth == "loo":
            rule = "silverman"
            free.append(part)
        try:
            scale = _bandwidth.choose(rule, _sample(X, joint.weight), names[part]).scale
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if scale.factor is not None or scale.per_sample is not None:
            raise ValueError(
                f"{name} must be a number or have one for each of the {X.shape[1]} "
                f"columns, got {in_words(bandwidth)}."
            )
        widths[part] = scale.widths
    if not free:
        return widths, None, 0
    return _likeliest(joint, d, widths, free, n_jobs, step)


def _likeliest(joint, d, widths, free, n_jobs, step):
    """As ``_choose``, for the parts of the widths that are ``free``."""
    index = np.concatenate([np.arange(len(widths))[part] for part in free])
    features, n_iter = _sample(joint.X[:, :d], joint.weight), 0

    def loss(log_h):
        nonlocal n_iter
        n_iter += 1
        all_h = widths.copy()
        all_h[index] = np.exp(log_h)
        with step():
            both, square = loo.scatter(joint, Scale(all_h), n_jobs=n_jobs)
            alone, part = loo.scatter(features, Scale(all_h[:d]), n_jobs=n_jobs)
        slope = square - 1
        slope[:d] -= part - 1
        return alone - both, -slope[index]

    start, floor = np.log(widths[index]), _floors(joint, d)[index]
    start = np.maximum(start, floor)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B",
        bounds=[(max(t - 8, low), t + 8) for t, low in zip(start, floor, strict=True)],
        options={"gtol": 1e-8, "ftol": 1e-13, "maxiter": 300},
    )  # fmt: skip
    widths[index] = np.exp(found.x)
    return widths, -float(found.fun), n_iter


def _floors(joint, d):
    """Return logs of the least widths: of targets, half the unit of rounding.

    Where targets are equal, their likelihood has no bound.
    """
    floors = np.full(joint.X.shape[1], -np.inf)
    for a in range(d, len(floors)):
        unit = rounding_unit(joint.X[:, a], joint.weight)
        floors[a] = np.log(max(unit / 2, 1e-3 * joint.X[:, a].std()))
    return floors
