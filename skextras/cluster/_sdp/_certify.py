"""How far from optimal is a K-means clustering? The public functions."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.utils import check_random_state

from skextras._parallel import blas_on_one_thread
from skextras._validation import check_number, in_words
from skextras.cluster._sdp._certificates import certify_points, find_bound
from skextras.cluster._sdp._inputs import (
    check_labels,
    check_points,
    check_underflow,
    make_points,
)
from skextras.cluster._sdp._options import BoundOptions
from skextras.cluster._sdp._result import KMeansCertificate, make_result


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
    memory_limit: int | float | None = 2_000_000_000,
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
        Relative tolerance of the relaxation. The bound holds for any ``tol``, and is
        lower for a large one. Blocks and samples use ten times this tolerance.
    max_iter : int, default=1000
        Maximum number of iterations of the ADMM.
    block_size : int, default=1000
        Maximum number of points in a block. Larger blocks usually give better bounds,
        and take more time.
    sample_size : int, default=300
        Points of a random sample. If there are no more, "sdp" takes the place of
        "monte-carlo".
    n_draws : int, default=100
        Number of random samples.
    confidence : float, default=0.99
        Probability with which the bound of "monte-carlo" holds.
    memory_limit : int, float or None, default=2000000000
        Maximum memory for the n x n matrices of "sdp", or of all blocks or samples
        that are worked on at the same time: bytes (int), fraction of the available
        memory (float), or all of it (None). "auto" keeps to it.
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
        at the same time, are larger than ``memory_limit``.

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
    X = check_points(X, "certify_kmeans")
    codes, n_clusters = check_labels(labels, X)
    options = BoundOptions(
        tol,
        max_iter,
        block_size,
        sample_size,
        n_draws,
        confidence,
        memory_limit,
        n_jobs,
    )
    options.check(method, len(X), n_clusters)
    with blas_on_one_thread():
        points = make_points(X)
        rng = check_random_state(random_state)
        result = certify_points(points, codes, n_clusters, method, options, rng)
    if result.inertia < np.finfo(np.float64).tiny:
        check_underflow(X, codes)
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
    memory_limit: int | float | None = 2_000_000_000,
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
        - "blocks": the sum of the "sdp" or "quick" bounds of blocks of rows, for any
          number of points.
        - "monte-carlo": from the "sdp" bounds of random samples. It holds with
          probability ``confidence`` only.
        - "auto": "sdp" for up to 2000 points, else "blocks"; "spectral" where blocks
          are not larger than ``n_clusters``.
    tol : float, default=0.0001
        Relative tolerance of the relaxation. The bound holds for any ``tol``, and is
        lower for a large one. Blocks and samples use ten times this tolerance.
    max_iter : int, default=1000
        Maximum number of iterations of the ADMM.
    block_size : int, default=1000
        Maximum number of points in a block.
    sample_size : int, default=300
        Points of a random sample. If there are no more, "sdp" takes the place of
        "monte-carlo".
    n_draws : int, default=100
        Number of random samples.
    confidence : float, default=0.99
        Probability with which the bound of "monte-carlo" holds.
    memory_limit : int, float or None, default=2000000000
        Maximum memory for the n x n matrices of "sdp", or of all blocks or samples
        that are worked on at the same time: bytes (int), fraction of the available
        memory (float), or all of it (None). "auto" keeps to it.
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
    X = check_points(X, "kmeans_lower_bound")
    n_clusters = check_number(n_clusters, "n_clusters", 1, len(X))
    options = BoundOptions(
        tol,
        max_iter,
        block_size,
        sample_size,
        n_draws,
        confidence,
        memory_limit,
        n_jobs,
    )
    if method == "auto":
        method = options.best(len(X), n_clusters)
    options.check(method, len(X), n_clusters)
    method = options.carried_out(method, len(X))
    rng = check_random_state(random_state)
    with blas_on_one_thread():
        points = make_points(X)
        labels = None
        if method in ("blocks", "monte-carlo"):
            labels = KMeans(n_clusters, n_init=1, random_state=rng).fit(X).labels_
            labels = np.unique(labels, return_inverse=True)[1]
        bound = find_bound(points, labels, n_clusters, method, options, rng)
        return make_result(
            bound * points.scale, None, method, confidence=options.of(method)
        )


def _check_method(method, methods):
    if not (isinstance(method, str) and method in methods):
        names = ", ".join(repr(name) for name in methods)
        raise ValueError(f"method must be one of {names}, got {in_words(method)}.")
