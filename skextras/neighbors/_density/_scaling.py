"""Bandwidths that are given: what they mean, and how rows are scaled by them."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from skextras._validation import in_words


class Scale(NamedTuple):
    """Rows divided by bandwidths: ``widths`` (d,), or a Cholesky ``factor`` (d, d).

    ``per_sample`` holds one factor for each training row, of geometric mean 1, or None.
    """

    widths: np.ndarray | None
    factor: np.ndarray | None = None
    per_sample: np.ndarray | None = None

    def divide(self, X):
        """Return the rows in units of the bandwidth."""
        if self.factor is None:
            return X / self.widths
        return solve_triangular(self.factor, X.T, lower=True, check_finite=False).T

    def multiply(self, Z):
        """Return rows in units of the bandwidth as they were."""
        return Z * self.widths if self.factor is None else Z @ self.factor.T

    @property
    def log_det(self):
        """Log of the volume of a unit cube after ``multiply``."""
        sides = self.widths if self.factor is None else np.diagonal(self.factor)
        return float(np.log(sides).sum())

    def part(self, kept):
        """Return the scale of some features."""
        if self.factor is None:
            return self._replace(widths=self.widths[kept])
        whole = self.factor @ self.factor.T
        return self._replace(factor=cholesky(whole[np.ix_(kept, kept)], lower=True))

    def sides(self):
        """Length of the bandwidth along each axis."""
        if self.factor is None:
            return self.widths
        return np.sqrt((self.factor**2).sum(axis=1))


def read(bandwidth, n_samples, n_features):
    """Return a bandwidth that is a number or an array as a ``Scale``, or raise."""
    ways = (
        "a positive number, an array with one for each feature, a positive definite "
        "matrix with the covariance of the kernel, or an array with one number for "
        "each sample"
    )
    try:
        value = np.asarray(bandwidth, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"bandwidth must be {ways}, got {in_words(bandwidth)}."
        ) from None
    d, shape = n_features, value.shape
    if shape not in ((), (d,), (d, d), (n_samples,), (n_samples, 1)):
        raise ValueError(
            f"bandwidth must be {ways}; got an array of shape {shape} for {n_samples} "
            f"samples of {d} features."
        )
    is_matrix = shape == (d, d) and len(shape) == 2 and not (d == 1 == n_samples)
    if is_matrix:
        return _of_matrix(value)
    if not (np.isfinite(value).all() and (value > 0).all()):
        bad = value[~((value > 0) & np.isfinite(value))].ravel()[0]
        raise ValueError(f"bandwidth must be finite and above 0, got {bad:g}.")
    if shape in ((), (d,)):
        return Scale(np.broadcast_to(value, (d,)).copy())
    middle = np.exp(np.log(value).mean())
    return Scale(np.full(d, middle), per_sample=value.ravel() / middle)


def _of_matrix(value):
    if not np.isfinite(value).all() or not np.allclose(value, value.T, rtol=1e-8):
        raise ValueError(
            "A bandwidth matrix must be finite and symmetric: it is the covariance of "
            "the kernel."
        )
    value = (value + value.T) / 2
    try:
        factor = cholesky(value, lower=True)
    except np.linalg.LinAlgError:
        factor = np.zeros_like(value)
    root = np.sqrt(np.maximum(np.diagonal(value), 0))
    if not (np.diagonal(factor) > 1e-8 * np.maximum(root, 1e-300)).all():
        values, vectors = np.linalg.eigh(value)
        direction = np.array2string(vectors[:, 0], precision=3, threshold=10)
        raise ValueError(
            "A bandwidth matrix must be positive definite; its least eigenvalue is "
            f"{values[0]:.3g}, in the direction {direction}: add a positive number to "
            "its diagonal or drop features that depend on others."
        )
    return Scale(None, factor)
