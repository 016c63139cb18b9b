"""Centres of clusters: found, settled, and the nearest ones of new points."""

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skextras._validation import validate_data
from skextras.cluster._sdp._rounding_kernels import square_distances

_BLOCK = 2**22  # entries of X that are worked on at a time
_FAR = 2.0**600  # brings squares back from beyond the range of floats


def find_centers(X, labels, n_clusters):
    """Return the means of the rows of each label in the dtype of X.

    An empty cluster has the centre of cluster 0. Equal rows have exactly their mean.
    """
    centers = np.empty((n_clusters, X.shape[1]))
    for a in range(n_clusters):
        rows = X[labels == a].astype(np.float64)
        if len(rows) == 0:
            centers[a] = centers[0]
            continue
        centers[a] = rows[0]
        rows -= centers[a]
        centers[a] += rows.mean(axis=0)
    return centers.astype(X.dtype)


def find_distances(X, centers):
    """Return Euclidean distances in float64; a block of rows at a time."""
    centers = np.ascontiguousarray(centers, dtype=np.float64)
    out = np.empty((X.shape[0], len(centers)))
    height = max(_BLOCK // X.shape[1], 1)
    for low in range(0, X.shape[0], height):
        rows = X[low : low + height]
        rows = rows.toarray() if issparse(rows) else rows
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        part = out[low : low + height]
        square_distances(rows, centers, 1.0, 1.0, part)
        large, small = ~np.isfinite(part), part < 1 / _FAR
        np.sqrt(part, out=part)
        for wrong, before, after in ((large, 1 / _FAR, 1.0), (small, 1.0, _FAR)):
            _repair(rows, centers, part, wrong, before, after)
    return out


def _repair(rows, centers, distances, wrong, before, after):
    """Compute again, in another scale, what left the range of squares."""
    bad = wrong.any(axis=1)
    if bad.any():
        again = np.empty((int(bad.sum()), len(centers)))
        square_distances(rows[bad], centers, before, after, again)
        with np.errstate(over="ignore"):  # the caller looks at it
            distances[wrong] = (np.sqrt(again) / (before * after))[wrong[bad]]


def settle(X, labels, n_clusters):
    """Return labels and centres such that each row has the label of its nearest centre.

    The means are rounded to the dtype of X: a row between two of them may change sides.
    """
    for _ in range(20):
        centers = find_centers(X, labels, n_clusters)
        nearest = find_distances(X, centers).argmin(axis=1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
    return nearest, centers


def _has_centers(model):
    """Tell if new points can be compared with centres: not for a kernel."""
    if model.affinity != "precomputed":
        return True
    raise AttributeError(
        "affinity='precomputed' has no cluster centers: use labels_ or fit_predict."
    )


class CentersMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Prediction by the nearest of ``cluster_centers_``."""

    def transform(self, X):
        """Return the Euclidean distance of every point to every centre.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_clusters)
            Distances, in the dtype of ``X`` if that is float32.
        """
        X, distances = self._distances(X)
        with np.errstate(over="ignore"):
            distances = distances.astype(X.dtype, copy=False)
        if not np.isfinite(distances).all():
            raise ValueError(
                f"X has distances to the centres beyond the range of {X.dtype}: give "
                "values that are less far from those of fit."
            )
        return distances

    @available_if(_has_centers)
    def predict(self, X):
        """Assign each point to its nearest centre.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Number of the cluster of each point.
        """
        return self._distances(X)[1].argmin(axis=1).astype(np.int32)

    @available_if(_has_centers)
    def score(self, X, y=None):
        """Return the opposite of the inertia of points about the nearest centres.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Points.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        score : float
            Minus the sum of squared distances.
        """
        nearest = self._distances(X)[1].min(axis=1)
        with np.errstate(over="ignore"):
            inertia = float(np.sum(nearest**2))
        if not np.isfinite(inertia):
            raise ValueError(
                "The inertia of X exceeds the range of float64, with distances up to "
                f"{nearest.max():g}: give values that are less far from those of fit."
            )
        return -inertia

    def _distances(self, X):
        """Return X, checked, and its distances to the centres in float64."""
        check_is_fitted(self)
        dtype = [np.float64, np.float32]
        X = validate_data(
            self, X, reset=False, dtype=dtype, order="C", accept_sparse="csr"
        )
        return X, find_distances(X, self.cluster_centers_)


# A class that transforms wraps ``transform`` when it is made, and a condition would be
# lost in the wrapper: it comes last.
for _name in ("transform", "fit_transform"):
    _method = getattr(CentersMixin, _name)
    setattr(CentersMixin, _name, available_if(_has_centers)(_method))
