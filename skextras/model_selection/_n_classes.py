"""Estimates of the number of classes, by k-means."""

from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import (
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_score,
)
from sklearn.utils import check_random_state

from skextras import _labels
from skextras._validation import check_number, check_rows, in_words
from skextras.metrics import clustering_accuracy_score

_MEASURES = {
    "silhouette": silhouette_score,
    "calinski_harabasz": calinski_harabasz_score,
    "davies_bouldin": lambda X, labels: -davies_bouldin_score(X, labels),
}
METHODS = ("labelled_accuracy", *_MEASURES)
_MOST_ROWS = 10_000  # that tell the number


class ClassNumber(NamedTuple):
    """An estimate of the number of classes.

    Attributes
    ----------
    n_classes : int
        Number of all classes.
    n_novel : int
        Those of them that no label names.
    scores : dict
        Score of each number that was tried: of all classes, the larger the better.
    """

    n_classes: int
    n_novel: int
    scores: dict


def estimate_n_classes(
    X, y, *, method="labelled_accuracy", max_classes=None, n_init=3, random_state=None
):
    """Estimate the number of classes, known and novel.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Class of each row, or -1 where it is unknown.
    method : {"labelled_accuracy", "silhouette", "calinski_harabasz", \
"davies_bouldin"}, default="labelled_accuracy"
        - "labelled_accuracy": k-means of all rows; the number of clusters by which the
          labelled rows are matched best with their classes [1]_. Of equal ones, the
          largest: it divides no class more than others do;
        - the others: k-means of the unlabelled rows, and the number of clusters of best
          score; all of these rows are taken to be novel [2]_. At least two are.
    max_classes : int, default=None
        Largest number that is tried; None means three times the known classes, plus 10.
    n_init : int, default=3
        Starts of each k-means.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts, and of the 10 000 rows that are looked at if there are more.

    Returns
    -------
    number : ClassNumber
        Named tuple with ``n_classes``, ``n_novel`` and ``scores``.

    See Also
    --------
    skextras.mixture.GaussianMixtureDiscovery : Estimates the number with the classes.

    References
    ----------
    .. [1] S. Vaze, K. Han, A. Vedaldi and A. Zisserman, "Generalized category
       discovery", CVPR 2022.
    .. [2] C. Troisemaine, J. Flocon-Cholet, S. Gosselin, A. Reiffers-Masson, S. Vaton
       and V. Lemaire, "A practical approach to novel class discovery in tabular data",
       Data Mining and Knowledge Discovery, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.model_selection import estimate_n_classes
    >>> rng = np.random.default_rng(0)
    >>> middles = 20 * rng.normal(size=(5, 3))
    >>> X = np.repeat(middles, 40, axis=0) + rng.normal(size=(200, 3))
    >>> y = np.repeat([0, 1, 2, -1, -1], 40)
    >>> estimate_n_classes(X, y, method="silhouette", random_state=0).n_classes
    5
    """
    X = check_rows(X, ensure_min_samples=2)
    labels = _labels.read(y, None, len(X))
    n_known, codes = len(labels.classes), labels.codes
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {', '.join(METHODS)}, got {in_words(method)}."
        )
    most = 3 * n_known + 10
    if max_classes is not None:
        most = check_number(max_classes, "max_classes", max(n_known, 1))
    n_init = check_number(n_init, "n_init", 1)
    rng = check_random_state(random_state)
    by_labels = method == "labelled_accuracy"
    if by_labels and n_known < 2:
        raise ValueError(
            f'method="labelled_accuracy" needs labels of at least 2 classes in y, got '
            f'{n_known}: use method="silhouette".'
        )
    if not by_labels:
        if (codes > 0).all():
            raise ValueError(
                f'method="{method}" looks at the unlabelled rows, and y has none: mark '
                'them with -1, or use method="labelled_accuracy".'
            )
        X, codes = X[codes == 0], codes[codes == 0]
    if len(X) > _MOST_ROWS:
        some = rng.choice(len(X), _MOST_ROWS, replace=False)
        X, codes = X[some], codes[some]
    n_distinct = len(np.unique(X, axis=0)) if len(X) else 0
    if by_labels:
        numbers = range(n_known, min(most, n_distinct) + 1)
    else:
        numbers = range(2, min(most - n_known, n_distinct - 1) + 1)
    if not len(numbers):
        raise ValueError(
            f"max_classes={most} and {n_distinct} different rows leave no number to "
            "try: give more rows, or a larger max_classes."
        )
    scores, labelled = {}, codes > 0
    for k in numbers:
        seed = rng.randint(np.iinfo(np.int32).max)
        found = KMeans(k, n_init=n_init, random_state=seed).fit_predict(X)
        if by_labels:
            scores[k] = clustering_accuracy_score(codes[labelled], found[labelled])
        else:
            scores[k + n_known] = float(_MEASURES[method](X, found))
    best = max(scores, key=lambda k: (scores[k], k))
    return ClassNumber(best, best - n_known, scores)
