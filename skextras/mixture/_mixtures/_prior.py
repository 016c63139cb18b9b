"""Priors of means and covariances: given, or from the labelled classes."""

import numpy as np

from skextras._gaussian._maximization import Prior
from skextras._gaussian._within import class_moments, shrunk
from skextras._validation import check_rows, in_words
from skextras.mixture._mixtures._evidence import log_marginals

KEYS = ("mean", "mean_precision", "degrees_of_freedom", "covariance")
_LEAST = 1e-6  # share of the covariance of all rows: classes may have equal rows
_GRID = 40  # degrees of freedom that are tried


def read(given, d):
    """Return the prior that a dict stands for; raise unless it is one."""
    if set(given) != set(KEYS):
        raise ValueError(
            f"prior must be a dict with the keys {', '.join(KEYS)}, got "
            f"{in_words(sorted(map(str, given)))}."
        )
    mean = check_rows(np.atleast_2d(given["mean"]), "prior", dtype=np.float64)[0]
    covariance = check_rows(given["covariance"], "prior", dtype=np.float64)
    if mean.shape != (d,) or covariance.shape != (d, d):
        raise ValueError(
            f"prior must have a mean of {d} features and a covariance of {(d, d)}, got "
            f"shapes {mean.shape} and {covariance.shape}."
        )
    numbers = []
    for name, low in (("mean_precision", 0.0), ("degrees_of_freedom", d - 1.0)):
        value = given[name]
        if not (isinstance(value, int | float | np.number) and low < value < np.inf):
            raise ValueError(
                f'prior["{name}"] must be above {low:g}, got {in_words(value)}.'
            )
        numbers.append(float(value))
    values = np.linalg.eigvalsh(covariance)
    if not values[0] > 0:
        raise ValueError(
            'prior["covariance"] must be positive definite, got the smallest '
            f"eigenvalue {values[0]:.3g}."
        )
    kappa, nu = numbers
    return Prior(mean, kappa, nu, max(nu - d - 1, 1.0) * covariance)


def varying(X):
    """Return the features that are not constant, or all if none is other."""
    differs = (X[0] != X).any(axis=0)
    return np.flatnonzero(differs) if differs.any() else np.arange(X.shape[1])


def empirical(X, weight, labels, n_components, mean, spread, strength):
    """Return the prior of largest marginal likelihood of the labelled classes.

    Features that are constant tell nothing of it, and have next to no variance. Without
    labels, the covariance is that of all rows, shrunk and narrowed to the share of one
    component, and the prior is as weak as it can be.
    """
    d, kept = X.shape[1], varying(X)
    if len(kept) < d:
        inner = empirical(
            X[:, kept], weight, labels, n_components, mean[kept],
            spread[np.ix_(kept, kept)], strength,
        )  # fmt: skip
        return _with_constants(inner, kept, mean, np.diagonal(spread))
    sizes, means, scatters = class_moments(X, weight, labels.class_codes())
    free = sizes.sum() - len(sizes)
    if free < 1:
        covariance = shrunk(spread, 0.5) * n_components ** (-2 / d)
        nu = d + 1 + strength
        return Prior(mean, 0.01, nu, (nu - d - 1) * covariance)
    pooled = scatters.sum(axis=0) / free
    covariance = shrunk(pooled, min(0.5, d / sizes.sum())) + _LEAST * spread
    gaps = means - mean
    apart = np.mean(np.einsum("ci,ij,cj->c", gaps, np.linalg.inv(covariance), gaps))
    kappa = float(np.clip(d / max(apart, 1e-300), 1e-3, 1.0))
    grid = d + 1 + np.geomspace(1.0, 20.0 * d + 1.0, _GRID)
    values = [
        log_marginals(
            sizes, means, scatters, Prior(mean, kappa, nu, (nu - d - 1) * covariance)
        ).sum()
        for nu in grid
    ]
    nu = d + 1 + strength * (grid[int(np.argmax(values))] - d - 1)
    return Prior(mean, kappa, nu, (nu - d - 1) * covariance)


def _with_constants(inner, kept, mean, widths):
    """Return the law of all features: those that are kept, and constant ones."""
    d, spare = len(mean), inner.degrees_of_freedom - len(kept) - 1
    scale = np.diag(_LEAST * max(spare, 1.0) * widths)
    scale[np.ix_(kept, kept)] = inner.scale
    nu = inner.degrees_of_freedom + d - len(kept)
    return inner._replace(mean=mean, degrees_of_freedom=nu, scale=scale)
