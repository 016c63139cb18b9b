"""A relaxed clustering, whichever solver found it."""

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import eigh

_TINY = np.finfo(float).tiny


class Relaxed(NamedTuple):
    """The solution of a semidefinite relaxation.

    Attributes
    ----------
    memberships : Vectors, Parts or Matrices
        The relaxed membership matrices Z_k; one, Z, of K-means.
    value : float
        Objective of these: to be small for K-means, large for LA-SDP.
    bound : float or None
        Proven bound of the objective; None from a solver that has none.
    infeasibility : float
        How far the constraints are from holding.
    n_iter : int
        Iterations of the solver.
    converged : bool
        Whether the tolerance is met.
    stalled : bool
        Whether residuals had no more progress.
    dual : object or None
        Multipliers, or the state of the ADMM, from which the solver can go on.
    """

    memberships: Any
    value: float
    bound: float | None
    infeasibility: float
    n_iter: int
    converged: bool
    stalled: bool = False
    dual: Any = None


class Vectors:
    """A single Z = UU' + 11'/n of K-means, by U of shape (n_samples, n_vectors).

    With ``complete`` vectors, Z = UU'.
    """

    def __init__(self, vectors, *, complete=False):
        self.vectors, self.complete = vectors, complete

    def factor(self):
        """Return a complete factor F, of shape (n_samples, n_factors): Z = FF'."""
        if self.complete:
            return self.vectors
        n = len(self.vectors)
        return np.hstack([np.full((n, 1), n**-0.5), self.vectors])


class Parts:
    """Z_k as the sum of pp' / 1'p over parts, of shape (n_clusters, rank, n_samples).

    The parts of a sample sum to 1.
    """

    def __init__(self, parts):
        self.parts = parts

    def factor(self):
        """Return F of shape (n_samples, n_factors): the sum of all Z_k is FF'."""
        stacked = factors(self.parts)
        return np.ascontiguousarray(stacked.reshape(-1, stacked.shape[2]).T)

    def row_sums(self):
        """Return the row sums of each Z_k, of shape (n_clusters, n_samples)."""
        return self.parts.sum(axis=1)

    def leading_vectors(self, n_vectors):
        """Leading eigenvectors of the sum of all Z_k, as columns."""
        stacked = factors(self.parts).reshape(-1, self.parts.shape[2])
        values, vectors = np.linalg.eigh(stacked @ stacked.T)
        values, vectors = values[-n_vectors:], vectors[:, -n_vectors:]
        return stacked.T @ (vectors / np.sqrt(np.maximum(values, 1e-12)))

    def scatters(self, X):
        """Return X'(diag(Z_k 1) - Z_k)X and the sum of the entries of Z_k, for each k.

        Their ratio is the covariance with the largest objective for these Z_k.
        """

        def between(k, centred):
            sums = self.parts[k] @ centred
            size = np.maximum(self.parts[k].sum(axis=1), _TINY)
            return (sums.T / size) @ sums

        return _scatters(X, self.row_sums(), between)


class Matrices:
    """Z_k as they are, of shape (n_clusters, n_samples, n_samples)."""

    def __init__(self, matrices):
        self.matrices = matrices

    def factor(self):
        """Return F with the sum of all Z_k = FF', but for eigenvalues below 0."""
        values, vectors = np.linalg.eigh(self.matrices.sum(axis=0))
        return vectors * np.sqrt(np.maximum(values, 0.0))

    def row_sums(self):
        """Return the row sums of each Z_k, of shape (n_clusters, n_samples)."""
        return self.matrices.sum(axis=2)

    def leading_vectors(self, n_vectors):
        """Leading eigenvectors of the sum of all Z_k, as columns."""
        total = self.matrices.sum(axis=0)
        n = len(total)
        return eigh(total, subset_by_index=[max(n - n_vectors, 0), n - 1])[1]

    def scatters(self, X):
        """Return what ``Parts.scatters`` does; entries below 0 count as 0."""
        Z = np.maximum(self.matrices, 0.0)
        weights = Z.sum(axis=2)
        return _scatters(X, weights, lambda k, centred: centred.T @ Z[k] @ centred)


def _scatters(X, weights, between):
    sizes = weights.sum(axis=1)
    out = np.empty((len(weights), X.shape[1], X.shape[1]))
    for k, weight in enumerate(weights):
        centred = X - weight @ X / max(sizes[k], _TINY)
        out[k] = (centred.T * weight) @ centred - between(k, centred)
    return out, sizes


def factors(parts):
    """Return u = p / sqrt(1'p) for each part: every Z_k is the sum of its uu'."""
    sizes = np.maximum(parts.sum(axis=2, keepdims=True), _TINY)
    return parts / np.sqrt(sizes)


def shares(memberships):
    """Return the relaxed memberships of samples, rows that sum to 1.

    They are the row sums of all Z_k, scaled; of shape (n_samples, n_clusters).
    """
    share = np.maximum(memberships.row_sums().T, 0.0)
    total = share.sum(axis=1, keepdims=True)
    even = np.full_like(share, 1.0 / share.shape[1])
    return np.where(total > 0, share / np.where(total > 0, total, 1.0), even)
