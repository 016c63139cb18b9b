"""How stable clusters are: whether they come again on resampled rows."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import check_random_state

from skextras._validation import check_number, check_rows, in_words, rows_of

SCHEMES = ("bootstrap", "subsample", "jitter")
_DISSOLVED, _STABLE = 0.6, 0.75  # Hennig's limits of the Jaccard coefficient


class ClusterStability(NamedTuple):
    """What clusters of resampled rows have in common with those of all rows.

    Attributes
    ----------
    labels : ndarray of shape (n_samples,)
        Clusters of all rows.
    clusters : ndarray of shape (n_clusters,)
        Their labels, without -1, which stands for noise.
    adjusted_rand : ndarray of shape (n_resamples,)
        Adjusted Rand index between the clusters of a resample and those of all rows, on
        the rows that are in both.
    jaccard : ndarray of shape (n_resamples, n_clusters)
        Largest Jaccard coefficient of a cluster with one of the resample; NaN if none
        of its rows is in that.
    mean_jaccard : ndarray of shape (n_clusters,)
        Means over the resamples: below 0.6, a cluster should not be believed, from 0.75
        on it is stable [1]_.
    n_clusters : ndarray of shape (n_resamples,)
        Number of clusters of each resample.

    References
    ----------
    .. [1] C. Hennig, "Cluster-wise assessment of cluster stability", Computational
       Statistics and Data Analysis 52, 2007.
    """

    labels: np.ndarray
    clusters: np.ndarray
    adjusted_rand: np.ndarray
    jaccard: np.ndarray
    mean_jaccard: np.ndarray
    n_clusters: np.ndarray


def cluster_stability(
    estimator,
    X,
    *,
    n_resamples=20,
    scheme="bootstrap",
    subsample_size=0.8,
    jitter_scale=1e-6,
    n_jobs=None,
    random_state=None,
):
    """Tell if the clusters of an estimator come again on resampled rows.

    Time is that of ``n_resamples + 1`` fits.

    Parameters
    ----------
    estimator : clusterer
        With ``fit_predict``, or ``labels_`` after ``fit``. It is cloned. Where its
        ``random_state`` is None, its own chance counts as instability, too.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Rows.
    n_resamples : int, default=20
        Number of resamples.
    scheme : {"bootstrap", "subsample", "jitter"}, default="bootstrap"
        - "bootstrap": as many rows, drawn with replacement [1]_;
        - "subsample": a share ``subsample_size`` of the rows, without replacement;
        - "jitter": all rows, with normal noise of ``jitter_scale`` times the standard
          deviation of each feature.
    subsample_size : float, default=0.8
        Share of the rows, above 0 and below 1.
    jitter_scale : float, default=1e-06
        Standard deviation of the noise, over that of each feature.
    n_jobs : int, default=None
        Number of fits side by side; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Seed of the resamples.

    Returns
    -------
    stability : ClusterStability
        Named tuple with ``labels``, ``clusters``, ``adjusted_rand``, ``jaccard``,
        ``mean_jaccard`` and ``n_clusters``.

    Raises
    ------
    ValueError
        If all rows are noise, or the scheme does not suit X.

    See Also
    --------
    ClusterStabilityDisplay : Picture of the result.

    References
    ----------
    .. [1] C. Hennig, "Cluster-wise assessment of cluster stability", Computational
       Statistics and Data Analysis 52, 2007.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from skextras.metrics import cluster_stability
    >>> X, _ = make_blobs(200, centers=3, cluster_std=0.5, random_state=0)
    >>> for k in (3, 5):
    ...     model = KMeans(k, n_init=10, random_state=0)
    ...     found = cluster_stability(model, X, random_state=0)
    ...     print(k, found.mean_jaccard.min() > 0.75)
    3 True
    5 False
    """
    n_resamples = check_number(n_resamples, "n_resamples", 1)
    if scheme not in SCHEMES:
        raise ValueError(
            f"scheme must be one of {', '.join(SCHEMES)}, got {in_words(scheme)}."
        )
    if not 0 < subsample_size < 1:
        raise ValueError(
            "subsample_size must be above 0 and below 1, got "
            f"{in_words(subsample_size)}."
        )
    if not 0 < jitter_scale < np.inf:
        raise ValueError(
            f"jitter_scale must be positive, got {in_words(jitter_scale)}."
        )
    spread = _spread(X) if scheme == "jitter" else None
    if isinstance(X, list):
        X = np.asarray(X)
    n, rng = X.shape[0], check_random_state(random_state)
    labels = _labels_of(estimator, X)
    clusters = np.unique(labels)
    clusters = clusters[clusters != -1]
    if not len(clusters):
        raise ValueError(
            "All rows are noise to the estimator: there is no cluster to come again."
        )
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_resamples)
    found = Parallel(n_jobs=n_jobs)(
        delayed(_resample)(
            estimator, X, labels, clusters, scheme, subsample_size,
            None if spread is None else jitter_scale * spread, n, seed,
        )
        for seed in seeds
    )  # fmt: skip
    rand, jaccard, n_clusters = (np.array(part) for part in zip(*found, strict=True))
    seen = ~np.isnan(jaccard)
    mean = np.where(seen, jaccard, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    mean[~seen.any(axis=0)] = np.nan
    return ClusterStability(labels, clusters, rand, jaccard, mean, n_clusters)


def _spread(X):
    if issparse(X):
        raise ValueError(
            'scheme="jitter" would make a sparse X dense: use "subsample".'
        )
    return check_rows(X, dtype=np.float64).std(axis=0)


def _labels_of(estimator, X):
    model = clone(estimator)
    if hasattr(model, "fit_predict"):
        return np.asarray(model.fit_predict(X))
    return np.asarray(model.fit(X).labels_)


def _resample(estimator, X, labels, clusters, scheme, share, noise, n, seed):
    """Return the Rand index, Jaccard coefficients, and the number of clusters."""
    rng, rows = np.random.RandomState(seed), np.arange(n)
    if scheme == "jitter":
        moved = rng.normal(size=(n, len(noise))) * noise
        new = X + moved if hasattr(X, "iloc") else np.asarray(X, float) + moved
    else:
        if scheme == "bootstrap":
            rows = rng.randint(n, size=n)
        else:
            rows = np.sort(rng.choice(n, max(2, round(share * n)), replace=False))
        new = rows_of(X, rows)
    found = _labels_of(estimator, new)
    rows, first = np.unique(rows, return_index=True)  # rows drawn twice count once
    found, whole = found[first], labels[rows]
    others = np.unique(found)
    others = others[others != -1]
    mine, its = whole == clusters[:, None], found == others[:, None]
    both = (mine[:, None] & its).sum(axis=2)
    union = mine.sum(axis=1)[:, None] + its.sum(axis=1) - both
    best = (both / union).max(axis=1, initial=0.0)
    best[~mine.any(axis=1)] = np.nan
    return adjusted_rand_score(whole, found), best, len(others)


class ClusterStabilityDisplay:
    """Picture of a ``ClusterStability``: which clusters come again.

    Parameters
    ----------
    stability : ClusterStability
        What :func:`cluster_stability` returns.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the picture.
    figure_ : matplotlib Figure
        Its figure.
    points_ : matplotlib PathCollection
        Coefficients of the resamples.

    See Also
    --------
    cluster_stability : The computation.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from skextras.metrics import ClusterStabilityDisplay
    >>> X, _ = make_blobs(100, centers=3, random_state=0)
    >>> model = KMeans(3, n_init=10, random_state=0)
    >>> display = ClusterStabilityDisplay.from_estimator(model, X, random_state=0)
    >>> display.ax_.get_ylabel()
    'Jaccard coefficient'
    """

    def __init__(self, stability):
        self.stability = stability

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        n_resamples=20,
        scheme="bootstrap",
        subsample_size=0.8,
        jitter_scale=1e-6,
        n_jobs=None,
        random_state=None,
        ax=None,
    ):
        """Compute the stability of clusters and draw it.

        Parameters
        ----------
        estimator : clusterer
            As in :func:`cluster_stability`.
        X : array-like of shape (n_samples, n_features)
            Rows.
        n_resamples : int, default=20
            As in :func:`cluster_stability`.
        scheme : {"bootstrap", "subsample", "jitter"}, default="bootstrap"
            As in :func:`cluster_stability`.
        subsample_size : float, default=0.8
            As in :func:`cluster_stability`.
        jitter_scale : float, default=1e-06
            As in :func:`cluster_stability`.
        n_jobs : int, default=None
            As in :func:`cluster_stability`.
        random_state : int, RandomState instance or None, default=None
            As in :func:`cluster_stability`.
        ax : matplotlib Axes, default=None
            Axes to draw into; None makes a new figure.

        Returns
        -------
        display : ClusterStabilityDisplay
            The picture.
        """
        found = cluster_stability(
            estimator, X, n_resamples=n_resamples, scheme=scheme,
            subsample_size=subsample_size, jitter_scale=jitter_scale, n_jobs=n_jobs,
            random_state=random_state,
        )  # fmt: skip
        return cls(found).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw into; None makes a new figure.

        Returns
        -------
        display : ClusterStabilityDisplay
            The picture.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        found = self.stability
        places = np.arange(len(found.clusters))
        n = len(found.jaccard)
        aside = (np.arange(n) / max(n - 1, 1) - 0.5) * 0.5
        ax.axhspan(0, _DISSOLVED, color="C3", alpha=0.08, lw=0)
        ax.axhspan(_STABLE, 1, color="C2", alpha=0.08, lw=0)
        self.points_ = ax.scatter(
            (places + aside[:, None]).ravel(), found.jaccard.ravel(), s=12, alpha=0.6
        )
        ax.hlines(found.mean_jaccard, places - 0.35, places + 0.35, color="k")
        sizes = [(found.labels == cluster).sum() for cluster in found.clusters]
        ax.set_xticks(
            places,
            [f"{cluster}\n{size} rows"
             for cluster, size in zip(found.clusters, sizes, strict=True)],
        )  # fmt: skip
        ax.set(xlabel="cluster", ylabel="Jaccard coefficient", ylim=(0, 1.02))
        rand = found.adjusted_rand.mean()
        ax.set_title(f"Mean adjusted Rand index {rand:.2f}", fontsize="medium")
        return self
