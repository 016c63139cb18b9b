"""Kernel densities in their plainest form."""

import numpy as np
from scipy.integrate import quad
from scipy.special import gammaln, logsumexp

PROFILES = {
    "gaussian": lambda r: np.exp(-(r**2) / 2),
    "tophat": lambda r: 1.0 * (r < 1),
    "epanechnikov": lambda r: (1 - r**2) * (r < 1),
    "exponential": lambda r: np.exp(-r),
    "linear": lambda r: (1 - r) * (r < 1),
    "cosine": lambda r: np.cos(np.pi / 2 * r) * (r < 1),
    "quartic": lambda r: (1 - r**2) ** 2 * (r < 1),
    "triweight": lambda r: (1 - r**2) ** 3 * (r < 1),
}


def volume(kernel, d):
    """Integral of a kernel over R^d."""
    end = 60 if kernel in ("gaussian", "exponential") else 1
    sphere = np.log(2) + d / 2 * np.log(np.pi) - gammaln(d / 2)
    profile = PROFILES[kernel]
    return np.exp(sphere) * quad(lambda r: r ** (d - 1) * profile(r), 0, end)[0]


def log_density(X, Q, h, kernel="gaussian", weight=None):
    """Log of the weighted mean of kernels of width h around X, at the rows of Q."""
    weight = np.ones(len(X)) if weight is None else np.asarray(weight, dtype=float)
    d = X.shape[1]
    r = np.sqrt(((Q[:, None] - X) ** 2).sum(axis=2)) / h
    with np.errstate(divide="ignore"):
        logs = -(r**2) / 2 if kernel == "gaussian" else np.log(PROFILES[kernel](r))
        sums = logsumexp(logs, b=weight / weight.sum(), axis=1)
    return sums - np.log(volume(kernel, d)) - d * np.log(h)
