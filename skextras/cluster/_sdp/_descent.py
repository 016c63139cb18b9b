"""K-means of weighted rows, or of a kernel: seeds, single moves, swaps of centres."""

import numpy as np

from skextras._linalg import EPS
from skextras.cluster._sdp._rounding_kernels import (
    cut_line,
    find_means,
    move_in_gram,
    move_rows,
    square_distances,
)

_WORK = 1e8  # products in one call of a kernel: an interrupt waits for its end
_STARTS, _SWAPS = 10, 100  # k-means++ starts, and tries to move a centre elsewhere
_START_WORK, _SWAP_WORK = (
    2e7,
    4e6,
)  # products in a pass over the rows, times their number
_MOST = 300  # passes
_ROUGH = 30  # passes of one of several starts, where rows are many
_MANY = 5000
_LINE = 5e7  # entries of the table for points on a line
_BETTER = 1 - 1e-12


class Rows:
    """Rows with weights, at squared Euclidean distances."""

    def __init__(self, X, weight=None):
        self.X = np.ascontiguousarray(X, dtype=np.float64)
        self.n = len(self.X)
        self.weight = np.ones(self.n) if weight is None else weight
        self.cost = self.n * max(self.X.shape[1], 1)

    def to_rows(self, index):
        """Return squared distances to the rows of ``index``, a column each."""
        return self._to(self.X[index])

    def to_means(self, labels, k):
        return self._to(self._means(labels, k)[0])

    def _to(self, centers):
        out = np.empty((self.n, len(centers)))
        for low, high in self._parts(len(centers)):
            square_distances(self.X[low:high], centers, 1.0, 1.0, out[low:high])
        return out

    def _means(self, labels, k):
        centers, size = np.empty((k, self.X.shape[1])), np.empty(k)
        find_means(self.X, self.weight, labels, centers, size)
        return centers, size

    def _parts(self, k):
        rows = max(int(_WORK / (k * self.cost / self.n)), 1)
        return [(low, min(low + rows, self.n)) for low in range(0, self.n, rows)]

    def descend(self, labels, k, most=_MOST):
        """Move single rows while the inertia falls; return labels and inertia."""
        labels = labels.astype(np.int64)
        parts = self._parts(k)
        for _ in range(most):
            centers, size = self._means(labels, k)  # again: rounding adds up
            arrays = self.X, self.weight, labels, centers, size
            if not sum(move_rows(*arrays, *part) for part in parts):
                break
        own = self.to_means(labels, k)[np.arange(self.n), labels]
        return labels, float(self.weight @ own)

    def line(self, k):
        """Return optimal labels if the rows lie on an axis, else None."""
        axes = np.flatnonzero(np.ptp(self.X, axis=0))
        if len(axes) != 1 or k * self.n > _LINE:
            return None
        order = np.argsort(self.X[:, axes[0]], kind="stable")
        cuts = np.zeros((k, self.n + 1), np.int32)
        cut_line(self.X[order, axes[0]], self.weight[order], cuts)
        labels, end = np.empty(self.n, np.int64), self.n
        for a in range(k)[::-1]:
            begin = cuts[a, end]
            labels[order[begin:end]] = a
            end = begin
        return labels


class Kernel:
    """Rows with weights, of which only inner products are known."""

    def __init__(self, gram, weight=None):
        self.gram = gram
        self.n = len(gram)
        self.weight = np.ones(self.n) if weight is None else weight
        self.cost = 30 * self.n  # by experiment, against that of rows
        self.square = np.diagonal(gram)

    def to_rows(self, index):
        return self.square[:, None] - 2 * self.gram[:, index] + self.square[index]

    def to_means(self, labels, k):
        sums, squares, size = self._sums(labels, k)
        size = np.maximum(size, 1)
        return self.square[:, None] - 2 * (sums / size[:, None]).T + squares / size**2

    def _sums(self, labels, k):
        belongs = np.zeros((k, self.n))
        belongs[labels, np.arange(self.n)] = self.weight
        sums = belongs @ self.gram
        return sums, np.einsum("ij,ij->i", sums, belongs), belongs.sum(axis=1)

    def descend(self, labels, k, most=_MOST):
        labels = labels.astype(np.int64)
        margin = 4 * self.n * EPS * np.abs(self.square).max()
        for _ in range(most):
            sums, squares, size = self._sums(labels, k)
            arrays = self.gram, self.weight, labels, sums, squares, size
            if not move_in_gram(*arrays, margin, 0, self.n):
                break
        sums, squares, size = self._sums(labels, k)
        inner = squares[size > 0] / size[size > 0]
        return labels, float(self.weight @ self.square - inner.sum())

    def line(self, k):
        return None


def draw_seeds(space, k, rng):
    """Return labels of the rows by k of them, drawn by greedy k-means++."""
    labels = np.zeros(space.n, np.int64)
    first = _draw(space.weight, 1, rng)
    closest = np.maximum(space.to_rows(first)[:, 0], 0)
    n_tries = 2 + int(np.log(k))
    for a in range(1, k):
        index = _draw(space.weight * closest, n_tries, rng)
        distances = np.maximum(space.to_rows(index), 0)
        nearer = np.minimum(distances, closest[:, None])
        best = (space.weight @ nearer).argmin()
        labels[distances[:, best] < closest] = a
        closest = nearer[:, best]
    return labels


def _draw(mass, size, rng):
    total = np.cumsum(mass)
    place = np.searchsorted(total, rng.uniform(size=size) * total[-1], side="right")
    return np.minimum(place, len(mass) - 1)


def fill_empty(space, labels, k):
    """Give each empty cluster the row that costs most; return labels."""
    labels = labels.copy()
    for a in np.flatnonzero(np.bincount(labels, minlength=k) == 0):
        own = space.to_means(labels, k)[np.arange(space.n), labels] * space.weight
        own[np.bincount(labels, minlength=k)[labels] == 1] = -np.inf
        labels[own.argmax()] = a
    return labels


def best_of_starts(space, k, rng):
    """Return the best labels of several k-means++ starts, and their inertia."""
    n_starts = int(np.clip(_START_WORK / (space.cost * k), 1, _STARTS))
    most = _ROUGH if space.n > _MANY else _MOST
    found = [
        space.descend(fill_empty(space, draw_seeds(space, k, rng), k), k, most)
        for _ in range(n_starts)
    ]
    return min(found, key=lambda pair: pair[1])


def swap_centers(space, labels, value, k, rng):
    """Move one centre at random to a row that is far from its own, while that wins."""
    n_tries = int(np.clip(_SWAP_WORK / (space.cost * k), 0, _SWAPS))
    distances = None
    for _ in range(n_tries):
        if distances is None:
            distances = space.to_means(labels, k)
            own = np.maximum(distances[np.arange(space.n), labels], 0) * space.weight
        gone = rng.randint(k)
        trial = distances.copy()
        trial[:, gone] = space.to_rows(_draw(own, 1, rng))[:, 0]
        trial = fill_empty(space, trial.argmin(axis=1), k)
        trial, new = space.descend(trial, k)
        if new < value * _BETTER if value > 0 else new < value:
            labels, value, distances = trial, new, None
    return labels, value
