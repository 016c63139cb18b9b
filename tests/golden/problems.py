"""The matrices of the golden values: the same bits on every machine.

Squared Euclidean distances of small integers are exact, and IEEE roots are too.
"""

import numpy as np
from sklearn.datasets import load_digits


def distances(name, dtype):
    """Return a matrix of dissimilarities by its name."""
    if name == "digits":
        X = load_digits().data[:500].astype(np.int64)
    else:  # a spiral of integer points, without a random generator
        i = np.arange(300)
        X = np.column_stack([i * i % 211, i**3 % 307, i * 17 % 101])
    squares = ((X[:, None] - X) ** 2).sum(axis=2)
    return np.sqrt(squares.astype(np.float64)).astype(dtype)
