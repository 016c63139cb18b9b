"""Which unlabelled rows look novel, before any cluster is known."""

import numpy as np
from scipy.stats import f as f_law
from sklearn.neighbors import NearestNeighbors

from skextras._gaussian._within import class_moments

_AROUND = 30  # neighbours of labelled rows that tell how many are labelled
_LABELLED = 12  # labelled neighbours that are expected within a known class
_FEWEST, _MOST = 15, 200  # neighbours that are counted
_TOO_FEW = 2.0  # labelled neighbours by which a share is not known
_SHARE = 0.5  # of the labelled share of a class, below which a row is novel
_LEVEL = 0.95  # share of the labelled rows of a class that are typical


def by_label_rate(Z, codes, n_jobs):
    """Tell which rows have fewer labelled neighbours than the classes do.

    If labels are missing at random within known classes, the share of labelled rows is
    that of the class around its rows, and 0 around those of novel classes. Where a
    class has too few labels to tell, all unlabelled rows near to it may be novel.
    Return the mask, and the nearest class of each row, from 0.
    """
    n, labelled = len(Z), np.flatnonzero(codes > 0)
    search = NearestNeighbors(n_jobs=n_jobs).fit(Z)
    k = min(_AROUND, n - 1)
    around = search.kneighbors(Z[labelled], k + 1)[1][:, 1:]
    rate = (codes[around] > 0).mean()
    k = int(np.clip(np.ceil(_LABELLED / max(rate, 1e-3)), _FEWEST, min(_MOST, n / 4)))
    k = max(1, min(k, n - 1))
    near = search.kneighbors(Z, k + 1)[1]
    is_self = near == np.arange(n)[:, None]
    is_self[~is_self.any(axis=1), -1] = True  # among many equal rows
    near = near[~is_self].reshape(n, k)
    share = (codes[near] > 0).mean(axis=1)
    closest = NearestNeighbors(n_neighbors=1, n_jobs=n_jobs).fit(Z[labelled])
    of = codes[labelled[closest.kneighbors(Z)[1][:, 0]]] - 1
    rates = np.array([share[codes == c + 1].mean() for c in range(codes.max())])
    limits = np.where(rates * k < _TOO_FEW, np.inf, _SHARE * rates)
    return (codes == 0) & (share < limits[of]), of


def by_typicality(X, weight, codes, prior):
    """Tell which rows are untypical of each class, whatever share of it is labelled.

    Given the labelled rows, a further row of a class has a t law. Rows are untypical
    that lie farther out than most labelled rows do, each of which is left out. Return
    the mask, and the most likely class of each row, from 0.
    """
    d = X.shape[1]
    sizes, means, scatters = class_moments(X, weight, codes)
    squares = np.empty((len(X), len(sizes)))
    for c, (n, mean, scatter) in enumerate(zip(sizes, means, scatters, strict=True)):
        kappa, nu = prior.mean_precision + n, prior.degrees_of_freedom + n
        gap = mean - prior.mean
        scale = prior.scale + scatter
        scale = scale + prior.mean_precision * n / kappa * np.outer(gap, gap)
        center = prior.mean + n / kappa * gap
        free = max(nu - d + 1, 1.0)
        root = np.linalg.cholesky(scale * (kappa + 1) / (kappa * free))
        away = np.linalg.solve(root, (X - center).T)
        square = np.einsum("ij,ij->j", away, away)
        own = codes == c + 1
        square[own] = _without_itself(square[own], kappa, free)
        limit = np.quantile(square[own], _LEVEL)
        level = f_law.ppf(_LEVEL, d, free) * d
        squares[:, c] = square / max(limit, level)
    return (codes == 0) & (squares.min(axis=1) > 1), squares.argmin(axis=1)


def _without_itself(square, kappa, free):
    """Return squares of rows of a class, as if each had not been among them."""
    grown = kappa / (kappa - 1)
    raw = square * (kappa + 1) / (kappa * free)  # by the scale of the whole class
    return grown * raw / np.maximum(1 - grown * raw, 1e-12) * (free - 1)
