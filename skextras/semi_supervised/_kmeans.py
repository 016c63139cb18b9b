"""K-means of which some rows are labelled."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics import euclidean_distances, pairwise_distances_argmin
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras import _labels
from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._constrained_kmeans import constrained_kmeans, novel_centers
from skextras._fitting import fit_method
from skextras._validation import (
    Interval,
    check_spread,
    check_weights,
    validate_data,
)


class SemiSupervisedKMeans(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """K-means with labels of some rows, and clusters of classes that none names.

    Labelled rows stay in the cluster of their class; unlabelled ones, marked by -1, go
    to the nearest center, and each center is the mean of its rows. The first centers of
    known classes are the means of their labelled rows, those of novel ones unlabelled
    rows that are far from all. Time is O(n (C + n_novel) d) for each iteration.

    Parameters
    ----------
    n_novel : int, default=0
        Number of clusters beside those of the classes that labels name.
    update_known : bool, default=True
        Let the centers of known classes follow the unlabelled rows. Otherwise they stay
        the means of the labelled ones: right where all unlabelled rows are novel.
    normalize : bool, default=False
        Divide rows by their length first: for embeddings that are compared by angle.
    n_init : int, default=10
        Number of starts; the clustering of the least sum of squares is kept.
    max_iter : int, default=300
        Largest number of iterations of a start.
    tol : float, default=0.0001
        A start ends when the centers move by less, in units of the root of the mean
        variance of the features.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Known classes in sorted order, then novel ones: for integers, the numbers that
        follow the largest label; "novel_0", "novel_1", ... for text.
    known_classes_ : ndarray
        The classes that labels name.
    novel_classes_ : ndarray of shape (n_novel,)
        The others.
    cluster_centers_ : ndarray of shape (n_classes, n_features)
        Means of the clusters.
    labels_ : ndarray of shape (n_samples,)
        Classes of the rows: those that were given for labelled ones.
    inertia_ : float
        Weighted sum of the squared distances of all rows from their centers.
    n_iter_ : int
        Number of iterations of the best start.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    See Also
    --------
    skextras.mixture.SemiSupervisedGaussianMixture : Classes of any elliptic shape.

    References
    ----------
    .. [1] S. Basu, A. Banerjee and R. Mooney, "Semi-supervised clustering by seeding",
       ICML 2002.
    .. [2] S. Vaze, K. Han, A. Vedaldi and A. Zisserman, "Generalized category
       discovery", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.semi_supervised import SemiSupervisedKMeans
    >>> rng = np.random.default_rng(0)
    >>> X = np.r_[rng.normal(size=(100, 2)), rng.normal(6, 1, size=(100, 2))]
    >>> y = np.full(200, -1)
    >>> y[:10] = 0
    >>> model = SemiSupervisedKMeans(n_novel=1, random_state=0).fit(X, y)
    >>> model.predict([[0, 0], [6, 6]])
    array([0, 1])
    >>> model.cluster_centers_.round(1)
    array([[-0.1,  0.1],
           [ 5.9,  5.9]])
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "n_novel": [Interval(Integral, 0, None, closed="left")],
        "update_known": ["boolean"],
        "normalize": ["boolean"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_novel=0,
        *,
        update_known=True,
        normalize=False,
        n_init=10,
        max_iter=300,
        tol=1e-4,
        random_state=None,
    ):
        self.n_novel = n_novel
        self.update_known = update_known
        self.normalize = normalize
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        """Cluster the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown; None means -1 for all.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, at least 0.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C")
        check_spread(X)
        labels = _labels.read(y, None, len(X))
        weight = check_weights(sample_weight, len(X))
        Z = self._coordinates(X)
        known, fixed = _known(Z, weight, labels)
        free = np.flatnonzero((labels.codes == 0) & (weight > 0))
        _labels.check_novel(labels, weight, self.n_novel)
        moves = np.ones(len(known) + self.n_novel, dtype=bool)
        moves[: len(known)] = self.update_known
        scale = float(np.sqrt(Z.var(axis=0).mean()))
        rng, best = check_random_state(self.random_state), None
        n_runs = self.n_init if self.n_novel else 1  # without draws all are the same
        with fit_progress(self, X, max_steps=n_runs) as step:
            for _ in range(n_runs):
                centers = known
                if self.n_novel:
                    novel = novel_centers(Z[free], known, self.n_novel, rng)
                    centers = np.vstack([known, novel])
                with step():
                    found = constrained_kmeans(
                        Z, weight, centers, fixed, max_iter=self.max_iter,
                        tol=self.tol * scale, moves=moves,
                    )  # fmt: skip
                if best is None or found[2] < best[2]:
                    best = found
        numbers, centers, self.inertia_, self.n_iter_ = best
        self.cluster_centers_ = centers.astype(X.dtype)
        self.classes_ = _labels.names(labels.classes, self.n_novel)
        self.known_classes_ = self.classes_[: len(known)]
        self.novel_classes_ = self.classes_[len(known) :]
        self.labels_ = self.classes_[numbers]
        return self

    def _coordinates(self, X):
        return (normalize(X) if self.normalize else X).astype(np.float64)

    def fit_predict(self, X, y=None, sample_weight=None):
        """Cluster the rows, and return their classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes: those that were given for labelled rows.
        """
        return self.fit(X, y, sample_weight).labels_

    def predict(self, X):
        """Return the class of the nearest center of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes, known or novel.
        """
        Z = self._check_X(X)
        centers = self.cluster_centers_.astype(np.float64)
        return self.classes_[pairwise_distances_argmin(Z, centers)]

    def transform(self, X):
        """Return the distances of rows from the centers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        distances : ndarray of shape (n_samples, n_classes)
            Euclidean distances, in the order of ``classes_``.
        """
        Z = self._check_X(X)
        centers = self.cluster_centers_
        return euclidean_distances(Z, centers).astype(centers.dtype)

    def score(self, X, y=None):
        """Return minus the sum of squared distances from the nearest centers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        score : float
            The larger, the better.
        """
        squares = euclidean_distances(
            self._check_X(X), self.cluster_centers_, squared=True
        )
        return -float(squares.min(axis=1).sum(dtype=np.float64))

    def _check_X(self, X):
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=(np.float64, np.float32), order="C"
        )
        return self._coordinates(X)

    @property
    def _n_features_out(self):
        return len(self.cluster_centers_)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags: y is optional, and float32 stays."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _known(Z, weight, labels):
    """Return the means of the labelled rows of each class, and where these stay."""
    fixed, centers = labels.codes - 1, np.empty((len(labels.classes), Z.shape[1]))
    _labels.check_weighed(labels, weight)
    for c in range(len(labels.classes)):
        rows = (fixed == c) & (weight > 0)
        centers[c] = np.average(Z[rows], axis=0, weights=weight[rows])
    return centers, fixed
