"""Dissimilarities from features, in the dtype of the features."""

from copy import copy
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import PAIRWISE_BOOLEAN_FUNCTIONS

from skextras._callbacks import unseen
from skextras._pairwise import _distance_kernels, _gower, _products
from skextras._pairwise._metrics import (
    SPARSE,
    further_arguments,
    in_range,
    is_compiled,
    resolved,
    try_function,
)
from skextras._pairwise._square import TOO_LARGE, find_fault
from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    map_row_blocks,
    row_blocks,
)

_BLAS = ("euclidean", "sqeuclidean", "cosine")
_ROWS_FOR_SPREAD = 1000  # by which the spread of the features is judged
_ITEMS_PER_CALL = 2**24  # an interrupt waits no longer than for so many products


def to_centers(X, centers, metric, params, *, n_jobs=None):
    """Return the dissimilarity of every row of X to every center."""
    metric, params = resolved(metric, params)
    with np.errstate(over="ignore"):  # infinite dissimilarities are refused later
        centers = centers.astype(X.dtype, copy=False)
    if sparse.issparse(centers) and not sparse.issparse(X):
        centers = centers.toarray()
    elif sparse.issparse(X):
        centers = sparse.csr_array(centers)
    if _by_products(X, metric, params):
        offset = _offset(centers, metric)
        X, centers = (_as_products(rows, metric, offset) for rows in (X, centers))
        out = X.to(centers, n_jobs)
    else:
        X, further = in_range(X, metric, params)
        centers, _ = in_range(centers, metric, params)
        out = _by_blocks(X, centers, metric, further, n_jobs)
    return _checked(out, metric, n_jobs)


def nearest(distances, *, two=False):
    """Return the slot of the nearest medoid of every row, and how far it is.

    The first slot on ties. With ``two``, the same of the second nearest medoid follows,
    -1 and infinity if there is none; ``distances`` is then overwritten.
    """
    rows, first = np.arange(len(distances)), distances.argmin(axis=1)
    near = distances[rows, first]
    if not two:
        return first, near
    distances[rows, first] = np.inf
    second = distances.argmin(axis=1)
    far = distances[rows, second]
    if distances.shape[1] == 1:
        second[:] = -1
    return first, near, second, far


def _by_products(X, metric, params):
    """Tell whether the matrix can be made from inner products."""
    if sparse.issparse(X):
        return metric in SPARSE and not params
    return metric in _products.METRICS and not params


def _as_products(X, metric, offset):
    """Return what makes the matrix from inner products of the rows of X."""
    if sparse.issparse(X):
        return _products.SparseProducts(X, metric)
    return _products.Products(X, metric, offset)


def _offset(X, metric):
    """Return the point that products are centred at, if that helps.

    It is the mean, rounded to a multiple of a power of two that is small beside the
    standard deviation of some rows: products of integers remain exact, and so do ties.
    """
    if sparse.issparse(X) or metric == "cosine":
        return None
    some = X[:: max(1, len(X) // _ROWS_FOR_SPREAD)]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = X.mean(axis=0, dtype=np.float64)
        _, exponents = np.frexp(some.std(axis=0, dtype=np.float64))
        unit = np.ldexp(1.0, exponents - 2)
        offset = (np.round(mean / unit) * unit).astype(X.dtype)
    constant = (some == some[0]).all(axis=0)
    offset = np.where(constant, some[0], offset)
    return np.where(np.isfinite(offset), offset, X.dtype.type(0))


def _checked(out, metric, n_jobs, samples=None, others=None, limit=np.inf):
    """Refuse what is not a dissimilarity; cut off what rounding left below zero."""
    if not callable(metric):
        np.maximum(out, 0, out=out)
    kind, i, j = find_fault(out, n_jobs=n_jobs, limit=limit)
    if not kind:
        return out
    pair = f"row {i} and medoid {j}"
    if samples is not None:
        pair = f"samples {samples[i]} and {others[j]}"
    if kind == TOO_LARGE:
        raise ValueError(
            f"metric={metric!r} gives {out[i, j]:g} between {pair}, and weighted sums "
            "of such dissimilarities overflow: divide X, or sample_weight, by a "
            "constant."
        )
    raise ValueError(
        f"metric={metric!r} must give dissimilarities that are finite (no NaN, no "
        f"inf) and not negative, got {out[i, j]} between {pair}: leave out constant "
        "rows or features, scale X, or choose another metric."
    )


def _refuse_tiny_squares(X):
    """Refuse rows that are distinct and of which all squared distances vanish."""
    largest = abs(X).max()
    if 0 < largest < np.sqrt(np.finfo(X.dtype).tiny):
        raise ValueError(
            f"metric='sqeuclidean' of entries up to {largest:g} is too small for a "
            f"number of type {X.dtype}: multiply X by a constant."
        )


def _fill(X, Y, metric, params, out, start, stop):
    """Fill rows of ``out`` by scikit-learn."""
    part, rows = out[start:stop], X[start:stop]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        part[:] = pairwise_distances(rows, Y, metric=metric, **params)
    if metric == "minkowski":
        _repair_minkowski(part, rows, Y, **params)


def _by_blocks(X, Y, metric, params, n_jobs, step=unseen):
    """Fill blocks of rows by scikit-learn, a compiled metric, or our own."""
    if metric == "gower":
        return _gower.matrix(X, Y, params, n_jobs=n_jobs, step=step)
    if sparse.issparse(X) or sparse.issparse(Y):
        X, Y = _as_csr(X), _as_csr(Y)
        if metric == "sqeuclidean":  # from scipy, for dense rows only
            metric, params = "euclidean", {"squared": True, **params}
    out = np.empty((X.shape[0], Y.shape[0]), dtype=X.dtype)
    if is_compiled(X, metric, params):
        fill = _distance_kernels.compiled_metric(metric)
        task = partial(fill, X, Y, further_arguments(metric, params), out)
        map_row_blocks(task, out.size, n_jobs=n_jobs, step=step)  # pairs, not rows
        return out
    if metric == "nan_euclidean":
        X, Y = (_with_nan(rows, params) for rows in (X, Y))
        root = not params.get("squared", False)
        task = partial(_distance_kernels.nan_euclidean, X, Y, root, out)
    else:
        if metric in PAIRWISE_BOOLEAN_FUNCTIONS and not sparse.issparse(X):
            X, Y = X.astype(bool), Y.astype(bool)
        task = partial(_fill, X, Y, metric, params, out)
    options = {"n_jobs": n_jobs, "step": step}
    with blas_on_one_thread():
        if sparse.issparse(X) or metric in _BLAS:
            # BLAS may round otherwise in other blocks: theirs must not depend on time
            size = min(max(_ITEMS_PER_CALL // (Y.shape[0] * Y.shape[1]), 1), 256)
            map_blocks(task, row_blocks(X.shape[0], size), **options)
        else:
            map_row_blocks(task, X.shape[0], min_rows=16, **options)
    return out


def _with_nan(X, params):
    """Return rows whose missing entries are NaN, as "nan_euclidean" marks them."""
    marker = params.get("missing_values", np.nan)
    if np.isnan(marker):
        return X
    if np.isnan(X).any():
        raise ValueError(
            f"metric_params={{'missing_values': {marker!r}}}, and X holds NaN: let one "
            "of them stand for all missing entries."
        )
    return np.where(marker == X, X.dtype.type(np.nan), X)


def _repair_minkowski(out, X, Y, *, p=2, w=None):
    """Compute again what has overflowed or vanished when it was raised to a power."""
    if p < np.inf:
        w = np.ones(X.shape[1]) if w is None else np.asarray(w, dtype=np.float64)
        low = 2.0 ** (-962 / p)
        _distance_kernels.repair_minkowski(out, X, Y, low, float(p), w)


def _as_csr(X):
    """Return CSR rows, with the 32-bit indices that scikit-learn's loops need."""
    X = sparse.csr_matrix(X)
    if max(X.nnz, *X.shape) < 2**31:
        indices, indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
        X = sparse.csr_matrix((X.data, indices, indptr), shape=X.shape)
    return X


class Computer:
    """Dissimilarities between the rows of X: all of them, or some when asked for.

    ``samples`` are the numbers of the rows in messages, and no dissimilarity may reach
    ``limit``. A callable is taken for symmetric, as scikit-learn takes it.
    """

    def __init__(self, X, metric, params, *, samples=None, n_jobs=None, limit=np.inf):
        metric, params = resolved(metric, params)
        if callable(metric) and not sparse.issparse(X):
            try_function(X, metric, params)
        X, params = in_range(X, metric, params)
        self.metric, self.params, self.n_jobs = metric, params, n_jobs
        self.n_rows, self.dtype = X.shape[0], X.dtype
        self.numbers, self.limit = np.arange(self.n_rows), limit
        self.samples = self.numbers if samples is None else samples
        self.X, self.products = X, None
        if _by_products(X, metric, params):
            offset = _offset(X, metric)
            self.X, self.products = None, _as_products(X, metric, offset)
            if metric == "sqeuclidean":
                _refuse_tiny_squares(X)

    def part(self, rows):
        """Return the same for some of the rows."""
        part = copy(self)
        part.n_rows, part.samples = len(rows), self.samples[rows]
        part.numbers = np.arange(part.n_rows)
        if self.products is None:
            part.X = self.X[rows]
        else:
            part.products = self.products.part(rows)
        return part

    def square(self, step=unseen):
        """Return ``rows`` with rows[j, o] = dissimilarity of point o to candidate j."""
        X, metric, params = self.X, self.metric, self.params
        if self.products is not None:
            out = self.products.square(self.n_jobs, step)
        elif metric == "gower":
            out = _gower.matrix(X, None, params, n_jobs=self.n_jobs, step=step)
        elif callable(metric) and not is_compiled(X, metric, params):
            out = pairwise_distances(X, metric=metric, **params)
            out = out.astype(X.dtype, copy=False)
        else:
            out = _by_blocks(X, X, metric, params, self.n_jobs, step)
            if metric in _products.METRICS:
                np.fill_diagonal(out, 0)
        return self._checked(out, self.n_jobs, self.numbers, self.numbers)

    def between(self, rows, columns=None):
        """Dissimilarities of some rows to some or all; a row is at 0 from itself."""
        of = self.numbers[rows]
        to = self.numbers if columns is None else self.numbers[columns]
        if self.products is None:
            Y = self.X if columns is None else self.X[to]
            out = _by_blocks(self.X[of], Y, self.metric, self.params, self.n_jobs)
            if self.metric in _products.METRICS:
                out[of[:, None] == to] = 0
        else:
            out = self.products.between(rows, columns, self.n_jobs)
        return self._checked(out, 1, of, to)

    def _checked(self, out, n_jobs, of, to):
        """Refuse what is not a dissimilarity, unless nothing can be wrong."""
        products = self.products
        is_safe = products is not None and products.are_safe
        if is_safe and products.largest < self.limit:
            return out
        samples, others = self.samples[of], self.samples[to]
        return _checked(out, self.metric, n_jobs, samples, others, self.limit)
