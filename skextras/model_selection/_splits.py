"""Folds of labelled rows, and folds of known classes."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator, StratifiedKFold
from sklearn.utils import check_random_state

from skextras import _labels
from skextras._validation import check_number


class _MaskedSplits(BaseCrossValidator):
    """What both kinds of folds have in common."""

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X : Ignored
            Not used, present for consistency.
        y : array-like of shape (n_samples,), default=None
            Classes; needed where the number of folds depends on them.
        groups : Ignored
            Not used, present for consistency.

        Returns
        -------
        n_splits : int
            Number of folds.
        """
        return self._n_splits(y)

    def split(self, X, y, groups=None):
        """Yield indices of the rows of each fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; only their number counts.
        y : array-like of shape (n_samples,)
            Class of each row, or -1 where it is unknown.
        groups : Ignored
            Not used, present for consistency.

        Yields
        ------
        train : ndarray
            Rows to fit: all but those of ``test``.
        test : ndarray
            Labelled rows that are held out.
        """
        for test in self._tests(y):
            train = np.ones(len(y), dtype=bool)
            train[test] = False
            yield np.flatnonzero(train), test

    def split_masked(self, X, y):
        """Yield the labels of each fold with those of the test rows hidden.

        All rows are there to fit: what is held out is their label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; only their number counts.
        y : array-like of shape (n_samples,)
            Class of each row, or -1 where it is unknown.

        Yields
        ------
        y_masked : ndarray of shape (n_samples,)
            As y, with -1 at the test rows.
        test : ndarray
            Rows whose labels are hidden.
        """
        y = np.asarray(y)
        masked = y.astype(object) if y.dtype.kind in "US" else y
        for test in self._tests(y):
            hidden = masked.copy()
            hidden[test] = -1
            yield hidden, test


class SemiSupervisedKFold(_MaskedSplits):
    """Folds of the labelled rows, stratified; unlabelled rows are in no test set.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Shuffle the rows of each class first.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling.

    See Also
    --------
    KnownClassKFold : Folds of whole classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.model_selection import SemiSupervisedKFold
    >>> y = np.array([0, 0, 1, 1, -1, -1])
    >>> for train, test in SemiSupervisedKFold(2).split(y, y):
    ...     print(train, test)
    [1 3 4 5] [0 2]
    [0 2 4 5] [1 3]
    """

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def _n_splits(self, y):
        return check_number(self.n_splits, "n_splits", 2)

    def _tests(self, y):
        codes = _labels.read(y, None, len(y)).codes
        labelled = np.flatnonzero(codes > 0)
        folds = StratifiedKFold(
            self._n_splits(y), shuffle=self.shuffle, random_state=self.random_state
        )
        if len(labelled) < folds.n_splits:
            raise ValueError(
                f"n_splits={folds.n_splits} is more than the number of labelled rows "
                f"in y, {len(labelled)}."
            )
        for _, test in folds.split(labelled, codes[labelled]):
            yield labelled[test]


class KnownClassKFold(_MaskedSplits):
    """Folds of known classes: each hides some of them, as if no label named them.

    A search for classes is tuned by how well it finds those that are hidden.

    Parameters
    ----------
    n_splits : int or None, default=None
        Number of folds, at least 2 and at most the number of known classes; None means
        as many that each hides two classes, at least 2 and at most 4: with one hidden
        class, nobody sees that it was merged with another.
    shuffle : bool, default=False
        Shuffle the classes first.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling.

    See Also
    --------
    KnownClassSearchCV : Search of parameters by these folds.

    References
    ----------
    .. [1] C. Troisemaine, J. Flocon-Cholet, S. Gosselin, A. Reiffers-Masson, S. Vaton
       and V. Lemaire, "A practical approach to novel class discovery in tabular data",
       Data Mining and Knowledge Discovery, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.model_selection import KnownClassKFold
    >>> y = np.array([0, 0, 1, 1, -1, -1])
    >>> for masked, test in KnownClassKFold().split_masked(y, y):
    ...     print(masked, test)
    [-1 -1  1  1 -1 -1] [0 1]
    [ 0  0 -1 -1 -1 -1] [2 3]
    """

    def __init__(self, n_splits=None, *, shuffle=False, random_state=None):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def _n_splits(self, y):
        if y is None:
            if self.n_splits is None:
                raise ValueError("y must be given where n_splits is None.")
            return check_number(self.n_splits, "n_splits", 2)
        n_classes = len(_labels.read(y, None, len(y)).classes)
        if n_classes < 2:
            raise ValueError(
                f"y must name at least 2 classes, so that one can be hidden, got "
                f"{n_classes}."
            )
        n = self.n_splits
        if n is None:
            n = max(2, min(4, n_classes // 2))
        return check_number(n, "n_splits", 2, n_classes)

    def _tests(self, y):
        n, labels = self._n_splits(y), _labels.read(y, None, len(y))
        order = np.arange(len(labels.classes))
        if self.shuffle:
            check_random_state(self.random_state).shuffle(order)
        for hidden in np.array_split(order, n):
            yield np.flatnonzero(np.isin(labels.codes, hidden + 1))
