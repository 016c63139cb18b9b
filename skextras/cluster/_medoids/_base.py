"""What the k-medoids estimators share: fit, result, prediction."""

from abc import abstractmethod

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skextras._callbacks import CallbackSupportMixin
from skextras._fitting import fit_method, warn
from skextras._pairwise import _distances, _metrics
from skextras._pairwise._square import raise_on_fault
from skextras._parallel import row_blocks
from skextras._validation import check_weights
from skextras.cluster._medoids import _sparse
from skextras.cluster._medoids._fasterpam import warn_not_converged
from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._silhouette import from_nearest, weighted_mean
from skextras.cluster._medoids._task import check_task, check_X

_ITEMS_PER_BLOCK = 2**24  # dissimilarities to medoids that are held at a time


class BaseMedoids(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Base of estimators with the parameters n_clusters, metric and n_jobs."""

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        """Find the medoids.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples) if
            ``metric="precomputed"``.
        y : Ignored
            Not used, present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each point in the objective; None means 1 for all.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        k = self._check_options()
        X = check_X(self, X, reset=True)
        names, params = getattr(self, "feature_names_in_", None), self.metric_params
        task = check_task(X, sample_weight, k, self.metric, params, names, self.n_jobs)
        task = self._with_start(task)
        is_small = task.n_points <= k
        found = self._few(task, task.few(k)) if is_small else self._search(task)
        self._set_result(task, found)
        return self

    def _check_options(self):
        """Check parameters against one another; return the number of clusters."""
        return int(self.n_clusters)

    def _with_start(self, task):
        """Return the task with the medoids to start from, if these are given."""
        return task

    def _few(self, task, medoids):
        """Return the result for no more points than clusters: all are medoids."""
        return Found(medoids, None, 0.0, 0, 0)

    @abstractmethod
    def _search(self, task):
        """Return medoids of more points than clusters; they are rows of X."""

    def _set_result(self, task, found, nearest=None):
        """Set the attributes that follow from the medoids; warn of what is wrong.

        ``nearest`` is what ``_nearest`` returns, if that is known.
        """
        self.n_iter_, self.n_swap_ = found.n_iter, found.n_swap
        self._set_medoids(task, found.medoids)
        nearest = self._nearest(task.X, two=True) if nearest is None else nearest
        self.labels_, self.distances_, second, far = nearest
        self.second_labels_ = second
        self.medoid_silhouette_samples_ = self._silhouettes(self.distances_, far)
        self.inertia_ = float(task.weight @ self.distances_.astype(np.float64))
        if self._tell_of_empty(task.weight, task.n_points) and not found.converged:
            warn_not_converged(type(self).__name__, self.max_iter)

    def _set_medoids(self, task, medoids):
        """Set what prediction needs."""
        self._metric_params = task.params
        self.medoid_indices_ = medoids
        self.cluster_centers_ = None if task.given is not None else task.X[medoids]
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
        return self._to_medoids(check_X(self, X, reset=False))

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
        return self._nearest(check_X(self, X, reset=False))[0]

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
        X = check_X(self, X, reset=False)
        weight = check_weights(sample_weight, X.shape[0])
        distances = self._nearest(X)[1]
        return -weighted_mean(distances, weight)

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
        tags.input_tags.sparse = _metrics.takes_sparse(self.metric)
        tags.input_tags.allow_nan = _metrics.takes_missing(self.metric)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
