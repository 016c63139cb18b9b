"""Leave-one-out likelihood of the cells to which values were rounded."""

import numpy as np
from scipy.special import log_ndtr

from skextras._parallel import map_blocks, row_blocks
from skextras.neighbors._density._rounding import rounding_unit

_ITEMS = 2**20  # pairs that a thread holds at a time
_MOST_STEPS = 2**20  # units of which each has a place in a table
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
            _steps(column, unit) for column, unit in zip(self.X.T, units, strict=True)
        ]

    def log_likelihood(self, widths, *, n_jobs=None):
        """Return the mean log density at these widths, of means over cells."""
        tables = [
            None if steps is None else
            self._logs(a, self.units[a] * np.arange(steps.max() + 1), width)
            for a, (steps, width) in enumerate(zip(self.steps, widths, strict=True))
        ]  # fmt: skip

        def work(start, stop):
            logs = np.zeros((stop - start, len(self.X)))
            for a, table in enumerate(tables):
                if table is None:
                    gap = self.X[start:stop, a, None] - self.X[:, a]
                    logs += self._logs(a, gap, widths[a])
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

    def _logs(self, a, gap, width):
        """Log densities at distances along feature a: means over a cell, if it has."""
        gap, half = abs(gap), self.units[a] / 2
        if self.periods[a]:
            gap = np.minimum(gap, self.periods[a] - gap)
        if half == 0:
            return -((gap / width) ** 2) / 2 - np.log(width * np.sqrt(2 * np.pi))
        # P(gap - half < x < gap + half), from the side on which nothing cancels
        high, low = log_ndtr((half - gap) / width), log_ndtr((-half - gap) / width)
        return high + np.log(-np.expm1(low - high)) - np.log(2 * half)


def _steps(column, unit):
    """Return a column in units, if it has any and they are few enough for a table."""
    if unit == 0 or np.ptp(column) > _MOST_STEPS * unit:
        return None
    return np.round((column - column.min()) / unit).astype(np.int32)
