"""K-medoids by random exchanges: CLARANS and FastCLARANS."""

from contextlib import nullcontext
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skextras._callbacks import fit_progress
from skextras._distinct import fill_up
from skextras._fitting import fit_method
from skextras._validation import (
    METRICS,
    N_JOBS,
    Interval,
    StrOptions,
)
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._base import BaseMedoids
from skextras.cluster._medoids._empty import fill_empty
from skextras.cluster._medoids._swaps import SingleState, SwapState

_ITEMS_PER_BLOCK = 2**20  # dissimilarities that are made at a time
_LEAST_DRAWS = 50  # in a row without success that end FastCLARANS
_MOST_DRAWS = 64  # draws whose rows are made together
_EXPECTED = 50  # blocks of draws in a search, for its progress


class CLARANS(BaseMedoids):
    r"""K-medoids clustering by random exchanges (CLARANS, FastCLARANS).

    Exchanges medoids for points that are drawn at random whenever that lowers

    .. math:: \sum_o w_o \min_i d(x_o, m_i),

    where :math:`d` is ``metric``, :math:`x_o` are the rows of ``X``, :math:`m_i` the
    medoids and :math:`w` is ``sample_weight``, until many draws in a row did not help.
    All points judge an exchange, but not all exchanges are tried: most likely, the
    result is not quite a local optimum. Dissimilarities are computed when they are
    needed, and not kept.

    A draw takes :math:`O(n p)` for :math:`n` points with :math:`p` features. Memory is
    :math:`O(n k)` beside ``X``.

    Read more in the :ref:`User Guide <clarans>`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, and of medoids.
    metric : str or callable, default="euclidean"
        Dissimilarity, as in :class:`KMedoids`.
    metric_params : dict, default=None
        Keyword arguments of ``metric``.
    method : {"clarans", "fastclarans"}, default="fastclarans"
        What is drawn: a point and the medoid to exchange for it ("clarans"), or a
        point, to be exchanged for the medoid where that helps most ("fastclarans").
    init : str, default="random"
        Where to start, as in :class:`KMedoids`: "random", "build", "k-medoids++",
        "lab" or "heuristic". All but "random", "k-medoids++" and "lab" take
        :math:`O(n^2)` time.
    n_init : int, default=2
        Number of searches from new starts (``numlocal``). The best result is kept.
    max_neighbors : int, default=None
        Number of draws in a row without success that ends a search (``maxneighbor``).
        None means 2.5 % of the :math:`n - k` other points, at least 50 or all of them,
        for "fastclarans", and 1.25 % of the :math:`k (n - k)` swaps, at least 250, for
        "clarans".
    n_jobs : int, default=None
        Number of threads that compute dissimilarities. None means 1 unless in a
        :obj:`joblib.parallel_config` context, but for matrix products the number that
        BLAS would take; -1 means all processors. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws starts and exchanges. Pass an int for the same result in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each training point: that of its nearest medoid, the first on ties.
    medoid_indices_ : ndarray of shape (n_clusters,)
        Training rows of the medoids.
    cluster_centers_ : ndarray of shape (n_clusters, n_features) or None
        The medoids, sparse as ``X`` is; None if ``metric="precomputed"``.
    inertia_ : float
        The loss: weighted sum of ``distances_``.
    distances_ : ndarray of shape (n_samples,)
        Dissimilarity of each training point to its medoid.
    second_labels_ : ndarray of shape (n_samples,)
        Cluster of the second nearest medoid, -1 if there is one cluster.
    medoid_silhouette_samples_ : ndarray of shape (n_samples,)
        Medoid silhouettes, see :func:`medoid_silhouette_samples`; NaN for one cluster.
    n_iter_ : int
        Number of draws of the best search.
    n_swap_ : int
        Number of exchanges of the best search.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in ``fit``, if all are strings.

    Raises
    ------
    ValueError
        If ``n_clusters`` exceeds the number of samples; if dissimilarities are missing,
        infinite or negative; if weights are negative or all zero.

    Warns
    -----
    ConvergenceWarning
        If some clusters are empty, as where there are fewer distinct points.

    See Also
    --------
    KMedoids : Tries all exchanges, for data whose matrix fits into memory.
    CLARA : Searches in samples, and is faster.

    References
    ----------
    .. [1] R. T. Ng and J. Han, "CLARANS: a method for clustering objects for spatial
       data mining", IEEE Transactions on Knowledge and Data Engineering 14, 2002.
    .. [2] E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering: O(k)
       runtime improvement of the PAM, CLARA, and CLARANS algorithms", Information
       Systems 101, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import CLARANS
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 2)) + 10 * rng.integers(0, 3, size=(1000, 1))
    >>> clarans = CLARANS(n_clusters=3, random_state=0).fit(X)
    >>> sorted(np.bincount(clarans.labels_).tolist())
    [319, 338, 343]
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(METRICS), callable],
        "metric_params": [dict, None],
        "method": [StrOptions({"clarans", "fastclarans"})],
        "init": [StrOptions(set(_init.NAMES) - {"first"})],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_neighbors": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        metric="euclidean",
        metric_params=None,
        method="fastclarans",
        init="random",
        n_init=2,
        max_neighbors=None,
        n_jobs=None,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.metric = metric
        self.metric_params = metric_params
        self.method = method
        self.init = init
        self.n_init = n_init
        self.max_neighbors = max_neighbors
        self.n_jobs = n_jobs
        self.random_state = random_state

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
            Weight of each point in the loss; None means 1 for all.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        k = int(self.n_clusters)
        X, weight, given, points, params = self._prepare(X, sample_weight, k)
        if len(points.index) <= k:
            medoids = fill_up(points, k)
            self.n_iter_ = self.n_swap_ = 0
        else:
            rows = self._rows(X, given, points, params, self.n_jobs)
            with fit_progress(self, X, max_steps=int(self.n_init)) as step:
                best = self._best_search(rows, points, step)
            medoids = points.index[best.medoid_indices]
            self.n_iter_, self.n_swap_ = best.n_iter, best.n_swap
        self._set_result(X, weight, params, medoids, points)
        return self

    def _best_search(self, rows, points, step):
        """Search ``n_init`` times; return the best result, the first on ties."""
        k, weight = int(self.n_clusters), points.weight
        rng = check_random_state(self.random_state)
        order = self._order(rows, points)
        best = None
        fast, limit = self.method == "fastclarans", self.max_neighbors
        limit = None if limit is None else int(limit)
        for _ in range(int(self.n_init)):
            start = _init.draw(self.init, rows, k, weight, order, rng)
            with step(_EXPECTED) as part:
                found = search(
                    rows, weight, order, start, rng, part, fast=fast, limit=limit
                )
            if best is None or found.loss < best.loss:
                best = found
        return best


def published_limit(n_others, n_medoids, fast):
    """Return the number of draws in a row without success that ends a search.

    2.5 % of the points for FastCLARANS, and at least 50, or all, so that few points
    are not left to a draw or two; 1.25 % of the pairs for CLARANS, at least 250.
    """
    if fast:
        return max(min(_LEAST_DRAWS, n_others), int(np.ceil(0.025 * n_others)))
    return max(250, int(np.ceil(0.0125 * n_medoids * n_others)))


def search(rows, weight, order, start, rng, step=nullcontext, *, fast=True, limit=None):
    """Swap medoids at random until ``limit`` draws in a row do not help.

    A draw is a point, tried in all slots and not drawn again before the next swap, if
    ``fast``; otherwise it is a point and a slot. ``order`` holds the points as they
    take random numbers. Medoids that are then without points move to where they help,
    and the search goes on. Returns the result, with the number of draws as its passes.
    """
    n_others, n_draws, n_moved = len(order) - len(start), 0, 1
    if limit is None:
        limit = published_limit(n_others, len(start), fast)
    if fast or not n_others:
        limit = min(limit, n_others)
    n_swap = 0
    while n_moved:
        state = (SingleState if len(start) == 1 else SwapState)(rows, start, weight)
        state.n_swap = n_swap
        draws = (_Points if fast else _Pairs)(order, state, rng)
        n_draws += _until(state, draws, limit, step)
        found, n_moved = state.result(n_draws), 0
        if len(start) > 1:
            start, n_moved = fill_empty(
                rows, found.medoid_indices, found.labels, weight
            )
        n_swap = found.n_swap + n_moved
    return found


def _until(state, draws, limit, step):
    """Swap until ``limit`` draws in a row do not help; return the number of draws."""
    state.refresh()
    rows = state.rows
    most = min(_MOST_DRAWS, max(1, _ITEMS_PER_BLOCK // rows.n_points), max(limit, 1))
    candidates = slots = ()
    n_draws, failures = 0, 0
    while failures < limit:
        with step():
            if len(candidates) == 0:
                candidates, slots = draws.deal(most)
                block = rows.take(candidates)
            n_swap, most_now = state.n_swap, slice(limit - failures)
            n_tried, _ = state.try_rows(
                block[most_now], candidates[most_now], slots=slots[most_now], once=True
            )
            n_draws, failures = n_draws + n_tried, failures + n_tried
            rest = candidates[n_tried:], slots[n_tried:], block[n_tried:]
            candidates, slots, block = rest
            if state.n_swap > n_swap:
                state.refresh()
                failures = 0
                draws.begin(len(candidates))
                if state.is_medoid[candidates].any():  # a pair drawn twice
                    others = ~state.is_medoid[candidates]
                    candidates, slots, block = (part[others] for part in rest)
    return n_draws


class _Points:
    """Points that are no medoids, none twice between two exchanges."""

    def __init__(self, order, state, rng):
        self.deck, self.state, self.rng = order.copy(), state, rng
        self.top, self.places = 0, []

    def deal(self, size):
        """Draw up to ``size``, as Fisher and Yates do; slots of -1 stand for all."""
        deck, self.places = self.deck, []
        while len(self.places) < size and self.top < len(deck):
            place = self.rng.randint(self.top, len(deck))
            deck[self.top], deck[place] = deck[place], deck[self.top]
            if not self.state.is_medoid[deck[self.top]]:
                self.places.append(self.top)
            self.top += 1
        return deck[self.places], np.full(len(self.places), -1)

    def begin(self, n_left):
        """Shuffle anew but for the last ``n_left`` points dealt, which are yet to come.

        They are the first of the next shuffle: nothing is known of them.
        """
        places = self.places[len(self.places) - n_left :]
        for top, place in enumerate(places):
            self.deck[top], self.deck[place] = self.deck[place], self.deck[top]
        self.top, self.places = n_left, list(range(n_left))


class _Pairs:
    """Points that are no medoids, and slots, drawn independently."""

    def __init__(self, order, state, rng):
        self.order, self.state, self.rng = order, state, rng

    def deal(self, size):
        """Draw ``size`` pairs."""
        rng, n = self.rng, len(self.order)
        points = self.order[rng.randint(n, size=size)]
        again = np.flatnonzero(self.state.is_medoid[points])
        while len(again):
            points[again] = self.order[rng.randint(n, size=len(again))]
            again = again[self.state.is_medoid[points[again]]]
        return points, rng.randint(len(self.state.medoids), size=size)

    def begin(self, n_left):
        """Do nothing: draws do not depend on the past."""
