"""Arrays of many kinds: groups, ties, repetitions, extreme magnitudes."""

import numpy as np


def pick(rng, values):
    """Draw one of ``values``, whatever their type."""
    return values[rng.integers(len(values))]


def shape(rng, max_n, max_p=5):
    """Draw numbers of rows and columns."""
    kind = rng.random()
    n = 0 if kind < 0.02 else 1 if kind < 0.05 else int(rng.integers(2, max_n + 1))
    if kind > 0.6:
        n = min(n, int(rng.integers(2, 10)))
    return n, 0 if rng.random() < 0.01 else int(rng.integers(1, max_p + 1))


VALUES = {
    "normal": lambda rng, n, p: rng.normal(size=(n, p)),
    "groups": lambda rng, n, p: (
        rng.normal(size=(n, p)) + 8.0 * rng.integers(0, 3, (n, 1))
    ),
    "grid": lambda rng, n, p: rng.integers(0, 3, (n, p)).astype(float),
    "binary": lambda rng, n, p: rng.integers(0, 2, (n, p)).astype(float),
    "constant": lambda rng, n, p: np.full((n, p), pick(rng, (0.0, 1.5, -3.0, 1e300))),
    "repeated": lambda rng, n, p: rng.normal(size=(3, p))[rng.integers(0, 3, n)],
    "thin": lambda rng, n, p: (
        rng.normal(size=(n, p))
        * (rng.random((n, p)) < 0.3)
        * (rng.random((n, 1)) < 0.8)
    ),
    "scaled": lambda rng, n, p: (
        rng.normal(size=(n, p)) * 10.0 ** rng.integers(-320, 305)
    ),
    "scaled rows": lambda rng, n, p: (
        rng.normal(size=(n, p)) * 10.0 ** rng.integers(-160, 160, (n, 1))
    ),
    "scaled columns": lambda rng, n, p: (
        rng.normal(size=(n, p)) * 10.0 ** rng.integers(-9, 9, p)
    ),
    "subnormal": lambda rng, n, p: 5e-324 * rng.integers(0, 9, (n, p)),
    "edge": lambda rng, n, p: (
        pick(rng, (1e-154, 1e-162, 1e150, 1e154, 1e300, 1e308))
        * rng.integers(-1, 2, (n, p))
    ),
    "offset": lambda rng, n, p: (
        pick(rng, (1e6, 1e9, 1e15, 1e18)) + rng.normal(size=(n, p))
    ),
    "one far": lambda rng, n, p: (
        rng.normal(size=(n, p))
        + (np.arange(n) == 0)[:, None] * 10.0 ** rng.integers(5, 200)
    ),
    "dependent": lambda rng, n, p: rng.normal(size=(n, 1)) * np.arange(1.0, p + 1),
}


def values(rng, n, p):
    """Draw a float64 array of one of many kinds; return it and the kind."""
    kind = pick(rng, tuple(VALUES)) if rng.random() < 0.6 else "groups"
    return VALUES[kind](rng, n, p), kind
