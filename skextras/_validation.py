"""Shared checks; the only importer of scikit-learn's private names."""

from contextlib import contextmanager
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.metrics.pairwise import _VALID_METRICS
from sklearn.utils import _safe_indexing as rows_of  # noqa: F401
from sklearn.utils import check_array, validation
from sklearn.utils._param_validation import (
    Interval,
    RealNotInt,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
)
from sklearn.utils.validation import _check_sample_weight

#: Names of dissimilarities that scikit-learn computes from rows, and our own.
METRICS = {*_VALID_METRICS, "gower", "precomputed"} - {"wminkowski"}  # gone from scipy

#: Constraint of ``n_jobs``.
N_JOBS = [
    Interval(Integral, 1, None, closed="left"),
    Interval(Integral, None, -1, closed="right"),
    None,
]

#: Constraint of ``memory_limit``, see ``memory_allowed``.
MEMORY_LIMIT = [
    Interval(Integral, 1, None, closed="left"),
    Interval(RealNotInt, 0, 1, closed="right"),
    None,
]

#: Differences whose squares, and sums of these, are numbers.
_SPREADS = {np.float64: (1e-140, 1e140), np.float32: (1e-15, 1e16)}

__all__ = [
    "MEMORY_LIMIT",
    "METRICS",
    "N_JOBS",
    "Interval",
    "StrOptions",
    "_fit_context",
    "check_memory_limit",
    "check_number",
    "check_parameters",
    "check_rows",
    "check_spread",
    "check_weights",
    "in_words",
    "refuse_booleans",
    "validate_data",
]


def validate_data(estimator, X, **options):
    """As that of scikit-learn, for one X; it comes back in the machine's byte order."""
    if isinstance(X, np.ndarray):
        X = _native(X)
    with _short_refusals():
        return _native(validation.validate_data(estimator, X, **options))


def check_rows(X, name="X", **options):
    """As ``check_array`` of scikit-learn, for an argument of this name."""
    with _short_refusals(name):
        return check_array(X, input_name=name, **options)


@contextmanager
def _short_refusals(name="X"):
    """Keep what scikit-learn says of an array short, without the array."""
    with np.errstate(over="ignore", invalid="ignore"):  # it adds inf to -inf, to look
        try:
            yield
        except ValueError as error:
            first, *rest = str(error).split("\n")
            last = rest[-1] if rest and rest[-1][:1].isalpha() else ""
            if len(first) + len(last) < len(str(error)) - 200:  # it prints the array
                first = first.rstrip(":.")
                raise ValueError(
                    f"{name} is refused: {first}. {last}".strip()
                ) from None
            raise


def _native(X):
    """Return the array or sparse matrix, copied if its byte order is another."""
    native = X.dtype.newbyteorder("=")
    return X if X.dtype == native else X.astype(native)


def in_words(value):
    """Return ``repr(value)`` on one line, cut where it is long: for messages."""
    value = value.item() if isinstance(value, np.generic) else value
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_parameters(estimator, name):
    """Check the parameters of an estimator as those of the function ``name``."""
    constraints = estimator._parameter_constraints
    params = estimator.get_params(deep=False)
    refuse_booleans(estimator, name)
    validate_parameter_constraints(constraints, params, caller_name=name)


def refuse_booleans(estimator, owner):
    """Raise for True or False where a number is expected: True would count as 1."""
    for name, value in estimator.get_params(deep=False).items():
        if isinstance(value, bool | np.bool_):
            constraints = estimator._parameter_constraints.get(name, ["boolean"])
            if "boolean" not in constraints:
                raise ValueError(
                    f"{name} of {owner} must not be a boolean, got "
                    f"{value}: give a number."
                )


def check_number(value, name, low, high=None):
    """Return ``value`` as an int; raise unless it is an integer in [low, high]."""
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not integer or value < low or (high is not None and value > high):
        bound = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be an integer {bound}, got {in_words(value)}.")
    return int(value)


def check_spread(X):
    """Raise if squares of differences of rows are no numbers; NaN is passed over."""
    limits = _SPREADS[X.dtype.type]
    high, low = np.fmax.reduce(X, axis=0), np.fmin.reduce(X, axis=0)  # no copy of X
    with np.errstate(over="ignore"):
        largest = float(np.nanmax(high - low, initial=0.0))
    size = float(np.nanmax(np.maximum(abs(high), abs(low)), initial=0.0))
    if size >= limits[1]:
        raise ValueError(
            f"X has values up to {size:.3g}, of which squares are no numbers in "
            f"{X.dtype}: divide X by a number first."
        )
    if not (largest == 0 or limits[0] < largest < limits[1]):
        verb = "multiply" if largest < 1 else "divide"
        raise ValueError(
            f"X spreads over {largest:.3g}, of which squares are no numbers in "
            f"{X.dtype}: {verb} X by a number first."
        )


def check_memory_limit(value):
    """Return a limit of memory as it came; raise unless it is one."""
    if isinstance(value, bool | np.bool_) or not any(
        make_constraint(constraint).is_satisfied_by(value)
        for constraint in MEMORY_LIMIT
    ):
        raise ValueError(
            "memory_limit must be a number of bytes, a share of the available memory "
            f"between 0 and 1, or None for all of it, got {in_words(value)}."
        )
    return value


def check_weights(sample_weight, n_samples):
    """Return weights as a new float64 array: one each, finite, >= 0, not all zero."""
    if sample_weight is None:
        return np.ones(n_samples)
    shape = np.zeros((n_samples, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        weight = _check_sample_weight(sample_weight, shape, dtype=np.float64, copy=True)
    if weight.min() < 0:
        place = int(weight.argmin())
        raise ValueError(
            f"sample_weight must not be negative, got {weight[place]:g} for sample "
            f"{place}."
        )
    if not weight.any():
        raise ValueError("sample_weight is zero for all samples: give some a weight.")
    if not weight.max() < 1e150:
        raise ValueError(
            "sample_weight must be below 1e150, so that sums of weighted terms are "
            f"finite, got weights up to {weight.max():g}: divide them by a constant."
        )
    return weight
