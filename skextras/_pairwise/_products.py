"""Euclidean and cosine dissimilarities from inner products, blocks on threads."""

from copy import copy

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import row_norms

from skextras._callbacks import unseen
from skextras._pairwise import _distance_kernels
from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    n_blas_threads,
    row_blocks,
)

METRICS = ("euclidean", "sqeuclidean", "cosine")
NARROW = 8  # features of rows that are compared one by one just as fast
TILE = 512  # rows of a block: two operands and the product stay in the L2 cache
_SPARSE_TILE = 256


def low_and_high(dtype):
    """Return bounds between which squared distances lose no digits of their own."""
    info = np.finfo(dtype)
    return 2.0 ** (info.minexp + 60), float(info.max) / 8


class Products:
    """Euclidean, squared Euclidean or cosine dissimilarities of dense rows.

    Products are those of rows from which ``offset`` is subtracted. Where their digits
    cancel, or if there are few features, the rows are compared as they were given.
    """

    def __init__(self, X, metric, offset=None):
        self.metric, self.root = metric, metric == "euclidean"
        self.is_narrow = X.shape[1] <= NARROW and metric != "cosine"
        self.low, high = low_and_high(X.dtype)
        if metric == "cosine":
            self.X = self.given = np.ascontiguousarray(unit_rows(X))
        else:
            self.given = np.ascontiguousarray(X)
            with np.errstate(over="ignore", invalid="ignore"):
                self.X = np.ascontiguousarray(X - offset)
        self.numbers = self.at = np.arange(len(self.X))  # rows of X, and of ``given``
        self.xx = np.einsum("ij,ij->i", self.X, self.X)
        #: No sum of two sides and a product can leave the range of numbers.
        self.are_safe = bool(
            metric == "cosine" or (self.low < self.xx.min() and self.xx.max() < high)
        )
        #: Upper bound of the dissimilarities between the rows.
        self.largest = 2.5
        if metric != "cosine":
            square = float(self.xx.max())
            self.largest = 2 * np.sqrt(square) if self.root else 4 * square

    def part(self, rows):
        """Return some of the rows."""
        part = copy(self)
        part.X, part.at, part.xx = self.X[rows], self.at[rows], self.xx[rows]
        part.numbers = np.arange(len(part.X))
        return part

    def tile(self, rows, other, columns, out=None):
        """Dissimilarities of some rows to some rows of another set."""
        sides = self.given, self.at[rows], other.given, other.at[columns]
        squares = self.xx[rows], other.xx[columns]
        if self.is_narrow:
            tile = self._narrow_tile(*sides, out)
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                tile = np.matmul(self.X[rows], other.X[columns].T, out=out)
            if self.metric == "cosine":
                _distance_kernels.cosine_tile(tile, *sides, *squares)
                return tile
            _distance_kernels.euclidean_tile(tile, *sides, *squares, self.root)
        if not (self.are_safe and other.are_safe):
            low = np.sqrt(self.low) if self.root else self.low
            _distance_kernels.repair(tile, *sides, low, self.root)
        return tile

    def _narrow_tile(self, X, of, Y, to, out):
        """As ``tile`` for few features: the same bits in a tile of any shape."""
        tile = np.empty((len(of), len(to)), dtype=X.dtype) if out is None else out
        _distance_kernels.narrow_tile(tile, X[of], np.ascontiguousarray(Y[to].T))
        return np.sqrt(tile, out=tile) if self.root else tile

    def square(self, n_jobs, step=unseen):
        """Return the matrix of all pairs of rows.

        Only blocks on and above the diagonal are made, and mirrored.
        """
        n = len(self.X)
        out = np.empty((n, n), dtype=self.X.dtype)

        def fill(top, bottom, left, right):
            tile = self.tile(slice(top, bottom), self, slice(left, right))
            if top == left:
                np.fill_diagonal(tile, 0)
                tile = np.triu(tile) + np.triu(tile, 1).T
            out[top:bottom, left:right] = tile
            if top != left:
                _distance_kernels.transpose(tile, out[left:right, top:bottom])

        blocks = row_blocks(n, TILE)
        pairs = [a + b for i, a in enumerate(blocks) for b in blocks[i:]]
        on_threads(fill, pairs, n_jobs, step)
        return out

    def to(self, other, n_jobs):
        """Return the matrix of the rows and those of a few others."""
        out = np.empty((len(self.X), len(other.X)), dtype=self.X.dtype)

        def fill(start, stop):
            out[start:stop] = self.tile(slice(start, stop), other, slice(None))

        on_threads(fill, row_blocks(len(self.X), TILE), n_jobs)
        return out

    def between(self, rows, columns, n_jobs):
        """Return the matrix of some rows and some or all, in tiles: wide or tall."""
        of = self.numbers[rows]
        to = self.numbers if columns is None else self.numbers[columns]
        out = np.empty((len(of), len(to)), dtype=self.X.dtype)
        if len(to) <= TILE * 8:
            other = self.part(slice(None) if columns is None else to)
            blocks = row_blocks(len(of), max(1, TILE**2 // max(len(to), 1)))

            def fill(start, stop):
                self.tile(of[start:stop], other, slice(None), out[start:stop])
        else:
            own = self.part(rows)
            blocks = row_blocks(len(to), max(1, TILE**2 // max(len(of), 1)))

            def fill(start, stop):
                part = slice(start, stop) if columns is None else to[start:stop]
                out[:, start:stop] = own.tile(slice(None), self, part)

        on_threads(fill, blocks, n_jobs)
        return out


class SparseProducts:
    """As ``Products`` for rows in the canonical CSR format, and "manhattan".

    They are not centred: where that would have helped, digits cancel and the stored
    entries are compared.
    """

    are_safe = False

    def __init__(self, X, metric):
        self.metric, self.root, self.dtype = metric, metric == "euclidean", X.dtype
        self.low, _ = low_and_high(np.float64)
        X = sparse.csr_array(X).astype(np.float64)
        self.X = unit_sparse_rows(X) if metric == "cosine" else X
        if metric != "manhattan":
            with np.errstate(over="ignore"):
                self.xx = _sums(self.X, self.X.data**2)

    def part(self, rows):
        """Return some of the rows."""
        part = copy(self)
        part.X = self.X[rows]
        if self.metric != "manhattan":
            part.xx = self.xx[rows]
        return part

    def to(self, other, n_jobs, step=unseen):
        """Return the matrix of the rows and those of another set."""
        out = np.empty((self.X.shape[0], other.X.shape[0]), dtype=self.dtype)
        columns = None if self.metric == "manhattan" else other.X.T.tocsr()

        def fill(start, stop):
            part = self.part(slice(start, stop))
            sides = *arrays(part.X), *arrays(other.X)
            if columns is None:
                tile = np.empty(out[start:stop].shape)
                _distance_kernels.sparse_manhattan(tile, *sides)
            else:
                with np.errstate(over="ignore", invalid="ignore"):
                    tile = np.ascontiguousarray((part.X @ columns).toarray())
                self._finish(tile, part.xx, other.xx, sides)
            out[start:stop] = tile

        size = max(1, min(_SPARSE_TILE, 2**18 // max(other.X.shape[0], 1)))
        map_blocks(fill, row_blocks(self.X.shape[0], size), n_jobs=n_jobs, step=step)
        return out

    def _finish(self, tile, xx, yy, sides):
        if self.metric == "cosine":
            _distance_kernels.sparse_cosine(tile, xx, yy, *sides)
        else:
            _distance_kernels.sparse_euclidean(
                tile, xx, yy, self.root, self.low, *sides
            )

    def square(self, n_jobs, step=unseen):
        """Return the matrix of all pairs of rows."""
        return self.to(self, n_jobs, step)

    def between(self, rows, columns, n_jobs):
        """Return the matrix of some rows and some or all."""
        other = self if columns is None else self.part(columns)
        return self.part(rows).to(other, n_jobs)


def on_threads(task, blocks, n_jobs, step=unseen):
    """Call ``task`` for blocks whose time goes to matrix products."""
    n_jobs = n_blas_threads() if n_jobs is None else n_jobs
    with blas_on_one_thread():
        map_blocks(task, blocks, n_jobs=n_jobs, step=step)


def unit_rows(X):
    """Divide rows by their norms, however small or large; rows of zeros stay."""
    norms = row_norms(X)
    limit = np.finfo(X.dtype).maxexp // 2 - 10
    odd = ~((norms > 2.0**-limit) & (norms < 2.0**limit))
    if odd.any():
        X = X.copy()
        _, exponents = np.frexp(abs(X[odd]).max(axis=1, initial=0))
        X[odd] = np.ldexp(X[odd], -exponents[:, None])
        norms[odd] = row_norms(X[odd])
    norms[norms == 0] = 1
    return X / norms[:, None]


def unit_sparse_rows(X):
    """As ``unit_rows`` for a float64 CSR array."""
    rows = _rows_of(X)
    largest = np.zeros(X.shape[0])
    np.maximum.at(largest, rows, abs(X.data))
    _, exponents = np.frexp(largest)
    data = np.ldexp(X.data, -exponents[rows])
    norms = np.sqrt(_sums(X, data**2))
    return sparse.csr_array((data / norms[rows], X.indices, X.indptr), shape=X.shape)


def _sums(X, values):
    """Sum up one value for each stored entry, row by row."""
    return np.bincount(_rows_of(X), values, X.shape[0])


def _rows_of(X):
    """Row of each stored entry."""
    return np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))


def arrays(X):
    """Return where the rows of a CSR matrix start, its columns, and its entries."""
    return X.indptr, X.indices, X.data
