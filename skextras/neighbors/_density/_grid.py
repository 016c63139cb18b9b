r"""Normal kernels of few features, summed up by their Fourier series.

Points are spread to a regular grid with a Kaiser-Bessel window, the grid is multiplied
by the kernel's Fourier coefficients, and gathered at the queries with the same window:
a nonuniform fast Fourier transform there and back [1]_. The error of each sum is at
most ``ERROR`` times the features and the total weight, measured over all places of
point and query between items of the grid; queries of which the sum is too small for
that are handed on.

References
----------
.. [1] A. Dutt and V. Rokhlin, "Fast Fourier transforms for nonequispaced data", SIAM
   Journal on Scientific Computing 14, 1993.
"""

from functools import cache, cached_property

import numpy as np
from numpy.polynomial import chebyshev
from scipy.fft import irfftn, next_fast_len, rfft, rfftn
from scipy.special import i0

from skextras._parallel import map_blocks, map_row_blocks, n_threads
from skextras.neighbors._density import _engines
from skextras.neighbors._density._grid_kernels import (
    DEGREE,
    WIDTH,
    gather,
    spread,
    windows,
)

ERROR = 2e-14  # of each sum of weight 1, for each feature
_LOG_CUT = 32.0  # log of the Fourier coefficient up to which they are kept
_BETA = 2.15 * WIDTH  # shape of the window
_MARGINS = 8.1, 8.1, 1.5  # bandwidths around the points in which queries may lie
_WINDOW = 6.6  # bandwidths that a window is wide, at most
REACH = 8.1  # bandwidths at which a kernel is less than the error
_MOST_ITEMS = 2**25
_PARTS = 8  # of the points of one or two features, spread side by side
_SMALL = 2**18  # items of a grid of which each part may have its own
_CELL = 8  # items along each side of a cell of points
_FEW = 64  # queries that are worth no tree


@cache
def _table():
    """Polynomials of the window, highest power first, one for each item."""
    nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1)) / 2
    items = np.arange(WIDTH) - (WIDTH // 2 - 1)
    z = items - (nodes[:, None] + 0.5)
    values = i0(_BETA * np.sqrt(np.maximum(1 - (2 * z / WIDTH) ** 2, 0))) / i0(_BETA)
    fit = chebyshev.chebfit(2 * nodes, values, DEGREE)
    powers = np.zeros_like(fit)
    for column, out in zip(fit.T, powers.T, strict=True):
        power = chebyshev.cheb2poly(column)  # less than all where the highest are 0
        out[: len(power)] = power * 2.0 ** np.arange(len(power))
    return powers[::-1].ravel()


def extent(rows):
    """Return the smallest and the largest value of each column."""
    columns = rows.T  # one by one: numpy is slow along many short rows
    return np.array([(x.min(), x.max()) for x in columns]).reshape(-1, 2).T


def lengths(low, high):
    """Return the period and the number of items of each axis of a grid for points.

    Images of the points are farther than the reach from queries within the margin, and
    windows of points and queries end before the grid does.
    """
    margin = _MARGINS[len(low) - 1]
    period = high - low + max(margin + REACH, 2 * margin + _WINDOW)
    with np.errstate(over="ignore"):
        items = np.ceil(period * np.sqrt(2 * _LOG_CUT) / np.pi) + 1
    return period, items


def _window_waves(k, items):
    """Fourier transform of the window at k waves over the items of a grid."""
    inside = (np.pi * WIDTH * k / items) ** 2
    root = np.sqrt(np.abs(_BETA**2 - inside))
    values = np.where(inside < _BETA**2, np.sinh(root), np.sin(root)) / root
    return values * WIDTH / i0(_BETA)


def _coefs(period, items):
    """Fourier coefficients of the kernel, divided by those of the window, twice."""
    k = np.fft.fftfreq(items, 1 / items)
    kernel = np.exp(-((2 * np.pi * k / period) ** 2) / 2) * np.sqrt(2 * np.pi)
    return items / period * kernel / _window_waves(k, items) ** 2


def fourier(x, weight, period, count):
    """Return the sums of w exp(-2 pi i k x / period) for k = 0..count."""
    items = next_fast_len(max(4 * count, 2 * WIDTH), real=True)
    places = np.mod(x / period, 1.0) * items + WIDTH // 2
    grid = np.zeros(items + 2 * WIDTH)
    shape = np.array([1, 1, len(grid)])
    spread(np.arange(len(x)), places[:, None], weight, _table(), grid, shape)
    line = grid[:items].copy()
    line[: 2 * WIDTH] += grid[items:]
    k = np.arange(count + 1)
    turn = np.exp(2j * np.pi * k * (WIDTH // 2) / items)
    return rfft(line)[: count + 1] * turn / _window_waves(k, items)


def _spread(places, weight, shape, n_jobs):
    """Return a grid with all points: see the kernel ``spread``."""
    table, sizes = _table(), np.array(shape)

    def add(rows, grid):
        spread(rows, places, weight, table, grid, sizes)

    if places.shape[1] < 3:
        parts = np.array_split(np.arange(len(places)), _PARTS)
        grids = np.zeros((_PARTS if sizes.prod() < _SMALL else 1, sizes.prod()))
        blocks = [(rows, grids[k % len(grids)]) for k, rows in enumerate(parts)]
        map_blocks(add, blocks, n_jobs=n_jobs if len(grids) > 1 else 1)
        return grids.sum(axis=0).reshape(shape)
    grid = np.zeros(sizes.prod())
    for turn in _by_cell(places):
        map_blocks(add, [(rows, grid) for rows in turn], n_jobs=n_jobs)
    return grid.reshape(shape)


def _by_cell(places):
    """Yield turns of points, cell by cell, so that items stay in the cache.

    Columns of cells are as thick as a window. Those of even and of odd numbers along
    the first and the second axis are four turns, so that no two columns of a turn write
    to the same item.
    """
    cells = (places / _CELL).astype(np.int64)
    column = cells[:, :2] // (WIDTH // _CELL)
    parts = *column.T, *cells.T
    sides = [part.max() + 1 for part in parts]
    order = np.argsort(np.ravel_multi_index(parts, sides))
    starts = np.flatnonzero(np.diff(column[order], axis=0, prepend=-1).any(axis=1))
    odd = column[order[starts]] % 2 @ (1, 2)
    columns = np.split(order, starts[1:])
    for turn in range(4):
        yield [columns[k] for k in np.flatnonzero(odd == turn)]


class Grid:
    """Points on a grid, of normal kernels that are equally wide; at most 3 features."""

    name = "grid"

    def __init__(self, points, profile, ends, n_jobs=None):
        self.points, self.profile = points, profile
        rows, workers = points.rows, n_threads(n_jobs)
        self.low, self.high = ends
        self.margin = _MARGINS[len(self.low) - 1]
        self.period, items = lengths(*ends)
        self.items = [next_fast_len(int(n), real=True) for n in items]
        self.steps = self.period / self.items
        shape = [1] * (3 - len(self.items)) + self.items
        weight = np.exp(points.log_weight)
        grid = _spread(self._places(rows), weight, shape, n_jobs)
        waves = rfftn(grid, overwrite_x=True, workers=workers)
        for a, (period, n) in enumerate(zip(self.period, self.items, strict=True)):
            axis = 3 - len(self.items) + a
            coefs = _coefs(period, n)[: waves.shape[axis]]
            waves *= coefs.reshape([-1 if axis == b else 1 for b in range(3)])
        self.grid = irfftn(waves, shape, overwrite_x=True, workers=workers)
        self.error = ERROR * len(self.items) * weight.sum()

    @cached_property
    def tiles(self):
        """The same points in tiles, for queries of which the error is too large."""
        return _engines.Tiles(self.points, self.profile)

    def _exact(self, m):
        """Return an engine for m queries of which the error is too large.

        For few of them, to look at all points takes less than to order these.
        """
        if m > _FEW or "tiles" in vars(self):
            return self.tiles
        differences = _engines.Differences(self.points.rows)
        return _engines.Rows(self.points, self.profile, differences)

    def _places(self, Q, features=slice(None)):
        """Return places on the grid, in items, of values of the features."""
        places = (Q - self.low[features] + self.margin) / self.steps[features]
        return places + WIDTH // 2

    def weighted(self, log_weight):
        """Return an engine for the same points with other weights."""
        points = self.points._replace(log_weight=log_weight)
        return Grid(points, self.profile, (self.low, self.high))

    def on_axes(self, axes):
        """Return the sums at all points of a regular grid, up to ``error`` each.

        Queries must not lie farther than the margin from the points.
        """
        shape = [len(axis) for axis in axes]
        values = self.grid.reshape(self.items)
        for a, axis in enumerate(axes):
            matrix = np.zeros((len(axis), self.items[a]))
            windows(self._places(axis, a), _table(), matrix)
            values = np.moveaxis(np.tensordot(matrix, values, (1, a)), 0, a)
        return np.maximum(values, 0.0).reshape(shape)

    def sum(self, Q, *, rtol, floor=-np.inf, own=None, n_jobs=None, all_terms=False):
        """Sum up the kernel at the rows of Q: see ``Tiles.sum``.

        Where a point is left out or ``all_terms`` count, the tiles sum up.
        """
        options = {"rtol": rtol, "floor": floor, "n_jobs": n_jobs}
        if own is not None or all_terms:
            return self.tiles.sum(Q, own=own, all_terms=all_terms, **options)
        near = (self.low - self.margin <= Q) & (self.high + self.margin >= Q)
        near = near.all(axis=1)
        places, values = self._places(Q[near]), np.zeros(len(Q))
        found = np.empty(len(places))
        grid, shape = self.grid.reshape(-1), np.array(self.grid.shape)

        def work(start, stop):
            gather(start, stop, places, _table(), grid, shape, found)

        map_row_blocks(work, len(places), n_jobs=n_jobs)
        values[near] = found
        allowed = np.maximum(rtol * values, np.exp(floor))
        few = np.flatnonzero(~(self.error <= allowed))
        with np.errstate(divide="ignore", invalid="ignore"):
            log_sum = np.log(values)
        if len(few):
            log_sum[few] = self._exact(len(few)).sum(Q[few], **options).log_sum
        return _engines.no_answer(len(Q))._replace(log_sum=log_sum)


def suits(points, ends, *, asked):
    """Tell if a grid can hold the points between these ends, and is likely to pay."""
    if np.ptp(points.scale) > 0:
        return False
    _, items = lengths(*ends)
    most = _MOST_ITEMS if asked else min(_MOST_ITEMS, 64 * len(points.rows) + 2**14)
    return bool(np.log(np.maximum(items, WIDTH)).sum() <= np.log(most))
