r"""Regimes of kernel density estimates in many dimensions.

For n points in d dimensions with log(n) / d fixed, the sum of normal kernels is the
partition function of a random energy model [1]_: below a bandwidth h_G it is decided by
a few points ("condensed"), up to sqrt(2) h_G its fluctuations have no variance
("heavy_tailed"), and beyond, the central limit theorem holds ("clt").

References
----------
.. [1] G. Biroli and M. Mezard, "Kernel density estimators in large dimensions",
   arXiv:2408.05807, 2024.
"""

import numpy as np
from scipy.optimize import brentq
from sklearn.metrics import euclidean_distances
from sklearn.utils import check_random_state

from skextras._parallel import blas_on_one_thread, map_blocks, row_blocks
from skextras._validation import check_rows, in_words
from skextras.neighbors._density import _tile_kernels as kernels

METHODS = ("participation", "entropy", "gaussian", "nn")
QUERIES = 1000  # samples that stand for all
_POINTS = 50_000  # samples that these are compared with
_PAIRS, _FEWEST = 2**24, 256  # of these, and queries where points are many
_BLOCK = 32  # queries that a thread looks at
_SINGLE = 1e-4  # squares over those of the queries, which float32 can tell apart
_NEAREST = 1024  # of these that are kept: the others weigh nothing where it matters
_PARTICIPATION = 1.14  # ratio to theory of sqrt(2) h at half participation
_NEIGHBORS = 32
_OF_NEIGHBORS = 1.12  # ratio to theory of what the nearest neighbors say
_NATS = 2.0  # entropy of the weights at the bandwidth h_G
_FLAT = 1e-9  # of the largest variance: directions of less are none


class KDERegimeWarning(UserWarning):
    """A density that few samples decide: see ``critical_bandwidths``."""


def _normal_root(log_n, variances):
    """Return h_G of a normal law with these variances along its axes."""
    variances = variances[variances > _FLAT * variances.max()]
    alpha = log_n / len(variances)
    scale = variances.mean()
    shares = variances / scale

    def excess(log_v):
        vs = np.exp(log_v) * shares
        return np.mean(np.log1p(vs) - vs / (1 + vs) ** 2) / 2 - alpha

    low, high = -20.0, 20.0
    while excess(high) < 0:
        high += 20.0
    return float(np.sqrt(scale * np.exp(-brentq(excess, low, high)))), len(variances)


def gaussian_critical_bandwidth(n_samples, covariance):
    """Return the bandwidth h_G of samples of a normal law.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    covariance : array-like of shape (n_features, n_features)
        Covariance of the law. Directions of next to no variance do not count.

    Returns
    -------
    bandwidth : float
        Below it, a density is decided by few samples; from sqrt(2) times it on, the
        central limit theorem holds.

    References
    ----------
    .. [1] G. Biroli and M. Mezard, "Kernel density estimators in large dimensions",
       arXiv:2408.05807, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.neighbors import gaussian_critical_bandwidth
    >>> glass = gaussian_critical_bandwidth(20_000, np.eye(50))
    >>> round(glass, 3)
    1.05
    """
    covariance = check_rows(covariance, "covariance")
    if covariance.shape[0] != covariance.shape[1]:
        raise ValueError(
            f"covariance must be a square matrix, got shape {covariance.shape}."
        )
    variances = np.linalg.eigvalsh(covariance)
    if not (variances[-1] > 0 and variances[0] > -1e-6 * variances[-1]):
        raise ValueError(
            "covariance must have no negative eigenvalue and a positive one, got "
            f"{variances[0]:.3g} to {variances[-1]:.3g}."
        )
    if not n_samples > 1:
        raise ValueError(f"n_samples must be at least 2, got {in_words(n_samples)}.")
    return _normal_root(np.log(n_samples), variances)[0]


def critical_bandwidths(X, method="participation", *, random_state=0):
    """Estimate the bandwidths between the regimes of a kernel density estimate.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    method : {"participation", "entropy", "gaussian", "nn"}, default="participation"
        - "participation": where the squares of the weights of all samples sum up to
          1/2, at the median sample; whatever the law;
        - "entropy": where the weights have an entropy of 2 nats;
        - "gaussian": the formula for normal data with the covariance of X;
        - "nn": from the distances of the 32 nearest neighbors.
    random_state : int, RandomState instance or None, default=0
        Chooses the at most 1000 samples that are looked at.

    Returns
    -------
    bandwidths : dict
        ``"glass"``: h_G, below which few samples decide a density; ``"clt"``: sqrt(2)
        h_G, from which on error bars from variances are valid; ``"method"``;
        ``"d_eff"``: number of features that count; ``"alpha"``: log(n_samples) / d_eff.

    References
    ----------
    .. [1] G. Biroli and M. Mezard, "Kernel density estimators in large dimensions",
       arXiv:2408.05807, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.neighbors import critical_bandwidths
    >>> X = np.random.default_rng(0).normal(size=(2000, 20))
    >>> 0.7 < critical_bandwidths(X)["glass"] < 1.0
    True
    """
    X = check_rows(X, dtype=np.float64, ensure_min_samples=2)
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {', '.join(METHODS)}, got {in_words(method)}."
        )
    if (X[0] == X).all():
        raise ValueError(
            "X must have rows that differ, got equal ones: there is no critical "
            "bandwidth."
        )
    found = bandwidths(X, method, check_random_state(random_state))
    if not found["glass"] > 0:
        raise ValueError(
            'method="nn" needs neighbors at different distances, and X has too few: '
            'use method="participation".'
        )
    return found


def bandwidths(X, method, rng, *, n_jobs=None):
    """Return what ``critical_bandwidths`` does, of rows that were checked."""
    X, exponent = _of_unit_spread(X)
    n = len(X)
    variances = np.linalg.eigvalsh(_covariance(X))
    normal, d_eff = _normal_root(np.log(n), variances)
    glass = normal
    if method != "gaussian":
        glass = _MEASURES[method](_squares(X, rng, n_jobs), d_eff)
    glass = np.ldexp(glass, exponent)
    return {
        "glass": float(glass),
        "clt": float(np.sqrt(2) * glass),
        "method": method,
        "d_eff": d_eff,
        "alpha": float(np.log(n) / d_eff),
    }


def _of_unit_spread(X):
    """Return centered rows whose squares can be summed up, and their power of two."""
    X, exponent = np.ascontiguousarray(X), 0
    for _ in range(2):  # before the mean is taken, and after
        step = int(np.frexp(abs(X).max())[1])
        X, exponent = np.ldexp(X, -step), exponent + step
        X = X - X.mean(axis=0)
    return X, exponent


def _covariance(X):
    """Covariance of the rows, shrunk to its mean variance where rows are few."""
    n, d = X.shape
    centered = X - X.mean(axis=0)
    covariance = centered.T @ centered / max(n - 1, 1)
    share = min(1.0, d / n) if n < 5 * d else 0.0
    return (1 - share) * covariance + share * np.trace(covariance) / d * np.eye(d)


def n_queries(n):
    """Return how many samples stand for n: fewer where there are many points."""
    return max(_FEWEST, min(QUERIES, _PAIRS // min(n, _POINTS)))


def _squares(X, rng, n_jobs):
    """Squared distances of some rows from all others, infinite where they are 0."""
    n = len(X)
    queries = X[rng.permutation(n)[: n_queries(n)]]
    points = X if n <= _POINTS else X[rng.permutation(n)[:_POINTS]]
    k = min(_NEAREST, len(points))
    squares = np.empty((len(queries), k))
    in_single = points.astype(np.float32)

    def work(start, stop):
        some, out = queries[start:stop], squares[start:stop]
        _nearest(some.astype(np.float32), in_single, some, points, out)
        if (out.max(axis=1) < _SINGLE * (some**2).sum(axis=1)).any():
            _nearest(some, points, some, points, out)

    with blas_on_one_thread():
        map_blocks(work, row_blocks(len(queries), _BLOCK), n_jobs=n_jobs)
    squares[squares == 0] = np.inf
    return squares[np.isfinite(squares).any(axis=1)]


def _nearest(Q, P, queries, points, out):
    """Fill rows of squares with those of the nearest points, which Q and P tell."""
    far = euclidean_distances(Q, P, squared=True)
    near = np.argpartition(far, out.shape[1] - 1)[:, : out.shape[1]]
    for i, row in enumerate(near):  # by differences: products lose small ones
        out[i] = ((points[row] - queries[i]) ** 2).sum(axis=1)


def _crossing(squares, measure):
    """Return h at which a measure of the weights, which falls with log h, is 0."""
    log_weight = np.zeros(squares.shape[1])
    least = squares.min(axis=1)
    low = np.log(np.sqrt(np.median(least))) - 7
    high = np.log(np.sqrt(np.median(squares[np.isfinite(squares)]))) + 3
    for _ in range(22):
        middle = (low + high) / 2
        x, log_sums = squares * np.exp(-2 * middle), np.empty(len(squares))
        kernels.soften(x, log_weight, kernels.GAUSSIAN, log_sums)
        low, high = (middle, high) if measure(x) > 0 else (low, middle)
    return np.exp((low + high) / 2)


def _participation(squares, d):
    half = _crossing(squares, lambda weights: (weights**2).sum(axis=1).mean() - 0.5)
    return np.sqrt(2) * half / _PARTICIPATION


def _entropy(squares, d):
    def missing(weights):
        logs = np.log(np.maximum(weights, 1e-300))
        return _NATS + np.mean(np.einsum("ij,ij->i", weights, logs))

    return _crossing(squares, missing)


def _neighbors(squares, d):
    k = n_neighbors(squares.shape[1])
    return np.median(of_neighbors(np.sort(np.partition(squares, k)[:, : k + 1])))


def n_neighbors(n):
    """Return how many of n points tell the critical bandwidth at a query."""
    return int(min(max(min(_NEIGHBORS, n // 50), 8), n - 1))


def of_neighbors(squares):
    """Return h_G at queries, from ascending squared distances of k + 1 neighbors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.log(squares[:, -1:] / squares[:, :-1]).mean(axis=1) / 2
        glass = np.sqrt(squares[:, 0] * exponent) / _OF_NEIGHBORS
    return np.where(np.isfinite(glass), glass, 0.0)


_MEASURES = {
    "participation": _participation, "entropy": _entropy, "nn": _neighbors
}  # fmt: skip


def regime(tail_index):
    """Return the name of the regime of a tail index (h / h_G)^2."""
    if tail_index <= 1:
        return "condensed"
    return "heavy_tailed" if tail_index < 2 else "clt"
