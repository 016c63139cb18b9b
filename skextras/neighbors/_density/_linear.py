"""Sums with the local-linear boundary kernel, whose terms may be negative."""

import numpy as np

from skextras._parallel import blas_on_one_thread, map_blocks
from skextras.neighbors._density import _engines
from skextras.neighbors._density import _tile_kernels as kernels


def sum_lines(density, flat, engine, own, n_jobs):
    """Return the ``Answer`` at flat rows for features with a linear boundary.

    Negative sums are clipped: their log is -inf.
    """
    sample, widths = density.sample, density.scale.widths
    points = engine.points
    answer = _engines.no_answer(len(flat))

    def work(start, stop):
        rows = flat[start:stop]
        Z = density._scaled(rows)
        terms = engine.x(Z, None if own is None else own[start:stop])
        log_sums = np.empty(len(Z))
        kernels.soften(terms, points.log_weight, engine.profile.code, log_sums)
        squares = (terms**2).sum(axis=1)
        for a in sample.boundaries.of("linear"):
            level, slope = sample.boundaries.line(rows, a, widths[a])
            z = Z[:, a, None] - points.rows[:, a]
            terms *= level[:, None] + slope[:, None] * z
        with np.errstate(divide="ignore"):
            ratio = np.log(np.maximum(terms.sum(axis=1), 0))
        answer.log_sum[start:stop] = log_sums + ratio
        answer.concentration[start:stop] = squares

    with blas_on_one_thread():
        map_blocks(work, engine.blocks(len(flat)), n_jobs=n_jobs)
    return answer
