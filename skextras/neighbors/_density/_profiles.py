"""Radial kernels: what each is in d dimensions, and how it is sampled from."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from skextras.neighbors._density import _tile_kernels as codes


class Profile(NamedTuple):
    """Kernel k(r), r being the distance divided by the bandwidth.

    ``power`` is p of the kernels (1 - r^2)^p, and None of others.
    """

    name: str
    code: int
    power: int | None = None

    @property
    def is_compact(self):
        """Tell if the kernel is 0 from r = 1 on."""
        return self.code >= codes.LINEAR

    def log_volume(self, d):
        """Log of the integral of the kernel over R^d."""
        return _log_sphere(d) + self._log_moment(d - 1)

    def std(self, d):
        """Return the standard deviation of the kernel along each axis."""
        square = self._log_moment(d + 1) - self._log_moment(d - 1)
        return float(np.exp(square / 2) / np.sqrt(d))

    def _log_moment(self, m):
        """Log of the integral of r^m k(r) over r > 0."""
        if self.name == "gaussian":
            return (m - 1) / 2 * np.log(2) + gammaln((m + 1) / 2)
        if self.name == "exponential":
            return gammaln(m + 1)
        if self.name == "linear":
            return -np.log(m + 1) - np.log(m + 2)
        if self.name == "cosine":
            return np.log(_cosine_moment(m))
        a, b = (m + 1) / 2, self.power + 1
        return gammaln(a) + gammaln(b) - gammaln(a + b) - np.log(2)

    def radii(self, rng, n, d):
        """Draw n distances from the center, divided by the bandwidth."""
        if self.name == "gaussian":
            return np.sqrt(rng.chisquare(d, n))
        if self.name == "exponential":
            return rng.gamma(d, size=n)
        if self.name == "linear":
            return rng.beta(d, 2, n)
        if self.name == "cosine":
            return _cosine_radii(rng, n, d)
        return np.sqrt(rng.beta(d / 2, self.power + 1, n))


def _log_sphere(d):
    """Log of the surface of the unit sphere in d dimensions."""
    return np.log(2) + d / 2 * np.log(np.pi) - gammaln(d / 2)


def _cosine_moment(m):
    """Integral of r^m cos(pi r / 2) from 0 to 1: the cosine's series, term by term."""
    k = np.arange(20)
    terms = (np.pi / 2) ** (2 * k) / np.exp(gammaln(2 * k + 1)) / (2 * k + m + 1)
    return (terms * (-1.0) ** k).sum()


def _cosine_radii(rng, n, d):
    """Draw from r^(d-1) cos(pi r / 2), by rejection from r^(d-1) (1 - r)."""
    out = np.empty(0)
    while len(out) < n:
        r = rng.beta(d, 2, 2 * (n - len(out)) + 10)
        accept = np.cos(np.pi / 2 * r) / (np.pi / 2 * np.maximum(1 - r, 1e-300))
        out = np.concatenate([out, r[rng.random(len(r)) < accept]])
    return out[:n]


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("gaussian", codes.GAUSSIAN),
        Profile("tophat", codes.TOPHAT, 0),
        Profile("epanechnikov", codes.TOPHAT + 1, 1),
        Profile("exponential", codes.EXPONENTIAL),
        Profile("linear", codes.LINEAR),
        Profile("cosine", codes.COSINE),
        Profile("quartic", codes.TOPHAT + 2, 2),
        Profile("triweight", codes.TOPHAT + 3, 3),
    )
}
