"""Dissimilarities between points and candidate medoids: held, or made when needed."""

from copy import copy

import numpy as np

from skextras._callbacks import unseen
from skextras._pairwise import _square_kernels
from skextras._pairwise._distances import nearest
from skextras._parallel import map_blocks, map_row_blocks, row_blocks
from skextras.cluster._medoids import _build_kernels
from skextras.cluster._medoids._codes import Codes
from skextras.cluster._medoids._swaps import SwapState

_ITEMS_PER_BLOCK = 2**22  # dissimilarities that are made at a time
_LEAST_BLOCKS = 16  # in which to make those of all pairs


class Rows:
    """Dissimilarities of ``n_points`` points to ``n_candidates`` candidates.

    A row belongs to a candidate. What holds or makes them defines ``take`` and
    ``blocks``; where more is known, it does the others in a better way.
    """

    n_candidates: int
    n_points: int
    dtype: np.dtype
    n_jobs: int | None = None
    storage = "none"  # "matrix" if all are held, "sparse" if some are

    @property
    def is_held(self):
        """Tell if ``matrix`` holds all of them, by rows."""
        return self.storage == "matrix"

    def take(self, candidates, points=None):
        """Rows of some candidates, for all points or for some."""
        raise NotImplementedError

    def blocks(self):
        """Yield (candidates, rows) until all candidates were there."""
        raise NotImplementedError

    def hold(self, step=unseen):
        """Return all of them as ``HeldRows``, if they are not kept in another way."""
        return self

    def on_threads(self, n_jobs):
        """Return the same, worked on by ``n_jobs`` threads."""
        rows = copy(self)
        rows.n_jobs = n_jobs
        return rows

    def sums(self, weight):
        """Weighted sum of every row: the loss of each candidate as the only medoid."""
        return self._of_each(_build_kernels.row_sums, weight)

    def gains(self, dn, weight):
        """Loss that each candidate would save beside medoids at ``dn``."""
        return self._of_each(_build_kernels.gains, dn, weight)

    def ranked(self, weight):
        """Candidates by their sums: in an order that no order of the rows changes."""
        return np.argsort(self.sums(weight), kind="stable")

    def nearest(self, medoids):
        """Slot of the nearest medoid of each point, the first on ties; its distance."""
        to_medoids = self.take(medoids)
        return to_medoids.argmin(axis=0), to_medoids.min(axis=0)

    def swap_states(self, weight, candidates, *, eager):
        """Return a function of the starting medoids: the state of swaps, see there.

        ``candidates`` are all points, as they are tried; they are tried one by one if
        ``eager``, else all before each swap.
        """
        codes = Codes(self, weight, candidates, eager=eager)
        return lambda medoids: SwapState(self, medoids, weight, codes)

    def _of_each(self, kernel, *arrays):
        """Return one number for each candidate; blocks of rows on threads."""
        out = np.empty(self.n_candidates)
        for candidates, block in self.blocks():
            part = np.empty(len(block))

            def task(low, high, block=block, part=part):
                kernel(block, *arrays, part, low, high)

            map_row_blocks(task, len(block), n_jobs=self.n_jobs)
            out[candidates] = part
        return out


class HeldRows(Rows):
    """Two matrices: ``matrix[j, o]`` and ``by_point[o, j]`` belong to candidate j."""

    storage = "matrix"

    def __init__(self, matrix, by_point, n_jobs=None):
        self.matrix, self.by_point, self.n_jobs = matrix, by_point, n_jobs
        self.n_candidates, self.n_points = matrix.shape
        self.dtype = matrix.dtype

    @property
    def is_symmetric(self):
        """Tell if both are one."""
        return self.by_point is self.matrix

    def take(self, candidates, points=None):
        """Rows of some candidates, for all points or for some."""
        if points is None:
            return self.matrix[candidates]
        return self.matrix[np.ix_(candidates, points)]

    def part(self, points):
        """Those between some of the points."""
        square = np.ix_(points, points)
        matrix = self.matrix[square]
        by_point = matrix if self.is_symmetric else self.by_point[square]
        return HeldRows(matrix, by_point, self.n_jobs)

    def blocks(self):
        """Yield (candidates, rows): all at once."""
        yield slice(0, self.n_candidates), self.matrix

    def encode(self, order, natural, scale, tiles, start, stop):
        """Fill in the codes of the points start..stop."""

        def fill(low, high):
            low, high = start + low, start + high
            _square_kernels.encode(
                self.by_point, order, natural, scale, tiles, 0, low, high
            )

        map_blocks(fill, row_blocks(stop - start, 256), n_jobs=self.n_jobs)


class ComputedRows(Rows):
    """Symmetric dissimilarities of a ``Computer``, never all at once."""

    def __init__(self, computer):
        self.computer, self.n_jobs = computer, computer.n_jobs
        self.n_candidates = self.n_points = computer.n_rows
        self.dtype = computer.dtype

    def take(self, candidates, points=None):
        """Rows of some candidates, for all points or for some."""
        return self.computer.between(candidates, points)

    def part(self, points):
        """Those between some of the points."""
        return ComputedRows(self.computer.part(points)).hold()

    def blocks(self):
        """Yield (candidates, rows) until all candidates were there."""
        for start, stop in row_blocks(self.n_candidates, self._block_size()):
            yield slice(start, stop), self.computer.between(slice(start, stop))

    def _block_size(self):
        """Rows that are made at a time."""
        n = self.n_points
        return max(1, min(_ITEMS_PER_BLOCK // n, n // _LEAST_BLOCKS))

    def nearest(self, medoids):
        """Slot of the nearest medoid of each point, the first on ties; its distance."""
        slots = np.empty(self.n_points, dtype=np.intp)
        distances = np.empty(self.n_points, dtype=self.dtype)
        size = max(1, _ITEMS_PER_BLOCK // len(medoids))
        for start, stop in row_blocks(self.n_points, size):
            part = self.computer.between(slice(start, stop), medoids)
            slots[start:stop], distances[start:stop] = nearest(part)
        return slots, distances

    def hold(self, step=unseen):
        """Make all of them, as the part ``step`` of a fit."""
        matrix = self.computer.square(step)
        return HeldRows(matrix, matrix, self.n_jobs)

    def encode(self, order, natural, scale, tiles, start, stop):
        """Fill in the codes of the points start..stop."""
        for low, high in row_blocks(stop - start, self._block_size()):
            low, high = start + low, start + high
            block = self.computer.between(slice(low, high))

            def fill(first, last, block=block, low=low):
                _square_kernels.encode(
                    block, order, natural, scale, tiles, low, low + first, low + last
                )

            map_row_blocks(fill, high - low, n_jobs=self.n_jobs, min_rows=64)
