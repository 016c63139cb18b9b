"""The LA-SDP of given covariances, as data for its solvers."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular


class Problem(NamedTuple):
    """Whitened samples, samples along the last axis: matrices A_k by their factors.

    ``scale`` is a usual size of an entry of A_k and ``shift`` a constant that all
    ``constants`` contain: solvers divide by the one and leave out the other.
    """

    whitened: np.ndarray
    norms: np.ndarray
    constants: np.ndarray
    scale: float
    shift: float

    def matrices(self):
        """Return the matrices A_k, of shape (n_clusters, n_samples, n_samples)."""
        A = self.whitened.transpose(0, 2, 1) @ self.whitened
        A -= 0.5 * (self.norms[:, :, None] + self.norms[:, None, :])
        return A - self.constants[:, None, None]

    def unit(self, objective):
        """Size of the objective, to which the tolerance of a gap is relative.

        ``objective`` is without the shift. At the true covariances it is about
        -n_samples * n_features; this is the least unit, as it may be 0 by chance.
        """
        _, n_features, n = self.whitened.shape
        return max(abs(objective), float(n * n_features))


def make_problem(X, covariances, log_weights):
    """Whiten the samples by every covariance.

    ``covariances`` has shape (n_clusters, n_features, n_features); the ones must be
    positive definite.
    """
    centred = (X - X.mean(axis=0)).T
    roots = np.linalg.cholesky(covariances)
    whitened = np.empty((len(roots), *centred.shape))
    for root, out in zip(roots, whitened, strict=True):
        out[:] = solve_triangular(root, centred, lower=True)
    norms = np.einsum("kdn,kdn->kn", whitened, whitened)
    diagonals = np.diagonal(roots, axis1=1, axis2=2)
    constants = 2.0 * np.log(diagonals).sum(axis=1) - 2.0 * np.asarray(log_weights)
    scale = float(norms.mean()) or 1.0
    return Problem(whitened, norms, constants, scale, float(constants.mean()))
