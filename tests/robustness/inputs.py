"""Generated inputs: good ones, odd ones and hostile ones, each from a random stream.

A ``Given`` is what a user hands over, with the same numbers in a plain form beside it.
"""

import contextlib
from typing import Any, NamedTuple

import numpy as np
import pandas
import polars
from scipy import sparse

from tests.robustness.values import pick, shape, values

DTYPES = (
    "f4", "f2", ">f8", ">f4", "longdouble", "i1", "i4", ">i4", "i8", "u1", "u8", "?",
    "object", "U8", "c16", "words", "M8[s]",
)  # fmt: skip
ORDERS = ("C", "F", "strided", "reversed", "columns", "read-only", "matrix", "masked")
SPARSE = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")


class Given(NamedTuple):
    """An input, and what is known of it.

    ``plain`` holds the same numbers as a C-ordered float array (None if they are no
    numbers, or not of two dimensions); ``twin`` is another form of the input that must
    give the same bits; ``is_clean`` tells that a refusal must be due to the numbers.
    """

    X: Any
    plain: np.ndarray | None
    twin: Any
    is_clean: bool
    text: str


def rows(rng, max_n, *, max_p=5, hostile=1.0):
    """Draw points. ``hostile`` scales how often a part of them is no good."""
    n, p = shape(rng, max_n, max_p)
    array, kind = values(rng, n, p)
    return dressed(rng, array, kind, hostile=hostile)


def square(rng, max_n, *, hostile=1.0, kernel=False):
    """Draw a matrix of dissimilarities, or of inner products if ``kernel``."""
    n = shape(rng, max_n)[0]
    points, kind = values(rng, n, 2)
    with np.errstate(all="ignore"):
        if kernel:
            array = points @ points.T
        else:
            array = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
        trick = pick(rng, ("none",) * 6 + ("asymmetric", "nearly", "far", "similar"))
        if trick == "asymmetric":
            array = array * rng.uniform(0.5, 2, array.shape)
        elif trick == "nearly":
            array = array * (1 + 1e-9 * rng.normal(size=array.shape))
        elif trick == "far":
            mask = rng.random(array.shape) < 0.3
            far = pick(rng, (1e9, 1e18, 1e200, np.finfo(float).max))
            array = np.where(mask | mask.T, far, array)
        elif trick == "similar":
            array = np.exp(-array)
    if not kernel and trick != "similar":
        np.fill_diagonal(array, 0)
    given = dressed(rng, array, f"{kind}/{trick}", hostile=hostile)
    if trick == "nearly":  # one half is read, and which one depends on the layout
        given = given._replace(twin=None)
    if given.text.endswith("zeros"):  # a pair that is stored as 0 is another matrix
        given = given._replace(twin=None)
    return given


def dressed(rng, array, kind, *, hostile=1.0):
    """Spoil entries, and choose dtype, order and container of an array."""
    text, is_clean = [kind, "x".join(map(str, array.shape))], True
    if array.size and rng.random() < 0.08 * hostile:
        bad = pick(rng, (np.nan, np.inf, -np.inf, -1.0))
        array = array.copy()
        array.flat[rng.integers(0, array.size, rng.integers(1, 4))] = bad
        text.append(f"with {bad}")
    name = pick(rng, DTYPES) if rng.random() < 0.3 * hostile else "f8"
    array = cast(array, name)
    text.append(name)
    if rng.random() < 0.04 * hostile:
        X, fault = misshapen(rng, array)
        return Given(X, None, None, False, " ".join([*text, fault]))
    plain = None
    if array.dtype.kind in "biufOU" and name != "words":
        with np.errstate(all="ignore"), contextlib.suppress(TypeError, ValueError):
            dtype = np.float32 if name in ("f4", ">f4") else np.float64
            plain = np.ascontiguousarray(array, dtype=dtype)
    is_clean = plain is not None and name not in ("object", "U8")
    X, plain, twin, container = contained(rng, array, name, plain)
    return Given(X, plain, twin, is_clean, " ".join([*text, container]))


def cast(array, name):
    """Return the array in a dtype; values beyond its range are cut."""
    if name == "words":
        return np.full(array.shape, "a", dtype=object)
    dtype = np.dtype(name)
    with np.errstate(all="ignore"):
        if dtype.kind in "iuM":
            limits = np.iinfo(dtype if dtype.kind != "M" else "i8")
            low, high = float(limits.min), float(limits.max)
            array = np.clip(np.nan_to_num(array), low / 2, high / 2)
            array = np.trunc(array).astype("i8" if dtype.kind == "M" else dtype)
        return array.astype(dtype)


def misshapen(rng, array):
    """Return what is no matrix, and its name."""
    kinds = {
        "flat": array.ravel(),
        "3-D": array[:, :, None],
        "scalar": 3.0,
        "None": None,
        "text": "text",
        "ragged": [[1.0, 2.0], [3.0]],
        "dict": {"a": 1},
        "empty list": [],
    }
    name = pick(rng, tuple(kinds))
    return kinds[name], name


def contained(rng, array, name, plain):
    """Return the array in a container, its plain form, its twin, and a name."""
    kind = rng.random()
    native = array.dtype.isnative and array.dtype.kind in "biuf" and name != "f2"
    native &= name != "longdouble"
    if kind < 0.5:
        order = pick(rng, ORDERS)
        return ordered(array, order), plain, plain, order
    if kind < 0.6:
        plain = None if plain is None else plain.astype(np.float64)
        return array.tolist(), plain, plain, "list"
    if kind < 0.7 and array.dtype.isnative and name != "longdouble":
        columns = [f"c{i}" for i in range(array.shape[1])]
        if rng.random() < 0.2:
            columns = list(range(array.shape[1]))
        return pandas.DataFrame(array, columns=columns), plain, plain, "pandas"
    if kind < 0.75 and native:
        columns = {f"c{i}": array[:, i] for i in range(array.shape[1])}
        if plain is not None:  # scikit-learn does not ask for the types of its columns
            plain = plain.astype(np.float64)
        return polars.DataFrame(columns), plain, plain, "polars"
    if kind < 0.95 and native and name != "?":
        return sparse_form(rng, array, plain)
    return array, plain, plain, "numpy"


def ordered(array, order):
    """Return the same entries in another arrangement of memory."""
    if order == "F":
        return np.asfortranarray(array)
    if order == "strided":
        return np.repeat(array, 2, axis=0)[::2]
    if order == "reversed":
        return array[::-1].copy()[::-1]
    if order == "columns":
        return np.hstack([array, array])[:, : array.shape[1]]
    if order == "matrix" and array.dtype.kind in "biuf":
        return np.asarray(array)
    if order == "masked":
        return np.ma.masked_array(array)
    array = array.copy()
    array.flags.writeable = order != "read-only"
    return array


def sparse_form(rng, array, plain):
    """Return a sparse matrix in some form, its plain form and canonical twin."""
    make = pick(rng, (sparse.csr_array, sparse.csr_matrix))
    canonical = make(array)
    trick = pick(rng, ("plain", "unsorted", "parts", "zeros", "int64", "format"))
    X = canonical.copy()
    if trick == "format":
        name = pick(rng, SPARSE)
        if 0 in array.shape and name in ("bsr", "dia"):
            name = "csc"
        return X.asformat(name), plain, canonical, name
    if trick in ("unsorted", "parts"):
        X = X.tocoo()
        order = rng.permutation(X.nnz)
        row, column, data = X.coords[0][order], X.coords[1][order], X.data[order]
        if trick == "parts" and data.dtype.kind == "f":
            row, column = np.r_[row, row], np.r_[column, column]
            data = np.r_[data, data] / data.dtype.type(2)
        order = np.argsort(row, kind="stable")
        indptr = np.searchsorted(row[order], np.arange(array.shape[0] + 1))
        X = make((data[order], column[order], indptr), shape=array.shape)
        if (
            trick == "parts"
            and (abs(canonical.data[canonical.data != 0]) < 1e-300).any()
        ):
            canonical = None  # a half may be rounded
    elif trick == "zeros" and X.nnz:
        X.data[0] = 0
        canonical = make(X.toarray())
        plain = np.ascontiguousarray(X.toarray(), dtype=plain.dtype)
    elif trick == "int64":
        indices = X.indices.astype(np.int64), X.indptr.astype(np.int64)
        X.indices, X.indptr = indices
    return X, plain, canonical, f"{make.__name__} {trick}"
