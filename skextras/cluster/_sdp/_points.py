"""Centred points, or a centred kernel, as the relaxations need them."""

from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.linalg import eigh

from skextras._linalg import EPS


def _power_of_2(size):
    """Return the power of 2 at or below ``size``; 1 for 0. To divide by it is exact."""
    if size == 0 or not np.isfinite(size):
        return 1.0
    return float(np.ldexp(1.0, np.frexp(size)[1] - 1))


class Points:
    """Rows that are centred and scaled, and what follows from them.

    The inertia of a clustering with normalised membership Z is
    ``scale * (total - <A, Z>)``, where A is the matrix of inner products.
    """

    def __init__(self, X=None, gram=None):
        if gram is None:
            self.rows = np.asarray(X, dtype=np.float64)
            X = np.array(X, dtype=np.float64, order="C")
            X -= X[0].copy()  # exact for points that are near each other, far from 0
            for _ in range(2):  # the first mean is rounded
                X -= X.mean(axis=0)
            self.size = _power_of_2(np.abs(X).max(initial=0.0))
            X /= self.size
            self.X, self._gram, self.scale = X, None, self.size * self.size
            self.n = len(X)
            self.total = float(np.einsum("ij,ij->", X, X))
        else:
            gram = np.array(gram, dtype=np.float64, order="C")
            size = _power_of_2(np.abs(gram).max(initial=0.0))
            gram /= size
            for _ in range(2):
                mean = gram.mean(axis=0)
                gram += mean.mean()
                gram -= mean
                gram -= mean[:, None]
            self.X, self._gram, self.scale = None, gram, size
            self.n = len(gram)
            self.total = float(np.trace(gram))

    def gram(self):
        """Return A, an n x n matrix: a new one unless it was given."""
        return self._gram if self.X is None else self.X @ self.X.T

    @cached_property
    def floor(self):
        """What no inertia is below: 0, but for a kernel that is indefinite."""
        if self.X is not None:
            return 0.0
        least = np.linalg.eigvalsh(self._gram)[0]
        return 0.0 if least >= -self.n * EPS * np.linalg.norm(self._gram) else -np.inf

    def part(self, index):
        """Return the points of ``index``, in the same scale, and centred again."""
        if self.X is None:
            part = Points(gram=self._gram[np.ix_(index, index)])
        else:
            part = Points(self.X[index])
            part.rows, part.size = self.rows[index], self.size * part.size
        part.scale *= self.scale
        return part

    def factor(self):
        """Return F of shape (n, d) with A = FF', or None if A is shorter or given."""
        return self.X if self.X is not None and 2 * self.X.shape[1] < self.n else None

    def euclidean(self, n_clusters):
        """Return rows whose inertias are those of a kernel, plus a constant or less.

        The constant is returned, too: a lower bound for the rows, minus it, is one for
        the kernel. I - Z has eigenvalues from 0 to 1 and the trace n - K: to add tI to
        A adds t (n - K) to the inertia, and to change A by E, of Frobenius norm e,
        changes it by at most e sqrt(n - K).
        """
        if self.X is not None:
            return self.X, 0.0
        values, vectors = eigh(self._gram)
        rounding = 4 * self.n * EPS * np.abs(values).max()
        shift = -values[0] if -values[0] > rounding else 0.0  # indefinite
        values = values + shift
        kept = values > rounding
        rows = vectors[:, kept] * np.sqrt(values[kept])
        rows -= rows.mean(axis=0)
        rest = self._gram - rows @ rows.T
        rest[np.diag_indices(self.n)] += shift
        size = float(np.square(rows).sum()) + np.linalg.norm(self._gram) + shift
        error = np.linalg.norm(rest) + 2 * (rows.shape[1] + 4) * EPS * size
        n_free = self.n - n_clusters
        return rows, shift * n_free + error * n_free**0.5

    def inner(self, factor):
        """Return <A, VV'> for V of n rows."""
        if self.X is None:
            return float(np.einsum("ij,ij->", self._gram @ factor, factor))
        return float(np.square(factor.T @ self.X).sum())

    def inertia(self, codes, n_clusters):
        """Return the scaled inertia of clusters 0, 1, ...

        Of points, each cluster is centred about one of its own: centred with all, it
        would lose its digits to a point that is far away.
        """
        size = np.bincount(codes, minlength=n_clusters)
        if self.X is None:
            belongs = np.zeros((self.n, n_clusters))
            belongs[np.arange(self.n), codes] = 1 / np.sqrt(size[codes])
            inner = float(np.einsum("ij,ij->", self._gram @ belongs, belongs))
            inertia = self.total - inner
            return 0.0 if abs(inertia) <= self.n * EPS * abs(self.total) else inertia
        order = np.argsort(codes, kind="stable")
        edges = np.concatenate([[0], np.cumsum(size)])
        inertia = 0.0
        for low, high in pairwise(edges):
            if high > low:
                rows = self.rows[order[low:high]]
                rows -= rows[0].copy()
                rows /= self.size
                rows -= rows.mean(axis=0)
                inertia += float(np.einsum("ij,ij->", rows, rows))
        return inertia
