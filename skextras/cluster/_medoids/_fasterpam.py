"""FasterPAM on a matrix of dissimilarities: the function layer."""

import warnings
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skextras._parallel import map_row_blocks
from skextras._validation import check_number, check_weights
from skextras.cluster._medoids import _build_kernels, _swap_kernels
from skextras.cluster._medoids._matrix import check_dissimilarities

#: Dissimilarities compared by one kernel call: an interrupt waits no longer than that.
_ITEMS_PER_CALL = 2**27
#: A swap must lower the loss by this fraction, so that rounding cannot make a cycle.
_TOL = 1e-12


class FasterPAMResult(NamedTuple):
    """Medoids found by :func:`fasterpam`, and what it cost to find them."""

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
    the ``medoids``, by exchanging one medoid for one other point at a time, until no
    exchange lowers it. Every exchange that helps is made at once. A pass costs one
    reading of the matrix, :math:`O(n^2)`, whatever the number of medoids; the memory
    beside the matrix is :math:`O(n k)`.

    Parameters
    ----------
    distances : array-like of shape (n_samples, n_samples)
        ``distances[o, j]`` is the dissimilarity of point ``o`` to candidate medoid
        ``j``; finite and not negative. It need not be symmetric. An F-ordered or
        symmetric float32 or float64 array is used as it is; another is copied.
    medoids : int or array-like of shape (n_medoids,) of int
        Indices of the medoids to start from, or their number, drawn at random.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each point in the loss. A point of weight 0 can still be a medoid.
    max_iter : int, default=300
        Maximum number of passes over all candidates.
    order : array-like of shape (n_candidates,) of int, default=None
        Candidates in the order in which they are tried; points that are left out can
        not become medoids. The default is ``0, 1, ..., n_samples - 1``.
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
        Number of exchanges.

    Raises
    ------
    ValueError
        If ``distances`` is not square, or has negative, infinite or missing entries;
        if ``medoids`` repeat or are out of range; if weights are negative or all zero.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` passes were made and the last one still exchanged medoids.

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
    array([1, 4])
    >>> result.labels
    array([0, 0, 0, 1, 1, 1])
    >>> result.loss
    4.0
    """
    rows = check_dissimilarities(distances, assume_symmetric=assume_symmetric)
    n_samples = rows.shape[0]
    medoids = _check_medoids(medoids, n_samples, random_state)
    weight = check_weights(sample_weight, n_samples)
    check_number(max_iter, "max_iter", 1)
    if order is None:
        order = np.arange(n_samples)
    else:
        order = check_indices(order, "order", n_samples)
    result, converged = optimize(rows, medoids, weight, order, max_iter)
    if not converged:
        warn_not_converged("fasterpam", max_iter)
    return result


def warn_not_converged(name, max_iter):
    """Tell that the passes ended before the swaps did."""
    warnings.warn(
        f"{name} made all of its max_iter={max_iter} passes and the last one still "
        "exchanged medoids: raise max_iter for a local optimum.",
        ConvergenceWarning,
        stacklevel=3,
    )


def optimize(rows, medoids, weight, order, max_iter, *, step=nullcontext):
    """Run FasterPAM on checked arrays; return its result and whether it converged.

    ``rows[j]`` are the dissimilarities of all points to candidate j, in one C-ordered
    array; ``step()`` is entered as a context around every pass.
    """
    if len(medoids) == 1:
        return _single_medoid(rows, medoids, weight, order, step), True
    state = _SwapState(rows, medoids, weight)
    stride = max(1, _ITEMS_PER_CALL // rows.shape[1])
    n_iter, last, converged = 0, -1, False
    while n_iter < max_iter and not converged:
        n_iter += 1
        with step():
            n_swap, loss = state.n_swap, state.refresh()
            for start in range(0, len(order), stride):
                stop = min(start + stride, len(order))
                last, closed = state.scan(order, start, stop, last)
                if closed:
                    break
            converged = state.n_swap == n_swap or state.loss >= loss
    loss = state.refresh()
    result = FasterPAMResult(state.medoids, state.near, loss, n_iter, state.n_swap)
    return result, converged


class _SwapState:
    """The arrays of the swap phase: see ``_swap_kernels`` for their meaning."""

    def __init__(self, rows, medoids, weight):
        n, k = rows.shape[1], len(medoids)
        self.rows, self.weight = rows, weight
        self.medoids = np.array(medoids, dtype=np.intp)
        self.is_medoid = np.zeros(len(rows), dtype=bool)
        self.is_medoid[self.medoids] = True
        self.table = np.empty((n, k), dtype=rows.dtype)
        self.keys = self.table.view(f"i{rows.dtype.itemsize}")
        self.near, self.second = np.empty((2, n), dtype=np.int32)
        self.dn, self.ds = np.empty((2, n), dtype=rows.dtype)
        self.removal = np.empty(k)
        self.n_swap, self.loss = 0, np.inf
        caches = (self.near, self.second, self.dn, self.ds)
        _swap_kernels.fill_table(rows, self.medoids, self.table, 0, n)
        _swap_kernels.fill_caches(self.table, *caches, 0, n)
        _swap_kernels.own_slots(self.table, self.medoids, *caches)

    def refresh(self):
        """Recompute the loss and the removal losses, which swaps only update."""
        self.loss = _swap_kernels.sum_losses(
            self.near, self.dn, self.ds, self.weight, self.removal
        )
        return self.loss

    def scan(self, order, start, stop, last):
        """Try some candidates; return the last swapped one and if a round is closed."""
        last, self.loss, n_swap, closed = _swap_kernels.scan(
            self.rows, order, start, stop, last, self.loss, _TOL, True,
            self.medoids, self.is_medoid, self.table, self.keys, self.near, self.second,
            self.dn, self.ds, self.weight, self.removal,
        )  # fmt: skip
        self.n_swap += n_swap
        return last, closed


def _single_medoid(rows, medoids, weight, order, step):
    """Find the one medoid with the smallest sum: no swaps needed."""
    with step():
        sums = row_sums(rows, weight)
        best = order[np.argmin(sums[order])]
        if not sums[best] < sums[medoids[0]] * (1 - _TOL):
            best = medoids[0]
    labels = np.zeros(rows.shape[1], dtype=np.int32)
    swapped = int(best != medoids[0])
    return FasterPAMResult(np.array([best]), labels, float(sums[best]), 1, swapped)


def row_sums(rows, weight, n_jobs=None):
    """Weighted sum of every row: the loss of each candidate alone."""
    sums = np.empty(len(rows))
    map_row_blocks(
        lambda start, stop: _build_kernels.row_sums(rows, weight, sums, start, stop),
        len(rows),
        n_jobs=n_jobs,
    )
    return sums


def build(rows, n_medoids, weight, *, n_jobs=None, step=nullcontext):
    """Choose medoids by PAM's BUILD: the best first one, then the largest gains.

    Exact, yet a gain is computed anew only when its old value, an upper bound, is the
    largest one: 2.5 to 6 readings of the matrix instead of one per medoid. Ties go to
    the smaller index. Fewer than ``n_medoids`` come back where no further one lowers
    the loss.
    """
    medoids = np.empty(n_medoids, dtype=np.intp)
    with step():
        medoids[0] = np.argmin(row_sums(rows, weight, n_jobs))
        dn = rows[medoids[0]].copy()
        gain = np.empty(len(rows))
        map_row_blocks(
            lambda low, high: _build_kernels.gains(rows, dn, weight, gain, low, high),
            len(rows),
            n_jobs=n_jobs,
        )
        index = np.delete(np.arange(len(rows)), medoids[0])
        gain = gain[index]
        _build_kernels.heapify(gain, index)
        stamp = np.ones(len(rows), dtype=np.intp)
        n_chosen, size, exhausted = 1, len(index), False
        budget = max(1, _ITEMS_PER_CALL // rows.shape[1])
        while n_chosen < n_medoids and not exhausted:
            n_chosen, size, exhausted = _build_kernels.extend(
                rows, weight, dn, gain, index, size, stamp, medoids, n_chosen, budget
            )
    return medoids[:n_chosen]


def _check_medoids(medoids, n_samples, random_state):
    """Return starting medoids as distinct indices."""
    if np.ndim(medoids) == 0:
        check_number(medoids, "medoids", 1, n_samples)
        rng = check_random_state(random_state)
        return rng.choice(n_samples, int(medoids), replace=False)
    return check_indices(medoids, "medoids", n_samples)


def check_indices(indices, name, n_samples):
    """Return ``indices`` as integers: one-dimensional, in range, without repeats."""
    indices = np.asarray(indices)
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
