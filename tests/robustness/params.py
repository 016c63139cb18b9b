"""Generated parameters: good ones, and those at and beyond their bounds."""

import copy

import numpy as np

from tests.robustness.inputs import ordered
from tests.robustness.values import pick

#: What may stand for any parameter.
HOSTILE = (
    None, -1, 0, 1, 1.5, -0.5, np.nan, np.inf, True, False, "x", "", b"x", (), [], [1],
    {}, {"x": 1}, object, 1j, np.bool_(True), np.int8(-1), np.uint8(0), np.float32(2),
    np.str_("auto"), np.array([1, 2]), np.array(3), 10**30, 2**63, 1e-320, -(2**40),
)  # fmt: skip
INTEGERS = (np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64)
#: Numbers of repetitions: no bound but patience, so nothing huge is tried there.
REPEATS = ("n_init", "n_draws", "n_sampling_iter")


def one_of(*values):
    """Draw one of some values; a function among them is called."""

    def draw(rng, n, p):
        value = pick(rng, values)
        return value.draw(rng, n, p) if isinstance(value, Drawn) else value

    return draw


class Drawn:
    """A value that depends on the numbers of rows and columns."""

    def __init__(self, draw):
        self.draw = draw


def ints(low, high):
    """Draw an integer from ``low`` to ``high``, of Python's or numpy's type."""

    def draw(rng, n, p):
        value = int(rng.integers(low, high + 1))
        return pick(rng, INTEGERS)(value) if rng.random() < 0.2 else value

    return draw


#: Parameters that are always given, since their defaults suit no small input, or so
#: that a call can be repeated.
_GIVEN = ("n_clusters", "random_state", "metric", "affinity", "labels", "medoids",
          "n_clusters_range")  # fmt: skip


def parameters(rng, space, n, p, hostile=1.0):
    """Draw parameters of a space: all, or a few; at times one from ``HOSTILE``."""
    values = {name: draw(rng, n, p) for name, draw in space.items()}
    kept = rng.random(len(values)) < rng.choice([0.15, 0.5, 1.0])
    values = {
        name: values[name]
        for name, keep in zip(values, kept, strict=True)
        if keep or name in _GIVEN
    }
    if space and rng.random() < 0.2 * hostile:
        name = pick(rng, tuple(space))
        value = pick(rng, HOSTILE)
        if not (name in REPEATS and isinstance(value, int) and value > 9):
            values[name] = copy.deepcopy(value)
    return values


def weights(rng, n):
    """Draw sample weights, mostly good ones or None."""
    if rng.random() < 0.5:
        return None
    kinds = {
        "counts": lambda: rng.integers(0, 4, n),
        "uniform": lambda: rng.uniform(0.5, 2, n),
        "list": lambda: rng.uniform(0.5, 2, n).tolist(),
        "single": lambda: np.eye(max(n, 1))[0][:n],
        "float32": lambda: rng.uniform(0, 1, n).astype(np.float32),
        "wide": lambda: 10.0 ** rng.integers(-300, 140, n),
        "subnormal": lambda: 5e-324 * rng.integers(0, 5, n),
        "huge": lambda: np.full(n, pick(rng, (1e149, 1e151, 1e308))),
        "zero": lambda: np.zeros(n),
        "negative": lambda: rng.normal(size=n),
        "long": lambda: np.ones(n + 1),
        "2-D": lambda: np.ones((n, 2)),
        "missing": lambda: np.full(n, np.nan),
        "words": lambda: ["a"] * n,
        "number": lambda: 2.0,
        "read-only": lambda: ordered(np.ones(n), "read-only"),
        "big-endian": lambda: rng.uniform(0.5, 2, n).astype(">f8"),
    }
    good = ("counts", "uniform", "list", "float32", "read-only")
    return kinds[pick(rng, tuple(kinds) if rng.random() < 0.5 else good)]()
