"""Dissimilarities from features, in the dtype of the features."""

from functools import partial

import numpy as np
from numba.core.dispatcher import Dispatcher
from scipy import sparse
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import PAIRWISE_BOOLEAN_FUNCTIONS
from sklearn.preprocessing import normalize

from skextras._parallel import blas_on_one_thread, map_blocks, row_blocks
from skextras.cluster._medoids import _distance_kernels

_ALIASES = {"l2": "euclidean"}
_BY_GEMM = ("euclidean", "sqeuclidean", "cosine")
_TILE = 512  # rows of a block: two operands and the product stay in the L2 cache


def resolve_params(X, weight, metric, metric_params):
    """Return the keyword arguments of ``metric``; estimate those it takes from X.

    The variances of "seuclidean" and the inverse covariance of "mahalanobis" are those
    of the training data, counted ``weight`` times, in fit and in predict.
    """
    params = dict(metric_params or {})
    total = weight.sum()
    unbiased = total / (total - 1) if total > 1 else 1.0
    if metric == "seuclidean" and "V" not in params:
        mean = np.average(X, axis=0, weights=weight)
        params["V"] = np.average((X - mean) ** 2, axis=0, weights=weight) * unbiased
    if metric == "mahalanobis" and "VI" not in params and "V" not in params:
        covariance = np.atleast_2d(np.cov(X.T, aweights=weight, ddof=0)) * unbiased
        try:
            params["VI"] = np.linalg.inv(covariance).T
        except np.linalg.LinAlgError as error:
            raise ValueError(
                "metric='mahalanobis' needs an invertible covariance, and that of X is "
                "singular: give the inverse as metric_params={'VI': ...}."
            ) from error
    return params


def square(X, metric, params, *, n_jobs=None):
    """Return ``rows`` with rows[j, o] = dissimilarity of point o to candidate j."""
    metric = _ALIASES.get(metric, metric)
    if metric in _BY_GEMM and not sparse.issparse(X):
        if metric != "cosine":
            X = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
        return _gemm(X, None, metric, n_jobs)
    if isinstance(metric, Dispatcher) and not params and not sparse.issparse(X):
        return np.ascontiguousarray(_by_blocks(X, X, metric, params, n_jobs).T)
    if callable(metric):  # symmetric: scikit-learn asks for every pair once
        out = pairwise_distances(X, metric=metric, **params)
        return np.ascontiguousarray(out, dtype=X.dtype)
    out = _by_blocks(X, X, metric, params, n_jobs)
    if metric in _BY_GEMM:
        np.fill_diagonal(out, 0)
    return out


def to_centers(X, centers, metric, params, *, n_jobs=None):
    """Return the dissimilarity of every row of X to every center."""
    metric = _ALIASES.get(metric, metric)
    if metric in _BY_GEMM and not (sparse.issparse(X) or sparse.issparse(centers)):
        if metric != "cosine":
            offset = centers.mean(axis=0, dtype=np.float64)
            dtype = X.dtype
            X, centers = (X - offset).astype(dtype), (centers - offset).astype(dtype)
        return _gemm(X, centers, metric, n_jobs)
    return _by_blocks(X, centers, metric, params, n_jobs)


def _by_blocks(X, Y, metric, params, n_jobs):
    """Fill blocks of rows by scikit-learn, or by a compiled metric."""
    if sparse.issparse(X) != sparse.issparse(Y):
        X, Y = sparse.csr_matrix(X), sparse.csr_matrix(Y)
    out = np.empty((X.shape[0], Y.shape[0]), dtype=X.dtype)
    if isinstance(metric, Dispatcher) and not params and not sparse.issparse(X):
        fill = _distance_kernels.compiled_metric(metric)
        task = partial(fill, X, Y, out)
    else:
        if metric in PAIRWISE_BOOLEAN_FUNCTIONS and not sparse.issparse(X):
            X, Y = _as_bool(X), _as_bool(Y)

        def task(start, stop):
            out[start:stop] = pairwise_distances(
                X[start:stop], Y, metric=metric, **params
            )

    with blas_on_one_thread():
        map_blocks(task, row_blocks(X.shape[0], 256), n_jobs=n_jobs)
    return out


def _as_bool(X):
    """Return zeros and ones as booleans; leave others to scikit-learn's warning."""
    return X.astype(bool) if ((X == 0) | (X == 1)).all() else X


def _gemm(X, Y, metric, n_jobs):
    """Euclidean, squared Euclidean or cosine matrix by blocked products.

    With ``Y=None``, only blocks on and above the diagonal are made, and mirrored.
    """
    if metric == "cosine":
        X = normalize(X)
        Y = Y if Y is None else normalize(Y)
    X = np.ascontiguousarray(X)
    Z = X if Y is None else np.ascontiguousarray(Y)
    xx = np.einsum("ij,ij->i", X, X)
    zz = xx if Y is None else np.einsum("ij,ij->i", Z, Z)
    out = np.empty((len(X), len(Z)), dtype=X.dtype)

    def fill(top, bottom, left, right):
        tile = X[top:bottom] @ Z[left:right].T
        sides = X[top:bottom], Z[left:right], xx[top:bottom], zz[left:right]
        if metric == "cosine":
            _distance_kernels.cosine_tile(tile, *sides)
        else:
            _distance_kernels.euclidean_tile(tile, *sides, metric == "euclidean")
        if Y is None and top == left:
            np.fill_diagonal(tile, 0)
            tile = np.triu(tile) + np.triu(tile, 1).T
        out[top:bottom, left:right] = tile
        if Y is None and top != left:
            out[left:right, top:bottom] = tile.T

    blocks = row_blocks(len(X), _TILE)
    if Y is None:
        pairs = [a + b for i, a in enumerate(blocks) for b in blocks[i:]]
    else:
        pairs = [(*block, 0, len(Z)) for block in blocks]
    with blas_on_one_thread():
        map_blocks(fill, pairs, n_jobs=n_jobs)
    return out
