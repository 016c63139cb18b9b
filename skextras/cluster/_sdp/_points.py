"""Centred points, or a centred kernel, as the relaxations need them."""

from itertools import pairwise

import numpy as np

EPS = np.finfo(np.float64).eps


class Points:
    """Rows that are centred and scaled, and what follows from them.

    The inertia of a clustering with normalised membership Z is
    ``scale * (total - <A, Z>)``, where A is the matrix of inner products.
    """

    def __init__(self, X=None, gram=None):
        if gram is None:
            X = np.array(X, dtype=np.float64, order="C")
            X -= X.mean(axis=0)
            size = np.abs(X).max(initial=0.0) or 1.0
            X /= size
            self.X, self._gram, self.scale = X, None, size * size
            self.n = len(X)
            self.total = float(np.einsum("ij,ij->", X, X))
        else:
            gram = np.array(gram, dtype=np.float64, order="C")
            size = np.abs(gram).max(initial=0.0) or 1.0
            gram /= size
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

    def part(self, index):
        """Return the points of ``index``, in the same scale, and centred again."""
        if self.X is None:
            part = Points(gram=self._gram[np.ix_(index, index)])
        else:
            part = Points(self.X[index])
        part.scale *= self.scale
        return part

    def factor(self):
        """Return F of shape (n, d) with A = FF', or None if A is shorter or given."""
        return self.X if self.X is not None and 2 * self.X.shape[1] < self.n else None

    def inertia(self, codes, n_clusters):
        """Return the scaled inertia of clusters 0, 1, ..."""
        size = np.bincount(codes, minlength=n_clusters)
        if self.X is None:
            belongs = np.zeros((self.n, n_clusters))
            belongs[np.arange(self.n), codes] = 1 / np.sqrt(size[codes])
            inner = float(np.einsum("ij,ij->", self._gram @ belongs, belongs))
            return max(self.total - inner, 0.0)
        order = np.argsort(codes, kind="stable")
        edges = np.concatenate([[0], np.cumsum(size)])
        inertia = 0.0
        for low, high in pairwise(edges):
            if high > low:
                rows = self.X[order[low:high]]
                rows -= rows.mean(axis=0)
                inertia += float(np.einsum("ij,ij->", rows, rows))
        return inertia
