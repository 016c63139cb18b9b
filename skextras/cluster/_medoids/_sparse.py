"""FasterPAM on a sparse matrix of dissimilarities: pairs not stored are far apart."""

from numbers import Real

import numpy as np
from scipy import sparse

from skextras._distinct import canonical
from skextras._pairwise._products import arrays
from skextras._pairwise._square import TOO_LARGE, raise_for_entry, raise_on_fault
from skextras._parallel import row_blocks
from skextras._validation import in_words
from skextras.cluster._medoids import _cache_kernels, _sparse_kernels
from skextras.cluster._medoids._doubts import doubt_stored_dissimilarities
from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._rows import Rows

_ITEMS_PER_BLOCK = 2**24  # dissimilarities that are written out at a time
#: Stored entries that one kernel call reads: an interrupt waits for so many.
_ITEMS_PER_CALL = 2**24
#: A swap must lower the loss by this fraction, so that rounding cannot make a cycle.
_TOL = 1e-12


class SparseRows(Rows):
    """Dissimilarities of which a part is stored.

    ``by_point[o, j]`` belongs to candidate j, and ``columns`` is the transpose.
    """

    storage = "sparse"

    def __init__(self, by_point, missing):
        self.by_point, self.missing = by_point, missing
        self.columns = sparse.csr_array(by_point.T)
        self.n_points = self.n_candidates = by_point.shape[0]
        self.dtype = by_point.dtype

    def take(self, candidates, points=None):
        """Rows of some candidates, for all points or for some."""
        part = self.columns[candidates]
        return filled(part if points is None else part[:, points], self.missing)

    def nearest(self, medoids):
        """Slot of the nearest medoid of each point, the first on ties; its distance."""
        slots = np.empty(self.n_points, dtype=np.intp)
        distances = np.empty(self.n_points, dtype=self.dtype)
        size = max(1, _ITEMS_PER_BLOCK // len(medoids))
        for start, stop in row_blocks(self.n_points, size):
            part = to_medoids(self.by_point[start:stop], medoids, self.missing)
            slots[start:stop] = part.argmin(axis=1)
            distances[start:stop] = part.min(axis=1)
        return slots, distances

    def part(self, points):
        """Those between some of the points."""
        return SparseRows(self.by_point[points][:, points], self.missing)

    def blocks(self):
        """Yield (candidates, rows) until all candidates were there."""
        size = max(1, _ITEMS_PER_BLOCK // self.n_points)
        for start, stop in row_blocks(self.n_candidates, size):
            yield slice(start, stop), filled(self.columns[start:stop], self.missing)

    def sums(self, weight):
        """Weighted sum of every column: the loss of each candidate alone."""
        sums = np.empty(self.n_candidates)
        _sparse_kernels.column_sums(*arrays(self.columns), weight, self.missing, sums)
        return sums

    def gains(self, dn, weight):
        """Loss that each candidate would save beside medoids at ``dn``."""
        gain = np.empty(self.n_candidates)
        _sparse_kernels.gains(*arrays(self.columns), weight, dn, gain)
        return gain

    def swap_states(self, weight, candidates, *, eager):
        """Return a function of the starting medoids: the state of swaps."""
        return lambda medoids: SparseState(self, medoids, weight, candidates)


class SparseState:
    """The arrays of the swap phase: see ``_sparse_kernels`` for their meaning."""

    codes = None

    def __init__(self, rows, medoids, weight, order):
        n = rows.n_points
        self.rows, self.weight, self.order = rows, weight, order
        self.medoids = np.array(medoids, dtype=np.intp)
        self.slot_of = np.full(n, -1, dtype=np.int32)
        self.slot_of[self.medoids] = np.arange(len(medoids))
        self.near = np.empty(n, dtype=np.int32)
        self.dn, self.ds = np.empty((2, n), dtype=rows.dtype)
        self.removal = np.empty(len(medoids))
        self.n_swap, self.loss, self.last = 0, np.inf, -1
        _sparse_kernels.assign(
            *arrays(rows.by_point), self.slot_of, rows.missing, self.near, self.dn,
            self.ds,
        )  # fmt: skip

    def refresh(self):
        """Recompute the loss and the removal losses, which swaps only update."""
        self.loss = _cache_kernels.sum_losses(
            self.near, self.dn, self.ds, self.weight, self.removal
        )
        return self.loss

    def eager_pass(self):
        """Try all candidates, or all up to the last one that was taken."""
        for start, stop in self._blocks():
            self.last, self.loss, n_swap, closed, _ = self._scan(start, stop)
            self.n_swap += n_swap
            if closed:
                break

    def best_swap(self):
        """Make the best swap of all, if it lowers the loss."""
        best = (-_TOL * self.loss, -1, 0)
        for start, stop in self._blocks():
            *_, best = self._scan(start, stop, best)
        _, place, slot = best
        if place < 0:
            return
        left = self.medoids[slot]
        change = self._swap(self.order[place], slot)
        if change < 0:
            self.loss, self.n_swap = self.loss + change, self.n_swap + 1
        else:  # the sums have lost small terms beside huge ones
            self._swap(left, slot)

    def _blocks(self):
        size = _ITEMS_PER_CALL * self.rows.n_points // max(self.rows.columns.nnz, 1)
        return row_blocks(len(self.order), max(1, size))

    def _scan(self, start, stop, best=None):
        eager = best is None
        return _sparse_kernels.scan(
            self.order, start, stop, eager, (0.0, -1, 0) if eager else best, self.last,
            self.loss, _TOL, *self._all(),
        )  # fmt: skip

    def _swap(self, candidate, slot):
        return _sparse_kernels.swap(candidate, slot, *self._all())

    def _all(self):
        """Arguments that the kernels of the swap phase have in common."""
        return (
            self.medoids, self.slot_of, *arrays(self.rows.columns),
            *arrays(self.rows.by_point), self.rows.missing, self.near, self.dn,
            self.ds, self.weight, self.removal,
        )  # fmt: skip

    def result(self, n_iter, converged=True):
        """Return medoids, labels and loss, and what it took to find them."""
        loss = self.refresh()
        return Found(self.medoids, self.near, loss, n_iter, self.n_swap, converged)


def check_sparse(X, metric_params, limit):
    """Check a sparse matrix of dissimilarities; return it as ``SparseRows``.

    A diagonal entry that is not stored is 0.
    """
    params = dict(metric_params or {})
    missing = params.pop("missing_distance", None)
    if params:
        raise ValueError(
            "metric_params of a sparse precomputed X is missing_distance, got "
            f"{', '.join(sorted(map(str, params)))}."
        )
    if X.shape[0] != X.shape[1]:
        raise ValueError(
            f"precomputed X must be square, got the shape {X.shape}: store the "
            "dissimilarities of every sample in its row."
        )
    X = sparse.csr_array(X)
    _raise_on_fault(X, limit)
    largest = float(X.data.max(initial=0))
    if missing is None:
        missing = 2 * largest if largest > 0 else 1.0
    if not isinstance(missing, Real) or not largest <= missing < np.inf:
        raise ValueError(
            f"missing_distance={in_words(missing)} must be a finite number, and not "
            f"below the largest entry of X, {largest:g}: pairs that are not stored are "
            "far apart."
        )
    with np.errstate(over="ignore"):
        missing = X.dtype.type(missing)
    if not (np.isfinite(missing) and missing < limit):
        raise ValueError(
            f"missing_distance={missing:g} is too large for X of type {X.dtype} and "
            "weighted sums: give a smaller one, or divide X by a constant."
        )
    doubt_stored_dissimilarities(X, "precomputed X")
    return SparseRows(_with_diagonal(X), missing)


def _raise_on_fault(X, limit):
    """Raise ValueError for a stored entry that is missing, too large or negative."""
    bad = np.flatnonzero(~((X.data >= 0) & (X.data < limit)))
    if len(bad):
        value = X.data[bad[0]]
        row = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
        kind = (2 if value < 0 else TOO_LARGE) if np.isfinite(value) else 1
        place = row, X.indices[bad[0]]
        raise_for_entry(kind, value, place, "precomputed X", limit)


def _with_diagonal(X):
    """Store the zeros of the diagonal that are not stored."""
    rows = np.repeat(np.arange(X.shape[0], dtype=X.indices.dtype), np.diff(X.indptr))
    absent = np.ones(X.shape[0], dtype=bool)
    absent[rows[rows == X.indices]] = False
    extra = np.flatnonzero(absent).astype(X.indices.dtype)
    if not len(extra):
        return X
    data = np.concatenate([X.data, np.zeros(len(extra), dtype=X.dtype)])
    place = np.concatenate([rows, extra]), np.concatenate([X.indices, extra])
    return sparse.csr_array((data, place), shape=X.shape)


def filled(X, missing):
    """Write out CSR rows; what is not stored becomes ``missing``."""
    out = np.full(X.shape, missing, dtype=X.dtype)
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    out[rows, X.indices] = X.data
    return out


def to_medoids(X, medoids, missing):
    """Dissimilarities of all rows of a sparse X to the medoids, written out."""
    distances = filled(canonical(X[:, medoids], keep_zeros=True), missing)
    raise_on_fault(distances, "precomputed X[:, medoid_indices_]")
    return distances
