"""Coordinates in which the units of the features and rotations do not matter."""

from typing import NamedTuple

import numpy as np

_FLAT = 1e-8  # share of a variance below which a direction holds rounding errors
_WIDTH = 1e-5  # the unit of such directions: no covariance is singular there


class Frame(NamedTuple):
    """Coordinates z with x = origin + root z, and ``inverse`` that of ``root``.

    The samples lie between ``low`` and ``high``.
    """

    low: np.ndarray
    high: np.ndarray
    origin: np.ndarray
    root: np.ndarray
    inverse: np.ndarray
    log_det: float

    def coordinates(self, X):
        """Return the coordinates of samples."""
        return (X - self.origin) @ self.inverse.T

    def covariances_inside(self, matrices):
        """Return the covariances that the coordinates have."""
        inside = self.inverse @ matrices @ self.inverse.T
        return 0.5 * (inside + inside.transpose(0, 2, 1))

    def means(self, inside):
        """Return means in the units of the samples."""
        return np.clip(self.origin + inside @ self.root.T, self.low, self.high)

    def covariances(self, inside):
        """Return covariances in the units of the samples."""
        matrices = self.root @ inside @ self.root.T
        return 0.5 * (matrices + matrices.transpose(0, 2, 1))


def make_frame(X, covariance_type, given=None):
    """Make the coordinates in which samples have the covariance I.

    With ``given`` covariances, the mean of these is I there. Axes stay for
    ``covariance_type="diag"``, and the shape of clusters for "spherical".
    """
    low, high, origin = X.min(axis=0), X.max(axis=0), X.mean(axis=0)
    n, n_features = X.shape
    if given is None:
        unit = powers_of_two(np.ptp(X, axis=0))
        scaled = (X - origin) / unit
        metric = scaled.T @ scaled / n
    else:
        mean = given.mean(axis=0)
        unit = powers_of_two(np.sqrt(np.diagonal(mean)))
        metric = mean / unit / unit[:, None]
    if covariance_type == "spherical":
        largest = unit.max()
        size = np.sqrt(np.mean(np.diagonal(metric) * (unit / largest) ** 2)) or 1.0
        widths = np.full(n_features, size * largest)
    elif covariance_type == "diag":
        sizes = np.sqrt(np.diagonal(metric))
        widths = unit * np.where(sizes > 0, sizes, 1.0)
    else:
        sizes = np.sqrt(np.diagonal(metric))
        sizes[sizes == 0] = 1.0
        values, vectors = np.linalg.eigh(metric / sizes / sizes[:, None])
        values[values < _FLAT] = _WIDTH
        axes = vectors * np.sqrt(values)
        root = (unit * sizes)[:, None] * axes
        inverse = (vectors / np.sqrt(values)).T / (unit * sizes)
        log_det = np.log(unit * sizes).sum() + 0.5 * np.log(values).sum()
        return Frame(low, high, origin, root, inverse, float(log_det))
    log_det = float(np.log(widths).sum())
    root, inverse = np.diag(widths), np.diag(1.0 / widths)
    return Frame(low, high, origin, root, inverse, log_det)


def make_views(X, covariance_type):
    """Coordinates for first clusterings: as they are, scaled, and whitened.

    Those that ``covariance_type`` can tell apart.
    """
    kinds = ("spherical", "diag", "full")
    n_kinds = {"spherical": 1, "diag": 2}.get(covariance_type, 3)
    return [make_frame(X, kind).coordinates(X) for kind in kinds[:n_kinds]]


def powers_of_two(sizes):
    """Powers of 2 near ``sizes``, to divide by without rounding; others for 0."""
    sizes = np.asarray(sizes, dtype=float)
    largest = sizes.max(initial=0.0) or 1.0
    return 2.0 ** np.frexp(np.where(sizes > 0, sizes, largest))[1]
