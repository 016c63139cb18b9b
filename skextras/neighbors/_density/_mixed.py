"""Kernels of categories: Aitchison-Aitken, and Wang-van Ryzin for ordered ones."""

import numpy as np
from scipy.optimize import minimize

from skextras._callbacks import unseen
from skextras._validation import in_words
from skextras.neighbors._density import _leave_one_out as loo


class Categories:
    """Columns of categories, their widths, and the kernels between them.

    An unordered category counts 1 - w if it is the same, else w / (K - 1) for each of
    the K - 1 others [1]_. Ordered ones, which are integers, count 1 - w if they are the
    same, else (1 - w) w^|distance| / 2 [2]_.

    References
    ----------
    .. [1] J. Aitchison and C. G. G. Aitken, "Multivariate binary discrimination by the
       kernel method", Biometrika 63, 1976.
    .. [2] M.-C. Wang and J. van Ryzin, "A class of smooth estimators for discrete
       distributions", Biometrika 68, 1981.
    """

    def __init__(self, codes, ordered, widths):
        self.codes, self.ordered = codes, ordered
        self.levels = np.array([len(np.unique(column)) for column in codes.T])
        self.widths = widths

    def most(self):
        """Return the largest width of each column."""
        return np.where(self.ordered, 1.0, 1 - 1 / np.maximum(self.levels, 1))

    def at(self, widths):
        """Return the same columns with other widths."""
        return Categories(self.codes, self.ordered, np.asarray(widths, dtype=float))

    def on(self, codes):
        """Return the same kernels between the categories of other rows."""
        out = Categories(codes, self.ordered, self.widths)
        out.levels = self.levels
        return out

    def part(self, kept):
        """Return some of the columns."""
        out = Categories(self.codes[:, kept], self.ordered[kept], self.widths[kept])
        out.levels = self.levels[kept]
        return out

    def log_weights(self, group):
        """Log of the kernel between one query's categories and all rows."""
        total = np.zeros(len(self.codes))
        with np.errstate(divide="ignore", invalid="ignore"):
            for a, width in enumerate(self.widths):
                gap = abs(self.codes[:, a] - group[a])
                if self.ordered[a]:
                    other = np.log((1 - width) / 2) + gap * np.log(width)
                else:
                    other = np.log(width / max(self.levels[a] - 1, 1))
                total += np.where(gap == 0, np.log(1 - width), other)
        return total

    def draw(self, owners, rng):
        """Draw categories for rows that are drawn around training rows."""
        out = self.codes[owners].copy()
        for a, width in enumerate(self.widths):
            if self.ordered[a]:
                # the kernel sums up to (1 - w) + w: 1, half of w on each side
                moved = rng.random(len(out)) < width
                steps = rng.geometric(max(1 - width, 1e-12), len(out))
                signs = rng.choice([-1, 1], len(out))
                out[:, a] += np.where(moved, steps * signs, 0)
                continue
            values = np.unique(self.codes[:, a])
            if len(values) > 1:
                moved = rng.random(len(out)) < width
                place = np.searchsorted(values, out[:, a])
                shift = rng.randint(1, len(values), len(out))
                out[:, a] = np.where(
                    moved, values[(place + shift) % len(values)], out[:, a]
                )
        return out


def read(widths, categories):
    """Return ``categories`` with the widths of a parameter; raise if it is bad."""
    most, n = categories.most(), len(categories.ordered)
    try:
        values = np.broadcast_to(np.asarray(widths, dtype=float), (n,))
    except (TypeError, ValueError):
        values = np.full(n, np.nan)
    if not ((values >= 0) & (values <= most)).all():
        raise ValueError(
            f"categorical_bandwidth must be None or {n} numbers between 0 and "
            f"{', '.join(f'{value:.3g}' for value in most)}, for the categorical "
            f"features and then the ordinal ones, got {in_words(widths)}."
        )
    return categories.at(values)


def likeliest(sample, scale, categories, *, n_jobs=None, step=unseen):
    """Return ``categories`` with the widths of largest leave-one-out likelihood."""
    share = sample.weight / sample.weight.sum()
    most = categories.most()

    def loss(widths):
        other = categories.at(np.clip(widths, 0, most))
        with step():
            logs, _ = loo.log_likelihood(sample, scale, categories=other, n_jobs=n_jobs)
        return -max(float(share @ logs), -1e100)

    start = np.minimum(0.2, most / 2)
    bounds = [(0.0, max(high, 1e-12)) for high in most]
    found = minimize(
        loss,
        start,
        method="Powell",
        bounds=bounds,
        options={"xtol": 1e-4, "ftol": 1e-8},
    )
    return categories.at(np.clip(found.x, 0, most))
