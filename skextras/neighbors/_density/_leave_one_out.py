"""Bandwidths of largest leave-one-out likelihood, or least squared error."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, solve_triangular
from scipy.optimize import brentq, minimize, minimize_scalar
from sklearn.metrics import pairwise_distances

from skextras._callbacks import unseen
from skextras._parallel import map_blocks, row_blocks
from skextras.neighbors._density import _calculus, _pair_kernels, _tree
from skextras.neighbors._density._density import Density
from skextras.neighbors._density._scaling import Scale
from skextras.neighbors._density._tile_kernels import LEAF

_RTOL = 1e-11  # of the sums
_FEW = (250, 1000)  # rows that tell about where the likelihood of more is largest
_LAST = 1e-5  # product of two steps of a secant, which is about the next one
_MOST_SECANTS = 20
_FLATTEST = 25.0  # log of the ratio of sides up to which a kernel has a volume
_WORST = -1e100  # stands for the log of 0 where optimizers want numbers


class Chosen(NamedTuple):
    """A bandwidth, the mean criterion there, and how often that was computed.

    ``units`` are those to which features were rounded, if it was asked.
    """

    scale: Scale
    value: float | None
    n_iter: int
    units: np.ndarray | None = None


def log_likelihood(
    sample, scale, *, categories=None, own=None, order=None, n_jobs=None
):
    """Return leave-one-out log densities of the rows ``own``, and means of x there."""
    density = Density(sample, scale, categories=categories, order=order)
    own = np.arange(len(sample.X)) if own is None else own
    rows = sample.take(own)
    answer = density.sums(rows.X, rows.codes, rtol=_RTOL, own=own, n_jobs=n_jobs)
    return answer.log_sum, answer.moment


def bracket(sample):
    """Return a range in which a common bandwidth must lie.

    Stationary points of the likelihood with a normal kernel lie between the mean
    squared distance of nearest neighbors and that of all pairs, both over d.
    """
    X, weight, d = sample.X, sample.weight, sample.X.shape[1]
    if sample.metric != "euclidean":
        some = X[:: max(1, len(X) // 500)]
        params = sample.metric_params or {}
        distances = pairwise_distances(some, metric=sample.metric, **params)
        high = np.sqrt((distances**2).mean() / d)
        return high / 2**14, 2 * high
    flat = sample.boundaries.around(X, weight)
    share = weight / weight.sum()
    spread = share @ (flat - share @ flat) ** 2
    high = np.sqrt(2 * spread.sum() / d)
    return high / 2**14, 2 * high


def common(sample, *, categories=None, n_jobs=None, step=unseen):
    """Return the widths of largest likelihood that all features have in common."""
    order = None  # the same for all widths, unless there are images
    if sample.metric == "euclidean" and not sample.boundaries.any:
        order = _tree.kd_order(sample.X, LEAF)
    options = {"categories": categories, "order": order, "n_jobs": n_jobs}
    options["step"] = step
    every = np.arange(len(sample.X))
    follows_slope = sample.profile.name == "gaussian" and not sample.boundaries.of(
        "renormalise", "linear"
    )
    sizes = [m for m in _FEW if follows_slope and 2 * m < len(every)]
    parts = [every[:: -(-len(every) // m)] for m in sizes] + [every]
    rows = [_Likelihood(sample, part, **options) for part in parts]
    top = rows[0].climb(*bracket(sample))
    ends = top - np.log(2), top + np.log(2)
    if follows_slope:
        best = rows[0].root(ends, 1e-2 if len(rows) > 1 else 1e-9)
    else:
        best = rows[0].search(ends)
    for few, more in pairwise(rows):
        best = more.root_near(best, few)
    value = rows[-1].value_near(best)
    if value == -np.inf:
        raise ValueError(
            "Leave-one-out found no bandwidth at which every sample is in reach of "
            'another one: give a bandwidth or kernel="gaussian".'
        )
    widths = np.full(sample.X.shape[1], np.exp(best))
    return Chosen(Scale(widths), value, sum(one.n_iter for one in rows))


class _Likelihood:
    """Mean leave-one-out log density of some rows, by the log of a common width."""

    def __init__(self, sample, own, *, step, **options):
        self.sample, self.own, self.step = sample, own, step
        self.options = {**options, "own": own}
        self.share = sample.weight[own] / sample.weight[own].sum()
        self.seen = {}

    def _at(self, log_h):
        if log_h not in self.seen:
            d = self.sample.X.shape[1]
            scale = Scale(np.full(d, np.exp(log_h)))
            with self.step():
                logs, moment = log_likelihood(self.sample, scale, **self.options)
            with np.errstate(invalid="ignore"):
                slope = float(self.share @ moment) - d
            self.seen[log_h] = float(self.share @ logs), slope
        return self.seen[log_h]

    def value(self, log_h):
        return self._at(log_h)[0]

    def slope(self, log_h):
        return self._at(log_h)[1]

    @property
    def n_iter(self):
        return len(self.seen)

    def value_near(self, log_h):
        """Return the value at a root of the slope, from the nearest that is known."""
        near = min(self.seen, key=lambda t: abs(t - log_h))
        value, slope = self.seen[near]
        return value if near == log_h else value + slope * (log_h - near) / 2

    def climb(self, low, high):
        """Halve the width from the high end, until three steps are worse."""
        log_h = best = np.log(high)
        while log_h > np.log(low):
            value = self.value(log_h)
            if value > self.value(best):
                best = log_h
            elif self.value(best) > -np.inf and (
                log_h < best - 3 * np.log(2) or value == -np.inf
            ):
                break
            log_h -= np.log(2)
        return best

    def root(self, ends, tol=1e-9):
        """Return where the slope, which falls, is 0: between the ends or beyond."""
        low, high = ends
        least, most = np.log(bracket(self.sample))
        while self.slope(low) <= 0 and low > least:
            low, high = low - np.log(2), low
        while self.slope(high) >= 0 and high < most:
            low, high = high, high + np.log(2)
        if self.slope(low) <= 0:
            return low
        if self.slope(high) >= 0:
            return high
        return brentq(self.slope, low, high, xtol=tol, rtol=1e-9)

    def root_near(self, start, few):
        """As ``root``, by secants from the root of a likelihood of fewer rows."""
        bend = (few.slope(start + 0.01) - few.slope(start)) / 0.01
        ends = start - np.log(2), start + np.log(2)
        for _ in range(_MOST_SECANTS):
            with np.errstate(divide="ignore", invalid="ignore"):
                stop = start - self.slope(start) / bend
                if not ends[0] < stop < ends[1]:
                    break
                bend = (self.slope(stop) - self.slope(start)) / (stop - start)
                found = stop - self.slope(stop) / bend
            if not ends[0] < found < ends[1]:
                break
            if abs((found - stop) * (stop - start)) < _LAST:
                return found
            start = stop
        return self.root(ends)

    def search(self, ends):
        """Return where the value is largest."""
        options = {"xatol": 1e-5}
        return minimize_scalar(
            lambda t: -max(self.value(t), _WORST),
            bounds=ends, method="bounded", options=options,
        ).x  # fmt: skip


def scatter(sample, scale, *, full=False, n_jobs=None):
    """Return the mean log-likelihood, and the mean scaled square under the weights.

    The square is a vector with one for each feature, or a matrix if ``full``.
    """
    density = Density(sample, scale, algorithm="gemm")
    share = sample.weight / sample.weight.sum()
    points = density.points.rows

    def task(start, stop, Z, W, log_sums):
        mass = share[start:stop]
        mean, total = W @ points, mass @ W
        with np.errstate(divide="ignore"):
            value = mass @ (log_sums - np.log1p(-mass))
        if full:
            cross = (mass[:, None] * mean).T @ Z
            square = (mass[:, None] * Z).T @ Z + (total[:, None] * points).T @ points
            return value, square - cross - cross.T
        return value, mass @ (Z**2 - 2 * mean * Z) + total @ points**2

    rows = sample.boundaries.flat(sample.X)
    parts = _calculus.weights(density, rows, task, own=True, n_jobs=n_jobs)
    value, square = (sum(part) for part in zip(*parts, strict=True))
    return value + density.log_const, square


def per_feature(sample, start, *, n_jobs=None, step=unseen):
    """Return the widths of largest likelihood, one for each feature."""
    if sample.profile.name != "gaussian":
        return _searched(sample, start, n_jobs, step)
    n_iter = 0

    def loss(log_h):
        nonlocal n_iter
        n_iter += 1
        with step():
            scale = Scale(np.exp(log_h))
            value, square = scatter(sample, scale, full=False, n_jobs=n_jobs)
        return -value, 1 - square

    found = minimize(
        loss, np.log(start), jac=True, method="L-BFGS-B", bounds=_bounds(sample),
        options={"gtol": 1e-10, "ftol": 1e-15, "maxiter": 500},
    )  # fmt: skip
    return Chosen(Scale(np.exp(found.x)), -float(found.fun), n_iter)


def _searched(sample, start, n_jobs, step):
    """As ``per_feature``, for kernels whose likelihood has no slope to follow."""
    share = sample.weight / sample.weight.sum()

    def loss(log_h):
        with step():
            logs, _ = log_likelihood(sample, Scale(np.exp(log_h)), n_jobs=n_jobs)
        return -max(float(share @ logs), _WORST)

    found = minimize(
        loss, np.log(start), method="Powell", bounds=_bounds(sample),
        options={"xtol": 1e-4, "ftol": 1e-9},
    )  # fmt: skip
    return Chosen(Scale(np.exp(found.x)), -float(found.fun), int(found.nfev))


def _bounds(sample):
    flat = sample.boundaries.around(sample.X, sample.weight)
    spread = np.ptp(flat, axis=0)
    return [(np.log(one) - 14, np.log(one) + 3) for one in spread]


def matrix(sample, start, *, n_jobs=None, step=unseen):
    """Return the kernel covariance of largest likelihood, by its Cholesky factor."""
    d, n_iter = sample.X.shape[1], 0
    at = np.tril_indices(d)
    is_diagonal = at[0] == at[1]

    def factor_of(params):
        factor = np.zeros((d, d))
        factor[at] = params
        factor[np.diag_indices(d)] = np.exp(params[is_diagonal])
        return factor * start[:, None]

    def loss(params):
        nonlocal n_iter
        n_iter += 1
        with step(), np.errstate(all="raise", under="ignore"):
            factor = factor_of(params)
            scale = Scale(None, factor)
            value, square = scatter(sample, scale, full=True, n_jobs=n_jobs)
        excess = square - np.eye(d)
        slope = solve_triangular(factor, excess, lower=True, trans="T") * start[:, None]
        slope[np.diag_indices(d)] *= np.diagonal(factor) / start
        return -value, -slope[at]

    params = np.zeros(len(at[0]))
    try:
        found = minimize(
            loss, params, jac=True, method="L-BFGS-B",
            options={"gtol": 1e-9, "ftol": 1e-15, "maxiter": 1000, "maxcor": 20},
        )  # fmt: skip
        is_flat = np.ptp(found.x[is_diagonal]) > _FLATTEST
    except (LinAlgError, ValueError, FloatingPointError):
        is_flat = True
    if is_flat:
        raise ValueError(
            f'bandwidth="loo-full" has no largest likelihood for X of {len(sample.X)} '
            f"samples and {d} features: kernels grow flat along some direction. Use "
            '"loo-diag", fewer features or more samples.'
        )
    return Chosen(Scale(None, factor_of(found.x)), -float(found.fun), n_iter)


def least_squares(sample, start, *, n_jobs=None, step=unseen):
    """Return the widths of least cross-validated squared error, of a normal kernel."""
    X, n_iter = np.ascontiguousarray(sample.X), 0
    share = sample.weight / sample.weight.sum()
    period = sample.boundaries.periods()
    blocks = row_blocks(len(X), max(1, min(256, -(-len(X) // 8))))

    def loss(log_h):
        nonlocal n_iter
        n_iter += 1
        widths = np.exp(log_h)

        def work(first, stop):
            out = np.zeros((2, 1 + len(widths)))
            _pair_kernels.square_error(first, stop, X, share, widths, period, out)
            return out

        with step():
            wide, narrow = sum(map_blocks(work, blocks, n_jobs=n_jobs))
        loss_and_slope = wide - 2 * narrow
        unit = np.exp(-log_h.sum() - len(log_h) / 2 * np.log(2 * np.pi))
        return loss_and_slope[0] * unit, loss_and_slope[1:] * unit

    first = loss(np.log(start))[0]
    factor = 1 / max(abs(first), 1e-300)  # the optimizer's tolerances have units

    def scaled(log_h):
        value, slope = loss(log_h)
        return value * factor, slope * factor

    found = minimize(
        scaled, np.log(start), jac=True, method="L-BFGS-B",
        bounds=[(t - 5, t + 5) for t in np.log(start)],
        options={"gtol": 1e-10, "ftol": 1e-15, "maxiter": 500},
    )  # fmt: skip
    return Chosen(Scale(np.exp(found.x)), float(found.fun) / factor, n_iter)
