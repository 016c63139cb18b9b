"""Metrics by name or function: what they take, and the arguments that X gives them."""

from inspect import signature

import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import PAIRWISE_BOOLEAN_FUNCTIONS

from skextras._fitting import warn
from skextras._pairwise import _gower

_ALIASES = {"l2": "euclidean", "l1": "manhattan", "cityblock": "manhattan"}
#: Metrics that take sparse rows.
SPARSE = (
    "cityblock", "cosine", "euclidean", "l1", "l2", "manhattan", "sqeuclidean"
)  # fmt: skip
#: Metrics that do not change when a row is multiplied by a constant, or all are.
_OF_DIRECTIONS = ("correlation", "jensenshannon")
_OF_SUMS = ("braycurtis", "canberra")
_LARGEST_EXPONENT = 400  # of numbers of which products are numbers, too
_EXPONENTS = "exponents of 2"  # by which features are divided: no argument of a metric
_MISSING = ("gower", "nan_euclidean")


def resolved(metric, params):
    """Return the metric by one of its names, and what is left of its arguments."""
    metric = _ALIASES.get(metric, metric) if not callable(metric) else metric
    if metric == "euclidean" and set(params) == {"squared"}:
        return ("sqeuclidean" if params["squared"] else metric), {}
    return metric, params


def takes_sparse(metric):
    """Tell if ``metric`` takes sparse rows; a function that is not compiled may."""
    if callable(metric):
        return not isinstance(metric, Dispatcher)
    return metric in SPARSE


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
        _try_params(*in_range(X[:2], metric, params), metric)
    return params


def try_function(X, metric, params):
    """Refuse a function that does not return a number for two rows."""
    try:
        if is_compiled(X, metric, params):
            value = metric(X[0], X[-1], *further_arguments(metric, params))
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
    power of two, ``_EXPONENTS``.
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
            params[_EXPONENTS] = exponents
            X = np.ldexp(X, -params[_EXPONENTS])
        if metric == "seuclidean":
            mean = np.average(X, axis=0, weights=weight)
            V = np.average((X - mean) ** 2, axis=0, weights=weight) * unbiased
        else:
            V = np.atleast_2d(np.cov(X.T, aweights=weight, ddof=0)) * unbiased
    if metric == "seuclidean":
        params["V"] = V
    else:
        params["VI"] = _inverse(V).T


def in_range(X, metric, params):
    """Return X scaled by powers of two where squares are no numbers of its size.

    Only for metrics that this does not change. Their other arguments follow.
    """
    if _EXPONENTS in params:
        params = dict(params)
        with np.errstate(over="ignore"):  # infinite dissimilarities are refused
            X = np.ldexp(X, -params.pop(_EXPONENTS))
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


def is_compiled(X, metric, params):
    """Tell whether ``metric`` can run in a compiled loop over the rows."""
    plain = any(isinstance(value, list | dict | set) for value in params.values())
    return isinstance(metric, Dispatcher) and not plain and not sparse.issparse(X)


def further_arguments(metric, params):
    """Return the arguments of a compiled metric after the two rows, in its order."""
    bound = signature(metric.py_func).bind(None, None, **params)
    bound.apply_defaults()
    return bound.args[2:]
