"""K-medoids: FasterPAM on a matrix, PAM, BUILD, and the estimator from features."""

import numpy as np
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import euclidean_distances, pairwise_distances_argmin_min

from benchmarks.contest import Contestant, Problem
from benchmarks.peers import kmedoids_rust, one_batch, scikit_learn
from skextras.cluster import CLARA, KMedoids, fasterpam
from skextras.cluster._medoids._build import build
from skextras.cluster._medoids._rows import HeldRows

RUST, ONE_BATCH = ("kmedoids",), ("onebatch",)


def problems(data, smoke):
    """Yield the problems; on the digits of MNIST if ``data`` holds them."""
    few, many = ((5,), (5, 10)) if smoke else ((10, 100), (10, 100, 200))
    name, X = images(data, smoke)
    D = dissimilarities(X)
    for k in few:
        yield from swaps(f"FasterPAM, {name}, k = {k}", D, k, tolerance=1e-6)
    k = many[-1]
    yield next(swaps(f"FasterPAM, {name}, k = {k}", D, k, tolerance=1e-6))
    digits = digit_images(smoke)
    small = dissimilarities(digits)
    for k in many:  # many equal distances: ties fall to the rounding
        yield from swaps(f"FasterPAM, digits, k = {k}", small, k, tolerance=2e-3)
    for k in many:
        yield first_medoids(f"BUILD, digits, k = {k}", small, k)
    for k in few:
        yield best_swaps(f"PAM, digits, k = {k}", small, k)
    for k in few:
        yield from_features(f"from X, digits, k = {k}", digits, k)
    for k in few:
        yield from_features(f"from X, {name}, k = {k}", X, k)


def images(data, smoke):
    """Return 10 000 x 784 floats: the test part of MNIST, or blobs of that shape."""
    if data is not None:
        X = np.load(data / "mnist_test.npz")["X"][: 300 if smoke else None]
        return "MNIST", X.astype(np.float32) / 255
    shape = (300, 8) if smoke else (10_000, 784)
    centers, spread = (5, 1) if smoke else (50, 8)
    X, _ = make_blobs(*shape, centers=centers, cluster_std=spread, random_state=0)
    return "blobs", X.astype(np.float32)


def digit_images(smoke):
    return load_digits().data.astype(np.float32)[: 200 if smoke else None]


def dissimilarities(X):
    """Return a symmetric float32 matrix of Euclidean distances."""
    D = euclidean_distances(X)
    return np.maximum(D, D.T)


def swaps(name, D, k, tolerance):
    """FasterPAM from the same random medoids, candidates in natural order."""
    medoids = np.random.RandomState(0).choice(len(D), k, replace=False)

    def loss(result):
        return result.loss

    def peer(D, **options):
        return lambda: kmedoids_rust.fasterpam(D, medoids, **options)

    yield Problem(
        f"{name}, F order",
        [
            Contestant("skextras", lambda: fasterpam(D.T, medoids)),
            Contestant("kmedoids, 1 thread", peer(D.T, n_cpu=1), tolerance, RUST),
        ],
        loss,
    )
    yield Problem(
        f"{name}, C order",
        [
            Contestant("skextras", lambda: fasterpam(D, medoids)),
            Contestant(
                "skextras, assume_symmetric",
                lambda: fasterpam(D, medoids, assume_symmetric=True),
            ),
            Contestant("kmedoids, 1 thread", peer(D, n_cpu=1), tolerance, RUST),
            # tries the candidates in random order
            Contestant("kmedoids, default call", peer(D), 0.01, RUST),
        ],
        loss,
    )


def best_swaps(name, D, k):
    """PAM from the same random medoids, the best swap of all in each pass."""
    medoids = np.random.RandomState(0).choice(len(D), k, replace=False)

    def ours():
        model = KMedoids(
            k, metric="precomputed", method="pam", init=medoids, max_iter=10_000
        )
        return model.fit(D).inertia_

    return Problem(
        name,
        [
            Contestant("skextras", ours),
            Contestant(
                "kmedoids fastpam1",
                lambda: kmedoids_rust.fastpam1(D.T, medoids).loss,
                2e-3,
                RUST,
            ),
        ],
    )


def first_medoids(name, D, k):
    """BUILD: the same medoids."""
    rows, weight = HeldRows(D, D), np.ones(len(D))

    def loss(medoids):
        return D[np.sort(medoids)].min(axis=0).sum(dtype=np.float64)

    return Problem(
        name,
        [
            Contestant("skextras", lambda: build(rows, k, weight)),
            Contestant(
                "kmedoids pam_build", lambda: kmedoids_rust.build(D.T, k), 1e-12, RUST
            ),
        ],
        loss,
    )


def from_features(name, X, k):
    """Fit estimators by their default calls, each with its own random start."""

    def loss(centers):
        return pairwise_distances_argmin_min(X, centers)[1].sum(dtype=np.float64)

    def medoids(**options):
        return KMedoids(k, random_state=0, **options).fit(X).cluster_centers_

    def clara(**options):
        return CLARA(k, random_state=0, **options).fit(X).cluster_centers_

    return Problem(
        name,
        [
            Contestant("skextras KMedoids", medoids),
            Contestant("skextras CLARA", clara, None),
            Contestant(
                "skextras CLARA, n_sampling=1000",
                lambda: clara(method="fasterpam", n_sampling=1000),
                0.05,
            ),
            Contestant(
                'skextras KMedoids, "onebatch"',
                lambda: medoids(method="onebatch"),
                0.03,
            ),
            Contestant(
                "kmedoids KMedoids", lambda: kmedoids_rust.fit(X, k), 0.02, RUST
            ),
            Contestant(
                "onebatch OneBatchPAM", lambda: one_batch.fit(X, k), None, ONE_BATCH
            ),
            Contestant(
                "scikit-learn KMeans",
                lambda: scikit_learn.fit(X, k),
                None,
                ("scikit-learn",),
            ),
        ],
        loss,
    )
