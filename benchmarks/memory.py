"""Peak memory of fits, each in a process of its own."""

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from benchmarks.contest import timed
from benchmarks.k_medoids_large import groups
from skextras.cluster import KMedoids


def problems(data, smoke):
    """Yield fits of 100 medoids; what a pair or a point takes is in the limit."""
    if smoke:
        yield Fit("n = 500, exact", 500, 5, {"method": "fasterpam"})
        return
    exact = {"method": "fasterpam"}
    yield Fit("n = 50 000, exact", 50_000, 100, exact | {"memory_limit": 2_700_000_000})
    yield Fit(
        "n = 100 000, exact", 100_000, 100, exact | {"memory_limit": 10_300_000_000}
    )
    yield Fit("n = 50 000, fastclarans", 50_000, 100, {"method": "fastclarans"})
    yield Fit("n = 1 000 000, onebatch", 1_000_000, 100, {"method": "onebatch"})


class Fit(NamedTuple):
    """One fit, whatever the repeats: it takes minutes or gigabytes."""

    name: str
    n: int
    k: int
    params: dict

    def run(self, repeats):
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            return [pool.submit(fit, self.n, self.k, self.params).result()]


def fit(n, k, params):
    X = groups(n)
    KMedoids(k, random_state=0, **params).fit(X[:2000])  # compiles
    seconds, model = timed(lambda: KMedoids(k, random_state=0, **params).fit(X))
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "contestant": model.method_,
        "seconds": seconds,
        "objective": float(model.inertia_),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9,
        "times": [seconds],
    }
