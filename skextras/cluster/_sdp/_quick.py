"""The certificate in closed form: a dual solution made from the labels alone."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigvalsh

from skextras._linalg import EPS

_ROWS = 4096  # rows that are worked on at a time: they stay in the cache
_LARGEST = 1500  # order of the small matrix whose eigenvalues are computed


class Quick(NamedTuple):
    """Scaled lower bound and inertia, and whether the labels are proven optimal."""

    bound: float
    inertia: float
    proven: bool


def quick_bound(X, labels, n_clusters, *, largest=_LARGEST):
    r"""Bound the inertia from below by a dual solution made from the labels.

    With centred rows :math:`x_i`, centroids :math:`c_a` and sizes :math:`n_a`, the N
    of the dual has rank one between each pair of clusters. Then :math:`J (A + N) J` has
    the eigenvalue ``lam`` on the span of the indicators of the clusters, K - 1 times,
    and on its complement the eigenvalues of :math:`P (A + N) P`, where P centres within
    clusters. An iteration for the largest of all would find ``lam`` once and stop; here
    the span is set apart, and the rest is :math:`F S F^T`, where F has d + K (K - 1)
    columns. Its eigenvalues are those of a small dense matrix.

    ``X`` is centred, and ``labels`` are 0, 1, ..., n_clusters - 1, none of them empty.
    Where that matrix is of an order above ``largest``, norms bound its eigenvalues.
    """
    if X.shape[1] > len(X):  # a rotation: the rows span no more than n dimensions
        X = np.linalg.qr(X.T, mode="r").T
    clusters = _Clusters(X, labels, n_clusters)
    total = float(np.einsum("ij,ij->", X, X))
    rounding = 8 * len(X) * EPS * total
    inertia, lam = _inertia_and_slack(clusters)
    lam -= rounding  # N stays nonnegative
    order = X.shape[1] + n_clusters * (n_clusters - 1)
    small = order <= min(largest, _LARGEST)
    moments = _Moments(clusters, lam, small)
    if small:
        eigenvalues = _eigenvalues(moments)
    else:
        eigenvalues = np.full(n_clusters - 1, _norm_bound(moments))
    largest = np.zeros(n_clusters - 1)  # P (A + N) P also has eigenvalues 0
    largest[: len(eigenvalues)] = np.sort(eigenvalues)[::-1][: n_clusters - 1]
    above = np.maximum(np.maximum(largest, 0) + rounding - lam, 0).sum()
    return Quick(inertia - above - rounding, inertia, bool(above == 0))


class _Clusters:
    """Rows in the order of their clusters, and the sums that the dual needs."""

    def __init__(self, X, labels, n_clusters):
        small = np.int16 if n_clusters < 2**15 else np.intp  # sorted by digits
        self.X = X[np.argsort(labels.astype(small), kind="stable")]
        self.size = np.bincount(labels, minlength=n_clusters)
        self.edge = np.concatenate([[0], np.cumsum(self.size)])
        sums = np.add.reduceat(self.X, self.edge[:-1], axis=0)
        self.center = sums / self.size[:, None]
        self.square = self.size * np.einsum("ij,ij->i", self.center, self.center)

    def weight(self, a):
        """Return the weights w of lam in the rows of cluster a."""
        return (self.size / self.size[a] + 1) / 2

    def blocks(self, a):
        """Yield rows of cluster a and their R0: what is left of N if lam = 0."""
        sums = self.size[:, None] * self.center
        for low in range(self.edge[a], self.edge[a + 1], _ROWS):
            x = self.X[low : min(low + _ROWS, self.edge[a + 1])]
            product = x @ sums.T
            y = (2 * product[:, a] - self.square[a]) / self.size[a]
            slack = (self.size * y[:, None] + self.square) / 2 - product
            slack[:, a] = 0
            yield x, slack


def _inertia_and_slack(clusters):
    """Return the inertia, and the largest lam for which N is nonnegative."""
    inertia, lam = 0.0, np.inf if len(clusters.size) > 1 else 0.0
    for a, center in enumerate(clusters.center):
        weight = clusters.weight(a)
        for x, slack in clusters.blocks(a):
            x = x - center
            inertia += np.einsum("ij,ij->", x, x)
            quotient = slack.min(axis=0) / weight
            quotient[a] = np.inf
            lam = min(lam, quotient.min())
    return float(inertia), float(lam)


class _Moments:
    """Inner products of the columns of F, a cluster at a time.

    Its first d columns are the features, centred within clusters; column (a, b) holds
    the slack of the rows of cluster a with respect to cluster b.
    """

    def __init__(self, clusters, lam, small):
        k, d = clusters.size.size, clusters.X.shape[1]
        self.k, self.d = k, d
        self.within = np.zeros((d, d))
        self.sums, self.squares = np.zeros((k, k)), np.zeros((k, k))
        self.cross = np.zeros((k, d, k)) if small else None
        self.inner = np.zeros((k, k, k)) if small else None
        for a, center in enumerate(clusters.center):
            weight = clusters.weight(a)
            weight[a] = 0
            for x, slack in clusters.blocks(a):
                slack -= lam * weight
                x = x - center
                self.within += x.T @ x
                self.sums[a] += slack.sum(axis=0)
                self.squares[a] += np.einsum("ij,ij->j", slack, slack)
                if small:
                    self.cross[a] += x.T @ slack
                    self.inner[a] += slack.T @ slack
            mean = self.sums[a] / clusters.size[a]
            self.squares[a] -= mean * self.sums[a]
            if small:
                self.inner[a] -= np.outer(mean, self.sums[a])
        # The blocks (a, b) and (b, a) have the same sum but for rounding.
        total = (self.sums + self.sums.T) / 2
        self.factor = np.zeros((k, k))
        self.factor[total > 0] = 1 / np.sqrt(total[total > 0])


def _eigenvalues(moments):
    """Return the eigenvalues of P (A + N) P other than 0, in ascending order."""
    k, d = moments.k, moments.d
    own, other = np.nonzero(~np.eye(k, dtype=bool))
    place = np.zeros((k, k), dtype=np.intp)
    place[own, other] = np.arange(d, d + len(own))
    gram = np.zeros((d + len(own), d + len(own)))
    gram[:d, :d] = moments.within
    for a in range(k):
        b = other[own == a]
        at = place[a, b]
        gram[:d, at] = moments.cross[a][:, b] * moments.factor[a, b]
        gram[at, :d] = gram[:d, at].T
        scale = np.outer(moments.factor[a, b], moments.factor[a, b])
        gram[np.ix_(at, at)] = moments.inner[a][np.ix_(b, b)] * scale
    swap = np.concatenate([np.arange(d), place[other, own]])
    values, vectors = np.linalg.eigh(gram)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return eigvalsh(root[:, swap] @ root)


def _norm_bound(moments):
    """Bound the eigenvalues of P (A + N) P from above by norms of its blocks."""
    norms = np.sqrt(np.maximum(moments.squares, 0)) * moments.factor
    between = norms * norms.T
    return eigvalsh(moments.within)[-1] + eigvalsh((between + between.T) / 2)[-1]
