"""Bandwidths from the spread of the data: normal reference and plug-in rules."""

import numpy as np
from scipy.fft import dct
from scipy.optimize import brentq

from skextras._fitting import warn
from skextras.neighbors._density._grid import fourier
from skextras.neighbors._density._rounding import rounding_unit

_QUARTILES = 1.34  # between the quartiles of a normal law, in standard deviations


def effective_size(weight):
    """Return Kish's effective number of samples."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def std(x, weight):
    """Return the standard deviation of one feature: ddof = 1 for equal weights."""
    share = weight / weight.sum()
    square = share @ (x - share @ x) ** 2
    return float(np.sqrt(square / max(1 - share @ share, 1e-300)))


def quartile_range(x, weight):
    """Distance of the quartiles of one feature."""
    if (weight == weight[0]).all():
        low, high = np.quantile(x, [0.25, 0.75])
    else:
        order = np.argsort(x)
        middle = np.cumsum(weight[order]) - weight[order] / 2
        low, high = np.interp([0.25, 0.75], middle / weight.sum(), x[order])
    return float(high - low)


def robust_std(x, weight, per_std=_QUARTILES):
    """Return the less of the std and what the quartiles say, unless that is 0."""
    spread = std(x, weight)
    quartiles = quartile_range(x, weight) / per_std
    return min(spread, quartiles) if quartiles > 0 else spread


def scott(x, weight, d):
    """Scott's rule for one of d features, as in SciPy."""
    return std(x, weight) * effective_size(weight) ** (-1 / (d + 4))


def silverman(x, weight, d):
    """Silverman's rule for one of d features, as in SciPy."""
    size = effective_size(weight) * (d + 2) / 4
    return std(x, weight) * size ** (-1 / (d + 4))


def nrd0(x, weight, d):
    """Silverman's rule of thumb, R's default."""
    return 0.9 * robust_std(x, weight) * effective_size(weight) ** (-1 / (d + 4))


class _Pairs:
    """Estimates of integrals of f times its derivatives, from all pairs of a feature.

    Sums over pairs are sums of squared Fourier coefficients. Rounding to a unit leaves
    those up to half the frequency of its cells, and damps them by a known factor.
    """

    def __init__(self, x, weight, period=None):
        self.n, self.share = effective_size(weight), weight / weight.sum()
        self.x, self.own = x - x.mean(), float(self.share @ self.share)
        self.unit = rounding_unit(x, weight)
        self.period = np.ptp(x) + 12.0 if period is None else period
        self.reach = 0.0

    def roughness(self, order, width):
        """Integral of f times its derivative of an even order, smoothed by ``width``.

        Pairs of a sample and itself count, over n (n - 1) in all, as in R.
        """
        self._extend(8.8 / width)
        waves, kept = self.frequency, self.frequency <= self.reach
        damped = waves**order * np.exp(-((width * waves) ** 2) / 2)
        total = 2 / self.period * (damped[kept] @ self.power[kept])
        if self.unit > 0:
            odd = np.prod(np.arange(1.0, order, 2)) / np.sqrt(2 * np.pi)
            total += self.own * odd / width ** (order + 1)
        return (-1) ** (order // 2) * total * self.n / (self.n - 1)

    def _extend(self, reach):
        """Compute coefficients up to a frequency, unless they are there."""
        if self.unit > 0:
            reach = min(reach, np.pi / self.unit)
        if reach <= self.reach:
            return
        self.reach = reach if self.unit > 0 else 2 * reach
        count = int(np.ceil(self.reach * self.period / (2 * np.pi))) + 1
        self.power = abs(fourier(self.x, self.share, self.period, count)) ** 2
        self.frequency = 2 * np.pi / self.period * np.arange(count + 1)
        if self.unit > 0:
            inside = self.frequency * self.unit / (2 * np.pi)
            self.power = (self.power - self.own) / np.sinc(np.minimum(inside, 0.9)) ** 2


def sheather_jones(x, weight, period=None, *, direct=False):
    """Plug-in bandwidth of one feature, solve-the-equation or direct [1]_.

    References
    ----------
    .. [1] S. J. Sheather and M. C. Jones, "A reliable data-based bandwidth selection
       method for kernel density estimation", JRSS B 53, 1991.
    """
    spread = robust_std(x, weight, 1.349)
    pairs = _Pairs(x / spread, weight, None if period is None else period / spread)
    n = pairs.n
    a, b = 1.24 * n ** (-1 / 7), 1.23 * n ** (-1 / 9)
    constant = 1 / (2 * np.sqrt(np.pi) * n)
    third = -pairs.roughness(6, b)
    if not third > 0:
        return _instead("sheather-jones", x, weight)
    if direct:
        second = pairs.roughness(4, (2.394 / (n * third)) ** (1 / 7))
        if not second > 0:
            return _instead("sheather-jones-dpi", x, weight)
        return spread * (constant / second) ** (1 / 5)
    second = pairs.roughness(4, a)
    if not second > 0:
        return _instead("sheather-jones", x, weight)
    alpha = 1.357 * (second / third) ** (1 / 7)

    def excess(h):
        value = pairs.roughness(4, alpha * h ** (5 / 7))
        return (constant / value) ** (1 / 5) - h if value > 0 else np.inf

    high = 1.144 * n ** (-1 / 5)
    root = _largest_root(excess, 0.1 * high, high)
    return _instead("sheather-jones", x, weight) if root is None else spread * root


def _largest_root(function, low, high):
    """Return the largest root in an interval, which is widened if it holds none."""
    for _ in range(6):
        ends = np.geomspace(low, high, 24)
        values = np.array([function(end) for end in ends])
        change = (values[:-1] > 0) & (values[1:] <= 0) & np.isfinite(values[:-1])
        if change.any():
            i = int(np.flatnonzero(change)[-1])
            return brentq(function, ends[i], ends[i + 1], xtol=1e-12, rtol=1e-12)
        low, high = low * 0.6, high * 1.4
    return None


def isj(x, weight, period=None):
    """Bandwidth of one feature by Botev's fixed point, from a fine histogram [1]_.

    References
    ----------
    .. [1] Z. I. Botev, J. F. Grotowski and D. P. Kroese, "Kernel density estimation
       via diffusion", Annals of Statistics 38, 2010.
    """
    unit = rounding_unit(x, weight)
    length, bins, coefs = _spectrum(x, weight, period)
    n = effective_size(weight)
    k = np.arange(1, len(coefs), dtype=float) ** 2
    square = (coefs[1:] / 2) ** 2
    if unit > 0:  # of the averages over cells, which rounding takes
        ratio = np.sinc(np.sqrt(k) * unit / length / 2) ** 2
        square = square * np.where(np.sqrt(k) * unit / length < 1, 1 / ratio, 0)

    def excess(t):
        return _botev(t, n, k, square) - t

    low = max((0.25 * max(unit, length / bins) / length) ** 2, 1e-14)
    root = _largest_change(excess, low, 0.1)
    if root is None:
        return _instead("isj", x, weight)
    return float(np.sqrt(root) * length)


def _largest_change(excess, low, high):
    """Return the largest root of a function in an interval, or None."""
    ends = np.geomspace(low, high, 200)
    values = np.array([excess(end) for end in ends])
    change = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
    if len(change) == 0:
        return None
    i = int(change[-1])
    return brentq(excess, ends[i], ends[i + 1], xtol=1e-16, rtol=1e-10)


def _spectrum(x, weight, period):
    """Return length, bins and cosine coefficients of a histogram of one feature."""
    bins = 2**14
    if period is None:
        low, high = x.min(), x.max()
        length = 1.5 * (high - low)
        low -= (high - low) / 4
    else:
        low, length = x.mean() - period / 2, period
    place = (x - low) / length * bins
    place = np.clip(place.astype(np.intp), 0, bins - 1)
    share = np.bincount(place, weight / weight.sum(), minlength=bins)
    return length, bins, dct(share)


def _botev(t, n, k, square):
    """One pass of the fixed point from t: seven stages."""
    f = 2 * np.pi**14 * (k**7 * square * np.exp(-k * np.pi**2 * t)).sum()
    for s in range(6, 1, -1):
        if not f > 0:
            return np.inf
        odd = np.prod(np.arange(1.0, 2 * s, 2)) / np.sqrt(2 * np.pi)
        factor = (1 + 0.5 ** (s + 0.5)) / 3
        time = (2 * factor * odd / (n * f)) ** (2 / (3 + 2 * s))
        f = 2 * np.pi ** (2 * s) * (k**s * square * np.exp(-k * np.pi**2 * time)).sum()
    return (2 * n * np.sqrt(np.pi) * f) ** (-2 / 5) if f > 0 else np.inf


def _instead(rule, x, weight):
    """Warn that a rule has no answer, and take Silverman's."""
    warn(
        f'bandwidth="{rule}" found no solution for these data: the bandwidth of '
        'bandwidth="silverman" is used instead.'
    )
    return silverman(x, weight, 1)
