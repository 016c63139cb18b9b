"""What an optimiser returns."""

from typing import NamedTuple

import numpy as np


class Found(NamedTuple):
    """Medoids, and what it took to find them.

    ``medoids`` (n_medoids,) are positions among the candidates; ``labels`` (n_points,)
    the slots of the nearest ones; ``loss`` is the weighted sum of the dissimilarities
    to them. ``converged`` tells if the search ended by itself.
    """

    medoids: np.ndarray
    labels: np.ndarray
    loss: float
    n_iter: int
    n_swap: int
    converged: bool = True
