"""What the k-medoids estimators share: input, result, prediction."""

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin
from skextras._distinct import canonical, distinct_points, weighted_points
from skextras._fitting import warn
from skextras._memory import check_memory
from skextras._pairwise import _distances
from skextras._pairwise._square import (
    as_square,
    check_dissimilarities,
    largest_allowed,
    raise_on_fault,
)
from skextras._parallel import row_blocks
from skextras._validation import check_weights, validate_data
from skextras.cluster._medoids import _sparse
from skextras.cluster._medoids._doubts import (
    doubt_dissimilarities,
    doubt_features,
)
from skextras.cluster._medoids._rows import ComputedRows, HeldRows
from skextras.cluster._medoids._silhouette import from_nearest, weighted_mean

_ITEMS_PER_BLOCK = 2**24  # dissimilarities to medoids that are held at a time


class BaseMedoids(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Base of estimators with the parameters n_clusters, metric and n_jobs."""

    def _prepare(self, X, sample_weight, n_clusters):
        """Check the input of ``fit``, for at least ``n_clusters``.

        Returns X, the weights, the precomputed matrix by rows of candidates and by rows
        of points (or None), the distinct points, and the arguments of the metric.
        """
        X = self._check_X(X, reset=True)
        if X.shape[0] < n_clusters:
            raise ValueError(
                f"n_samples={X.shape[0]} must be >= n_clusters={n_clusters}: give "
                "more samples or ask for fewer clusters."
            )
        weight = check_weights(sample_weight, X.shape[0])
        given, params = None, self.metric_params
        limit = largest_allowed(weight, X.dtype)
        if self.metric == "precomputed" and sparse.issparse(X):
            given = _sparse.check_sparse(X, params, limit)
            X, params = given.by_point, {"missing_distance": given.missing}
        elif self.metric == "precomputed":
            X = as_square(X, "precomputed X")
            given = check_dissimilarities(
                X, "precomputed X", n_jobs=self.n_jobs, limit=limit
            )
            doubt_dissimilarities(given.rows, given.points, "precomputed X")
        else:
            doubt_features(X, self.metric)
        points = weighted_points(weight) if given else distinct_points(X, weight)
        params = _distances.resolve_params(
            X,
            weight,
            self.metric,
            params,
            getattr(self, "feature_names_in_", None),
        )
        return X, weight, given, points, params

    def _rows(self, X, given, points, params, n_jobs):
        """Dissimilarities between the points: those given, or made when needed."""
        index = points.index
        if given is None:
            computer = _distances.Computer(
                X[index],
                self.metric,
                params,
                samples=index,
                n_jobs=n_jobs,
                limit=largest_allowed(points.weight, X.dtype),
            )
            return ComputedRows(computer)
        is_sparse = isinstance(given, _sparse.SparseRows)
        rows = given if is_sparse else HeldRows(given.rows, given.points, n_jobs)
        if len(index) == X.shape[0]:
            return rows
        if is_sparse:
            return rows.part(index)
        check_memory(
            len(index) ** 2 * X.dtype.itemsize * (1 + (given[0] is not given[1])),
            f"The part of X that belongs to {len(index)} points of positive weight",
            "leave out the others.",
        )
        return rows.part(index)

    def _order(self, rows, points):
        """Points in an order that that of the rows of X does not change.

        By content; without it, by the sums of their dissimilarities.
        """
        if points.keys is None:
            return rows.ranked(points.weight)
        return np.arange(rows.n_points)

    def _set_result(self, X, weight, params, medoids, points, nearest=None):
        """Set the attributes that follow from the medoids; warn if some are empty.

        ``nearest`` is what ``_nearest`` returns, if that is known.
        """
        self._set_medoids(X, params, medoids)
        nearest = self._nearest(X, two=True) if nearest is None else nearest
        self.labels_, self.distances_, second, far = nearest
        self.second_labels_ = second
        self.medoid_silhouette_samples_ = self._silhouettes(self.distances_, far)
        self.inertia_ = float(weight @ self.distances_.astype(np.float64))
        return self._tell_of_empty(weight, len(points.index))

    def _set_medoids(self, X, params, medoids):
        """Set what prediction needs."""
        self._metric_params = params
        self.medoid_indices_ = medoids
        self.cluster_centers_ = None if self.metric == "precomputed" else X[medoids]
        self._n_features_out = len(medoids)

    def _silhouettes(self, near, far):
        """Medoid silhouettes in the type of the dissimilarities; NaN for one medoid."""
        samples = from_nearest(near, far)
        if self._n_features_out == 1:
            samples[:] = np.nan
        return samples.astype(near.dtype, copy=False)

    def _tell_of_empty(self, weight, n_points):
        """Warn if clusters are empty but for points of weight 0; tell if none is."""
        n_clusters = len(self.medoid_indices_)
        n_found = len(np.unique(self.labels_[weight > 0]))
        if n_found == n_clusters:
            return True
        fewer = "ask for fewer clusters"
        if self.inertia_ == 0:
            message = (
                f"Only {min(n_found, n_points)} distinct points (of positive weight, "
                "at dissimilarities above 0) were found for "
                f"n_clusters={n_clusters}: other clusters are empty, or hold points of "
                f"weight 0; {fewer}."
            )
        else:
            message = (
                f"Only {n_found} clusters of n_clusters={n_clusters} hold points (of "
                "positive weight): other medoids are as near to all points as another "
                f"one of a smaller number; {fewer}, or for more passes or other starts."
            )
        warn(message, ConvergenceWarning)
        return False

    def transform(self, X):
        """Compute the dissimilarity of each point to each medoid.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points; of shape (n_queries, n_samples) if ``metric="precomputed"``: to all
            points of the training set.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_clusters)
            Dissimilarities, in the dtype of ``X`` if that is float32.
        """
        check_is_fitted(self, "medoid_indices_")
        return self._to_medoids(self._check_X(X, reset=False))

    def predict(self, X):
        """Assign each point to its nearest medoid, the first on ties.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points; of shape (n_queries, n_samples) if ``metric="precomputed"``.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Number of the cluster of each point.
        """
        check_is_fitted(self, "medoid_indices_")
        return self._nearest(self._check_X(X, reset=False))[0]

    def score(self, X, y=None, sample_weight=None):
        """Return minus the mean dissimilarity to the nearest medoid: more is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points; of shape (n_queries, n_samples) if ``metric="precomputed"``.
        y : Ignored
            Not used, present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each point in the mean.

        Returns
        -------
        score : float
            Minus the weighted mean.
        """
        check_is_fitted(self, "medoid_indices_")
        X = self._check_X(X, reset=False)
        weight = check_weights(sample_weight, X.shape[0])
        distances = self._nearest(X)[1]
        return -weighted_mean(distances, weight)

    def _check_X(self, X, *, reset):
        precomputed = self.metric == "precomputed"
        allow_nan = _distances.takes_missing(self.metric)
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr" if get_tags(self).input_tags.sparse else False,
            dtype=[np.float64, np.float32],
            order=None if precomputed else "C",
            ensure_all_finite="allow-nan" if allow_nan else not (precomputed and reset),
        )
        if sparse.issparse(X):
            X = canonical(X, keep_zeros=precomputed)
        _distances.warn_of_conversion(X, self.metric)
        return X

    def _nearest(self, X, *, two=False):
        """Nearest medoids of every row of X: see ``_distances.nearest``."""
        size = max(1, _ITEMS_PER_BLOCK // len(self.medoid_indices_))
        blocks = row_blocks(X.shape[0], size)
        parts = [
            _distances.nearest(self._to_medoids(X[start:stop]), two=two)
            for start, stop in blocks
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _to_medoids(self, X):
        """Dissimilarity of every row of X to every medoid."""
        if self.metric != "precomputed":
            return _distances.to_centers(
                X,
                self.cluster_centers_,
                self.metric,
                self._metric_params,
                n_jobs=self.n_jobs,
            )
        if sparse.issparse(X):
            return _sparse.to_medoids(X, self.medoid_indices_, self._missing())
        distances = X[:, self.medoid_indices_]
        raise_on_fault(distances, "precomputed X[:, medoid_indices_]")
        return distances

    def _missing(self):
        """Dissimilarity of pairs that a sparse precomputed X does not store."""
        if "missing_distance" not in self._metric_params:
            raise ValueError(
                "X is sparse, and the precomputed X of fit was not: give a dense array."
            )
        return self._metric_params["missing_distance"]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        precomputed = self.metric == "precomputed"
        tags.input_tags.pairwise = precomputed
        tags.input_tags.positive_only = precomputed
        tags.input_tags.sparse = _distances.takes_sparse(self.metric)
        tags.input_tags.allow_nan = _distances.takes_missing(self.metric)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
