"""K-medoids of large data: without a matrix, by samples, restarts, threads."""

import numpy as np
from k_medoids import images
from run import Contestant, Problem

from skextras.cluster import CLARA, CLARANS, KMedoids


def problems(data):
    """Yield the problems; on the digits of MNIST if ``data`` holds them."""
    name, X = images(data)
    for k in (10, 100):
        yield exchanges(f"{name} k={k}", X, k)
    for k in (10, 100):
        yield restarts(f"10 starts {name} k={k}", X, k)
    for method in ("fasterpam", "onebatch", "fastclarans"):
        yield threads(f"{method} {name} k=100", X, method)
    yield bytes_alone("n=20000 d=16 k=100", groups(20_000))
    yield samples("n=1000000 d=16 k=100", groups(1_000_000))


def groups(n):
    """Return 200 groups in 16 dimensions, with heavy tails."""
    rng = np.random.default_rng(0)
    centers = 4 * rng.normal(size=(200, 16))
    noise = rng.standard_t(3, size=(n, 16))
    return (centers[rng.integers(200, size=n)] + noise).astype(np.float32)


def loss(models):
    return np.mean([model.inertia_ for model in models])


def fits(estimator, X, seeds=(0,), **params):
    """Return a call that fits once for each seed."""
    return lambda: [estimator(random_state=seed, **params).fit(X) for seed in seeds]


def exchanges(name, X, k):
    """FastCLARANS at its default rate: within 1 % of FasterPAM on the mean."""
    seeds = range(4)
    return Problem(
        f"4 seeds {name}",
        [
            Contestant("FasterPAM", fits(KMedoids, X, seeds, n_clusters=k)),
            Contestant("FastCLARANS", fits(CLARANS, X, seeds, n_clusters=k), 0.05),
        ],
        loss,
    )


def restarts(name, X, k):
    return Problem(
        name,
        [
            Contestant("n_init=1", fits(KMedoids, X, n_clusters=k)),
            Contestant("n_init=10", fits(KMedoids, X, n_clusters=k, n_init=10), 0.02),
        ],
        loss,
    )


def threads(name, X, method):
    params = {"n_clusters": 100, "method": method}
    return Problem(
        name,
        [
            Contestant("n_jobs=2", fits(KMedoids, X, n_jobs=2, **params)),
            Contestant("n_jobs=1", fits(KMedoids, X, n_jobs=1, **params), 0.0),
        ],
        loss,
    )


def bytes_alone(name, X):
    """Make the same exchanges without a matrix of floats."""
    params = {"n_clusters": 100, "method": "fasterpam"}
    limit = len(X) ** 2 * 2
    return Problem(
        name,
        [
            Contestant("matrix", fits(KMedoids, X, **params)),
            Contestant("bytes", fits(KMedoids, X, memory_limit=limit, **params), 0.0),
        ],
        loss,
    )


def samples(name, X):
    params = {"n_clusters": 100, "method": "onebatch"}
    return Problem(
        name,
        [
            Contestant("OneBatchPAM", fits(KMedoids, X, **params)),
            Contestant(
                "FastCLARA",
                fits(CLARA, X, n_clusters=100, method="fasterpam"),
                None,
            ),
        ],
        loss,
    )
