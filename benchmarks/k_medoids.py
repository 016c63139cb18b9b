"""K-medoids: FasterPAM on a matrix, BUILD, and the estimator from features."""

import numpy as np
from peers import kmedoids_rust, one_batch, scikit_learn
from run import Contestant, Problem
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import euclidean_distances, pairwise_distances_argmin_min

from skextras.cluster import CLARA, KMedoids, fasterpam
from skextras.cluster._medoids._build import build
from skextras.cluster._medoids._rows import HeldRows


def problems(data):
    """Yield the problems; on the digits of MNIST if ``data`` holds them."""
    name, X = images(data)
    D = dissimilarities(X)
    for k in (10, 100):
        yield from swaps(f"{name} k={k}", D, k, tolerance=1e-6)
    yield next(swaps(f"{name} k=200", D, 200, tolerance=1e-6))
    digits = load_digits().data.astype(np.float32)
    small = dissimilarities(digits)
    for k in (10, 100, 200):  # many equal distances: ties fall to the rounding
        yield from swaps(f"digits k={k}", small, k, tolerance=2e-3)
    for k in (10, 100, 200):
        yield first_medoids(f"BUILD digits k={k}", small, k)
    for k in (10, 100):
        yield best_swaps(f"PAM digits k={k}", small, k)
    for k in (10, 100):
        yield from_features(f"from X digits k={k}", digits, k)
    for k in (10, 100):
        yield from_features(f"from X {name} k={k}", X, k)


def images(data):
    """Return 10 000 x 784 floats: the test part of MNIST, or blobs of that shape."""
    if data is None:
        X, _ = make_blobs(10_000, 784, centers=50, cluster_std=8, random_state=0)
        return "blobs 10000", X.astype(np.float32)
    X = np.load(data / "mnist_test.npz")["X"]
    return "mnist 10000", X.astype(np.float32) / 255


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
        f"swaps {name}, F order",
        [
            Contestant("skextras", lambda: fasterpam(D.T, medoids)),
            Contestant("kmedoids, 1 thread", peer(D.T, n_cpu=1), tolerance),
        ],
        loss,
    )
    yield Problem(
        f"swaps {name}, C order",
        [
            Contestant("skextras", lambda: fasterpam(D, medoids)),
            Contestant(
                "skextras, assume_symmetric",
                lambda: fasterpam(D, medoids, assume_symmetric=True),
            ),
            Contestant("kmedoids, 1 thread", peer(D, n_cpu=1), tolerance),
            # tries the candidates in random order
            Contestant("kmedoids, default call", peer(D), 0.01),
        ],
        loss,
    )


def best_swaps(name, D, k):
    """PAM from the same random medoids, the best exchange of all in each pass."""
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
                "kmedoids fastpam1, F order",
                lambda: kmedoids_rust.fastpam1(D.T, medoids),
                2e-3,
            ),
        ],
        float,
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
            Contestant("kmedoids, F order", lambda: kmedoids_rust.build(D.T, k), 1e-12),
        ],
        loss,
    )


def from_features(name, X, k):
    """Fit estimators by their default calls, each with its own random start."""

    def loss(centers):
        return pairwise_distances_argmin_min(X, centers)[1].sum(dtype=np.float64)

    def ours():
        return KMedoids(k, random_state=0).fit(X).cluster_centers_

    def clara(**options):
        return CLARA(k, random_state=0, **options).fit(X).cluster_centers_

    contestants = [
        Contestant("skextras KMedoids", ours),
        Contestant("skextras CLARA", clara, None),
        Contestant(
            "skextras CLARA, n_sampling=1000",
            lambda: clara(method="fasterpam", n_sampling=1000),
            0.05,
        ),
        Contestant("kmedoids KMedoids", lambda: kmedoids_rust.fit(X, k), 0.02),
        Contestant("scikit-learn KMeans", lambda: scikit_learn.fit(X, k), None),
    ]
    if one_batch.AVAILABLE:
        batch = KMedoids(k, method="onebatch", random_state=0)
        contestants += [
            Contestant(
                "skextras, onebatch", lambda: batch.fit(X).cluster_centers_, 0.03
            ),
            Contestant("onebatch OneBatchPAM", lambda: one_batch.fit(X, k), None),
        ]
    return Problem(name, contestants, loss)
