"""Rows with missing values: densities of what is there, and moments of the rest.

Values are taken to be missing at random: whether one is may depend on those that are
there, not on itself [1]_.

References
----------
.. [1] Z. Ghahramani and M. I. Jordan, "Supervised learning from incomplete data via an
   EM approach", NIPS 1994.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from skextras._gaussian import _mixture_kernels as kernels
from skextras._gaussian._components import LOG_2_PI, SMALL, Moments
from skextras._gaussian._covariances import expand


def is_any(X):
    """Tell if a value is missing, without an array as large as X."""
    return bool(len(X) and np.isnan(X.max(axis=0)).any())


class Pattern(NamedTuple):
    """Rows in which the same features are missing."""

    rows: np.ndarray
    seen: np.ndarray
    missing: np.ndarray


class Rows(NamedTuple):
    """Rows with missing values, by pattern, with weights and codes."""

    X: np.ndarray
    weight: np.ndarray
    codes: np.ndarray
    patterns: list

    @classmethod
    def of(cls, X, weight, codes, mask):
        """Return those of some rows that are in a mask."""
        X = X[mask]
        return cls(X, weight[mask], codes[mask], patterns(X))


def patterns(X):
    """Return the patterns of the rows, of which values are missing or not."""
    kinds, index = np.unique(np.isnan(X), axis=0, return_inverse=True)
    index = index.ravel()
    return [
        Pattern(np.flatnonzero(index == number), np.flatnonzero(~missing),
                np.flatnonzero(missing))
        for number, missing in enumerate(kinds)
    ]  # fmt: skip


def posterior(X, pattern, means, covariances, table, codes):
    """Return responsibilities and logs of the sums of the rows of a pattern.

    ``covariances`` are full matrices; the logs beside densities are those of
    ``table[codes]``, without normalisation.
    """
    found, constants = squares(X, pattern, means, covariances)
    log_sums = np.empty(len(pattern.rows))
    kernels.soften_rows(found, table + constants, codes[pattern.rows], log_sums)
    return found, log_sums


def squares(X, pattern, means, covariances):
    """Return squared Mahalanobis distances of the rows, and log densities at means."""
    seen = pattern.seen
    out = np.zeros((len(pattern.rows), len(means)))
    constants = np.zeros(len(means))
    rows = X[np.ix_(pattern.rows, seen)].astype(np.float64)
    for k in range(len(means)) if len(seen) else ():
        root = np.linalg.cholesky(covariances[k][np.ix_(seen, seen)])
        constants[k] = -np.log(np.diagonal(root)).sum() - 0.5 * len(seen) * LOG_2_PI
        with np.errstate(over="ignore"):
            away = np.linalg.solve(root, (rows - means[k, seen]).T)
            out[:, k] = np.einsum("ij,ij->j", away, away)
    return out, constants


def moments(partly, mixture, covariance_type, table, about):
    """Return the ``Moments`` of ``Rows``, which are expected ones."""
    X, codes = partly.X, partly.codes
    n_components, d = about.shape
    full = expand(mixture.covariances, covariance_type, n_components, d)
    sizes, value = np.zeros((2, n_components)), 0.0
    first, second = np.zeros((n_components, d)), np.zeros((n_components, d, d))
    for pattern in partly.patterns:
        rows, seen, missing = pattern
        shares, log_sums = posterior(X, pattern, mixture.means, full, table, codes)
        value += kernels.weigh(
            shares, log_sums, partly.weight[rows], codes[rows], sizes
        )
        for k in range(n_components):
            some = np.flatnonzero(shares[:, k] > SMALL)
            filled = np.empty((len(some), d))
            filled[:, seen] = X[np.ix_(rows[some], seen)]
            filled[:, missing] = mixture.means[k, missing]
            rest = full[k][np.ix_(missing, missing)]
            if len(seen) and len(missing):
                cross = full[k][np.ix_(seen, missing)]
                factor = cho_solve(cho_factor(full[k][np.ix_(seen, seen)]), cross)
                filled[:, missing] += (
                    filled[:, seen] - mixture.means[k, seen]
                ) @ factor
                rest = rest - cross.T @ factor
            away = filled - about[k]
            weighted = away * shares[some, k, None]
            first[k] += weighted.sum(axis=0)
            second[k] += weighted.T @ away
            second[k][np.ix_(missing, missing)] += shares[some, k].sum() * rest
    if covariance_type in ("diag", "spherical"):
        second = np.ascontiguousarray(np.diagonal(second, axis1=1, axis2=2))
    return Moments(value, sizes[0], sizes[1], first, second, about)


def filled_by_means(X):
    """Return rows in which the mean of a feature stands for missing values."""
    means = np.nanmean(X, axis=0)
    return np.where(np.isnan(X), means, X).astype(X.dtype)
