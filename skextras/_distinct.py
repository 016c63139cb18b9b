"""Distinct points of a training set, in an order that rows cannot change."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from skextras import _distinct_kernels


class Points(NamedTuple):
    """Distinct points of positive weight.

    ``index``: first training row of each; ``weight``: their summed weights;
    ``position``: point of each training row, -1 for rows of weight 0; ``keys``:
    ascending hashes of the rows, or None for precomputed dissimilarities.
    """

    index: np.ndarray  # type: ignore[assignment]  # beside tuple.index
    weight: np.ndarray
    position: np.ndarray
    keys: np.ndarray | None


def canonical(X, *, keep_zeros=False):
    """Return CSR rows with ascending indices, no entry stored twice, and no zeros.

    A copy, unless X is like that; X and what it knows of itself are left alone.
    """
    X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    if (keep_zeros or X.data.all()) and X.has_canonical_format:
        return X
    X = X.copy()
    with np.errstate(over="ignore"):
        X.sum_duplicates()
    if not keep_zeros:
        X.eliminate_zeros()
        if not np.isfinite(X.data).all():
            raise ValueError(
                "X has duplicate entries whose sums overflow: divide X by a constant."
            )
    return X


def weighted_points(weight):
    """Return every row of positive weight as a point of its own."""
    index = np.flatnonzero(weight)
    position = np.full(len(weight), -1)
    position[index] = np.arange(len(index))
    return Points(index, weight[index], position, None)


def distinct_points(X, weight):
    """Collapse equal rows of X, and order what is left by hash of the content."""
    index = np.flatnonzero(weight)
    keys = _hashes(X[index] if len(index) < len(weight) else X)
    order = np.argsort(keys, kind="stable")
    index, keys = index[order], keys[order]
    repeated = np.zeros(len(index), dtype=bool)
    pairs = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    repeated[pairs] = _equal_rows(X[index[pairs]], X[index[pairs - 1]])
    first = np.flatnonzero(~repeated)
    position = np.full(len(weight), -1)
    position[index] = np.cumsum(~repeated) - 1
    total = np.add.reduceat(weight[index], first)
    return Points(index[first], total, position, keys[first])


def fill_up(points, n_clusters, first=()):
    """Rows of all points, then further rows: repeated ones, then those of weight 0.

    The points at the positions ``first`` come first; the others follow in their order.
    """
    places = np.arange(len(points.index))
    first = np.array(list(dict.fromkeys(first)), dtype=np.intp)
    index = points.index[np.concatenate([first, places[~np.isin(places, first)]])]
    others = np.setdiff1d(np.arange(len(points.position)), points.index)
    others = others[np.argsort(points.position[others] < 0, kind="stable")]
    return np.concatenate([index, others])[:n_clusters]


def find_rows(rows, X, points):
    """Position among ``points`` of each of ``rows``, -1 where there is none."""
    keys = _hashes(rows)
    place = np.minimum(np.searchsorted(points.keys, keys), len(points.keys) - 1)
    found = _equal_rows(X[points.index[place]], rows)
    return np.where(found, place, -1)


def _hashes(X):
    """Return one 64-bit hash per row; equal rows, dense or sparse, have equal ones."""
    keys = np.empty(X.shape[0], dtype=np.uint64)
    if sparse.issparse(X):
        X = canonical(X)
        hash_rows = _distinct_kernels.hash_sparse_rows
        arrays = (_bits(X.data), X.indices, X.indptr, keys)
    else:
        hash_rows, arrays = _distinct_kernels.hash_rows, (_bits(X), keys)
    with np.errstate(over="ignore"):  # meant to wrap around, if not compiled
        hash_rows(*arrays)
    return keys


def _bits(values):
    """Return the entries as unsigned integers: equal for either zero, and any NaN."""
    values = np.ascontiguousarray(values) + values.dtype.type(0)  # -0.0 becomes 0.0
    if values.size and np.isnan(values.min()):
        values[np.isnan(values)] = np.nan
    return values.view(f"u{values.dtype.itemsize}")


def _equal_rows(A, B):
    """Tell for each pair of rows whether they are equal, missing entries included."""
    if sparse.issparse(A) or sparse.issparse(B):
        different = sparse.csr_matrix(A) != sparse.csr_matrix(B)
        return np.diff(different.indptr) == 0
    return ((A == B) | ((A != A) & (B != B))).all(axis=1)
