"""First parameters that users give, checked."""

import numpy as np

from skextras._gaussian._covariances import check_covariances, contract
from skextras._gaussian._maximization import Frozen
from skextras._validation import check_rows, in_words
from skextras.mixture._mixtures._problem import Given


def read(weights, means, precisions, responsibilities, kind, shape, n):
    """Return what was given as first parameters; raise for wrong shapes or values."""
    n_components, d = shape
    return Given(
        _weights(weights, n_components),
        _means(means, n_components, d),
        _covariances(precisions, kind, n_components, d),
        _responsibilities(responsibilities, n, n_components),
    )


def _weights(given, n_components):
    if given is None:
        return None
    weights = check_rows(np.atleast_2d(given), "weights_init", dtype=np.float64)[0]
    if weights.shape != (n_components,):
        raise ValueError(
            f"weights_init must have the shape {(n_components,)}, one weight for each "
            f"component, got {weights.shape}."
        )
    if (weights < 0).any() or not np.isclose(weights.sum(), 1):
        raise ValueError(
            "weights_init must be at least 0 and sum to 1, got "
            f"{in_words(weights.tolist())}: divide them by their sum."
        )
    return weights / weights.sum()


def _means(given, n_components, d):
    if given is None:
        return None
    means = check_rows(given, "means_init", dtype=np.float64)
    if means.shape != (n_components, d):
        raise ValueError(
            f"means_init must have the shape {(n_components, d)}, a row for each "
            f"component, got {means.shape}."
        )
    return means


def _covariances(given, kind, n_components, d):
    if given is None:
        return None
    full = check_covariances(given, "precisions_init", kind, n_components, d)
    return contract(np.linalg.inv(full), kind)


def _responsibilities(given, n, n_components):
    if given is None:
        return None
    shares = check_rows(given, "responsibilities_init", dtype=np.float64)
    if shares.shape != (n, n_components):
        raise ValueError(
            f"responsibilities_init must have the shape {(n, n_components)}, a row for "
            f"each of X, got {shares.shape}."
        )
    sums = shares.sum(axis=1)
    if (shares < 0).any() or not np.allclose(sums, 1):
        raise ValueError(
            "responsibilities_init must be at least 0, and each row must sum to 1: "
            "divide rows by their sums."
        )
    return shares


def frozen(given, kind, n_components):
    """Return masks of the components whose parameters stay, or None."""
    if given is None:
        return None
    if not set(given) <= set(Frozen._fields):
        raise ValueError(
            f"freeze must have keys among {', '.join(Frozen._fields)}, got "
            f"{in_words(sorted(map(str, given)))}."
        )
    masks = Frozen(*(
        _mask(given.get(part, []), part, n_components) for part in Frozen._fields
    ))  # fmt: skip
    if kind == "tied" and 0 < masks.covariances.sum() < n_components:
        raise ValueError(
            'freeze["covariances"] must be "all" with covariance_type="tied", where '
            "all components have one."
        )
    return masks


def _mask(given, part, n_components):
    if isinstance(given, str) and given == "all":
        return np.ones(n_components, dtype=bool)
    mask = np.zeros(n_components, dtype=bool)
    chosen = np.atleast_1d(np.asarray(given))
    if chosen.size and not (
        chosen.ndim == 1 and chosen.dtype.kind in "iu"
        and chosen.min() >= 0 and chosen.max() < n_components
    ):  # fmt: skip
        raise ValueError(
            f'freeze["{part}"] must be "all" or numbers of components from 0 to '
            f"{n_components - 1}, got {in_words(given)}."
        )
    mask[chosen.astype(np.intp)] = True
    return mask
