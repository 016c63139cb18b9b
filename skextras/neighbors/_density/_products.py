"""All pairs of queries and points, by products of matrices."""

from copy import copy
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from skextras._lanes_kernels import BLOCK
from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    raise_if_stopped,
    row_blocks,
)
from skextras.neighbors._density import _engines, _tree
from skextras.neighbors._density import _product_kernels as kernels
from skextras.neighbors._density._tile_kernels import GAUSSIAN, TOTAL

_TILE = 512  # points of a product
_QUERIES = 256  # queries of a product
_SAFE_NORM = 1e5  # squared norm up to which products keep 1e-11 of x
_SINGLE = 2.0**-24  # relative error of a number in single precision
_LARGEST = 0.02  # error of an exponent up to which single precision is worth it
_OF_SINGLE = 1e-5  # further relative error of a term: its exponential
_DENSE = 1 / 8  # share of pairs in double precision from which all may be


class Products:
    """Squared distances from inner products, unless their digits cancel."""

    def __init__(self, rows):
        self.rows = rows
        self.norms = np.einsum("ij,ij->i", rows, rows)
        self.most = self.norms.max(initial=0)

    def are_safe(self, Q):
        """Tell if products keep enough digits; return the squared norms of Q, too."""
        norms = np.einsum("ij,ij->i", Q, Q)
        return max(norms.max(initial=0), self.most) < _SAFE_NORM, norms

    def __call__(self, Q):
        are_safe, norms = self.are_safe(Q)
        if not are_safe:
            return cdist(Q, self.rows, "sqeuclidean")
        x = Q @ self.rows.T
        kernels.finish_squares(x, norms, self.norms)
        return x


class _Tile(NamedTuple):
    """Points less their center, filled up to whole blocks: ``kernels.Single``.

    ``radius`` is the largest distance from the center, ``least`` and ``most`` are the
    smallest and the largest scale, ``largest`` is the largest size of a log weight;
    ``is_plain`` tells if all weights and scales are 1.
    """

    rows: np.ndarray
    rows32: np.ndarray
    norms: np.ndarray
    single: kernels.Single
    center: np.ndarray
    radius: float
    least: float
    most: float
    largest: float
    is_plain: bool

    @classmethod
    def of(cls, points):
        """Return a tile of some points."""
        n = len(points.rows)
        more = -n % BLOCK
        center = points.rows.mean(axis=0)
        rows = np.pad(points.rows - center, ((0, more), (0, 0)))
        norms = np.einsum("ij,ij->i", rows, rows)
        radius = float(np.sqrt(norms.max()))
        norms[n:] = np.inf
        with np.errstate(over="ignore"):  # single precision is not asked there
            rows32, norms32 = rows.astype(np.float32), norms.astype(np.float32)
        scale = np.pad(points.scale, (0, more), constant_values=1.0)
        log_weight = np.pad(points.log_weight, (0, more), constant_values=-np.inf)
        single = kernels.Single(
            norms32=norms32,
            log_weight32=log_weight.astype(np.float32),
            scale32=scale.astype(np.float32),
            rows=_tree.filled_up(rows).reshape(-1),
            log_weight=log_weight,
            scale=scale,
            owner=np.pad(points.owner, (0, more), constant_values=-1),
        )
        return cls(
            rows=rows, rows32=rows32, norms=norms, single=single,
            center=center, radius=radius, least=scale[:n].min(), most=scale[:n].max(),
            largest=_largest(points.log_weight),
            is_plain=not points.log_weight.any() and (points.scale == 1).all(),
        )  # fmt: skip

    def weighted(self, log_weight):
        """Return the tile with other weights."""
        values = np.full(len(self.norms), -np.inf)
        values[: len(log_weight)] = log_weight
        single = self.single._replace(
            log_weight=values, log_weight32=values.astype(np.float32)
        )
        largest = _largest(log_weight)
        return self._replace(single=single, largest=largest, is_plain=False)

    def single_error(self, norms):
        """Return bounds of the error of exponents in single precision at queries.

        Of an inner product it is (d + 3) units times both norms; sums of norms and
        products are rounded thrice.
        """
        far, d = np.sqrt(norms), self.rows.shape[1]
        units = (d + 3) * far * self.radius + 3 * (far + self.radius) ** 2
        return _SINGLE * (units * self.most + self.largest) + _OF_SINGLE


def _largest(logs):
    """Return the largest size of logs that are finite."""
    return float(abs(logs[logs > -np.inf]).max(initial=0.0))


class Gemm(_engines.Rows):
    """Tiles of points, by products of matrices with blocks of queries.

    What is left out is at most a share ``rtol`` of each sum. Products in single
    precision tell what is near enough to count, and sum up terms so small that their
    errors are below that share, too; others are computed in double precision.
    """

    name = "gemm"

    def __init__(self, points, profile):
        super().__init__(points, profile, Products(points.rows))
        self.order = _tree.kd_order(points.rows, _TILE)
        self.blocks_of_points = row_blocks(len(self.order), _TILE)
        self.tiles = [
            _Tile.of(_engines.Points(*(part[rows] for part in points)))
            for rows in (self.order[slice(*block)] for block in self.blocks_of_points)
        ]
        self.centers = np.array([tile.center for tile in self.tiles])
        self.log_total = logsumexp(points.log_weight)

    def weighted(self, log_weight):
        """Return an engine for the same points with other weights."""
        other = copy(self)
        other.points = self.points._replace(log_weight=log_weight)
        other.tiles = [
            tile.weighted(log_weight[self.order[slice(*block)]])
            for tile, block in zip(self.tiles, self.blocks_of_points, strict=True)
        ]
        other.log_total = logsumexp(log_weight)
        return other

    def sum(self, Q, *, rtol, floor=-np.inf, own=None, factors=None, n_jobs=None,
            all_terms=False):  # fmt: skip
        """Sum up the kernel at the rows of Q: see ``Tiles.sum``."""
        if factors is not None:
            options = {"rtol": rtol, "own": own, "n_jobs": n_jobs}
            return super().sum(Q, factors=factors, **options)
        order = _tree.kd_order(Q, _QUERIES)
        rows, sums = Q[order], _engines.new_sums(len(Q), self.profile)
        own = np.full(len(Q), -1) if own is None else own[order]
        log_half = _engines.log_error(rtol) - np.log(2)  # for pairs too far; for errors
        limits = self.profile.code, self.log_total, log_half, floor, all_terms

        def work(start, stop):
            block = _Block(rows[start:stop], own[start:stop], sums, start, limits)
            for number in block.by_distance(self.centers):
                block.add(self.tiles[number])
                raise_if_stopped()

        with blas_on_one_thread():
            map_blocks(work, row_blocks(len(Q), _QUERIES), n_jobs=n_jobs)
        return _engines.answer_of(sums, order)


class _Block:
    """Queries whose sums grow tile by tile."""

    def __init__(self, rows, own, sums, first, limits):
        self.rows, self.own, self.limits = rows, own, limits
        self.sums, self.first = sums, first
        self.can_be_single = limits[0] == GAUSSIAN and not limits[-1]
        self.is_dense = True  # the first tile: nothing tells yet what is near

    def by_distance(self, centers):
        """Return the numbers of the tiles, those with the nearest centers first."""
        apart = ((centers - self.rows.mean(axis=0)) ** 2).sum(axis=1)
        return np.argsort(apart, kind="stable")

    def add(self, tile):
        """Add the terms of a tile, unless all are too small to count."""
        with np.errstate(over="ignore"):
            self._add(tile)

    def _add(self, tile):
        local = self.rows - tile.center
        norms = np.einsum("ij,ij->i", local, local)
        reach = np.empty(len(local))
        stop = self.first + len(local)
        kernels.reaches(self.first, stop, self.sums, self.limits, reach)
        gap = np.maximum(np.sqrt(norms) - tile.radius, 0.0)
        if (gap**2 * tile.least > reach).all():
            return
        if self.can_be_single and not self.is_dense:
            error = tile.single_error(norms)
            if error.max() < _LARGEST and self.sums[self.first : stop, TOTAL].all():
                n_near = self._add_single(tile, local, norms, error)
                self.is_dense = n_near > _DENSE * local.shape[0] * len(tile.norms)
                return
        n_near = self._add_double(tile, local, norms)
        self.is_dense = n_near > 0.5 * local.shape[0] * len(tile.norms)

    def _add_single(self, tile, local, norms, error):
        products = (-2 * local).astype(np.float32) @ tile.rows32.T
        return kernels.add_single(
            products.reshape(-1), norms.astype(np.float32), -2 * np.log(2 * error),
            _tree.filled_up(local).reshape(-1), self.own, tile.single, tile.least,
            self.sums, self.first, self.limits,
        )  # fmt: skip

    def _add_double(self, tile, local, norms):
        others, single = tile.norms, tile.single
        if max(norms.max(), tile.radius**2) < _SAFE_NORM:
            products = local @ tile.rows.T
        else:
            products = cdist(local, tile.rows, "sqeuclidean") * -0.5
            norms, others = np.zeros(len(norms)), np.where(others < np.inf, 0.0, np.inf)
        return kernels.add_products(
            products, norms, others, single.log_weight, single.scale, single.owner,
            self.own, tile.is_plain, self.sums, self.first, self.limits,
        )  # fmt: skip
