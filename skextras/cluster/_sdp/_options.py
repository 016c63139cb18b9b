"""Parameters of the lower bounds, checked."""

from numbers import Integral

import numpy as np

from skextras._memory import memory_allowed
from skextras._validation import check_memory_limit, check_number, in_words
from skextras.cluster._sdp import _bounds

_DENSE = 2000  # points up to which "auto" solves the relaxation as a whole


class BoundOptions:
    """Parameters of the bounds, checked."""

    def __init__(
        self,
        tol=1e-4,
        max_iter=1000,
        block_size=1000,
        sample_size=300,
        n_draws=100,
        confidence=0.99,
        memory_limit=2_000_000_000,
        n_jobs=None,
    ):
        for value, name in ((tol, "tol"), (confidence, "confidence")):
            number = isinstance(value, float | np.floating)
            if not (number and 0 < value < 1):
                raise ValueError(
                    f"{name} must be a float between 0 and 1, got {in_words(value)}."
                )
        if n_jobs is not None and not (isinstance(n_jobs, Integral) and n_jobs):
            raise ValueError(
                "n_jobs must be None or an integer other than 0, got "
                f"{in_words(n_jobs)}: -1 stands for all processors."
            )
        # as int: numpy's small integers would overflow
        self.max_iter = check_number(max_iter, "max_iter", 1)
        self.n_draws = check_number(n_draws, "n_draws", 1)
        self.memory_limit = check_memory_limit(memory_limit)
        self.block_size = check_number(block_size, "block_size", 2)
        self.sample_size = check_number(sample_size, "sample_size", 2)
        self.tol, self.confidence = float(tol), float(confidence)
        self.n_jobs = None if n_jobs is None else int(n_jobs)

    def best(self, n_samples, n_clusters):
        """Return the method of "auto"."""
        fits = _bounds.n_bytes(n_samples) <= memory_allowed(self.memory_limit)
        if n_samples <= _DENSE and fits:
            return "sdp"
        return "blocks" if self.block_size > n_clusters else "spectral"

    def carried_out(self, method, n_samples):
        """Return "sdp" for samples that would hold all points, all of them alike."""
        whole = method == "monte-carlo" and self.sample_size >= n_samples
        return "sdp" if whole else method

    def check(self, method, n_samples, n_clusters, *, name="method"):
        """Raise if the method cannot be carried out for so many points.

        ``name`` is the parameter that holds it.
        """
        if method == "sdp":
            _bounds.check_dense(n_samples, self.memory_limit, f"choose {name}='blocks'")
        part = {"blocks": "block_size", "monte-carlo": "sample_size"}.get(method)
        if part is None:
            return
        size = getattr(self, part)
        _bounds.check_dense(
            min(size, n_samples),
            self.memory_limit,
            f"choose a smaller {part}",
            self.n_jobs,
        )
        if size <= n_clusters < n_samples:
            raise ValueError(
                f"{part}={size} must exceed the number of clusters, {n_clusters}: "
                "smaller parts give the bound 0."
            )

    def of(self, method):
        """Return the probability that a bound of this method holds."""
        return self.confidence if method == "monte-carlo" else 1.0
