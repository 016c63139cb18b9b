"""How far from optimal is a K-means clustering? The public functions."""

from numbers import Integral

import numpy as np
from sklearn.cluster import KMeans
from sklearn.utils import check_array, check_random_state

from skextras._parallel import blas_on_one_thread
from skextras._validation import check_number, in_words
from skextras.cluster._sdp import _bounds
from skextras.cluster._sdp._blocks import block_bound
from skextras.cluster._sdp._dual import dual_bound
from skextras.cluster._sdp._points import Points
from skextras.cluster._sdp._quick import quick_bound
from skextras.cluster._sdp._result import (
    CERTIFIED_GAP,
    KMeansCertificate,
    make_result,
)

_DENSE = 2000  # points up to which "auto" solves the relaxation as a whole


def certify_kmeans(
    X,
    labels,
    *,
    method: str = "auto",
    tol: float = 1e-4,
    max_iter: int = 1000,
    block_size: int = 1000,
    sample_size: int = 300,
    n_draws: int = 100,
    confidence: float = 0.99,
    max_memory: int = 2_000_000_000,
    n_jobs=None,
    random_state=None,
) -> KMeansCertificate:
    r"""Bound how far labels are from the best K-means clustering.

    Computes a lower bound of the least inertia

    .. math:: \min_{G_1, \dots, G_K} \sum_{k=1}^{K} \sum_{i \in G_k}
        \Bigl\| x_i - \frac{1}{|G_k|} \sum_{j \in G_k} x_j \Bigr\|^2

    over all divisions of the rows :math:`x_i` of ``X`` into :math:`K` groups, K being
    the number of distinct ``labels``, and compares the inertia of ``labels`` with it.
    The labels may come from anywhere.

    Read more in the :ref:`User Guide <certified_kmeans>`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Points. They are converted to float64.
    labels : array-like of shape (n_samples,)
        Cluster of each point: integers, strings, anything with an order. -1 is
        refused: it marks noise, and K-means has no noise.
    method : str, default="auto"
        Where the bound comes from:

        - "quick": a solution of the dual problem in closed form. Linear in the number
          of points. Proves well separated clusters optimal, and says little otherwise:
          the "spectral" bound of :func:`kmeans_lower_bound` takes its place if larger.
        - "sdp": the relaxation of Peng and Wei, by ADMM on n x n matrices; not below
          "quick" and "spectral".
        - "blocks": the sum of the "sdp" or "quick" bounds of blocks of rows, for any
          number of points.
        - "monte-carlo": from the "sdp" bounds of random samples. It holds with
          probability ``confidence`` only.
        - "auto": "quick"; if that proves nothing, "sdp" for up to 2000 points, else
          "blocks", and the larger of the two bounds.
    tol : float, default=0.0001
        Accuracy of the relaxation, as a fraction of its value. The bound holds for any
        ``tol``; it is lower if this is large. Ten times as much for blocks and samples.
    max_iter : int, default=1000
        Maximum number of iterations of the ADMM.
    block_size : int, default=1000
        Most points of a block. Larger blocks usually give better bounds, and take more
        time.
    sample_size : int, default=300
        Points of a random sample. If there are no more, "sdp" takes the place of
        "monte-carlo".
    n_draws : int, default=100
        Number of random samples.
    confidence : float, default=0.99
        Probability with which the bound of "monte-carlo" holds.
    max_memory : int, default=2000000000
        Bytes that the n x n matrices of "sdp", or of all blocks or samples that are
        worked on at the same time, may take. "auto" keeps to it.
    n_jobs : int, default=None
        Number of threads, each for another block or sample. None means 1 unless in a
        :obj:`joblib.parallel_config` context; -1 means all processors. The result does
        not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the samples of "monte-carlo".

    Returns
    -------
    certificate : KMeansCertificate
        Lower bound, inertia, and the gap between them.

    Raises
    ------
    ValueError
        If ``X`` is empty or not finite; if ``labels`` are missing, -1, or of another
        length; if there are fewer points in a block or sample than clusters.
    MemoryError
        If the matrices of "sdp", or those of the blocks or samples that are worked on
        at the same time, are larger than ``max_memory``.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the relaxation of all points, or if it stalled: the bound
        holds, and could be larger.

    See Also
    --------
    kmeans_lower_bound : The bound without labels.
    SDPKMeans : Clustering by the same relaxation.

    Notes
    -----
    A bound holds for the numbers as given in float64, up to a margin for rounding that
    is subtracted. ``certified`` is True if the gap is at most 1e-6: no clustering is
    better by more than that fraction.

    References
    ----------
    .. [1] J. Peng and Y. Wei, "Approximating K-means-type clustering via semidefinite
       programming", SIAM Journal on Optimization 18, 2007.
    .. [2] T. Iguchi, D. G. Mixon, J. Peterson and S. Villar, "Probably certifiably
       correct k-means clustering", Mathematical Programming 165, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import certify_kmeans
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [9, 9], [9, 8], [8, 9]])
    >>> certify_kmeans(X, [0, 0, 0, 1, 1, 1])
    <optimal, proven: lower_bound=2.66667, inertia=2.66667, method='quick'>
    >>> certificate = certify_kmeans(X, [0, 0, 0, 1, 1, 0])
    >>> certificate.certified
    False
    """
    _check_method(method, ("auto", "quick", "sdp", "blocks", "monte-carlo"))
    X = _check_X(X, "certify_kmeans")
    codes, n_clusters = _check_labels(labels, X)
    options = _Options(
        tol, max_iter, block_size, sample_size, n_draws, confidence, max_memory, n_jobs
    )
    options.check(method, len(X), n_clusters)
    with blas_on_one_thread():
        points = _points(X)
        rng = check_random_state(random_state)
        result = certify_points(points, codes, n_clusters, method, options, rng)
    if result.inertia < np.finfo(np.float64).tiny:
        _check_underflow(X, codes)
    return result


def kmeans_lower_bound(
    X,
    n_clusters: int,
    *,
    method: str = "auto",
    tol: float = 1e-4,
    max_iter: int = 1000,
    block_size: int = 1000,
    sample_size: int = 300,
    n_draws: int = 100,
    confidence: float = 0.99,
    max_memory: int = 2_000_000_000,
    n_jobs=None,
    random_state=None,
) -> KMeansCertificate:
    """Bound the least inertia of K-means from below.

    Read more in the :ref:`User Guide <certified_kmeans>`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Points. They are converted to float64.
    n_clusters : int
        Number of clusters.
    method : str, default="auto"
        Where the bound comes from:

        - "spectral": the eigenvalues of the covariance matrix, as in PCA. Quick.
        - "sdp": the relaxation of Peng and Wei, by ADMM on n x n matrices.
        - "blocks": the sum of the "sdp" bounds of blocks of rows, for any number of
          points.
        - "monte-carlo": from the "sdp" bounds of random samples. It holds with
          probability ``confidence`` only.
        - "auto": "sdp" for up to 2000 points, else "blocks"; "spectral" where blocks
          are not larger than ``n_clusters``.
    tol : float, default=0.0001
        Accuracy of the relaxation, as a fraction of its value. The bound holds for any
        ``tol``; it is lower if this is large. Ten times as much for blocks and samples.
    max_iter : int, default=1000
        Maximum number of iterations of the ADMM.
    block_size : int, default=1000
        Most points of a block.
    sample_size : int, default=300
        Points of a random sample. If there are no more, "sdp" takes the place of
        "monte-carlo".
    n_draws : int, default=100
        Number of random samples.
    confidence : float, default=0.99
        Probability with which the bound of "monte-carlo" holds.
    max_memory : int, default=2000000000
        Bytes that the n x n matrices of "sdp", or of all blocks or samples that are
        worked on at the same time, may take. "auto" keeps to it.
    n_jobs : int, default=None
        Number of threads, each for another block or sample. None means 1 unless in a
        :obj:`joblib.parallel_config` context; -1 means all processors. The result does
        not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the samples of "monte-carlo", and starts the K-means clustering by which
        rows are dealt to blocks.

    Returns
    -------
    certificate : KMeansCertificate
        The bound. ``inertia`` and ``gap`` are None, and ``certified`` is False.

    See Also
    --------
    certify_kmeans : The bound beside the inertia of given labels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skextras.cluster import kmeans_lower_bound
    >>> X = load_iris().data
    >>> bound = kmeans_lower_bound(X, 3)
    >>> round(bound.lower_bound, 1)
    75.5
    >>> bound.rigorous
    True
    """
    _check_method(method, ("auto", "spectral", "sdp", "blocks", "monte-carlo"))
    X = _check_X(X, "kmeans_lower_bound")
    n_clusters = check_number(n_clusters, "n_clusters", 1, len(X))
    options = _Options(
        tol, max_iter, block_size, sample_size, n_draws, confidence, max_memory, n_jobs
    )
    if method == "auto":
        method = options.best(len(X), n_clusters)
    options.check(method, len(X), n_clusters)
    method = options.carried_out(method, len(X))
    rng = check_random_state(random_state)
    with blas_on_one_thread():
        points = _points(X)
        labels = None
        if method in ("blocks", "monte-carlo"):
            labels = KMeans(n_clusters, n_init=1, random_state=rng).fit(X).labels_
            labels = np.unique(labels, return_inverse=True)[1]
        bound = _one_bound(points, labels, n_clusters, method, options, rng)
        return make_result(
            bound * points.scale, None, method, confidence=options.of(method)
        )


def certify_points(points, codes, n_clusters, method, options, rng):
    """Certify clusters 0, 1, ... of points or of a kernel, none of them empty."""
    inertia = points.inertia(codes, n_clusters)
    floor = points.floor
    if n_clusters == 1 or inertia <= floor:  # nothing else, or better, is possible
        value = inertia * points.scale
        return make_result(value, value, "trivial", floor=floor)
    best, name = -np.inf, "spectral"
    if method in ("auto", "quick", "sdp") and points.X is not None:
        best = quick_bound(points.X, codes, n_clusters).bound
        name = "quick"
        if method == "quick":
            spectral = dual_bound(points, n_clusters)
            if spectral > best:
                best, name = spectral, "spectral"
    proven = inertia - best <= CERTIFIED_GAP * abs(inertia)
    if method != "quick" and not proven:
        method = options.carried_out(method, points.n)
        if method == "auto":
            method = "sdp"  # a kernel is there: n x n matrices have their place
            if points.X is not None:
                method = options.best(points.n, n_clusters)
        bound = _one_bound(
            points, codes, n_clusters, method, options, rng, inertia, best
        )
        if bound > best:
            best, name = bound, method
    return make_result(
        best * points.scale,
        inertia * points.scale,
        name,
        confidence=options.of(name),
        floor=floor,
    )


def _one_bound(
    points, labels, n_clusters, method, options, rng, inertia=None, known=None
):
    if method == "spectral":
        return dual_bound(points, n_clusters)
    if method == "sdp":
        return _bounds.sdp_bound(
            points,
            n_clusters,
            tol=options.tol,
            max_iter=options.max_iter,
            target=inertia,
            known=known,
            warn=True,
        )
    fast = {
        "tol": 10 * options.tol,
        "max_iter": options.max_iter,
        "n_jobs": options.n_jobs,
    }
    if method == "blocks":
        return block_bound(points, n_clusters, labels, options.block_size, **fast)
    if inertia is None:
        inertia = points.inertia(labels, labels.max() + 1)
    return _bounds.monte_carlo_bound(
        points,
        n_clusters,
        inertia / points.n,
        min(options.sample_size, points.n),
        options.n_draws,
        options.confidence,
        rng,
        **fast,
    )


class _Options:
    """Parameters of the bounds, checked."""

    def __init__(
        self,
        tol=1e-4,
        max_iter=1000,
        block_size=1000,
        sample_size=300,
        n_draws=100,
        confidence=0.99,
        max_memory=2_000_000_000,
        n_jobs=None,
    ):
        for value, name in ((tol, "tol"), (confidence, "confidence")):
            number = isinstance(value, float | np.floating)
            if not (number and 0 < value < 1):
                raise ValueError(
                    f"{name} must be a float between 0 and 1, got {in_words(value)}."
                )
        if n_jobs is not None and not (isinstance(n_jobs, Integral) and n_jobs):
            raise ValueError(
                "n_jobs must be None or an integer other than 0, got "
                f"{in_words(n_jobs)}: -1 stands for all processors."
            )
        # as int: numpy's small integers would overflow
        self.max_iter = check_number(max_iter, "max_iter", 1)
        self.n_draws = check_number(n_draws, "n_draws", 1)
        self.max_memory = check_number(max_memory, "max_memory", 1)
        self.block_size = check_number(block_size, "block_size", 2)
        self.sample_size = check_number(sample_size, "sample_size", 2)
        self.tol, self.confidence = float(tol), float(confidence)
        self.n_jobs = None if n_jobs is None else int(n_jobs)

    def best(self, n_samples, n_clusters):
        """Return the method of "auto"."""
        fits = _bounds.n_bytes(n_samples) <= self.max_memory
        if n_samples <= _DENSE and fits:
            return "sdp"
        return "blocks" if self.block_size > n_clusters else "spectral"

    def carried_out(self, method, n_samples):
        """Return "sdp" for samples that would hold all points, all of them alike."""
        whole = method == "monte-carlo" and self.sample_size >= n_samples
        return "sdp" if whole else method

    def check(self, method, n_samples, n_clusters, *, name="method"):
        """Raise if the method cannot be carried out for so many points.

        ``name`` is the parameter that holds it.
        """
        if method == "sdp":
            _bounds.check_dense(n_samples, self.max_memory, f"choose {name}='blocks'")
        part = {"blocks": "block_size", "monte-carlo": "sample_size"}.get(method)
        if part is None:
            return
        size = getattr(self, part)
        _bounds.check_dense(
            min(size, n_samples),
            self.max_memory,
            f"choose a smaller {part}",
            self.n_jobs,
        )
        if size <= n_clusters < n_samples:
            raise ValueError(
                f"{part}={size} must exceed the number of clusters, {n_clusters}: "
                "smaller parts give the bound 0."
            )

    def of(self, method):
        """Return the probability that a bound of this method holds."""
        return self.confidence if method == "monte-carlo" else 1.0


def _check_method(method, methods):
    if not (isinstance(method, str) and method in methods):
        names = ", ".join(repr(name) for name in methods)
        raise ValueError(f"method must be one of {names}, got {in_words(method)}.")


def _check_X(X, function):
    with np.errstate(over="ignore", invalid="ignore"):  # it adds inf to -inf, to look
        return check_array(X, dtype=np.float64, input_name="X", estimator=function)


def _points(X):
    """Return centred points, or raise if their inertia exceeds the range of floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        points = Points(X)
        largest = points.total * points.scale
    if not np.isfinite(largest):
        raise ValueError(
            "X has squared distances beyond the range of float64, got values up to "
            f"{np.abs(X).max():g}: divide X by a constant."
        )
    if points.total > 0 and largest < np.finfo(np.float64).tiny:
        raise ValueError(
            "X has squared distances below the range of float64, with differences up "
            f"to {np.ptp(X, axis=0).max():g}: multiply X by a constant."
        )
    return points


def _check_underflow(X, codes):
    """Raise if points of the same cluster differ, where the inertia is taken for 0."""
    first = np.unique(codes, return_index=True)[1]
    differ = np.abs(X - X[first[codes]]).max()
    if differ > 0:
        raise ValueError(
            "X has squared distances within clusters below the range of float64, with "
            f"differences up to {differ:g}: multiply X by a constant, or round what "
            "is meant to be equal."
        )


def _check_labels(labels, X):
    """Return labels as 0, 1, ... and their number."""
    if labels is None:
        raise ValueError(
            "labels must be the cluster of each sample, got None: "
            "kmeans_lower_bound needs no labels."
        )
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.ravel()
    if labels.shape != (len(X),):
        raise ValueError(
            f"labels must be one for each of the {len(X)} samples, got an array of "
            f"shape {labels.shape}."
        )
    if labels.dtype.kind == "O" and any(
        label != label or label is None for label in labels
    ):
        raise ValueError(
            "labels must not be missing, got None or NaN: give each sample a cluster "
            "or leave it out."
        )
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        place = int(np.flatnonzero(~np.isfinite(labels))[0])
        raise ValueError(
            f"labels must not be missing or infinite, got {labels[place]} for sample "
            f"{place}: give it a cluster or leave it out."
        )
    if labels.dtype.kind in "if" and (labels == -1).any():
        raise ValueError(
            f"labels hold -1, which marks noise, for {int((labels == -1).sum())} "
            "samples: leave these out of X and labels, or give them a cluster."
        )
    if labels.dtype.kind in "mM" and np.isnat(labels).any():
        raise ValueError(
            "labels must not be missing, got NaT: give each sample a cluster or leave "
            "it out."
        )
    try:
        values, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"labels must be of one kind that has an order ({error}): use integers or "
            "strings."
        ) from error
    return codes.ravel(), len(values)
