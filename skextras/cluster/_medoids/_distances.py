"""Dissimilarities from features, in the dtype of the features."""

from copy import copy
from functools import partial
from inspect import signature

import numpy as np
from numba.core.dispatcher import Dispatcher
from scipy import sparse
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import PAIRWISE_BOOLEAN_FUNCTIONS
from sklearn.preprocessing import normalize

from skextras._callbacks import unseen
from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    n_blas_threads,
    row_blocks,
)
from skextras.cluster._medoids import _distance_kernels, _gower
from skextras.cluster._medoids._matrix import find_fault

_ALIASES = {"l2": "euclidean"}
_SPARSE = (
    "cityblock", "cosine", "euclidean", "l1", "l2", "manhattan", "sqeuclidean"
)  # fmt: skip
_MISSING = ("gower", "nan_euclidean")
_BY_GEMM = ("euclidean", "sqeuclidean", "cosine")
_TILE = 512  # rows of a block: two operands and the product stay in the L2 cache
_ITEMS_PER_CALL = 2**24  # an interrupt waits no longer than for so many differences


def takes_sparse(metric):
    """Tell if ``metric`` takes sparse rows; a function that is not compiled may."""
    if callable(metric):
        return not isinstance(metric, Dispatcher)
    return metric in _SPARSE


def takes_missing(metric):
    """Tell if rows may have missing entries under ``metric``."""
    return not callable(metric) and metric in _MISSING


def resolve_params(X, weight, metric, metric_params, names=None):
    """Return the keyword arguments of ``metric``; estimate those it takes from X.

    The variances of "seuclidean", the inverse covariance of "mahalanobis" and the
    ranges of "gower" are those of the training data, counted ``weight`` times, in fit
    and in predict. ``names`` are those of the features, if any.
    """
    params = dict(metric_params or {})
    if metric == "gower":
        return _gower.resolve(X, weight, names, params=params)
    if sparse.issparse(X):
        return params
    if metric == "precomputed" and params:
        raise ValueError(
            f"metric_params={sorted(map(str, params))} do not suit "
            "metric='precomputed': only a sparse X takes any (missing_distance)."
        )
    total = weight.sum()
    unbiased = total / (total - 1) if total > 1 else 1.0
    if metric == "seuclidean" and "V" not in params:
        mean = np.average(X, axis=0, weights=weight)
        params["V"] = np.average((X - mean) ** 2, axis=0, weights=weight) * unbiased
    if metric == "mahalanobis" and "VI" not in params:
        V = params.pop("V", None)
        if V is None:
            V = np.atleast_2d(np.cov(X.T, aweights=weight, ddof=0)) * unbiased
        params["VI"] = _inverse(np.asarray(V, dtype=np.float64)).T
    if metric_params:
        _try_params(X[:2], metric, params)
    return params


def _inverse(covariance):
    """Invert a covariance; refuse one that is singular whatever the units."""
    scale = np.sqrt(np.diag(covariance))
    if (scale > 0).all():
        correlation = covariance / np.outer(scale, scale)
        if np.linalg.cond(correlation) * len(scale) * np.finfo(np.float64).eps < 1:
            return np.linalg.inv(correlation) / np.outer(scale, scale)
    raise ValueError(
        "metric='mahalanobis' needs an invertible covariance, and that of X is "
        "singular: drop features that depend on others, or give an inverse as "
        "metric_params={'VI': ...}."
    )


def _try_params(X, metric, params):
    """Refuse keyword arguments that ``metric`` does not take."""
    try:
        pairwise_distances(X, metric=metric, **params)
    except (TypeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"metric_params={sorted(map(str, params))} do not suit metric={metric!r}: "
            f"{reason}"
        ) from error


def to_centers(X, centers, metric, params, *, n_jobs=None):
    """Return the dissimilarity of every row of X to every center."""
    metric = _ALIASES.get(metric, metric)
    centers = centers.astype(X.dtype, copy=False)
    if _by_products(X, metric, params) and not sparse.issparse(centers):
        if metric != "cosine":
            offset = centers.mean(axis=0, dtype=np.float64).astype(X.dtype)
            X, centers = X - offset, centers - offset
        out = _gemm(_Products(X, metric), _Products(centers, metric), n_jobs)
    else:
        out = _by_blocks(X, centers, metric, params, n_jobs)
    return _checked(out, metric, n_jobs)


def nearest(distances, *, two=False):
    """Return the slot of the nearest medoid of every row, and how far it is.

    The first slot on ties. With ``two``, the same of the second nearest medoid follows,
    -1 and infinity if there is none; ``distances`` is then overwritten.
    """
    first, near = distances.argmin(axis=1), distances.min(axis=1)
    if not two:
        return first, near
    distances[np.arange(len(distances)), first] = np.inf
    second, far = distances.argmin(axis=1), distances.min(axis=1)
    if distances.shape[1] == 1:
        second[:] = -1
    return first, near, second, far


def _by_products(X, metric, params):
    """Tell whether the matrix can be made from inner products."""
    return metric in _BY_GEMM and not params and not sparse.issparse(X)


def _is_compiled(X, metric, params):
    """Tell whether ``metric`` can run in a compiled loop over the rows."""
    plain = any(isinstance(value, list | dict | set) for value in params.values())
    return isinstance(metric, Dispatcher) and not plain and not sparse.issparse(X)


def _further(metric, params):
    """Return the arguments of a compiled metric after the two rows, in its order."""
    bound = signature(metric.py_func).bind(None, None, **params)
    bound.apply_defaults()
    return bound.args[2:]


def _checked(out, metric, n_jobs, samples=None, others=None):
    """Refuse what is not a dissimilarity; cut off what rounding left below zero."""
    if not callable(metric):
        np.maximum(out, 0, out=out)
    kind, i, j = find_fault(out, n_jobs=n_jobs)
    if kind:
        pair = f"row {i} and medoid {j}"
        if samples is not None:
            pair = f"samples {samples[i]} and {others[j]}"
        raise ValueError(
            f"metric={metric!r} must give dissimilarities that are finite (no NaN, no "
            f"inf) and not negative, got {out[i, j]} between {pair}: leave out "
            "constant rows or features, scale X, or choose another metric."
        )
    return out


def _by_blocks(X, Y, metric, params, n_jobs, step=unseen):
    """Fill blocks of rows by scikit-learn, a compiled metric, or our own."""
    if metric == "gower":
        return _gower.matrix(X, Y, params, n_jobs=n_jobs, step=step)
    if sparse.issparse(X) or sparse.issparse(Y):
        X, Y = _as_csr(X), _as_csr(Y)
        if metric == "sqeuclidean":  # from scipy, for dense rows only
            metric, params = "euclidean", {"squared": True, **params}
    out = np.empty((X.shape[0], Y.shape[0]), dtype=X.dtype)
    if _is_compiled(X, metric, params):
        fill = _distance_kernels.compiled_metric(metric)
        task = partial(fill, X, Y, _further(metric, params), out)
    else:
        if metric in PAIRWISE_BOOLEAN_FUNCTIONS and not sparse.issparse(X):
            X, Y = _as_bool(X), _as_bool(Y)

        def task(start, stop):
            out[start:stop] = pairwise_distances(
                X[start:stop], Y, metric=metric, **params
            )

    size = min(max(_ITEMS_PER_CALL // (Y.shape[0] * Y.shape[1]), 1), 256)
    with blas_on_one_thread():
        map_blocks(task, row_blocks(X.shape[0], size), n_jobs=n_jobs, step=step)
    return out


def _as_csr(X):
    """Return CSR rows, with the 32-bit indices that scikit-learn's loops need."""
    X = sparse.csr_matrix(X)
    if max(X.nnz, *X.shape) < 2**31:
        indices, indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
        X = sparse.csr_matrix((X.data, indices, indptr), shape=X.shape)
    return X


def _as_bool(X):
    """Return zeros and ones as booleans; leave others to scikit-learn's warning."""
    return X.astype(bool) if ((X == 0) | (X == 1)).all() else X


class _Products:
    """Euclidean, squared Euclidean or cosine dissimilarities by blocked products."""

    def __init__(self, X, metric):
        self.metric = metric
        X = normalize(X) if metric == "cosine" else X
        self.X = np.ascontiguousarray(X)
        self.xx = np.einsum("ij,ij->i", self.X, self.X)
        #: No sum of two sides and a product can overflow: nothing needs a check.
        self.are_small = bool(self.xx.max() < np.finfo(X.dtype).max / 8)

    def part(self, rows):
        """Return some of the rows."""
        part = copy(self)
        part.X, part.xx = self.X[rows], self.xx[rows]
        return part

    def tile(self, rows, other, columns, out=None):
        """Dissimilarities of some rows to some rows of another set."""
        X, Y = self.X[rows], other.X[columns]
        tile = np.matmul(X, Y.T, out=out)
        sides = X, Y, self.xx[rows], other.xx[columns]
        if self.metric == "cosine":
            _distance_kernels.cosine_tile(tile, *sides)
        else:
            _distance_kernels.euclidean_tile(tile, *sides, self.metric == "euclidean")
        return tile


def _gemm(X, Z, n_jobs, step=unseen):
    """Matrix of dissimilarities by blocked products.

    With ``Z=None``, only blocks on and above the diagonal are made, and mirrored.
    """
    other = X if Z is None else Z
    out = np.empty((len(X.X), len(other.X)), dtype=X.X.dtype)

    def fill(top, bottom, left, right):
        tile = X.tile(slice(top, bottom), other, slice(left, right))
        if Z is None and top == left:
            np.fill_diagonal(tile, 0)
            tile = np.triu(tile) + np.triu(tile, 1).T
        out[top:bottom, left:right] = tile
        if Z is None and top != left:
            _distance_kernels.transpose(tile, out[left:right, top:bottom])

    blocks = row_blocks(len(X.X), _TILE)
    if Z is None:
        pairs = [a + b for i, a in enumerate(blocks) for b in blocks[i:]]
    else:
        pairs = [(*block, 0, len(Z.X)) for block in blocks]
    _on_threads(fill, pairs, n_jobs, step)
    return out


def _on_threads(task, blocks, n_jobs, step=unseen):
    """Call ``task`` for blocks whose time goes to matrix products."""
    n_jobs = n_blas_threads() if n_jobs is None else n_jobs
    with blas_on_one_thread():
        map_blocks(task, blocks, n_jobs=n_jobs, step=step)


class Computer:
    """Dissimilarities between the rows of X: all of them, or some when asked for.

    ``samples`` are the numbers of the rows in messages. A callable is taken for
    symmetric, as scikit-learn takes it.
    """

    def __init__(self, X, metric, params, *, samples=None, n_jobs=None):
        metric = _ALIASES.get(metric, metric)
        self.metric, self.params, self.n_jobs = metric, params, n_jobs
        self.n_rows, self.dtype = X.shape[0], X.dtype
        self.numbers = np.arange(self.n_rows)
        self.samples = self.numbers if samples is None else samples
        self.X, self.products = X, None
        if _by_products(X, metric, params):
            if metric != "cosine":
                X = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
            self.X, self.products = None, _Products(X, metric)

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
            out = _gemm(self.products, None, self.n_jobs, step)
        elif metric == "gower":
            out = _gower.matrix(X, None, params, n_jobs=self.n_jobs, step=step)
        elif callable(metric) and not _is_compiled(X, metric, params):
            out = pairwise_distances(X, metric=metric, **params)
            out = out.astype(X.dtype, copy=False)
        else:
            out = _by_blocks(X, X, metric, params, self.n_jobs, step)
            if metric in _BY_GEMM:
                np.fill_diagonal(out, 0)
        if self.products is not None and self.products.are_small:
            return out
        return _checked(out, metric, self.n_jobs, self.samples, self.samples)

    def between(self, rows, columns=None):
        """Dissimilarities of some rows to some or all; a row is at 0 from itself."""
        of = self.numbers[rows]
        to = self.numbers if columns is None else self.numbers[columns]
        if self.products is None:
            Y = self.X if columns is None else self.X[to]
            out = _by_blocks(self.X[of], Y, self.metric, self.params, self.n_jobs)
            if self.metric in _BY_GEMM:
                out[of[:, None] == to] = 0
        else:
            out = self._by_products(rows, of, columns, to)
            if self.products.are_small:
                return out
        return _checked(out, self.metric, 1, self.samples[of], self.samples[to])

    def _by_products(self, rows, of, columns, to):
        """Fill in tiles: wide ones if the rows are few, or tall ones."""
        products = self.products
        out = np.empty((len(of), len(to)), dtype=self.dtype)
        if len(to) <= _TILE * 8:
            other, some = products.part(slice(None) if columns is None else to), of
            blocks = row_blocks(len(of), max(1, _TILE**2 // max(len(to), 1)))

            def fill(start, stop):
                products.tile(some[start:stop], other, slice(None), out[start:stop])
        else:
            own = products.part(rows)
            blocks = row_blocks(len(to), max(1, _TILE**2 // max(len(of), 1)))

            def fill(start, stop):
                part = slice(start, stop) if columns is None else to[start:stop]
                out[:, start:stop] = own.tile(slice(None), products, part)

        _on_threads(fill, blocks, self.n_jobs)
        return out
