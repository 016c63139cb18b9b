"""The local-linear boundary kernel, whose terms may be negative: sums and draws."""

import numpy as np

from skextras._parallel import blas_on_one_thread, map_blocks
from skextras.neighbors._density import _engines
from skextras.neighbors._density import _tile_kernels as kernels

_REACH = 9.0  # bandwidths beyond which a normal kernel is 0
_MEAN = np.sqrt(2 / np.pi)  # of |z| for a normal z


def sum_lines(density, flat, engine, own, n_jobs, absolute=False):
    """Return the ``Answer`` at flat rows for features with a linear boundary.

    Negative sums are clipped: their log is -inf. ``absolute`` sums up the absolute
    values of the terms.
    """
    sample, sides = density.sample, density.scale.widths
    points = engine.points
    answer = _engines.no_answer(len(flat))
    factors = 1.0 if density.scale.per_sample is None else points.scale**-0.5

    def work(start, stop):
        rows = flat[start:stop]
        Z = density._scaled(rows)
        terms = engine.x(Z, None if own is None else own[start:stop])
        log_sums = np.empty(len(Z))
        kernels.soften(terms, points.log_weight, engine.profile.code, log_sums)
        squares = (terms**2).sum(axis=1)
        for a in sample.boundaries.of("linear"):
            x, width = rows[:, [a]], sides[a] * factors
            level, slope = sample.boundaries.line(x, a, width)
            z = (Z[:, [a]] - points.rows[:, a]) / factors
            terms *= level + slope * z
        if absolute:
            np.abs(terms, out=terms)
        with np.errstate(divide="ignore"):
            ratio = np.log(np.maximum(terms.sum(axis=1), 0))
        answer.log_sum[start:stop] = log_sums + ratio
        answer.concentration[start:stop] = squares

    with blas_on_one_thread():
        map_blocks(work, engine.blocks(len(flat)), n_jobs=n_jobs)
    return answer


class Envelopes:
    """Laws that the terms of rows lie below, and that are easily drawn from.

    For each feature a with a linear boundary, the term |c0 + c1 z| phi(z) of a row lies
    below (level + slope |z|) phi(z), the largest of both where the kernel reaches.
    """

    def __init__(self, density, flat):
        self.bounds, self.flat = density.sample.boundaries, flat
        self.features = self.bounds.of("linear")
        factors = density.scale.per_sample
        factors = np.ones(len(flat)) if factors is None else factors
        self.widths = density.scale.sides() * factors[:, None]
        self.ends, self.mass = {}, np.ones(len(flat))
        for a in self.features:
            low, high = self.bounds.low[a], self.bounds.high[a]
            width = self.widths[:, a]
            # both coefficients are largest at the ends
            reached = flat[:, a] + _REACH * width * np.array([[-1], [1]])
            lines = [
                np.abs(self.bounds.line(np.clip(x, low, high), a, width))
                for x in reached
            ]
            level, slope = np.maximum(*lines)
            self.ends[a] = level, slope
            self.mass *= level + slope * _MEAN

    def propose(self, owners, rng):
        """Draw z of the features, from the envelopes of rows: one column for each."""
        out = np.empty((len(owners), len(self.features)))
        for column, a in enumerate(self.features):
            level, slope = (values[owners] for values in self.ends[a])
            is_plain = rng.random(len(owners)) * (level + slope * _MEAN) < level
            z = rng.normal(size=len(owners))
            tail = np.sqrt(2 * rng.exponential(size=len(owners)))
            out[:, column] = np.where(is_plain, z, np.copysign(tail, z))
        return out

    def accept(self, rows, owners, rng):
        """Tell which draws are kept, so that they follow the absolute terms."""
        share = np.ones(len(rows))
        for a in self.features:
            level, slope = (values[owners] for values in self.ends[a])
            width = self.widths[owners, a]
            c0, c1 = self.bounds.line(rows[:, a], a, width)
            z = (rows[:, a] - self.flat[owners, a]) / width
            share *= abs(c0 + c1 * z) / (level + slope * abs(z))
        return rng.random(len(rows)) < share
