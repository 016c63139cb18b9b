"""Spectral clustering of novel classes, beside labelled rows of others."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from scipy.sparse.csgraph import minimum_spanning_tree
from sklearn.base import BaseEstimator
from sklearn.manifold import spectral_embedding
from sklearn.metrics import euclidean_distances
from sklearn.neighbors import kneighbors_graph
from sklearn.utils import check_random_state

from skextras import _labels
from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._fitting import fit_method
from skextras._parallel import n_threads
from skextras._validation import (
    N_JOBS,
    Interval,
    StrOptions,
    check_spread,
    validate_data,
)
from skextras.semi_supervised._kmeans import SemiSupervisedKMeans

_MOST_ROWS = 20_000  # of a dense affinity
_DENSE = 500  # rows up to which all eigenvectors are computed


class NCDSpectralClustering(CallbackSupportMixin, BaseEstimator):
    r"""Spectral clustering in which known classes have labelled rows.

    Rows are mapped to eigenvectors of the normalised Laplacian of their similarities,
    and clustered there by :class:`SemiSupervisedKMeans`: centers of known classes are
    the means of their labelled rows. The similarity at a distance r is
    exp(-r^2 / (2 sigma^2)), where sigma is such that the longest edge of the minimum
    spanning tree has the similarity ``min_similarity``: then all rows are connected.

    Time and memory are O(n^2) with ``affinity="rbf"``.

    Parameters
    ----------
    n_novel : int, default=0
        Number of classes that no label names.
    n_components : int, default=None
        Number of eigenvectors; None means the number of all classes.
    affinity : {"rbf", "nearest_neighbors"}, default="rbf"
        Similarities of all pairs of rows, or 1 for neighbours: for many rows.
    min_similarity : float, default=0.1
        Similarity along the longest edge of the minimum spanning tree, between 0
        and 1. Only with ``affinity="rbf"``.
    n_neighbors : int, default=10
        Number of neighbours of each row. Only with ``affinity="nearest_neighbors"``.
    update_known : bool, default=False
        Let the centers of known classes follow the unlabelled rows.
    n_init : int, default=10
        Number of starts of k-means.
    n_jobs : int, default=None
        Number of threads that look for neighbours.
    random_state : int, RandomState instance or None, default=None
        Seed of the starts, and of the first vector of the eigensolver.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Known classes in sorted order, then novel ones: for integers, the numbers that
        follow the largest label; "novel_0", "novel_1", ... for text.
    known_classes_ : ndarray
        The classes that labels name.
    novel_classes_ : ndarray of shape (n_novel,)
        The others.
    labels_ : ndarray of shape (n_samples,)
        Classes of the rows: those that were given for labelled ones.
    embedding_ : ndarray of shape (n_samples, n_components)
        Rows in the space of the eigenvectors.
    sigma_ : float or None
        Width of the similarity, in the units of X.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    Raises
    ------
    ValueError
        If there are more than 20 000 rows with ``affinity="rbf"``.

    See Also
    --------
    SemiSupervisedKMeans : The clustering of the embedded rows.

    References
    ----------
    .. [1] C. Troisemaine, J. Flocon-Cholet, S. Gosselin, A. Reiffers-Masson, S. Vaton
       and V. Lemaire, "A practical approach to novel class discovery in tabular data",
       Data Mining and Knowledge Discovery, 2024.
    .. [2] U. von Luxburg, "A tutorial on spectral clustering", Statistics and Computing
       17, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_circles
    >>> from skextras.semi_supervised import NCDSpectralClustering
    >>> X, true = make_circles(300, factor=0.4, noise=0.03, random_state=0)
    >>> y = np.where(true == 0, 0, -1)  # all rows of the outer circle are labelled
    >>> model = NCDSpectralClustering(n_novel=1, random_state=0).fit(X, y)
    >>> bool((model.labels_ == true).all())
    True
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "n_novel": [Interval(Integral, 0, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "affinity": [StrOptions({"rbf", "nearest_neighbors"})],
        "min_similarity": [Interval(Real, 0, 1, closed="neither")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "update_known": ["boolean"],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_novel=0,
        *,
        n_components=None,
        affinity="rbf",
        min_similarity=0.1,
        n_neighbors=10,
        update_known=False,
        n_init=10,
        n_jobs=None,
        random_state=None,
    ):
        self.n_novel = n_novel
        self.n_components = n_components
        self.affinity = affinity
        self.min_similarity = min_similarity
        self.n_neighbors = n_neighbors
        self.update_known = update_known
        self.n_init = n_init
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_method
    def fit(self, X, y=None):
        """Cluster the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown; None means -1 for all.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X = validate_data(
            self, X, dtype=(np.float64, np.float32), order="C", ensure_min_samples=2
        )
        check_spread(X)
        n = len(X)
        labels = _labels.read(y, None, n)
        _labels.check_novel(labels, np.ones(n), self.n_novel)
        if self.affinity == "rbf" and n > _MOST_ROWS:
            raise ValueError(
                f'affinity="rbf" has {n} x {n} similarities: use '
                f'affinity="nearest_neighbors" for more than {_MOST_ROWS} rows.'
            )
        rng = check_random_state(self.random_state)
        size = self.n_components or len(labels.classes) + self.n_novel
        with fit_progress(self, X, max_steps=3) as step:
            with step():
                similarities = self._similarities(X.astype(np.float64))
            with step():
                self.embedding_ = _embedded(similarities, min(size, n - 1), rng)
            with step():
                model = SemiSupervisedKMeans(
                    self.n_novel, update_known=self.update_known, n_init=self.n_init,
                    random_state=rng,
                ).fit(self.embedding_, y)  # fmt: skip
        self.classes_, self.labels_ = model.classes_, model.labels_
        self.known_classes_ = model.known_classes_
        self.novel_classes_ = model.novel_classes_
        return self

    def _similarities(self, X):
        self.sigma_ = None
        if self.affinity == "nearest_neighbors":
            k = min(int(self.n_neighbors), len(X) - 1)
            graph = kneighbors_graph(X, k, n_jobs=n_threads(self.n_jobs))
            return 0.5 * (graph + graph.T)
        unit = abs(X - X.mean(axis=0)).max() or 1.0
        distances = euclidean_distances(X / unit)
        np.fill_diagonal(distances, 0.0)
        edge = _longest_edge(distances)
        sigma = edge / np.sqrt(-2 * np.log(self.min_similarity)) if edge > 0 else 1.0
        self.sigma_ = float(sigma * unit)
        similarities = np.exp(-0.5 * (distances / sigma) ** 2)
        np.fill_diagonal(similarities, 0.0)
        return similarities

    def fit_predict(self, X, y=None):
        """Cluster the rows, and return their classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Class of each row, or -1 where it is unknown.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes: those that were given for labelled rows.
        """
        return self.fit(X, y).labels_

    def __sklearn_tags__(self):
        """Return scikit-learn's tags: y is optional."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags


def _longest_edge(distances):
    """Return the longest edge of the minimum spanning tree."""
    least = distances[distances > 0].min(initial=np.inf)
    if np.isinf(least):
        return 0.0
    connected = np.maximum(distances, least * 1e-9)  # 0 would be no edge
    return float(minimum_spanning_tree(connected).data.max())


def _embedded(similarities, n_components, rng):
    """Return rows in the space of the first eigenvectors but the constant one."""
    if similarities.shape[0] <= _DENSE:
        dense = similarities.toarray() if issparse(similarities) else similarities
        root = 1 / np.sqrt(np.maximum(dense.sum(axis=1), 1e-300))
        _, vectors = np.linalg.eigh(root[:, None] * dense * root)
        vectors = vectors[:, ::-1][:, 1 : n_components + 1] * root[:, None]
        signs = np.sign(vectors[abs(vectors).argmax(axis=0), range(vectors.shape[1])])
        return vectors * signs
    with warnings.catch_warnings():  # parts that are not connected are classes, too
        warnings.filterwarnings("ignore", "Graph is not fully connected")
        return spectral_embedding(
            similarities, n_components=n_components, random_state=rng, drop_first=True
        )
