"""FasterPAM on a matrix of dissimilarities: the function layer."""

from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skextras._fitting import warn
from skextras._pairwise._square import (
    as_square,
    check_dissimilarities,
    find_fault,
    in_memory_order,
    largest_allowed,
)
from skextras._validation import check_number, check_weights
from skextras.cluster._medoids._codes import Codes
from skextras.cluster._medoids._doubts import doubt_dissimilarities
from skextras.cluster._medoids._rows import HeldRows
from skextras.cluster._medoids._swaps import (
    SwapState,
    optimize,
    single_medoid,
)


class FasterPAMResult(NamedTuple):
    """Medoids found by :func:`fasterpam`, and what it cost to find them.

    Attributes
    ----------
    medoid_indices : ndarray of shape (n_medoids,)
        The medoids, in the slots in which they started.
    labels : ndarray of shape (n_samples,)
        Slot of the nearest medoid of each point.
    loss : float
        Weighted sum of the dissimilarities to the nearest medoid.
    n_iter : int
        Number of passes over the candidates.
    n_swap : int
        Number of swaps.
    """

    medoid_indices: np.ndarray
    labels: np.ndarray
    loss: float
    n_iter: int
    n_swap: int


def fasterpam(
    distances,
    medoids,
    *,
    sample_weight=None,
    max_iter: int = 300,
    order=None,
    assume_symmetric: bool = False,
    random_state=None,
) -> FasterPAMResult:
    r"""Find k medoids by eager swaps on a matrix of dissimilarities.

    Lowers the loss

    .. math:: \sum_o w_o \min_i D_{o, m_i}

    where :math:`D` is ``distances``, :math:`w` is ``sample_weight`` and :math:`m` are
    the ``medoids``, by swapping one medoid for one other point at a time, until no
    swap lowers it. Every swap that helps is made at once. A pass takes
    :math:`O(n^2)` steps, whatever the number of medoids. Beside the matrix, the memory
    is a byte for each of its entries, and :math:`O(n k)`.

    Parameters
    ----------
    distances : array-like of shape (n_samples, n_samples)
        ``distances[o, j]`` is the dissimilarity of point ``o`` to candidate medoid
        ``j``; finite and not negative. It need not be symmetric. An F-ordered or
        symmetric float32 or float64 array is used as it is; another is copied.
    medoids : int or array-like of shape (n_medoids,) of int
        Indices of the medoids to start from, or their number: as many of the candidates
        are then drawn at random.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each point in the loss. A point of weight 0 can still be a medoid.
    max_iter : int, default=300
        Maximum number of passes over all candidates.
    order : array-like of shape (n_candidates,) of int, default=None
        Candidates in the order in which they are tried. A point that is left out can
        not become a medoid; one that ``medoids`` names stays one until a swap replaces
        it. The default is ``0, 1, ..., n_samples - 1``.
    assume_symmetric : bool, default=False
        Skip the test that a C-ordered matrix is symmetric. On a matrix that is not,
        rows are then taken for columns.
    random_state : int, RandomState instance or None, default=None
        Draws the starting medoids if only their number is given.

    Returns
    -------
    medoid_indices : ndarray of shape (n_medoids,)
        The medoids, in the slots in which they started.
    labels : ndarray of shape (n_samples,)
        Slot of the nearest medoid; the first one on ties, but a medoid always has its
        own slot.
    loss : float
        The weighted sum of the dissimilarities to the nearest medoid.
    n_iter : int
        Number of passes, the last one included, which finds nothing.
    n_swap : int
        Number of swaps.

    Raises
    ------
    ValueError
        If ``distances`` is not square, or has negative, infinite or missing entries;
        if ``medoids`` repeat, are out of range or more than the candidates to draw
        from; if weights are negative or all zero.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` passes were made and the last one still swapped medoids.

    Notes
    -----
    The result is exact: one-byte lower bounds rule candidates out, and what they leave
    is evaluated in full. Sums are taken in float64, and a swap must lower the loss
    by :math:`10^{-12}` of it. A number that stands for "out of reach" should therefore
    not exceed the other entries by more than about :math:`10^9`.

    See Also
    --------
    skextras.cluster.KMedoids : The estimator, from features or dissimilarities.

    References
    ----------
    .. [1] E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering: O(k)
       runtime improvement of the PAM, CLARA, and CLARANS algorithms", Information
       Systems 101, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.cluster import fasterpam
    >>> x = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0])
    >>> result = fasterpam(abs(x[:, None] - x), medoids=[0, 1])
    >>> result.medoid_indices
    array([4, 1])
    >>> result.labels
    array([1, 1, 1, 0, 0, 0], dtype=int32)
    >>> result.loss
    4.0
    """
    distances = as_square(distances, "distances")
    n_samples = len(distances)
    order = np.arange(n_samples) if order is None else order
    order = check_indices(order, "order", n_samples)
    medoids = _check_medoids(medoids, order, n_samples, random_state)
    weight = check_weights(sample_weight, n_samples)
    max_iter = check_number(max_iter, "max_iter", 1)
    symmetry = not assume_symmetric
    if len(medoids) == 1:
        limit = largest_allowed(weight, distances.dtype)
        given = check_dissimilarities(
            distances, "distances", symmetry=symmetry, limit=limit
        )
        doubt_dissimilarities(given.rows, given.points, "distances")
        rows = HeldRows(given.rows, given.points)
        found = single_medoid(rows, medoids, weight, order)
    else:
        state, given = _check_and_encode(distances, medoids, weight, order, symmetry)
        found = optimize(state, max_iter)
    if not found.converged:
        warn_not_converged("fasterpam", max_iter)
    result = FasterPAMResult(*found[:5])
    return result if given.is_exact else _read_anew(distances, result, weight)


def _check_and_encode(distances, medoids, weight, order, symmetry):
    """Check the matrix and prepare the swaps, reading it once if it is symmetric."""
    matrix, codes = in_memory_order(distances), None
    limit = largest_allowed(weight, distances.dtype)
    kind, *_ = find_fault(matrix[medoids], limit=limit)
    if not kind:  # these choose the steps of the codes
        state = _swap_state(matrix, matrix, medoids, weight, order)
        codes = state.codes
    given = check_dissimilarities(
        distances, "distances", symmetry=symmetry, codes=codes, limit=limit
    )
    doubt_dissimilarities(given.rows, given.points, "distances")
    if given.rows is given.points:
        codes.complete = True
        return state, given
    return _swap_state(given.rows, given.points, medoids, weight, order), given


def _read_anew(distances, result, weight):
    """Compute labels and loss in the right triangle of a nearly symmetric matrix."""
    medoids = result.medoid_indices
    to_medoids = distances[:, medoids]
    nearest = to_medoids.min(axis=1)
    labels = to_medoids.argmin(axis=1).astype(np.int32)
    slots = np.arange(len(medoids), dtype=np.int32)
    own = to_medoids[medoids, slots] <= nearest[medoids]
    labels[medoids[own]] = slots[own]
    loss = float(weight @ nearest.astype(np.float64))
    return result._replace(labels=labels, loss=loss)


def _swap_state(rows, points, medoids, weight, order):
    rows = HeldRows(rows, points)
    return SwapState(rows, medoids, weight, Codes(rows, weight, order))


def warn_not_converged(name, max_iter):
    """Tell that the passes ended before the swaps did."""
    warn(
        f"{name} made all of its max_iter={max_iter} passes and the last one still "
        "swapped medoids: raise max_iter for a local optimum.",
        ConvergenceWarning,
    )


def _check_medoids(medoids, order, n_samples, random_state):
    """Return starting medoids as distinct indices, drawn from ``order`` if at all."""
    if np.ndim(medoids) == 0:
        n_medoids = check_number(medoids, "medoids", 1, n_samples)
        if n_medoids > len(order):
            raise ValueError(
                f"medoids={n_medoids} must not exceed the {len(order)} candidates in "
                "order: ask for fewer medoids, or give more candidates."
            )
        rng = check_random_state(random_state)
        return order[rng.choice(len(order), n_medoids, replace=False)]
    return check_indices(medoids, "medoids", n_samples)


def check_indices(indices, name, n_samples):
    """Return ``indices`` as integers: one-dimensional, in range, without repeats."""
    indices = np.asarray(indices)
    if indices.dtype == object:
        indices = np.array(indices.tolist())
    if indices.ndim != 1 or len(indices) == 0 or indices.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be a non-empty list of integer indices, got an array of "
            f"shape {indices.shape} and type {indices.dtype}."
        )
    outside = indices[(indices < 0) | (indices >= n_samples)]
    if len(outside):
        raise ValueError(
            f"{name} holds the index {outside[0]}: with {n_samples} samples, indices "
            f"go from 0 to {n_samples - 1}."
        )
    values, counts = np.unique(indices, return_counts=True)
    if counts.max() > 1:
        raise ValueError(
            f"{name} holds the index {values[counts.argmax()]} {counts.max()} times: "
            "give distinct points."
        )
    return indices.astype(np.intp)
