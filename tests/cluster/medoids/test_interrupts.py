"""Ctrl-C in every long path of k-medoids: KeyboardInterrupt, and nothing is fitted."""

import os
import subprocess
import sys

import numpy as np
import pytest

from skextras.cluster import KMedoids

PATHS = {
    "swaps": "KMedoids(30, n_init=10**6), X[:3000]",
    "pam": "KMedoids(40, method='pam', n_init=10**6), X[:6000]",
    "alternate": "KMedoids(30, method='alternate', n_init=10**6), X[:4000]",
    "limits": "KMedoids(300, min_cluster_size=2, n_init=10**6), X[:3000]",
    "codes": "KMedoids(30, memory_limit=12 * 10**6, n_init=10**6), X[:3000]",
    "onebatch": "KMedoids(90, method='onebatch', n_init=10**6), X",
    "build": "KMedoids(90, init='build', n_init=10**6), X[:4000]",
    "samples on threads": "CLARA(60, n_sampling=4000, n_sampling_iter=10**4, "
    "independent=True, n_jobs=2, method='fasterpam', init='random'), X",
    "draws": "CLARANS(30, n_init=10**6), X",
    "silhouettes": "MedoidSilhouette(30, n_init=10**6), X[:3000]",
    "named metric": "KMedoids(3, metric='minkowski', metric_params={'p': 3.5}, "
    "n_jobs=2), X",
    "metric with a matrix": "KMedoids(3, metric='mahalanobis', n_jobs=2), wide",
    "compiled metric": "KMedoids(3, metric=slow, n_jobs=2), X",
    "function on threads": "CLARANS(3, metric=plain, n_jobs=2), X",
    "sparse": "KMedoids(3, metric='manhattan', n_jobs=2), sparse.csr_array(wide)",
    "gower": "KMedoids(3, metric='gower', n_jobs=2), wide",
}
CODE = """
import os, signal, sys, threading, time
import numpy as np
from numba import njit
from scipy import sparse
from skextras.cluster import CLARA, CLARANS, KMedoids, MedoidSilhouette

@njit
def slow(x, y):
    total = 0.0
    for i in range(20_000):
        total += abs(np.sin(x[0] * i) - np.sin(y[0] * i))
    return total

def plain(x, y):
    return abs(x - y).sum()

rng = np.random.default_rng(0)
X, wide = rng.normal(size=(20_000, 3)), rng.uniform(size=(20_000, 200))
for line in sys.stdin:
    model, X_long = eval(line)
    few = {"n_init": 1} if "n_init" in model.get_params() else {"n_sampling_iter": 2}
    params = model.get_params()
    if params.get("memory_limit") is None:
        warm = type(model)(**params | few)
        n = 41 if callable(params["metric"]) else 601
        warm.fit(X_long[:n])  # load the machine code
    sent = []
    def send():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(1.0, send)
    timer.start()
    try:
        model.fit(X_long)
        print("not long enough")
    except KeyboardInterrupt:
        fitted = set(vars(model)) != set(model.get_params())
        wait = time.perf_counter() - sent[0]
        print("fitted" if fitted else "interrupted", f"after {wait:.3f} s")
    timer.join()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way")
def test_interrupt_of_every_path():
    """Each would go on for minutes."""
    output = subprocess.run(
        [sys.executable, "-u", "-W", "ignore", "-c", CODE],
        input="\n".join(PATHS.values()),
        capture_output=True,
        text=True,
        timeout=1200,
    )
    found = dict(zip(PATHS, output.stdout.splitlines(), strict=False))
    assert found.keys() == PATHS.keys(), output.stderr
    sys.stdout.write(f"{found}\n")  # how long each took
    assert all(line.startswith("interrupted") for line in found.values()), found


@pytest.mark.jit
@pytest.mark.parametrize("method", ["pam", "fasterpam"])
@pytest.mark.parametrize("k", [5, 40])
def test_many_kernel_calls(monkeypatch, method, k):
    """An interrupt between two calls is possible; nothing else changes."""
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = KMedoids(k, method=method, random_state=0)
    once = model.fit(X).medoid_indices_, model.n_swap_, model.inertia_
    monkeypatch.setattr("skextras.cluster._medoids._swaps._ITEMS_PER_CALL", 300)
    again = model.fit(X).medoid_indices_, model.n_swap_, model.inertia_
    np.testing.assert_array_equal(once[0], again[0])
    assert once[1:] == again[1:]
