"""Ways to sum up a kernel over all points, for many queries, with a stated error."""

from copy import copy
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.metrics import pairwise_distances

from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    map_row_blocks,
    row_blocks,
)
from skextras.neighbors._density import _tile_kernels as kernels
from skextras.neighbors._density import _tree

_ITEMS = 2**19  # values of x that a thread holds at a time


class Points(NamedTuple):
    """Scaled points; ``log_weight`` of each, and its scale u: x = u |q - p|^2.

    ``owner`` is the training row that each stands for: with boundaries, rows have
    images.
    """

    rows: np.ndarray
    log_weight: np.ndarray
    scale: np.ndarray
    owner: np.ndarray


class Answer(NamedTuple):
    """Per query: log of the sum, and what its terms, as weights, are like.

    ``moment`` is their mean of x, ``entropy`` theirs, ``concentration`` the sum of
    their squares, ``largest`` the largest of them. With kernels that end, entropy and
    largest are not those of the terms.
    """

    log_sum: np.ndarray
    moment: np.ndarray
    entropy: np.ndarray
    concentration: np.ndarray
    largest: np.ndarray


def log_error(rtol):
    """Log of the share of a sum that may be left out; rounding takes more than none."""
    return np.log(max(rtol, 2.0**-56))


def new_sums(m, profile):
    """Return sums of m queries without terms, in the columns of the kernels."""
    sums = np.zeros((m, 5))
    if not profile.is_compact:
        sums[:, kernels.SHIFT] = -np.inf
    return sums


def no_answer(m):
    """Return an ``Answer`` for m queries that is yet to be filled."""
    return Answer(np.full(m, -np.inf), *np.full((4, m), np.nan))


def answer_of(sums, order=None):
    """Return the ``Answer`` that sums make; ``order`` tells the query of each row."""
    answer = no_answer(len(sums))
    rows = np.flatnonzero(sums[:, kernels.TOTAL] > 0)
    some = rows if order is None else order[rows]
    shift, total, moment, energy, square = sums[rows].T
    answer.log_sum[some] = shift + np.log(total)
    with np.errstate(over="ignore", invalid="ignore"):  # x may be infinite
        answer.moment[some] = moment / total
        answer.entropy[some] = answer.log_sum[some] - energy / total
        answer.concentration[some] = square / total**2
        answer.largest[some] = 1 / total
    return answer


class Tiles:
    """Points in the leaves of a k-d tree; what is too far to count is left out.

    Exact up to a share ``rtol`` of each sum, whatever the data.
    """

    name = "tile"

    def __init__(self, points, profile, order=None):
        self.profile, self.n_points = profile, len(points.rows)
        if order is None:
            order = _tree.kd_order(points.rows, kernels.LEAF)
        self.order = order
        self.leaves = _tree.leaves(points, self.order)
        self.log_total = logsumexp(points.log_weight)

    def weighted(self, log_weight):
        """Return an engine for the same points with other weights."""
        other = copy(self)
        n = self.n_points
        values = np.full(len(self.leaves.log_weight), -np.inf)
        values[:n] = log_weight[self.order]
        plain = np.zeros_like(self.leaves.plain)
        other.leaves = self.leaves._replace(log_weight=values, plain=plain)
        other.log_total = logsumexp(log_weight)
        return other

    def sum(self, Q, *, rtol, floor=-np.inf, own=None, n_jobs=None, all_terms=False):
        """Sum up the kernel at the rows of Q.

        ``floor`` is the log of what may be left out of any sum. ``own`` is the training
        row that each query leaves out.
        """
        order = _tree.query_order(Q)
        own = np.full(len(Q), -1) if own is None else own[order]
        queries = _tree.filled_up(Q[order])
        size, queries = queries.shape[1], queries.reshape(-1)
        sums = new_sums(len(Q), self.profile)
        options = self.profile.code, self.log_total, log_error(rtol), floor, all_terms

        def work(start, stop):
            kernels.add_tiles(
                start, stop, queries, size, self.leaves, own, sums, *options
            )

        n_tiles = -(-len(Q) // kernels.TILE)
        map_row_blocks(work, n_tiles, n_jobs=n_jobs, min_rows=2)
        return answer_of(sums, order)


class Rows:
    """All pairs, from a function that gives x of some queries and all points."""

    name = "brute"

    def __init__(self, points, profile, squares):
        self.points, self.profile, self.squares = points, profile, squares

    def weighted(self, log_weight):
        """Return an engine for the same points with other weights."""
        points = self.points._replace(log_weight=log_weight)
        return Rows(points, self.profile, self.squares)

    def x(self, Q, own=None):
        """Return x of queries and all points; infinite of the training rows ``own``."""
        x = self.squares(Q)
        x *= self.points.scale
        if own is not None:
            x[self.points.owner == own[:, None]] = np.inf
        return x

    def blocks(self, m):
        """Return blocks of m queries of which x is to be held at a time."""
        return row_blocks(m, max(1, _ITEMS // len(self.points.rows)))

    def sum(self, Q, *, rtol, floor=-np.inf, own=None, factors=None, n_jobs=None,
            all_terms=False):  # fmt: skip
        """Sum up the kernel at the rows of Q: see ``Tiles.sum``; nothing is left out.

        ``factors`` multiply the bandwidth of all points for each query.
        """
        sums = new_sums(len(Q), self.profile)

        def work(start, stop):
            x = self.x(Q[start:stop], None if own is None else own[start:stop])
            if factors is not None:
                x /= factors[start:stop, None] ** 2
            kernels.add_rows(
                start, stop, x, self.points.log_weight, sums, self.profile.code
            )

        with blas_on_one_thread():
            map_blocks(work, self.blocks(len(Q)), n_jobs=n_jobs)
        return answer_of(sums)


class Differences:
    """Squared distances by differences."""

    def __init__(self, rows):
        self.rows = rows

    def __call__(self, Q):
        if self.rows.shape[1] == 0:
            return np.zeros((len(Q), len(self.rows)))
        return cdist(Q, self.rows, "sqeuclidean")


class Metric:
    """Squared distances of another metric, in units of the bandwidth."""

    def __init__(self, rows, sample, scale):
        self.rows, self.width = rows, float(scale.widths[0])
        self.metric, self.params = sample.metric, sample.metric_params or {}

    def __call__(self, Q):
        x = pairwise_distances(Q, self.rows, metric=self.metric, **self.params)
        x = np.array(x, dtype=np.float64)
        with np.errstate(over="ignore"):  # what is infinitely far away does not count
            x /= self.width
            return np.square(x, out=x)
