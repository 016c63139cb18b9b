"""Parameters of a mixture from moments: likelihood or posterior, floors, and EM."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skextras._callbacks import unseen
from skextras._gaussian import _components, _missing
from skextras._gaussian._components import EMPTY, Components

_FLAT = 1e-13  # share of a variance below which a direction holds rounding errors


class Prior(NamedTuple):
    """Normal-inverse-Wishart law of means and covariances, the same for all components.

    ``concentration`` is added to the weights, shared by all components.
    """

    mean: np.ndarray
    mean_precision: float
    degrees_of_freedom: float
    scale: np.ndarray
    concentration: float = 1.0

    def of_features(self, kept):
        """Return the law of some of the features."""
        nu = self.degrees_of_freedom - (len(self.mean) - len(kept))
        return self._replace(
            mean=self.mean[kept], scale=self.scale[np.ix_(kept, kept)],
            degrees_of_freedom=nu,
        )  # fmt: skip


class Mixture(NamedTuple):
    """Weights, means, and covariances in the shape of their type."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


class Frozen(NamedTuple):
    """Masks of the components whose weights, means or covariances stay."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


class Options(NamedTuple):
    """What EM estimates.

    ``floor`` is added to covariances, and ``spread`` is the covariance of all rows:
    matrices, or their diagonals, or their means. ``weigh`` turns ``Moments`` into
    weights before they are normalised.
    """

    covariance_type: str
    floor: np.ndarray
    spread: np.ndarray
    weigh: Callable
    prior: Prior | None = None
    has_missing: bool = False
    frozen: Frozen | None = None


class Fit(NamedTuple):
    """A mixture, its objective before each step, and what went wrong on the way.

    ``mended`` are the components whose covariance was singular, or that lost all rows.
    """

    mixture: Mixture
    components: Components
    objective: float
    history: list
    converged: bool
    mended: frozenset


def in_shape(matrices, covariance_type):
    """Return matrices in the shape that their type has: of (d, d), or of (K, d, d)."""
    if covariance_type in ("full", "tied"):
        return matrices
    diagonals = np.diagonal(matrices, axis1=-2, axis2=-1)
    return diagonals if covariance_type == "diag" else diagonals.mean(axis=-1)


def maximize(found, before, options):
    """Return the mixture that maximises the expected objective."""
    kind, prior = options.covariance_type, options.prior
    n_components, d = found.about.shape
    size = found.size
    is_empty = size < EMPTY
    shift = found.first / np.where(is_empty, 1.0, size)[:, None]
    sample_means, second = found.about + shift, found.second
    if second.ndim == 3:
        scatter = second - size[:, None, None] * shift[:, :, None] * shift[:, None, :]
    else:
        scatter = second - size[:, None] * shift**2
    means, rows = sample_means, size
    if prior is not None:
        kappa, gap = prior.mean_precision, sample_means - prior.mean
        means = (kappa * prior.mean + size[:, None] * sample_means) / (
            kappa + size[:, None]
        )
        factor = kappa * size / (kappa + size)
        if second.ndim == 3:
            scatter = scatter + factor[:, None, None] * gap[:, :, None] * gap[:, None]
        else:
            scatter = scatter + factor[:, None] * gap**2
        psi = prior.scale if second.ndim == 3 else np.diagonal(prior.scale)
        extra = prior.degrees_of_freedom + d + 1
        if kind == "tied":
            scatter, rows = scatter.sum(axis=0) + psi, size.sum() + extra + n_components
        else:
            scatter, rows = scatter + psi, size + extra + 1
    elif kind == "tied":
        scatter, rows = scatter.sum(axis=0), size.sum()
    if kind == "spherical":
        scatter = scatter.mean(axis=1)
    rows = np.where(rows < EMPTY, 1.0, rows)
    covariances = scatter / np.reshape(
        rows, np.shape(rows) + (1,) * (scatter.ndim - np.ndim(rows))
    )
    covariances = covariances + options.floor
    if before is not None and prior is None and is_empty.any():
        means = np.where(is_empty[:, None], before.means, means)
        if kind != "tied":
            covariances[is_empty] = before.covariances[is_empty]
    weights = options.weigh(found)
    weights = weights / weights.sum()
    return _kept(Mixture(weights, means, covariances), before, options), is_empty


def _kept(mixture, before, options):
    """Put back what is frozen; the other weights share what is left."""
    frozen = options.frozen
    if frozen is None or before is None:
        return mixture
    means = np.where(frozen.means[:, None], before.means, mixture.means)
    covariances = mixture.covariances
    if options.covariance_type == "tied":
        covariances = before.covariances if frozen.covariances.any() else covariances
    else:
        covariances = covariances.copy()
        covariances[frozen.covariances] = before.covariances[frozen.covariances]
    weights, stays = mixture.weights.copy(), frozen.weights
    if stays.any():
        weights[stays] = before.weights[stays]
        free = weights[~stays].sum()
        if free > 0:
            weights[~stays] *= (1 - weights[stays].sum()) / free
    return Mixture(weights, means, covariances)


def factorize(mixture, options):
    """Return the ``Components``, the mixture with what had to be mended, and which."""
    kind, spread = options.covariance_type, options.spread
    covariances, mended = np.array(mixture.covariances, dtype=float), []
    if kind in ("diag", "spherical"):
        least = _FLAT * spread
        bad = ~(covariances > least)
        covariances = np.where(
            bad, np.maximum(least, np.finfo(float).tiny), covariances
        )
        mended = np.flatnonzero(bad.any(axis=1) if kind == "diag" else bad)
        return (
            Components(mixture.means, 1 / np.sqrt(covariances), kind),
            mixture._replace(covariances=covariances), frozenset(mended.tolist()),
        )  # fmt: skip
    stack = covariances if kind == "full" else covariances[None]
    factors = np.empty_like(stack)
    for k, matrix in enumerate(stack):
        factors[k], stack[k], was_singular = _root(matrix, spread)
        if was_singular:
            mended.append(k)
    roots = np.triu(np.linalg.inv(factors).transpose(0, 2, 1))
    components = Components(mixture.means, roots if kind == "full" else roots[0], kind)
    return components, mixture._replace(covariances=covariances), frozenset(mended)


def _root(matrix, spread):
    """Return the Cholesky factor, the matrix, and whether that had to be widened."""
    share, widened = 0.0, matrix
    while True:
        try:
            root = np.linalg.cholesky(widened)
            flat = _FLAT * np.diagonal(widened)
            if (np.diagonal(root) ** 2 > flat).all():
                return root, widened, share > 0
        except np.linalg.LinAlgError:
            pass
        share = max(10 * share, 1e-12)
        width = np.diagonal(spread).mean() or 1.0
        widened = matrix + share * (spread + _FLAT * width * np.eye(len(matrix)))


def log_prior(mixture, components, options):
    """Log density of the parameters, up to a constant; 0 without a prior."""
    prior = options.prior
    if prior is None:
        return 0.0
    n_components, d = mixture.means.shape
    log_dets, value = components.log_dets(), 0.0
    with np.errstate(divide="ignore"):
        logs = np.log(mixture.weights)
    if prior.concentration > 0:
        value += prior.concentration * logs.mean()
    for k in range(n_components):
        root = components.root(k)
        gap = (mixture.means[k] - prior.mean) @ root
        value += log_dets[k] - 0.5 * prior.mean_precision * (gap @ gap)
        if options.covariance_type != "tied" or k == 0:
            value += (prior.degrees_of_freedom + d + 1) * log_dets[k]
            value -= 0.5 * np.einsum("ij,jk,ik->", root.T, prior.scale, root.T)
    return float(value)


def expectation_maximization(X, weight, codes, table_of, mixture, options, *, max_iter,
                             tol, n_jobs=None, step=unseen):  # fmt: skip
    """Run EM from a mixture until the mean objective changes by less than ``tol``.

    ``table_of(weights)`` gives the log weights of the components for each code.
    """
    total, history, mended, converged = weight.sum(), [], frozenset(), False
    components, mixture, _ = factorize(mixture, options)
    value, partly = -np.inf, None
    if options.has_missing:  # told apart once
        is_partly = np.isnan(X).any(axis=1)
        if is_partly.any():
            partly = _missing.Rows.of(X, weight, codes, is_partly)
            X, weight, codes = X[~is_partly], weight[~is_partly], codes[~is_partly]
    for _ in range(max_iter):
        with step():
            found = _moments(
                X, weight, codes, partly, table_of, mixture, components, options, n_jobs
            )
            more = log_prior(mixture, components, options)
            before, value = value, found.log_likelihood + more
            history.append(value / total)
            mixture, is_empty = maximize(found, mixture, options)
            components, mixture, singular = factorize(mixture, options)
        mended |= singular | frozenset(np.flatnonzero(is_empty).tolist())
        if abs(value - before) < tol * total:
            converged = True
            break
    return Fit(mixture, components, value / total, history, converged, mended)


def _moments(X, weight, codes, partly, table_of, mixture, components, options,
             n_jobs):  # fmt: skip
    """Return the moments of an E-step, about points that are near the new means.

    ``partly`` are further rows, with missing values, or None.
    """
    squares = _components.Squares(components, X.dtype)
    logs = table_of(mixture.weights)
    table = logs + components.constants()

    def responsibilities(start, stop):
        rows = X[start:stop]
        return _components.posterior(squares, rows, table, codes[start:stop])

    def about(points):
        found = _components.moments(
            X, weight, codes, responsibilities, points, options.covariance_type,
            n_jobs=n_jobs,
        )  # fmt: skip
        if partly is None:
            return found
        kind = options.covariance_type
        return found.plus(_missing.moments(partly, mixture, kind, logs, points))

    found = about(mixture.means)
    if found.lost_digits():
        found = about(found.means())
    return found


def start_from(X, weight, codes, given, n_components, options, *, n_jobs=None):
    """Return the mixture of given responsibilities: an array of them, or labels."""

    def responsibilities(start, stop):
        if given.ndim == 2:
            return given[start:stop].astype(np.float64), np.zeros(stop - start)
        out = np.zeros((stop - start, n_components))
        out[np.arange(stop - start), given[start:stop]] = 1.0
        return out, np.zeros(stop - start)

    points = np.repeat(X[:1].astype(np.float64), n_components, axis=0)
    for _ in range(2):  # first the means, then the moments about them
        found = _components.moments(
            X, weight, codes, responsibilities, points, options.covariance_type,
            n_jobs=n_jobs,
        )  # fmt: skip
        points = found.means()
    return maximize(found, None, options)[0]
