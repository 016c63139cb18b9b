"""One-byte codes of dissimilarities, from which lower bounds follow."""

import numpy as np

from skextras.cluster._medoids import _bound_kernels

#: The steps are chosen such that a point's second medoid can go farther by this factor.
_HEADROOM = 1.25
#: Codes are made a little smaller than exact ones, for the rounding of a product and
#: for matrices that are symmetric up to rounding.
_SAFETY = 1 - 4e-6


class Codes:
    """One byte per point and candidate: lower bounds of the dissimilarities.

    A point's codes count steps of its own; a step, times the weight of the point, is
    ``unit`` times a power of 4, the point's class. Candidates lie in the order in which
    they are tried, or in their own if all are judged before each swap (not ``eager``).
    """

    def __init__(self, rows, weight, order, *, eager=True):
        self.rows, self.weight = rows, weight
        self.rank = np.empty(rows.n_candidates, dtype=np.intp)
        self.rank[order] = np.arange(len(order))
        self.order = order if eager else np.sort(order)
        self.natural = np.array_equal(self.order, np.arange(len(order)))
        self.complete = False
        n, lanes = rows.n_points, _bound_kernels.LANES
        self.tiles = aligned((-(-len(order) // lanes), n, lanes), np.uint8)
        self.n_classes = 1  # as many as leave sums of n points below 2**31
        while n * 255 * 4**self.n_classes < 2**31 and self.n_classes < 5:
            self.n_classes += 1
        self.classes = self.unit = None

    def calibrate(self, ds):
        """Choose the steps such that levels up to ``ds`` fit."""
        ds = np.maximum(ds, _least_step(ds.dtype))
        reach = self.weight * ds * (_HEADROOM / _bound_kernels.LEVEL_MAX)
        spare = 1 if self.n_classes > 1 else 0  # for points whose ``ds`` grows
        self.unit = reach.max() / 4.0 ** (self.n_classes - 1 - spare)
        if not self.unit > 0:
            self.unit = 1.0
        self._classify(reach)
        self.complete = False

    def extend(self, ds):
        """Choose longer steps for those points whose levels do not fit any more."""
        ds = np.maximum(ds, _least_step(ds.dtype))
        reach = self.weight * ds / _bound_kernels.LEVEL_MAX
        if self.unit is None or reach.max() > self.unit * 4.0 ** (self.n_classes - 1):
            self.calibrate(ds)
            return
        before = self.classes
        self._classify(np.maximum(reach * _HEADROOM, self.unit * 4.0**before))
        if self.complete:
            for o in np.flatnonzero(self.classes != before):
                self.encode(o, o + 1)

    def _classify(self, reach):
        with np.errstate(divide="ignore", over="ignore"):
            classes = np.ceil(np.log2(reach / self.unit) / 2)
            self.classes = np.clip(classes, 0, self.n_classes - 1)
            self.inverse = self.weight / (self.unit * 4.0**self.classes)
        dtype = self.rows.dtype
        scale = np.minimum(self.inverse * _SAFETY, np.finfo(dtype).max)
        self.scale = scale.astype(dtype)

    def encode(self, start, stop):
        """Fill in the points start..stop."""
        self.rows.encode(self.order, self.natural, self.scale, self.tiles, start, stop)

    def arrays(self):
        """Arguments of the kernel that codes the entries of a matrix."""
        matrix = self.rows.by_point
        return matrix, self.order, self.natural, self.scale, self.tiles

    def finish(self):
        """Fill in all points, unless that is done."""
        if not self.complete:
            self.encode(0, self.rows.n_points)
            self.complete = True


def _least_step(dtype):
    """Return a dissimilarity so small that shorter steps are no use, nor finite."""
    return dtype.type(2.0 ** (np.finfo(dtype).minexp + 20))


def aligned(shape, dtype):
    """Return an empty array that begins at a cache line."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(n_bytes + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(dtype).reshape(shape)
