"""Shared checks; the only importer of scikit-learn's private names."""

import os
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.base import _fit_context
from sklearn.metrics.pairwise import _VALID_METRICS
from sklearn.utils import validation
from sklearn.utils._param_validation import (
    Interval,
    RealNotInt,
    StrOptions,
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

__all__ = [
    "METRICS",
    "N_JOBS",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "_fit_context",
    "available_memory",
    "check_memory",
    "check_number",
    "check_weights",
    "in_words",
    "memory_allowed",
    "validate_data",
]


def validate_data(estimator, X, **options):
    """As that of scikit-learn, for one X; it comes back in the machine's byte order."""
    if isinstance(X, np.ndarray):
        X = _native(X)
    with np.errstate(over="ignore", invalid="ignore"):  # it adds inf to -inf, to look
        try:
            return _native(validation.validate_data(estimator, X, **options))
        except ValueError as error:
            first, *rest = str(error).split("\n")
            last = rest[-1] if rest and rest[-1][:1].isalpha() else ""
            if len(first) + len(last) < len(str(error)) - 200:  # it prints the array
                first = first.rstrip(":.")
                raise ValueError(f"X is refused: {first}. {last}".strip()) from None
            raise


def _native(X):
    """Return the array or sparse matrix, copied if its byte order is another."""
    native = X.dtype.newbyteorder("=")
    return X if X.dtype == native else X.astype(native)


def in_words(value):
    """Return ``repr(value)`` on one line, cut where it is long: for messages."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_number(value, name, low, high=None):
    """Return ``value`` as an int; raise unless it is an integer in [low, high]."""
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not integer or value < low or (high is not None and value > high):
        bound = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be an integer {bound}, got {in_words(value)}.")
    return int(value)


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


def available_memory():
    """Bytes that can be allocated without swapping, or None where unknown."""
    free = [size for size in (_free_in_machine(), _free_in_group()) if size is not None]
    return min(free, default=None)


def _free_in_group():
    """Bytes that the control group, if any, allows beside what it uses."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text()
        used = (folder / "memory.current").read_text()
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):  # no such group, or "max"
        return None


def _free_in_machine():
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def check_memory(n_bytes, what, way_out, limit=None, name="memory_limit"):
    """Raise MemoryError, before any work, if ``n_bytes`` are more than are left.

    ``limit`` is a number of bytes, or a share of what is left, that may be taken, and
    ``name`` the parameter that sets it.
    """
    allowed = memory_allowed(limit)
    if n_bytes > allowed:
        source = "left" if limit is None else f"allowed by {name}={limit!r}"
        raise MemoryError(
            f"{what} takes {_size(n_bytes)} and {_size(allowed)} are {source}: "
            f"{way_out}"
        )


def _size(n_bytes):
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.3g} MB"


def memory_allowed(limit):
    """Bytes that ``limit`` allows: itself, a share of what is left, or all for None."""
    if isinstance(limit, Integral):
        return int(limit)
    available = available_memory()
    if available is None:
        return np.inf
    return available if limit is None else limit * available
