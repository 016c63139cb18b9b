"""Levels that hold a share of the mass, and densities on regular grids."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from skextras.neighbors._density import _calculus, _grid

_REACH = {"gaussian": 8.5, "exponential": 36.0}  # bandwidths around the points
_PER_WIDTH = 16  # points of a grid for each bandwidth
_MOST = {1: 2**20, 2: 2**21}  # points of a grid
_DRAWS = 100_000


class DensityGrid(NamedTuple):
    """Density on a regular grid.

    Attributes
    ----------
    axes : list of ndarray
        Values of each feature, ascending.
    density : ndarray of shape (n_points_1, n_points_2, ...)
        Density at ``density[i, j, ...]`` for ``axes[0][i]``, ``axes[1][j]``, ...
    """

    axes: list
    density: np.ndarray


def limits_of(density):
    """Return the ends of what is worth looking at, for each feature."""
    sample, bounds = density.sample, density.sample.boundaries
    X = sample.X
    reach = _REACH.get(sample.profile.name, 1.0) * density.scale.sides()
    if density.scale.per_sample is not None:
        reach = reach * density.scale.per_sample.max()
    low = np.maximum(X.min(axis=0) - reach, bounds.low)
    high = np.minimum(X.max(axis=0) + reach, bounds.high)
    for a in bounds.of("periodic"):
        low[a], high[a] = bounds.low[a], bounds.high[a]
    for a in bounds.of("transform"):
        reach = np.ptp(X[:, a]) + 1e-300
        low[a] = max(bounds.low[a], X[:, a].min() - reach)
        high[a] = min(bounds.high[a], X[:, a].max() + reach)
    return low, high


def on_axes(density, axes, *, rtol, n_jobs=None):
    """Return the density at all points of a regular grid."""
    engine = density.engine
    bounds, scale = density.sample.boundaries, density.scale
    plain = not bounds.of("periodic", "transform") and density.categories is None
    if isinstance(engine, _grid.Grid) and plain and scale.factor is None:
        scaled = [
            (axis - density.offset[a]) / scale.widths[a] for a, axis in enumerate(axes)
        ]
        inside = [
            (z >= engine.low[a] - engine.margin) & (z <= engine.high[a] + engine.margin)
            & (axes[a] >= bounds.low[a]) & (axes[a] <= bounds.high[a])
            for a, z in enumerate(scaled)
        ]  # fmt: skip
        values = np.zeros([len(axis) for axis in axes])
        part = engine.on_axes([z[keep] for z, keep in zip(scaled, inside, strict=True)])
        values[np.ix_(*inside)] = part * np.exp(density.log_const)
        if engine.margin < _grid.REACH:
            _fill(density, axes, inside, values, rtol, n_jobs)
        return values
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    logs = density.sums(mesh, rtol=rtol, n_jobs=n_jobs).log_sum
    return np.exp(logs).reshape([len(axis) for axis in axes])


def _fill(density, axes, inside, values, rtol, n_jobs):
    """Ask for the points of a grid that lie beyond the margin, one by one."""
    todo = np.ones(values.shape, dtype=bool)
    todo[np.ix_(*inside)] = False
    if not todo.any():
        return
    where = np.nonzero(todo)
    rows = np.stack([axis[i] for axis, i in zip(axes, where, strict=True)], axis=1)
    floor = np.finfo(float).eps * values.max(initial=0.0)
    answer = density.sums(rows, rtol=rtol, atol=floor, n_jobs=n_jobs)
    values[where] = np.exp(answer.log_sum)


def levels(density, shares, *, rng, n_jobs=None):
    """Return the densities above which shares of the mass lie."""
    d = density.sample.X.shape[1]
    if _is_one_kernel(density):
        return np.array([_of_one_kernel(density, share) for share in shares])
    if 1 <= d <= 2 and density.categories is None:
        found = _on_grid(density, shares, n_jobs)
        if found is not None:
            return found
    rows, codes = density.draw(_DRAWS, rng)
    logs = density.sums(rows, codes, n_jobs=n_jobs).log_sum
    return np.exp(np.quantile(logs, 1 - shares))


def _is_one_kernel(density):
    sample = density.sample
    one = (sample.X[0] == sample.X).all() and density.scale.per_sample is None
    return one and density.categories is None and not sample.boundaries.any


def _of_one_kernel(density, mass):
    sample, d = density.sample, density.sample.X.shape[1]
    end = _REACH.get(sample.profile.name, 1.0) + np.sqrt(d) * 3
    radius = brentq(
        lambda r: _calculus.radial_cdf(sample.profile, r, d) - mass, 0, 10 * end,
        xtol=1e-14,
    )  # fmt: skip
    step = np.zeros(d)
    step[0] = radius
    row = sample.X[:1] + density.scale.multiply(step[None])
    return float(np.exp(density.sums(row, rtol=1e-13).log_sum[0]))


def _on_grid(density, shares, n_jobs):
    """As ``levels``, from the cells of a grid; None if that is too large."""
    low, high = limits_of(density)
    side = density.scale.sides() * (
        1.0 if density.scale.per_sample is None else density.scale.per_sample.min()
    )
    if density.sample.boundaries.of("transform"):
        side = (high - low) / 500
    d = len(low)
    counts = np.maximum(np.ceil((high - low) / side * _PER_WIDTH), 64).astype(int) + 1
    if d == 2:
        counts = np.maximum(counts, 512)
    if np.prod(counts.astype(float)) > 4 * _MOST[d]:
        return None
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts, strict=True)]
    values = on_axes(density, axes, rtol=1e-10, n_jobs=n_jobs)
    top = values.max()
    total = _mass_above(values, 0.0)

    def find(share):
        def excess(log_level):
            return _mass_above(values, np.exp(log_level)) / total - share

        return brentq(excess, np.log(top) - 600, np.log(top), xtol=1e-12)

    return np.exp([find(share) for share in shares])


def _mass_above(values, level):
    """Integral, in cells, of a density where it is above a level.

    Cells are cut into triangles, or intervals, on which the density is linear.
    """
    if values.ndim == 1:
        return _above_on_edges(values[:-1], values[1:], level)
    a, b = values[:-1, :-1], values[1:, :-1]
    c, e = values[:-1, 1:], values[1:, 1:]
    return _above_on_triangles(a, b, e, level) + _above_on_triangles(a, c, e, level)


def _above_on_edges(one, two, level):
    low, high = np.minimum(one, two), np.maximum(one, two)
    whole = (low + high) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (high - level) / (high - low) * (high + level) / 2
    return float(np.where(low >= level, whole, np.where(high > level, part, 0.0)).sum())


def _above_on_triangles(one, two, three, level):
    corners = np.sort(np.stack([one, two, three]), axis=0)
    low, middle, high = corners
    mean = corners.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # the part above, or below, is a triangle that is similar at one corner
        tip = (high - level) ** 2 / ((high - middle) * (high - low))
        tip = tip * (high + 2 * level) / 3
        foot = (level - low) ** 2 / ((middle - low) * (high - low))
        foot = mean - foot * (low + 2 * level) / 3
    part = np.where(middle > level, foot, tip)
    out = np.where(low >= level, mean, np.where(high > level, part, 0.0))
    return float(out.sum() / 2)
