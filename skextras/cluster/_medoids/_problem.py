"""What an optimiser is given."""

from typing import NamedTuple

import numpy as np

from skextras.cluster._medoids._found import Found
from skextras.cluster._medoids._rows import Rows


class Limits(NamedTuple):
    """Points that stay medoids, and the minimum weight of a cluster."""

    fixed: np.ndarray = np.empty(0, dtype=np.intp)
    least: float = 0.0

    def __bool__(self):
        """Tell if anything is limited."""
        return bool(len(self.fixed) > 0 or self.least > 0)

    def start(self, medoids):
        """Put the fixed medoids first; the first of the others fill the other slots."""
        others = medoids[~np.isin(medoids, self.fixed)]
        return np.concatenate([self.fixed, others])[: len(medoids)].astype(np.intp)

    def lacking(self, sizes):
        """Weight that clusters of such sizes lack in all."""
        return float(np.maximum(self.least - sizes, 0).sum())

    def rank(self, found, weight):
        """Return what is lower for a better result: the weight it lacks, the loss."""
        if not self:
            return 0.0, found.loss
        sizes = np.bincount(found.labels, weight, len(found.medoids))
        return self.lacking(sizes), found.loss


class Problem(NamedTuple):
    """Dissimilarities between points, their weights, and the options of a search.

    Random numbers are spent on the points in ``order``, which the order of the rows of
    X does not change; ``candidates`` holds them in the order in which they are tried.
    ``memory_limit`` is that of :class:`KMedoids`. Optimisers that draw their starts
    themselves do so by ``init``.
    """

    rows: Rows
    weight: np.ndarray
    order: np.ndarray
    candidates: np.ndarray
    n_clusters: int
    rng: np.random.RandomState
    max_iter: int = 300
    init: str = "random"
    limits: Limits = Limits()
    memory_limit: object = None

    def evaluate(self, medoids, n_iter, n_swap, converged=True):
        """Return medoids as a result, judged by all points."""
        labels, nearest = self.rows.nearest(medoids)
        loss = float(self.weight @ nearest.astype(np.float64))
        return Found(medoids, labels, loss, n_iter, n_swap, converged)
