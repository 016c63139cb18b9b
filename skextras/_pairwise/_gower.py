"""The Gower dissimilarity of rows with numbers, categories and missing values."""

from numbers import Integral

import numpy as np

from skextras._callbacks import unseen
from skextras._pairwise import _gower_kernels
from skextras._parallel import map_blocks, row_blocks
from skextras._validation import in_words

#: Dissimilarity of two rows that have no feature in common.
NOTHING_SHARED = 1.0
_TILE = 256
_KEYWORDS = {"categorical_features", "ranges", "weights"}


def resolve(X, sample_weight, names, *, params):
    """Return the arguments of ``matrix``: what ``params`` say, and ranges from X.

    ``names`` are those of the features, or None; rows of weight 0 have no part in the
    ranges.
    """
    if not params.keys() <= _KEYWORDS:
        raise ValueError(
            f"metric_params of metric='gower' are {', '.join(sorted(_KEYWORDS))}, got "
            f"{', '.join(sorted(map(str, params.keys() - _KEYWORDS)))}."
        )
    n_features = X.shape[1]
    mask = _as_mask(params.get("categorical_features"), n_features, names)
    weight = np.ones(n_features)
    if params.get("weights") is not None:
        weight = _one_each(params["weights"], "weights", n_features, mask | True)
        if not weight.any():
            raise ValueError("weights are zero for all features: give some a weight.")
        weight = weight / weight.max()
    if params.get("ranges") is None:
        ranges = _ranges(X[sample_weight > 0], ~mask & (weight > 0))
    else:
        ranges = _one_each(params["ranges"], "ranges", n_features, ~mask)
    varies = ~mask & (ranges >= np.finfo(np.float64).tiny)
    scale = np.divide(weight, ranges, out=np.zeros(n_features), where=varies)
    return {"categorical": mask, "weight": weight, "scale": scale}


def _as_mask(features, n_features, names):
    """Turn a mask, indices or names of features into a mask."""
    mask = np.zeros(n_features, dtype=bool)
    if features is None:
        return mask
    features = np.asarray(features, dtype=object)
    if features.ndim == 1 and all(isinstance(item, str) for item in features):
        features = np.array([_place(item, names) for item in features], dtype=object)
    elif features.ndim == 1 and all(isinstance(i, bool | np.bool_) for i in features):
        if len(features) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(features)} entries, and X has "
                f"{n_features} features: give one entry for each."
            )
        return features.astype(bool)
    if features.ndim != 1 or not all(isinstance(item, Integral) for item in features):
        raise ValueError(
            "categorical_features must be a list of feature names or of indices, or a "
            f"mask, got {in_words(features.tolist())}."
        )
    outside = [item for item in features if not 0 <= item < n_features]
    if outside:
        raise ValueError(
            f"categorical_features holds the index {outside[0]}: with {n_features} "
            f"features, indices go from 0 to {n_features - 1}."
        )
    mask[features.astype(np.intp)] = True
    return mask


def _place(name, names):
    """Position of a feature name."""
    if names is None:
        raise ValueError(
            f"categorical_features holds the name {name!r}, and scikit-learn finds no "
            "names of features in X: give indices or a mask, or X as a data frame of "
            "pandas."
        )
    if name not in names:
        raise ValueError(
            f"categorical_features holds the name {name!r}, which is not a feature of "
            f"X: these are {', '.join(names)}."
        )
    return int(np.flatnonzero(names == name)[0])


def _one_each(values, name, n_features, used):
    """Return a number per feature: finite and not negative where it is ``used``."""
    try:
        values = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers, got {in_words(values)}.") from None
    if values.shape != (n_features,):
        raise ValueError(
            f"{name} must hold one number for each of the {n_features} features, got "
            f"an array of shape {values.shape}."
        )
    bad = used & ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        place = int(np.argmax(bad))
        raise ValueError(
            f"{name} must be finite and not negative, got {values[place]:g} for "
            f"feature {place}."
        )
    return values


def _ranges(X, used):
    """Return the largest minus the smallest value of each feature, -inf if it has none.

    Only those of features that are ``used`` have to be finite.
    """
    low = np.fmin.reduce(X, axis=0, initial=np.inf).astype(np.float64)
    high = np.fmax.reduce(X, axis=0, initial=-np.inf).astype(np.float64)
    with np.errstate(over="ignore"):
        ranges = high - low
    too_wide = used & (ranges == np.inf)
    if too_wide.any():
        place = int(np.argmax(too_wide))
        raise ValueError(
            f"metric='gower' needs ranges that are finite, and feature {place} goes "
            f"from {low[place]:g} to {high[place]:g}: scale X."
        )
    return ranges


def matrix(X, Y, params, *, n_jobs=None, step=unseen):
    """Return the dissimilarity of every row of X to every row of Y, or of X itself.

    With ``Y=None``, only tiles on and above the diagonal are made, and mirrored.
    """
    Z = X if Y is None else Y
    columns = np.ascontiguousarray(Z.T)
    X = np.ascontiguousarray(X)
    out = np.empty((len(X), len(Z)), dtype=X.dtype)
    arrays = (X, columns, params["categorical"], params["weight"], params["scale"])

    def fill(top, bottom, left, right):
        _gower_kernels.fill_tile(*arrays, NOTHING_SHARED, out, top, bottom, left, right)
        if Y is None and top != left:
            out[left:right, top:bottom] = out[top:bottom, left:right].T

    blocks, across = row_blocks(len(X), _TILE), row_blocks(len(Z), _TILE)
    pairs = [a + b for a in blocks for b in across if Y is not None or a <= b]
    map_blocks(fill, pairs, n_jobs=n_jobs, step=step)
    return out
