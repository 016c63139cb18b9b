"""The medoid silhouette of points, from their dissimilarities to the medoids."""

import numpy as np

from skextras._pairwise._square import as_numbers, raise_on_fault
from skextras._parallel import row_blocks
from skextras._validation import check_weights

_ITEMS_PER_BLOCK = 2**22  # dissimilarities that are sorted at a time


def medoid_silhouette_samples(distances):
    r"""Compute the medoid silhouette of each point.

    The value of a point is

    .. math:: s = 1 - a / b

    where :math:`a` and :math:`b` are its dissimilarities to the nearest and to the
    second nearest medoid, and 1 where :math:`a = 0`. It is between 0, half way between
    two medoids, and 1, at a medoid. Time is :math:`O(n k)`.

    Read more in the :ref:`User Guide <medoid_silhouette>`.

    Parameters
    ----------
    distances : array-like of shape (n_samples, n_medoids)
        Dissimilarity of each point to each medoid, finite and not negative, for two or
        more medoids: what :meth:`KMedoids.transform` returns, or
        ``D[:, medoid_indices]`` for a square matrix ``D``.

    Returns
    -------
    samples : ndarray of shape (n_samples,)
        The medoid silhouettes, in the dtype of ``distances`` if that is float32.

    Raises
    ------
    ValueError
        If ``distances`` is not such a matrix.

    See Also
    --------
    medoid_silhouette_score : Their mean.
    MedoidSilhouette : Choose the medoids for which the mean is largest.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import medoid_silhouette_samples
    >>> to_medoids = np.array([[0.0, 2.0, 5.0], [1.0, 2.0, 3.0], [2.0, 2.0, 4.0]])
    >>> medoid_silhouette_samples(to_medoids)
    array([1. , 0.5, 0. ])
    """
    distances = _check_to_medoids(distances)
    return silhouettes(distances).astype(distances.dtype)


def medoid_silhouette_score(distances, *, sample_weight=None) -> float:
    """Compute the average medoid silhouette.

    The mean of :func:`medoid_silhouette_samples`: more is better. It compares
    clusterings of the same points, also with different numbers of clusters.

    Read more in the :ref:`User Guide <medoid_silhouette>`.

    Parameters
    ----------
    distances : array-like of shape (n_samples, n_medoids)
        Dissimilarity of each point to each medoid, finite and not negative, for two or
        more medoids.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each point in the mean.

    Returns
    -------
    score : float
        The weighted mean, between 0 and 1.

    Raises
    ------
    ValueError
        If ``distances`` is not such a matrix; if weights are negative or all zero.

    See Also
    --------
    sklearn.metrics.silhouette_score : The silhouette of all pairs of points.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import KMedoids, medoid_silhouette_score
    >>> X = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    >>> kmedoids = KMedoids(n_clusters=2, random_state=0).fit(X)
    >>> round(medoid_silhouette_score(kmedoids.transform(X)), 3)
    0.933
    """
    distances = _check_to_medoids(distances)
    weight = check_weights(sample_weight, len(distances))
    return weighted_mean(silhouettes(distances), weight)


def silhouettes(distances):
    """Medoid silhouettes of checked dissimilarities, in float64."""
    values = np.empty(len(distances))
    size = max(1, _ITEMS_PER_BLOCK // distances.shape[1])
    for start, stop in row_blocks(len(distances), size):
        nearest = np.partition(distances[start:stop], 1, axis=1)[:, :2]
        values[start:stop] = from_nearest(nearest[:, 0], nearest[:, 1])
    return values


def weighted_mean(values, weight):
    """Mean in float64; weights that are all tiny or huge are scaled, which is exact."""
    _, exponent = np.frexp(weight.max())
    weight = np.ldexp(weight, -exponent)
    return float(np.average(values.astype(np.float64, copy=False), weights=weight))


def from_nearest(first, second):
    """Medoid silhouettes from the two smallest dissimilarities."""
    ratio = np.zeros(len(first))
    np.divide(first, second, out=ratio, where=second > 0, dtype=np.float64)
    return 1 - ratio


def _check_to_medoids(distances):
    """Return dissimilarities to two or more medoids as float32 or float64."""
    distances = as_numbers(distances, "distances")
    if distances.ndim != 2 or distances.size == 0:
        raise ValueError(
            "distances must be a matrix of shape (n_samples, n_medoids), got an array "
            f"of shape {distances.shape}: give the output of KMedoids.transform, or "
            "D[:, medoid_indices]."
        )
    if distances.shape[1] == 1:
        raise ValueError(
            f"distances has 1 column, got the shape {distances.shape}: the medoid "
            "silhouette compares the two nearest medoids; give two or more."
        )
    distances = np.ascontiguousarray(distances)
    raise_on_fault(distances, "distances")
    return distances
