"""Results and inputs as bits, to compare them."""

import pickle

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator


def state(result):
    """Return the bits of a result by name: of attributes, of fields, or of an array."""
    if isinstance(result, BaseEstimator):
        hidden = ("_repr_html", "_sklearn", "_metadata")
        names = [name for name in vars(result) if not name.startswith(hidden)]
        if any(name.endswith("_") for name in names):
            names = [name for name in names if name not in result.get_params()]
        return {name: _content(getattr(result, name)) for name in sorted(names)}
    if hasattr(result, "_asdict"):
        return {name: frozen(value) for name, value in result._asdict().items()}
    return {"result": frozen(result)}


def _content(value):
    """Return what counts of an attribute: of a sparse one, no matter how it is kept."""
    if sparse.issparse(value):
        return type(value).__name__, frozen(value.toarray())
    return frozen(value)


def _is_honest(matrix):
    """Tell whether the flags of a sparse matrix say what is so."""
    if getattr(matrix, "format", "") not in ("csr", "csc"):
        return True
    rows = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
    step = np.diff(matrix.indices)[np.diff(rows) == 0]
    claims = vars(matrix)
    is_wrong = claims.get("_has_sorted_indices") and (step < 0).any()
    return not is_wrong and not (
        claims.get("_has_canonical_format") and (step <= 0).any()
    )


def frozen(value):
    """Return something that is equal for the same bits, types and flags."""
    if isinstance(value, np.ma.MaskedArray):
        return "masked", frozen(np.asarray(value))
    if isinstance(value, np.ndarray) and value.dtype != object:
        flags = value.flags.writeable
        return value.dtype.str, value.shape, flags, value.tobytes()
    if isinstance(value, np.ndarray):
        return "object", value.shape, [frozen(item) for item in value.ravel()[:99]]
    if sparse.issparse(value):
        names = ("data", "indices", "indptr", "row", "col", "offsets", "rows")
        parts = [frozen(getattr(value, name, None)) for name in names]
        return type(value).__name__, value.shape, parts, _is_honest(value)
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [frozen(item) for item in value]
    if isinstance(value, np.random.RandomState):
        return frozen(value.get_state(legacy=True))
    if callable(value):
        return repr(value)
    try:
        return pickle.dumps(value)
    except Exception:
        return repr(value)
