"""Dissimilarities from features, in the dtype of the features."""

from copy import copy
from functools import partial
from inspect import signature

import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import PAIRWISE_BOOLEAN_FUNCTIONS

from skextras._callbacks import unseen
from skextras._fitting import warn
from skextras._pairwise import _distance_kernels, _gower, _products
from skextras._pairwise._square import TOO_LARGE, find_fault
from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    map_row_blocks,
    row_blocks,
)

_ALIASES = {"l2": "euclidean", "l1": "manhattan", "cityblock": "manhattan"}
_SPARSE = (
    "cityblock", "cosine", "euclidean", "l1", "l2", "manhattan", "sqeuclidean"
)  # fmt: skip
#: Metrics that do not change when a row is multiplied by a constant, or all are.
_OF_DIRECTIONS = ("correlation", "jensenshannon")
_OF_SUMS = ("braycurtis", "canberra")
_LARGEST_EXPONENT = 400  # of numbers of which products are numbers, too
EXPONENTS = "exponents of 2"  # by which features are divided: no argument of a metric
_MISSING = ("gower", "nan_euclidean")
_BLAS = ("euclidean", "sqeuclidean", "cosine")
_ROWS_FOR_SPREAD = 1000  # by which the spread of the features is judged
_ITEMS_PER_CALL = 2**24  # an interrupt waits no longer than for so many products


def _resolved(metric, params):
    """Return the metric by one of its names, and what is left of its arguments."""
    metric = _ALIASES.get(metric, metric) if not callable(metric) else metric
    if metric == "euclidean" and set(params) == {"squared"}:
        return ("sqeuclidean" if params["squared"] else metric), {}
    return metric, params


def takes_sparse(metric):
    """Tell if ``metric`` takes sparse rows; a function that is not compiled may."""
    if callable(metric):
        return not isinstance(metric, Dispatcher)
    return metric in _SPARSE


def warn_of_conversion(X, metric):
    """Warn if a metric of booleans takes other numbers than 0 and 1."""
    if callable(metric) or metric not in PAIRWISE_BOOLEAN_FUNCTIONS:
        return
    if not ((X == 0) | (X == 1)).all():
        warn(
            f"metric={metric!r} compares booleans: all numbers other than 0 in X count "
            "as 1. Convert X to bool, or choose another metric.",
            DataConversionWarning,
        )


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
        if metric_params and metric != "precomputed":
            _try_params(X[:2], params, metric)
        return params
    if metric == "precomputed" and params:
        raise ValueError(
            f"metric_params={sorted(map(str, params))} do not suit "
            "metric='precomputed': only a sparse X takes any (missing_distance)."
        )
    if metric == "mahalanobis":
        _check_squares(params, X.shape[1])
    estimates = {"seuclidean": "V", "mahalanobis": "VI"}
    if metric in estimates and estimates[metric] not in params:
        _estimate(X, weight, metric, params)
    if metric_params:
        _try_params(*_in_range(X[:2], metric, params), metric)
    return params


def _try_function(X, metric, params):
    """Refuse a function that does not return a number for two rows."""
    try:
        if _is_compiled(X, metric, params):
            value = metric(X[0], X[-1], *_further(metric, params))
        else:
            value = metric(X[0], X[-1], **params)
    except (TypeError, NumbaError) as error:
        reason = str(error).strip().split("\n")[0]
        what = f"metric_params={sorted(map(str, params))} do not suit metric={metric!r}"
        if not params:
            what = f"metric={metric!r} must take two rows and return a number"
        raise ValueError(f"{what}: {reason:.200}.") from error
    value = np.asarray(value)
    if value.ndim != 0 or value.dtype.kind not in "biuf":
        raise ValueError(
            f"metric={metric!r} must return a number for two rows, got "
            f"{value.tolist()!r:.80}."
        )


def _check_squares(params, n_features):
    """Refuse matrices of "mahalanobis" that are not of a row and column a feature."""
    for name in params.keys() & {"V", "VI"}:
        try:
            matrix = np.asarray(params[name], dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"metric_params {name!r} must hold numbers.") from None
        if matrix.shape != (n_features, n_features) or not np.isfinite(matrix).all():
            raise ValueError(
                f"metric_params {name!r} must be a finite matrix of shape "
                f"({n_features}, {n_features}), for {n_features} features, got the "
                f"shape {matrix.shape}."
            )


def _estimate(X, weight, metric, params):
    """Add the variances, or the inverse covariance, of X.

    Where squares are no numbers of this size, they are those of features divided by a
    power of two, ``EXPONENTS``.
    """
    total = weight.sum()
    unbiased = total / (total - 1) if total > 1 else 1.0
    weight = np.ldexp(weight, -np.frexp(weight.max())[1])  # sums of any are numbers
    largest = abs(X).max(axis=0)
    if metric == "mahalanobis" and "V" in params:
        V = np.asarray(params.pop("V"), dtype=np.float64)
    else:
        exponents = np.frexp(largest)[1]
        if abs(exponents).max() > _LARGEST_EXPONENT:
            params[EXPONENTS] = exponents
            X = np.ldexp(X, -params[EXPONENTS])
        if metric == "seuclidean":
            mean = np.average(X, axis=0, weights=weight)
            V = np.average((X - mean) ** 2, axis=0, weights=weight) * unbiased
        else:
            V = np.atleast_2d(np.cov(X.T, aweights=weight, ddof=0)) * unbiased
    if metric == "seuclidean":
        params["V"] = V
    else:
        params["VI"] = _inverse(V).T


def _in_range(X, metric, params):
    """Return X scaled by powers of two where squares are no numbers of its size.

    Only for metrics that this does not change. Their other arguments follow.
    """
    if EXPONENTS in params:
        params = dict(params)
        with np.errstate(over="ignore"):  # infinite dissimilarities are refused
            X = np.ldexp(X, -params.pop(EXPONENTS))
    elif metric in _OF_DIRECTIONS and not sparse.issparse(X):
        exponents = np.frexp(abs(X).max(axis=1))[1]
        if abs(exponents).max() > _LARGEST_EXPONENT:
            X = np.ldexp(X, -exponents[:, None])
    elif metric in _OF_SUMS and abs(X).max() > np.finfo(X.dtype).max / 8 / X.shape[1]:
        raise ValueError(
            f"metric={metric!r} adds up entries, and these go up to "
            f"{abs(X).max():g}: divide X by a constant."
        )
    return X, params


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


def _try_params(X, params, metric):
    """Refuse keyword arguments that ``metric`` does not take."""
    try:
        pairwise_distances(X, metric=metric, **params)
    except (TypeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".:")
        raise ValueError(
            f"metric_params={sorted(map(str, params))} do not suit metric={metric!r}: "
            f"{reason:.200}."
        ) from error


def to_centers(X, centers, metric, params, *, n_jobs=None):
    """Return the dissimilarity of every row of X to every center."""
    metric, params = _resolved(metric, params)
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
        X, further = _in_range(X, metric, params)
        centers, _ = _in_range(centers, metric, params)
        out = _by_blocks(X, centers, metric, further, n_jobs)
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
    if sparse.issparse(X):
        return metric in _SPARSE and not params
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


def _is_compiled(X, metric, params):
    """Tell whether ``metric`` can run in a compiled loop over the rows."""
    plain = any(isinstance(value, list | dict | set) for value in params.values())
    return isinstance(metric, Dispatcher) and not plain and not sparse.issparse(X)


def _further(metric, params):
    """Return the arguments of a compiled metric after the two rows, in its order."""
    bound = signature(metric.py_func).bind(None, None, **params)
    bound.apply_defaults()
    return bound.args[2:]


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
    if _is_compiled(X, metric, params):
        fill = _distance_kernels.compiled_metric(metric)
        task = partial(fill, X, Y, _further(metric, params), out)
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
        metric, params = _resolved(metric, params)
        if callable(metric) and not sparse.issparse(X):
            _try_function(X, metric, params)
        X, params = _in_range(X, metric, params)
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
        elif callable(metric) and not _is_compiled(X, metric, params):
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
