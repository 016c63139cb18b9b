"""Hard clusters by their moments, and how well one component explains them."""

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, gammaln, multigammaln

from skextras._gaussian._maximization import Prior
from skextras._gaussian._within import group_moments

_AT_ONCE = 2**21  # numbers of matrices that are factorised at once


class Pieces(NamedTuple):
    """Weights, means and scatter matrices of clusters; of labelled and free rows."""

    size: np.ndarray
    mean: np.ndarray
    scatter: np.ndarray
    labelled: np.ndarray
    free: np.ndarray

    @classmethod
    def of(cls, X, weight, owner, is_free, n_pieces):
        """Return the pieces that rows belong to."""
        size, mean, scatter = group_moments(X, weight, owner, n_pieces)
        free = np.bincount(owner, weight * is_free, n_pieces)
        return cls(size, mean, scatter, np.maximum(size - free, 0.0), free)

    def take(self, chosen):
        """Return some of the pieces."""
        return Pieces(*(part[chosen] for part in self))

    def union(self, other):
        """Return the unions of these pieces with others, one by one."""
        size = self.size + other.size
        share = other.size / np.where(size > 0, size, 1.0)
        gap = other.mean - self.mean
        scatter = self.scatter + other.scatter
        scatter += (self.size * share)[:, None, None] * gap[:, :, None] * gap[:, None]
        return Pieces(
            size, self.mean + share[:, None] * gap, scatter,
            self.labelled + other.labelled, self.free + other.free,
        )  # fmt: skip

    def put(self, k, one):
        """Set piece k to the first of others."""
        for part, new in zip(self, one, strict=True):
            part[k] = new[0]


def log_marginals(size, mean, scatter, prior, covariance_type="full"):
    """Log densities of the rows of each cluster, given by its moments, under the prior.

    Means and covariances are integrated out. With "tied", the covariance is that of the
    prior.
    """
    d, kappa = mean.shape[1], prior.mean_precision
    kappas = kappa + size
    gap, factor = mean - prior.mean, kappa * size / kappas
    of_mean = d / 2 * np.log(kappa / kappas)
    nu = prior.degrees_of_freedom
    if covariance_type == "full":
        out = multigammaln((nu + size) / 2, d) - multigammaln(nu / 2, d)
        out += nu / 2 * np.linalg.slogdet(prior.scale)[1]
        out -= (nu + size) / 2 * _log_dets(prior.scale, scatter, factor, gap)
        return out - size * d / 2 * np.log(np.pi) + of_mean
    psi = np.diagonal(prior.scale)
    if covariance_type == "tied":
        covariance = prior.scale / max(nu - d - 1, 1.0)
        inverse = np.linalg.inv(covariance)
        squares = np.einsum("kij,ij->k", scatter, inverse)
        squares += factor * np.einsum("ki,ij,kj->k", gap, inverse, gap)
        log_det = np.linalg.slogdet(covariance)[1]
        return of_mean - 0.5 * (size * (d * np.log(2 * np.pi) + log_det) + squares)
    squares = np.diagonal(scatter, axis1=1, axis2=2) + factor[:, None] * gap**2
    rows, nu = size[:, None], max(nu - d + 1, 1e-3)
    if covariance_type == "spherical":
        psi, squares = np.array([psi.sum()]), squares.sum(axis=1, keepdims=True)
        rows, nu = d * rows, d * nu
    parts = gammaln((nu + rows) / 2) - gammaln(nu / 2) + nu / 2 * np.log(psi)
    parts = parts - (nu + rows) / 2 * np.log(psi + squares)
    return parts.sum(axis=1) - size * d / 2 * np.log(np.pi) + of_mean


def _log_dets(scale, scatter, factor, gap):
    """Log determinants of the scales that the prior has after some rows."""
    out = np.empty(len(scatter))
    step = max(1, _AT_ONCE // scale.size)
    for start in range(0, len(out), step):
        part = slice(start, start + step)
        moved = scatter[part] + scale
        away = gap[part]
        moved += factor[part, None, None] * away[:, :, None] * away[:, None, :]
        out[part] = np.linalg.slogdet(moved)[1]
    return out


class Evidence(NamedTuple):
    """What tells if clusters are one: the ratios of Hastings in split and merge moves.

    Classes are no normal laws: only a share ``zeta`` of the rows of novel components
    counts as evidence [1]_. If ``tells_rates``, the labelled share of each component is
    a parameter, too.

    References
    ----------
    .. [1] J. W. Miller and D. B. Dunson, "Robust Bayesian inference via coarsening",
       Journal of the American Statistical Association 114, 2019.
    """

    prior: Prior
    covariance_type: str
    zeta: float
    tells_rates: bool

    def terms(self, pieces, is_known):
        """Return what each piece adds to the objective, by itself.

        A known component counts all of its rows.
        """
        zeta = np.where(is_known, 1.0, self.zeta)
        size = zeta * pieces.size
        value = log_marginals(
            size, pieces.mean, zeta[:, None, None] * pieces.scatter, self.prior,
            self.covariance_type,
        )  # fmt: skip
        with np.errstate(divide="ignore"):
            value = value + gammaln(np.maximum(size, 1e-300))
        value = np.where(pieces.size > 0, value, 0.0) / zeta
        value = value + np.log(self.prior.concentration)
        if self.tells_rates:
            value = value + betaln(pieces.labelled + 1, pieces.free + 1)
        return value

    def objective(self, pieces, is_known):
        """Return the sum of the terms, by which rounds of moves are compared."""
        return float(self.terms(pieces, is_known).sum())
