"""Accuracy of class discovery: clusters are matched with classes first."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skextras._fitting import warn
from skextras._validation import check_weights, in_words

MATCHINGS = ("all", "per_split", "pinned")


class GCDAccuracy(NamedTuple):
    """Shares of rows whose cluster is matched with their class.

    Attributes
    ----------
    all : float
        Share of all rows.
    old : float
        Share of the rows of known classes.
    new : float
        Share of the rows of novel classes.
    """

    all: float
    old: float
    new: float


def clustering_accuracy_score(y_true, y_pred, *, sample_weight=None):
    """Compute the share of rows in the cluster that their class is matched with.

    Clusters and classes are matched one to one such that the share is largest. Clusters
    beyond the number of classes are errors, and so are classes beyond that of clusters.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Classes.
    y_pred : array-like of shape (n_samples,)
        Clusters; their names do not matter.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row.

    Returns
    -------
    accuracy : float
        Between 0 and 1.

    References
    ----------
    .. [1] H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research
       Logistics Quarterly 2, 1955.

    Examples
    --------
    >>> from skextras.metrics import clustering_accuracy_score
    >>> y_true = [0, 0, 1, 1]
    >>> clustering_accuracy_score(y_true, ["b", "b", "a", "a"])
    1.0
    >>> clustering_accuracy_score(y_true, ["b", "b", "a", "b"])
    0.75
    """
    table, _, _ = _contingency(y_true, y_pred, sample_weight)
    return float(_matched(table).sum() / table.sum())


def gcd_accuracy_score(
    y_true, y_pred, known_classes, *, matching="all", sample_weight=None
):
    """Compute the accuracy of generalized category discovery.

    Rows are those that were not labelled when the classes were found. They are of known
    classes, which some labels named, and of novel ones.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes.
    y_pred : array-like of shape (n_samples,)
        Classes or clusters that were found.
    known_classes : array-like
        Names of the known classes.
    matching : {"all", "per_split", "pinned"}, default="all"
        - "all": clusters are matched with all classes at once [1]_, by the largest
          share of rows; names do not matter, so that two known classes may be swapped;
        - "per_split": those of the rows of known classes, and of the others, apart: a
          cluster may be matched twice, which is too good;
        - "pinned": known classes keep their names, and only clusters with other names
          are matched with novel classes.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row.

    Returns
    -------
    accuracy : GCDAccuracy
        Named tuple ``(all, old, new)``. A share of no rows is NaN, with a warning.

    References
    ----------
    .. [1] S. Vaze, K. Han, A. Vedaldi and A. Zisserman, "Generalized category
       discovery", CVPR 2022.

    Examples
    --------
    >>> from skextras.metrics import gcd_accuracy_score
    >>> y_true, y_pred = [0, 0, 1, 1, 2, 2], [1, 1, 0, 0, 7, 7]
    >>> gcd_accuracy_score(y_true, y_pred, [0, 1])
    GCDAccuracy(all=1.0, old=1.0, new=1.0)
    >>> gcd_accuracy_score(y_true, y_pred, [0, 1], matching="pinned").old
    0.0
    """
    if matching not in MATCHINGS:
        raise ValueError(
            f"matching must be one of {', '.join(MATCHINGS)}, got {in_words(matching)}."
        )
    table, clusters, classes = _contingency(y_true, y_pred, sample_weight)
    known = set(np.asarray(known_classes).ravel().tolist())
    is_old = np.array([name in known for name in classes.tolist()], dtype=bool)
    if matching == "all":
        matched = _matched(table)
    elif matching == "per_split":
        matched = np.zeros(len(classes))
        for part in (is_old, ~is_old):
            matched[part] = _matched(table[:, part])
    else:
        matched = _pinned(table, clusters.tolist(), classes.tolist(), known, is_old)
    sizes = table.sum(axis=0)
    return GCDAccuracy(
        float(matched.sum() / sizes.sum()),
        _share(matched[is_old].sum(), sizes[is_old].sum(), "known"),
        _share(matched[~is_old].sum(), sizes[~is_old].sum(), "novel"),
    )


def _pinned(table, clusters, classes, known, is_old):
    """Return the matched rows of each class where known ones keep their names."""
    place = {name: k for k, name in enumerate(clusters)}
    matched = np.zeros(len(classes))
    for c in np.flatnonzero(is_old):
        if classes[c] in place:
            matched[c] = table[place[classes[c]], c]
    free = np.array([name not in known for name in clusters], dtype=bool)
    matched[~is_old] = _matched(table[np.ix_(free, ~is_old)])
    return matched


def _matched(table):
    """Return the rows of each class in the cluster that it is matched with."""
    rows, columns = linear_sum_assignment(table, maximize=True)
    matched = np.zeros(table.shape[1])
    matched[columns] = table[rows, columns]
    return matched


def _share(matched, size, kind):
    if size > 0:
        return float(matched / size)
    warn(
        f"y_true has no row of a {kind} class: that accuracy is undefined, and NaN.",
        UndefinedMetricWarning,
    )
    return float("nan")


def _contingency(y_true, y_pred, sample_weight):
    """Return weights of rows by cluster and class, and the names of both."""
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred)
    if len(y_true) == 0:
        raise ValueError("y_true must have at least one row, got 0.")
    clusters, row = _numbered(y_pred)
    classes, column = _numbered(y_true)
    weight = None
    if sample_weight is not None:
        weight = check_weights(sample_weight, len(y_true))
    shape = len(clusters), len(classes)
    counts = np.bincount(row * shape[1] + column, weight, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(float), clusters, classes


def _numbered(labels):
    """Return the sorted names of labels, and the number of each row's."""
    if labels.dtype.kind in "iu":
        low, high = int(labels.min()), int(labels.max())
        if high - low < 4 * len(labels):  # counting is faster than sorting
            shifted = labels.astype(np.int64) - low
            seen = np.flatnonzero(np.bincount(shifted))
            number = np.zeros(high - low + 1, dtype=np.intp)
            number[seen] = np.arange(len(seen))
            return seen + low, number[shifted]
    if labels.dtype.kind == "O":
        names = sorted(set(labels.tolist()), key=lambda name: (str(type(name)), name))
        number = {name: k for k, name in enumerate(names)}
        out = np.empty(len(names), dtype=object)
        out[:] = names
        return out, np.array([number[name] for name in labels.tolist()], dtype=np.intp)
    names, index = np.unique(labels, return_inverse=True)
    return names, index.ravel()


def make_gcd_scorer(known_classes=None, *, part="all", matching="all"):
    """Make a scorer of estimators that find classes, for searches.

    Parameters
    ----------
    known_classes : array-like or None, default=None
        Names of the known classes; None takes ``known_classes_`` of the estimator.
    part : {"all", "old", "new"}, default="all"
        Rows of which the accuracy is returned.
    matching : {"all", "per_split", "pinned"}, default="all"
        See :func:`gcd_accuracy_score`.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` predicts the classes of X and compares them with y.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.metrics import make_gcd_scorer
    >>> from skextras.mixture import SemiSupervisedGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.r_[rng.normal(size=(50, 2)), rng.normal(9, 1, size=(50, 2))]
    >>> y_true = np.repeat([0, 1], 50)
    >>> y = np.where(np.arange(100) < 20, 0, -1)
    >>> model = SemiSupervisedGaussianMixture(1, random_state=0).fit(X, y)
    >>> make_gcd_scorer(part="new")(model, X, y_true)
    1.0
    """
    if part not in GCDAccuracy._fields:
        raise ValueError(
            f"part must be one of {', '.join(GCDAccuracy._fields)}, got "
            f"{in_words(part)}."
        )
    if matching not in MATCHINGS:
        raise ValueError(
            f"matching must be one of {', '.join(MATCHINGS)}, got {in_words(matching)}."
        )
    return _GCDScorer(known_classes, part, matching)


class _GCDScorer:
    """What ``make_gcd_scorer`` returns."""

    def __init__(self, known_classes, part, matching):
        self.known_classes, self.part, self.matching = known_classes, part, matching

    def __repr__(self):
        return f"make_gcd_scorer(part={self.part!r}, matching={self.matching!r})"

    def __call__(self, estimator, X, y):
        known = self.known_classes
        if known is None:
            last = estimator[-1] if hasattr(estimator, "steps") else estimator
            check_is_fitted(last)
            known = last.known_classes_
        found = gcd_accuracy_score(
            y, estimator.predict(X), known, matching=self.matching
        )
        return getattr(found, self.part)
