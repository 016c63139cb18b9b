"""Quantiles of mixtures of normal kernels."""

import numpy as np
from scipy.special import ndtr

_HALVINGS = 60  # of the range in which a quantile lies


class QuantileTask:
    """Quantiles of mixtures of equally wide normal kernels, by halving."""

    def __init__(self, known, width, levels):
        self.known, self.width, self.levels = known, width, levels

    def __call__(self, W):
        """Return the quantiles for rows of weights of the ascending kernels."""
        out = np.empty((len(W), len(self.levels)))
        for i, weights in enumerate(W):
            kept = weights > 1e-18
            known, weights = self.known[kept], weights[kept] / weights[kept].sum()
            reach = 9 * self.width
            low = np.full(len(self.levels), known[0] - reach)
            high = np.full(len(self.levels), known[-1] + reach)
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                z = (middle[:, None] - known) / self.width
                below = ndtr(z) @ weights
                is_low = below < self.levels
                low = np.where(is_low, middle, low)
                high = np.where(is_low, high, middle)
            out[i] = (low + high) / 2
        return out
