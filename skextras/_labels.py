"""Labels of some rows: which classes they name, and which components may have them."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import column_or_1d

from skextras._validation import check_rows, in_words


class Labels(NamedTuple):
    """Known classes, and a code for each row: 0 unlabelled, c + 1 for class c.

    Rows with a distribution over the classes have codes from ``len(classes) + 1`` on,
    one for each row of ``distributions``.
    """

    classes: np.ndarray
    codes: np.ndarray
    distributions: np.ndarray

    def class_codes(self):
        """Return the codes, 0 also for rows that have a distribution."""
        return np.where(self.codes <= len(self.classes), self.codes, 0)

    def of_rows(self, rows):
        """Return the labels of some rows."""
        return self._replace(codes=self.codes[rows])


def read(y, distributions, n):
    """Return the ``Labels`` of n rows; raise if they are none."""
    classes, codes = np.empty(0, dtype=np.int64), np.zeros(n, dtype=np.intp)
    if y is not None:
        values, known = _values(y, n)
        classes, index = np.unique(values[known], return_inverse=True)
        codes[known] = index + 1
    table = np.empty((0, len(classes)))
    if distributions is not None:
        table, rows = _distributions(distributions, n, codes, classes)
        codes[rows] = len(classes) + 1 + np.arange(len(rows))
    return Labels(classes, codes, table)


def _values(y, n):
    """Return y in one dimension, and a mask of its labelled rows."""
    y = column_or_1d(y, warn=True)
    if len(y) != n:
        raise ValueError(
            f"y must have one label for each row of X, {n}, got {len(y)} labels."
        )
    if y.dtype.kind in "US":
        if np.isin(y, np.array(["-1"], dtype=y.dtype)).any():
            raise ValueError(
                'y has the text "-1", which is a class of its own: to mark rows as '
                "unlabelled, give an array of dtype object with the integer -1."
            )
        return y, np.ones(n, dtype=bool)
    if y.dtype.kind == "O":
        known = np.array([not _is_minus_one(label) for label in y], dtype=bool)
        kinds = {"number" if _is_number(label) else type(label) for label in y[known]}
        if len(kinds) > 1:
            raise ValueError(
                "y must have labels of one type beside -1, got "
                f"{in_words(sorted({type(label).__name__ for label in y[known]}))}: "
                "make them all text or all integers."
            )
        if kinds == {"number"}:
            y = np.array([float(label) for label in y])
        elif any(label is None for label in y):
            raise ValueError("y must have no None: mark unlabelled rows with -1.")
        else:
            return y, known
    if y.dtype.kind == "b":
        return y, np.ones(n, dtype=bool)
    return _whole_numbers(y)


def _is_number(label):
    return isinstance(label, int | float | np.number) and not isinstance(label, bool)


def _is_minus_one(label):
    return _is_number(label) and label == -1


def _whole_numbers(y):
    if y.dtype.kind == "f":
        wrong = ~np.isfinite(y) | (y != np.round(y))
        if wrong.any():
            raise ValueError(
                f"y must have whole numbers as labels, got {y[np.argmax(wrong)]}: -1 "
                "stands for unlabelled rows. Unknown label type: continuous."
            )
        y = y.astype(np.int64)
    known = y != -1
    if y.dtype.kind in "iu" and (y[known] < 0).any():
        raise ValueError(
            f"y must have labels of at least 0, and -1 for unlabelled rows, got "
            f"{y[known].min()}: number the classes from 0."
        )
    return y, known


def _distributions(given, n, codes, classes):
    """Return rows of probabilities, and the rows of X that have one."""
    table = check_rows(
        given, "label_distributions", dtype=np.float64, ensure_all_finite="allow-nan"
    )
    if table.shape != (n, len(classes)):
        raise ValueError(
            f"label_distributions must have the shape {(n, len(classes))}: a row for "
            f"each of X, and a column for each class in y, got {table.shape}."
        )
    rows = np.flatnonzero(np.isfinite(table).all(axis=1) & table.any(axis=1))
    table = table[rows]
    if (table < 0).any():
        raise ValueError(
            f"label_distributions must not be negative, got {table.min():g}."
        )
    if (codes[rows] > 0).any():
        place = rows[np.argmax(codes[rows] > 0)]
        raise ValueError(
            f"label_distributions and y both tell the class of row {place}: mark it "
            "with -1 in y, or leave its distribution out (NaN)."
        )
    return table / table.sum(axis=1, keepdims=True), rows


def check_novel(labels, weight, n_novel):
    """Raise if there is no class at all, or no unlabelled row for a novel one."""
    if len(labels.classes) + n_novel == 0:
        raise ValueError(
            "y labels no row, and n_novel=0: give labels, or n_novel of at least 1."
        )
    n_free = int(((labels.codes == 0) & (weight > 0)).sum())
    if n_novel > n_free:
        raise ValueError(
            f"n_novel={n_novel} is more than the number of unlabelled rows, {n_free}: "
            "mark rows with -1 in y, or look for fewer classes."
        )


def check_weighed(labels, weight):
    """Raise if all labelled rows of a class have weight 0."""
    for c, name in enumerate(labels.classes):
        if not ((labels.codes == c + 1) & (weight > 0)).any():
            raise ValueError(
                f"sample_weight is zero for all rows of class {in_words(name)} in y: "
                "leave the class out."
            )


def names(classes, n_novel):
    """Return the names of all classes: known ones, and then as many novel ones."""
    if n_novel == 0:
        return classes
    if classes.dtype.kind in "iu":
        first = int(classes.max()) + 1 if len(classes) else 0
        return np.r_[classes, np.arange(first, first + n_novel)]
    novel = np.array([f"novel_{k}" for k in range(n_novel)], dtype=object)
    return np.r_[classes.astype(object), novel]
