"""Slopes and integrals of a density."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import betainc, ndtr
from scipy.stats import gamma

from skextras._parallel import blas_on_one_thread, map_blocks, row_blocks
from skextras.neighbors._density import _engines, _products
from skextras.neighbors._density import _tile_kernels as kernels

_ITEMS = 2**19  # terms that a thread holds at a time
_STEP = 1e-5  # bandwidths between the points of a difference


def weights(density, rows, task, *, own=False, with_x=False, n_jobs=None):
    """Call ``task(start, stop, Z, W, log_sums)`` for blocks of flat rows.

    W has the normalised weights of all points at the scaled rows Z. If ``own``, the
    rows are those of the training set, which leave themselves out. If ``with_x``, x of
    the pairs is the last argument.
    """
    points, engine = density.points, density.engine
    if not isinstance(getattr(engine, "squares", None), _products.Products):
        squares = _products.Products(points.rows)
        engine = _engines.Rows(points, density.sample.profile, squares)
    Z = density._scaled(rows)

    def work(start, stop):
        x = engine.x(Z[start:stop], np.arange(start, stop) if own else None)
        rest = (x.copy(),) if with_x else ()
        log_sums = np.empty(stop - start)
        kernels.soften(x, points.log_weight, engine.profile.code, log_sums)
        return task(start, stop, Z[start:stop], x, log_sums, *rest)

    with blas_on_one_thread():
        return map_blocks(work, engine.blocks(len(Z)), n_jobs=n_jobs)


def log_slope(density, Q, *, n_jobs=None):
    """Return the gradient of the log density at the rows of Q; NaN outside."""
    bounds = density.sample.boundaries
    if bounds.of("linear", "transform") or density.balloon or density.categories:
        return _differences(density, Q, n_jobs)
    out = np.full(Q.shape, np.nan)
    inside = np.flatnonzero(~bounds.outside(Q))
    flat = bounds.flat(Q[inside])
    points, scale = density.points, density.scale
    slopes = np.empty((len(flat), Q.shape[1]))

    def task(start, stop, Z, W, log_sums, x):
        W *= _relative_slope(density.sample.profile, x) * points.scale
        part = 2 * (W.sum(axis=1)[:, None] * Z - W @ points.rows)
        slopes[start:stop] = np.where(np.isfinite(log_sums)[:, None], part, np.nan)

    weights(density, flat, task, with_x=True, n_jobs=n_jobs)
    if scale.factor is None:
        slopes /= scale.widths
    else:
        slopes = solve_triangular(scale.factor, slopes.T, lower=True, trans="T").T
    out[inside] = slopes
    return out


def _relative_slope(profile, x):
    """Return the derivative by x of the log of the kernel."""
    if profile.name == "gaussian":
        return np.full_like(x, -0.5)
    root = np.sqrt(np.maximum(x, 1e-300))
    with np.errstate(divide="ignore", invalid="ignore"):
        if profile.name == "exponential":
            slope = -0.5 / root
        elif profile.name == "linear":
            slope = -0.5 / (root * (1 - root))
        elif profile.name == "cosine":
            slope = -np.pi / 4 * np.tan(np.pi / 2 * root) / root
        else:
            slope = -profile.power / (1 - x)
    inside = x > 0 if profile.name == "exponential" else (x < 1) & (x > 0)
    return np.where(inside, slope, 0.0)


def _differences(density, Q, n_jobs):
    out = np.empty(Q.shape)
    for a, side in enumerate(density.scale.sides()):
        step = np.zeros(Q.shape[1])
        step[a] = _STEP * side
        high = density.sums(Q + step, rtol=1e-13, n_jobs=n_jobs).log_sum
        low = density.sums(Q - step, rtol=1e-13, n_jobs=n_jobs).log_sum
        with np.errstate(invalid="ignore"):
            out[:, a] = (high - low) / (2 * step[a])
    out[~np.isfinite(out)] = np.nan
    return out


def log_profile(profile, x):
    """Log of the kernel at each x."""
    if profile.name == "gaussian":
        return -x / 2
    if profile.name == "exponential":
        return -np.sqrt(x)
    with np.errstate(divide="ignore"):
        return np.log(kernels.profile_values(x, profile.code))


def kernel_cdf(profile, z):
    """Distribution function of a kernel in one dimension."""
    if profile.name == "gaussian":
        return ndtr(z)
    r, side = abs(z), np.sign(z)
    if profile.name == "exponential":
        half = -np.expm1(-r)
    elif profile.name == "linear":
        r = np.minimum(r, 1)
        half = r * (2 - r)
    elif profile.name == "cosine":
        half = np.sin(np.pi / 2 * np.minimum(r, 1))
    else:
        half = betainc(0.5, profile.power + 1, np.minimum(r, 1) ** 2)
    return (1 + side * half) / 2


def radial_cdf(profile, r, d):
    """Mass of a kernel within a distance r of its center, in d dimensions."""
    if profile.name == "gaussian":
        return gamma.cdf(r**2 / 2, d / 2)
    if profile.name == "exponential":
        return gamma.cdf(r, d)
    r = np.minimum(r, 1)
    if profile.name == "linear":
        return r**d * (d + 1 - d * r)
    if profile.name == "cosine":
        grid = np.linspace(0, 1, 20001)
        values = grid ** (d - 1) * np.cos(np.pi / 2 * grid)
        total = np.concatenate([[0], np.cumsum((values[1:] + values[:-1]) / 2)])
        return np.interp(r, grid, total / total[-1])
    return betainc(d / 2, profile.power + 1, r**2)


def cdf(density, Q, *, n_jobs=None):
    """Return the mass of the density below each row of Q, feature by feature."""
    sample, scale = density.sample, density.scale
    bounds, d = sample.boundaries, Q.shape[1]
    _check_cdf(density)
    points = density.points
    low = bounds.low.copy()
    low[bounds.of("transform")] = -np.inf
    flat = np.clip(Q, bounds.low, bounds.high)
    for a in bounds.of("transform"):
        with np.errstate(divide="ignore"):
            flat[:, a] = bounds._forward(flat[:, a], a)
    widths = np.ones(len(points.rows)) / np.sqrt(points.scale)
    below = (low - density.offset) / scale.widths
    tops = (flat - density.offset) / scale.widths
    # log weights hold what makes the kernels integrate to 1 in d dimensions
    share = np.exp(points.log_weight + density.log_const) * widths**d
    share *= np.exp(sample.profile.log_volume(d) + scale.log_det)

    def work(start, stop):
        mass = np.ones((stop - start, len(points.rows)))
        for a in range(d):
            column = points.rows[:, a]
            top = kernel_cdf(
                sample.profile, (tops[start:stop, a, None] - column) / widths
            )
            if np.isfinite(low[a]):
                top -= kernel_cdf(sample.profile, (below[a] - column) / widths)
            mass *= top
        return mass @ share

    blocks = row_blocks(len(Q), max(1, _ITEMS // len(points.rows)))
    parts = map_blocks(work, blocks, n_jobs=n_jobs)
    return np.clip(np.concatenate(parts), 0.0, 1.0)


def _check_cdf(density):
    sample = density.sample
    problem = None
    if density.categories is not None:
        problem = "has categorical features: take the marginal of the others"
    elif sample.metric != "euclidean":
        problem = f'has metric="{sample.metric}"'
    elif density.balloon is not None:
        problem = 'has adaptive="balloon", which does not integrate to 1'
    elif sample.boundaries.of("linear"):
        problem = 'has a boundary of the kind "linear": use "renormalise"'
    elif density.scale.factor is not None and len(density.scale.factor) > 1:
        problem = "has a bandwidth matrix: give one number for each feature"
    elif sample.profile.name != "gaussian" and sample.X.shape[1] > 1:
        problem = (
            f'has several features and kernel="{sample.profile.name}", which is no '
            'product over features: use kernel="gaussian"'
        )
    if problem:
        raise ValueError(f"cdf is not known if the density {problem}.")
