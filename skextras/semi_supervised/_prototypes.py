"""Prototypes of classes, and a graph along which labels spread."""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import diags
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, euclidean_distances
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from skextras import _labels
from skextras._callbacks import CallbackSupportMixin, fit_progress
from skextras._fitting import fit_method, warn
from skextras._parallel import n_threads
from skextras._validation import (
    N_JOBS,
    Interval,
    check_spread,
    validate_data,
)

_SWEEPS = 20  # updates of the probabilities between those of the prototypes


class LaplacianPrototypeClassifier(CallbackSupportMixin, BaseEstimator):
    r"""Nearest prototypes, smoothed along a graph of neighbours.

    With few labels, the means of classes are poor and neighbours say much.
    Probabilities y of the classes and prototypes m minimise

    .. math:: \sum_{ik} y_{ik} \left(\frac{t}{s}\lVert x_i - m_k\rVert^2
              + \log y_{ik}\right)
              - \frac{\lambda}{2} \sum_{ij} w_{ij}\, y_i^\top y_j,

    where t is the temperature, s the mean squared distance of rows from the nearest
    first prototype, and W the normalised graph of neighbours plus the identity, which
    has no negative eigenvalue. Labelled rows keep their class. No step raises the
    objective.

    Time is O(n K (d + n_neighbors)) for each iteration, and that of the search for
    neighbours.

    Parameters
    ----------
    smoothing : float, default=5.0
        Weight of the graph, lambda: 0 is the nearest prototype.
    temperature : float, default=10.0
        Weight of the distances from the prototypes.
    n_neighbors : int, default=10
        Number of neighbours of each row.
    update_prototypes : bool, default=True
        Let the prototypes be the means of rows weighted by their probabilities;
        otherwise they stay the means of the labelled rows.
    max_iter : int, default=100
        Largest number of iterations.
    tol : float, default=1e-06
        The fit ends when the objective changes by a smaller share.
    n_jobs : int, default=None
        Number of threads that look for neighbours.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    prototypes_ : ndarray of shape (n_classes, n_features)
        Prototypes of the classes.
    label_distributions_ : ndarray of shape (n_samples, n_classes)
        Probabilities of the classes of the training rows.
    transduction_ : ndarray of shape (n_samples,)
        Likeliest class of each training row: that which was given for labelled ones.
    objectives_ : list of float
        Objective after each iteration.
    n_iter_ : int
        Number of iterations.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    Raises
    ------
    ValueError
        If no row is labelled.

    See Also
    --------
    SemiSupervisedKMeans : Prototypes without a graph, also of novel classes.

    Notes
    -----
    ``LabelSpreading`` of scikit-learn is the graph alone, and better with many labels.

    References
    ----------
    .. [1] I. Ziko, J. Dolz, E. Granger and I. Ben Ayed, "Laplacian regularized few-shot
       learning", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skextras.semi_supervised import LaplacianPrototypeClassifier
    >>> X, true = load_iris(return_X_y=True)
    >>> y = np.full(150, -1)
    >>> y[[0, 50, 100]] = 0, 1, 2  # one label of each class
    >>> model = LaplacianPrototypeClassifier().fit(X, y)
    >>> round(float((model.transduction_ == true).mean()), 2)
    0.91
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "update_prototypes": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_jobs": N_JOBS,
    }

    def __init__(
        self,
        smoothing=5.0,
        *,
        temperature=10.0,
        n_neighbors=10,
        update_prototypes=True,
        max_iter=100,
        tol=1e-6,
        n_jobs=None,
    ):
        self.smoothing = smoothing
        self.temperature = temperature
        self.n_neighbors = n_neighbors
        self.update_prototypes = update_prototypes
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs

    @fit_method
    def fit(self, X, y):
        """Find prototypes, and probabilities of the classes of unlabelled rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Class of each row, or -1 where it is unknown.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X = self._rows(X, reset=True, ensure_min_samples=2)
        check_spread(X)
        if y is None:
            raise ValueError(
                "LaplacianPrototypeClassifier requires y to be passed, but the target "
                "y is None."
            )
        labels = _labels.read(y, None, len(X))
        if not len(labels.classes):
            raise ValueError("y labels no row: give at least one label of each class.")
        self.classes_, codes = labels.classes, labels.codes
        given = np.eye(len(labels.classes))[codes[codes > 0] - 1]
        self._offset = X.mean(axis=0, dtype=np.float64)
        Z = X.astype(np.float64) - self._offset
        prototypes = given.T @ Z[codes > 0] / given.sum(axis=0)[:, None]
        nearest = euclidean_distances(Z, prototypes, squared=True).min(axis=1)
        self._scale = float(nearest.mean()) or 1.0
        graph = self._graph(Z)
        free = codes == 0
        with fit_progress(self, X, max_steps=self.max_iter) as step:
            costs = self._costs(Z, prototypes)
            shares = softmax(-costs, axis=1)
            shares[~free] = given
            self.objectives_ = [self._objective(shares, costs, graph)]
            for _ in range(self.max_iter):
                with step():
                    for _sweep in range(_SWEEPS):
                        pull = self.smoothing * (graph @ shares)[free]
                        shares[free] = softmax(pull - costs[free], axis=1)
                    if self.update_prototypes:
                        prototypes = shares.T @ Z / shares.sum(axis=0)[:, None]
                        costs = self._costs(Z, prototypes)
                    self.objectives_.append(self._objective(shares, costs, graph))
                change = self.objectives_[-2] - self.objectives_[-1]
                if change <= self.tol * abs(self.objectives_[-1]):
                    break
            else:
                warn(
                    f"max_iter={self.max_iter} iterations were not enough: increase "
                    "max_iter or tol.",
                    ConvergenceWarning,
                )
        self.n_iter_ = len(self.objectives_) - 1
        self.prototypes_ = (prototypes + self._offset).astype(X.dtype)
        self._centered = prototypes
        self.label_distributions_ = shares.astype(X.dtype)
        self.transduction_ = self.classes_[shares.argmax(axis=1)]
        return self

    def _rows(self, X, *, reset, **options):
        return validate_data(
            self, X, reset=reset, dtype=(np.float64, np.float32), order="C", **options
        )

    def _graph(self, Z):
        """Return the normalised graph of neighbours, plus the identity."""
        k = min(int(self.n_neighbors), len(Z) - 1)
        n_jobs = n_threads(self.n_jobs)
        self._search = NearestNeighbors(n_neighbors=k, n_jobs=n_jobs).fit(Z)
        graph = self._search.kneighbors_graph()
        graph = 0.5 * (graph + graph.T)
        root = diags(1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel()))
        return (root @ graph @ root + diags(np.ones(len(Z)))).tocsr()

    def _costs(self, Z, prototypes):
        squares = euclidean_distances(Z, prototypes, squared=True)
        return self.temperature / self._scale * squares

    def _objective(self, shares, costs, graph):
        logs = np.log(np.maximum(shares, 1e-300))
        value = np.einsum("ik,ik->", shares, costs + logs)
        return float(value - self.smoothing / 2 * np.sum(shares * (graph @ shares)))

    def predict_proba(self, X):
        """Compute the probabilities of the classes of rows, given the training rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1; columns are in the order of ``classes_``.
        """
        check_is_fitted(self)
        X = self._rows(X, reset=False)
        Z = X.astype(np.float64) - self._offset
        with np.errstate(over="ignore", invalid="ignore"):
            costs = self._costs(Z, self._centered)
        near = self._search.kneighbors(Z, return_distance=False)
        pull = self.label_distributions_[near].mean(axis=1, dtype=np.float64)
        costs = np.where(np.isfinite(costs), costs, 0.0)
        return softmax(self.smoothing * pull - costs, axis=1).astype(X.dtype)

    def predict(self, X):
        """Return the likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def score(self, X, y, sample_weight=None):
        """Compute the share of rows whose class is right.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        accuracy : float
            Between 0 and 1.
        """
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags: y is needed.

        -1 is no class, so that it is no classifier in scikit-learn's sense.
        """
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
