"""What a density estimator is given: rows, weights, and what its features are."""

import numpy as np
from sklearn.metrics.pairwise import distance_metrics
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skextras._categories import in_numbers
from skextras._fitting import warn
from skextras._validation import check_weights, in_words, validate_data
from skextras.neighbors._density import _boundaries, _mixed
from skextras.neighbors._density._density import Sample
from skextras.neighbors._density._profiles import PROFILES

METRICS = set(distance_metrics()) - {"precomputed", "cosine", "nan_euclidean"} | {
    "braycurtis", "canberra", "chebyshev", "hamming", "mahalanobis", "minkowski",
    "seuclidean",
}  # fmt: skip


def check_X(estimator, X, *, reset):
    """Return the rows of X as float64, or float32 if they are.

    Categories that are text get numbers.
    """
    if reset:
        estimator._levels = {}
    listed = ("categorical_features", "ordinal_features")
    if any(getattr(estimator, name, None) is not None for name in listed):
        X = _by_number(estimator, X, reset)
    try:
        return validate_data(
            estimator, X, reset=reset, dtype=[np.float64, np.float32], order="C"
        )
    except ValueError as error:
        text = str(error).partition("could not convert string to float: ")[2]
        if not text or not hasattr(estimator, "categorical_features"):
            raise
        raise ValueError(
            f"X has a feature of text, such as {text}: list it in "
            "categorical_features, or turn it into numbers."
        ) from error


def _by_number(estimator, X, reset):
    """Return X with categories that are text by number; store these if ``reset``."""
    if not reset:
        return in_numbers(X, estimator._levels, estimator._levels)[0]
    if hasattr(X, "columns"):
        names = list(X.columns)
    elif np.ndim(X) == 2:
        names = np.arange(np.shape(X)[1])
    else:
        return X
    unordered = features(estimator.categorical_features, "categorical_features", names)
    ordered = features(estimator.ordinal_features, "ordinal_features", names)
    X, levels = in_numbers(X, unordered + ordered)
    for a, level in levels.items():
        if a in ordered and not level.is_ordered:
            raise ValueError(
                f"Feature {names[a]} is among ordinal_features and holds "
                f"{in_words(level.values[0])}: make it an ordered categorical, or "
                "number its categories by integers."
            )
        estimator._levels[a] = level._replace(is_ordered=a in ordered)
    return X


def names_of(estimator):
    """Return the names of the features, or their numbers."""
    return getattr(estimator, "feature_names_in_", np.arange(estimator.n_features_in_))


def features(value, parameter, names):
    """Return the numbers of the features that a parameter lists."""
    if value is None:
        return []
    value, n = np.asarray(value), len(names)
    if value.dtype == bool and value.shape == (n,):
        return [int(a) for a in np.flatnonzero(value)]
    out = []
    for key in value.ravel().tolist():
        number = _boundaries.number_of(key, names)
        if number is None:
            raise ValueError(
                f"{parameter} lists {in_words(key)}, which is no feature of X: give "
                f"names, numbers from 0 to {n - 1}, or a mask."
            )
        out.append(number)
    return sorted(set(out))


def split(estimator, X):
    """Return the columns of X in float64: continuous ones, and categories or None."""
    codes = estimator._categorical
    if not len(codes):
        return X.astype(np.float64, copy=False), None
    rest = estimator._continuous
    return X[:, rest].astype(np.float64), X[:, codes].astype(np.float64)


def join(estimator, rows, codes):
    """Return the columns of ``split`` in one table, with text where it was."""
    if codes is None:
        return rows
    out = np.empty((len(rows), estimator.n_features_in_))
    out[:, estimator._continuous], out[:, estimator._categorical] = rows, codes
    if estimator._levels:
        out = out.astype(object)
    for a, level in estimator._levels.items():
        numbers = np.clip(out[:, a].astype(int), 0, len(level.values) - 1)
        out[:, a] = level.values[numbers]
    return out


def read_sample(estimator, X, sample_weight, names):
    """Return the ``Sample`` of positive weight, its ``Categories`` or None, and where.

    The last is the mask of the rows of positive weight.
    """
    d = X.shape[1]
    unordered = features(estimator.categorical_features, "categorical_features", names)
    ordered = features(estimator.ordinal_features, "ordinal_features", names)
    both = set(unordered) & set(ordered)
    if both:
        raise ValueError(
            f"Feature {names[min(both)]} is among categorical_features and "
            "ordinal_features: list it once."
        )
    estimator._categorical = np.array(unordered + ordered, dtype=np.intp)
    estimator._continuous = np.setdiff1d(np.arange(d), estimator._categorical)
    _check_ordered(X, ordered, names)
    weight = check_weights(sample_weight, len(X))
    rows, codes = split(estimator, X)
    bounds = _boundaries.read(estimator.boundary, d, names)
    for a in estimator._categorical:
        if bounds.kinds[a] is not None:
            raise ValueError(
                f"Feature {names[a]} is categorical and has a boundary: drop one."
            )
    bounds = bounds.part(estimator._continuous)
    kept = weight > 0
    sample = Sample(
        np.ascontiguousarray(rows[kept]), weight[kept], PROFILES[estimator.kernel],
        bounds, estimator.metric, estimator.metric_params,
        None if codes is None else codes[kept],
    )  # fmt: skip
    _check_combinations(estimator, sample)
    bounds.check(sample.X, np.asarray(names)[estimator._continuous])
    categories = None
    if codes is not None:
        flags = np.arange(len(estimator._categorical)) >= len(unordered)
        categories = _mixed.Categories(sample.codes, flags, np.zeros(codes.shape[1]))
    return sample, categories, kept


def _check_ordered(X, ordered, names):
    for a in ordered:
        column = X[:, a]
        if not (column == np.round(column)).all():
            raise ValueError(
                f"Feature {names[a]} is among ordinal_features and holds "
                f"{column[column != np.round(column)][0]:g}: number its categories by "
                "integers."
            )


def _check_combinations(estimator, sample):
    bounds, kernel = sample.boundaries, sample.profile.name
    if sample.metric != "euclidean" and bounds.any:
        raise ValueError(
            f'boundary needs metric="euclidean", got metric="{sample.metric}".'
        )
    if estimator.metric_params and sample.metric == "euclidean":
        raise ValueError(
            'metric_params needs another metric than "euclidean", got '
            f"{in_words(estimator.metric_params)}: leave it out."
        )
    if bounds.of("renormalise", "linear") and kernel != "gaussian":
        kind = bounds.kinds[bounds.of("renormalise", "linear")[0]]
        raise ValueError(
            f'A boundary of the kind "{kind}" needs kernel="gaussian", got '
            f'kernel="{kernel}": use the kind "reflect".'
        )
    if bounds.of("linear") and getattr(estimator, "adaptive", None) == "balloon":
        raise ValueError(
            'adaptive="balloon" has no boundary of the kind "linear": use '
            '"abramson", or the kind "reflect".'
        )
    if sample.metric == "haversine":
        _check_sphere(sample.X)
    if estimator.algorithm == "grid":
        _check_grid(estimator, sample)


def _check_sphere(X):
    if X.shape[1] != 2:
        raise ValueError(
            'metric="haversine" needs 2 features, latitude and longitude in radians, '
            f"got {X.shape[1]}."
        )
    most = abs(X[:, 0]).max()
    if most > np.pi / 2:
        warn(
            'metric="haversine" takes (latitude, longitude) in radians, and a '
            f"latitude is {most:.4g}, more than pi/2: are these degrees, or in another "
            "order?"
        )


def _check_grid(estimator, sample):
    d = sample.X.shape[1]
    if sample.profile.name != "gaussian" or d > 3 or sample.metric != "euclidean":
        raise ValueError(
            'algorithm="grid" needs kernel="gaussian", metric="euclidean" and at most '
            f'3 features, got kernel="{sample.profile.name}", '
            f'metric="{sample.metric}" and {d} features: use algorithm="auto".'
        )


def _require(estimator, y):
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None."
        )


def check_X_y(estimator, X, y, sample_weight):
    """Return features, targets of one or two dimensions, and weights."""
    X = check_X(estimator, X, reset=True)
    _require(estimator, y)
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    return X, y, check_weights(sample_weight, len(X))


def check_classes(estimator, y, n):
    """Return the classes of n rows; raise unless they are classes."""
    _require(estimator, y)
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    if len(y) != n:
        raise ValueError(f"y must have one class for each of {n} rows, got {len(y)}.")
    return y
