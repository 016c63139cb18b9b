"""Categories that are text or other objects, by numbers."""

from typing import NamedTuple

import numpy as np

from skextras._validation import in_words


class Levels(NamedTuple):
    """The categories of a feature, in the order of their numbers.

    ``is_ordered`` tells if that order means something.
    """

    values: np.ndarray
    is_ordered: bool

    def numbers(self, column, name):
        """Return the number of each value; NaN where it is missing.

        Values that are no category get -1, or are refused if there is an order.
        """
        place = {value: number for number, value in enumerate(self.values.tolist())}
        out = np.array(
            [np.nan if _is_missing(value) else place.get(value, -1) for value in column]
        )
        if self.is_ordered and (out == -1).any():
            value = column[int(np.argmax(out == -1))]
            raise ValueError(
                f"Feature {name} has the value {in_words(value)}, which is none of its "
                f"ordered categories {in_words(self.values.tolist())}."
            )
        return out


def in_numbers(X, features, known=None):
    """Return X with the categories of some features by number, and their ``Levels``.

    Only features whose values are no numbers change. ``known`` are the levels of an
    earlier call, by feature: values that are new get -1, or are refused if the levels
    are ordered. X stays as it is; frames stay frames.
    """
    is_frame = hasattr(X, "columns") and hasattr(X, "__getitem__")
    if not is_frame:
        if isinstance(X, list | tuple):
            try:
                X = np.array(X, dtype=object)
            except ValueError:  # rows of different lengths: refused later
                return X, known or {}
        if not (isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OUS"):
            return X, known or {}
        X = X.astype(object)
    n_features = len(X.columns) if is_frame else X.shape[1]
    levels, columns = {}, {}
    for a in features:
        if a >= n_features:
            continue
        name = X.columns[a] if is_frame else a
        column = X[name] if is_frame else X[:, a]
        found = _levels(column) if known is None else known[a]
        if found is not None:
            levels[a] = found
            columns[name] = found.numbers(list(column), name)
    return _with(X, columns, is_frame), levels


def _with(X, columns, is_frame):
    """Return X with other columns."""
    if not columns:
        return X
    if not is_frame:
        for a, column in columns.items():
            X[:, a] = column
        return X
    if hasattr(X, "with_columns"):  # polars
        return X.with_columns(
            *(type(X[name])(name, column) for name, column in columns.items())
        )
    X = X.copy()
    for name, column in columns.items():
        X[name] = column
    return X


def _levels(column):
    """Return the ``Levels`` of a column, or None if it holds numbers."""
    kind = getattr(column, "dtype", None)
    is_enum = type(kind).__name__ == "Enum"  # of polars
    if getattr(kind, "ordered", False) or is_enum:
        values = np.empty(len(kind.categories), dtype=object)
        values[:] = list(kind.categories)
        return Levels(values, True)
    found = {value for value in column if not _is_missing(value)}
    if all(map(_is_number, found)):
        return None
    values = np.empty(len(found), dtype=object)
    values[:] = sorted(found, key=lambda value: (str(type(value)), value))
    return Levels(values, False)


def _is_number(value):
    return isinstance(value, int | float | np.number | np.bool_)


def _is_missing(value):
    return value is None or value != value or type(value).__name__ == "NAType"
