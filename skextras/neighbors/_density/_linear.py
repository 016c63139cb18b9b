"""Sums with the local-linear boundary kernel, whose terms may be negative."""

import numpy as np

from skextras._parallel import blas_on_one_thread, map_blocks, row_blocks
from skextras.neighbors._density import _engines
from skextras.neighbors._density import _tile_kernels as kernels

_ITEMS = 2**19  # terms that a thread holds at a time


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
        terms = engine.squares(Z) * points.scale
        if own is not None:
            terms[points.owner == own[start:stop, None]] = np.inf
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

    blocks = row_blocks(len(flat), max(1, _ITEMS // len(points.rows)))
    with blas_on_one_thread():
        map_blocks(work, blocks, n_jobs=n_jobs)
    return answer
