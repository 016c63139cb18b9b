"""Leave-one-out likelihood of the cells to which values were rounded."""

import numpy as np
from scipy.special import log_ndtr

from skextras._parallel import map_blocks, row_blocks
from skextras.neighbors._density._rounding import rounding_unit

_ITEMS = 2**20  # pairs that a thread holds at a time
_TIED = 0.1  # share of the rows that equal another one


def rounding_units(sample):
    """Return the unit of each feature if many rows are equal by rounding, else 0."""
    X, n = sample.X, len(sample.X)
    units = np.zeros(X.shape[1])
    if len(np.unique(X, axis=0)) <= (1 - _TIED) * n:
        for a in range(X.shape[1]):
            units[a] = rounding_unit(X[:, a], sample.weight)
    return units


class Cells:
    """Distinct rows, and the units to which features were rounded, 0 for none.

    The kernel is normal; a pair of rows counts with its mean over the cell of one.
    """

    def __init__(self, sample, units):
        self.units, share = units, sample.weight / sample.weight.sum()
        both = np.column_stack([sample.X, share])
        rows, index = np.unique(both, axis=0, return_inverse=True)
        self.X, self.own = rows[:, :-1], rows[:, -1]
        self.share = np.bincount(index.ravel(), share)
        self.periods = sample.boundaries.periods()
        self.steps = [
            np.round((column - column.min()) / unit).astype(np.int32) if unit else None
            for column, unit in zip(self.X.T, units, strict=True)
        ]

    def log_likelihood(self, widths, *, n_jobs=None):
        """Return the mean log density at these widths, of means over cells."""
        tables = [self._table(a, width) for a, width in enumerate(widths)]

        def work(start, stop):
            logs = np.zeros((stop - start, len(self.X)))
            for a, table in enumerate(tables):
                if table is None:
                    gap = self._gap(self.X[start:stop, a, None] - self.X[:, a], a)
                    logs -= (gap / widths[a]) ** 2 / 2
                    logs -= np.log(widths[a] * np.sqrt(2 * np.pi))
                else:
                    steps = self.steps[a]
                    logs += table[abs(steps[start:stop, None] - steps)]
            top = logs.max(axis=1)
            terms = np.exp(logs - top[:, None])
            at = np.arange(start, stop)
            total = terms @ self.share - terms[at - start, at] * self.own[start:stop]
            with np.errstate(divide="ignore"):
                value = np.log(np.maximum(total, 0)) + top
                value -= np.log1p(-self.own[start:stop])
            return self.share[start:stop] @ value

        blocks = row_blocks(len(self.X), max(1, _ITEMS // len(self.X)))
        return float(sum(map_blocks(work, blocks, n_jobs=n_jobs)))

    def _gap(self, gap, a):
        gap = abs(gap)
        return np.minimum(gap, self.periods[a] - gap) if self.periods[a] else gap

    def _table(self, a, width):
        """Log of the mean density over a cell, by its distance in units."""
        unit = self.units[a]
        if unit == 0:
            return None
        gap = self._gap(unit * np.arange(self.steps[a].max() + 1), a)
        half = unit / 2
        # P(gap - half < x < gap + half), from the side on which nothing cancels
        high, low = log_ndtr((half - gap) / width), log_ndtr((-half - gap) / width)
        return high + np.log(-np.expm1(low - high)) - np.log(unit)
