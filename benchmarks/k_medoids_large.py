"""K-medoids of large data: without a matrix, by samples, restarts, threads."""

import numpy as np

from benchmarks.contest import Contestant, Problem, spaced
from benchmarks.k_medoids import digit_images, images
from skextras.cluster import CLARA, CLARANS, KMedoids


def problems(data, smoke):
    """Yield the problems; on the digits of MNIST if ``data`` holds them."""
    name, X = images(data, smoke)
    digits = digit_images(smoke)
    numbers = (5,) if smoke else (10, 100)
    k, n_groups = numbers[-1], 5 if smoke else 100
    for count in numbers:
        yield draws(f"CLARANS, {name}, k = {count}", X, count, None if smoke else 0.05)
    for count in numbers:
        yield restarts(f"10 starts, {name}, k = {count}", X, count)
    for method in ("fasterpam", "onebatch", "fastclarans"):
        yield threads(f'threads, "{method}", {name}, k = {k}', X, method, k)
    for count in numbers:
        yield sample_sizes(f"CLARA, digits, k = {count}", digits, count)
    for count in numbers:
        yield sample_sizes(f"CLARA, {name}, k = {count}", X, count)
    sizes = (300, 2000) if smoke else (20_000, 1_000_000)
    yield bytes_alone(f"bytes, n = {spaced(sizes[0])}", groups(sizes[0]), n_groups)
    yield samples(f"large, n = {spaced(sizes[1])}", groups(sizes[1]), n_groups)


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


def draws(name, X, k, tolerance):
    """FastCLARANS at its default rate, four seeds."""
    seeds = range(4)
    return Problem(
        name,
        [
            Contestant('"fasterpam"', fits(KMedoids, X, seeds, n_clusters=k)),
            Contestant("CLARANS", fits(CLARANS, X, seeds, n_clusters=k), tolerance),
        ],
        loss,
    )


def sample_sizes(name, X, k):
    """CLARA with samples as published, and larger ones; three seeds."""

    def clara(**params):
        return fits(CLARA, X, range(3), n_clusters=k, **params)

    larger = {"method": "fasterpam", "n_sampling": 1000}
    return Problem(
        name,
        [
            Contestant('"fasterpam"', fits(KMedoids, X, range(3), n_clusters=k)),
            Contestant('CLARA, "pam"', clara(), None),
            Contestant('CLARA, "fasterpam"', clara(method="fasterpam"), None),
            Contestant("CLARA, n_sampling=1000", clara(**larger), 0.05),
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


def threads(name, X, method, k):
    params = {"n_clusters": k, "method": method}
    return Problem(
        name,
        [
            Contestant("n_jobs=2", fits(KMedoids, X, n_jobs=2, **params)),
            Contestant("n_jobs=1", fits(KMedoids, X, n_jobs=1, **params), 0.0),
        ],
        loss,
    )


def bytes_alone(name, X, k):
    """Make the same swaps without a matrix of floats."""
    params = {"n_clusters": k, "method": "fasterpam"}
    limit = len(X) ** 2 * 2
    return Problem(
        name,
        [
            Contestant("matrix", fits(KMedoids, X, **params)),
            Contestant("bytes", fits(KMedoids, X, memory_limit=limit, **params), 0.0),
        ],
        loss,
    )


def samples(name, X, k):
    batch = {"n_clusters": k, "method": "onebatch"}
    clara = {"n_clusters": k, "method": "fasterpam"}
    return Problem(
        name,
        [
            Contestant('"onebatch"', fits(KMedoids, X, **batch)),
            Contestant("FastCLARA", fits(CLARA, X, **clara), None),
        ],
        loss,
    )
