"""Medoid silhouette: FasterMSC and DynMSC on a matrix, and k_path from features."""

import numpy as np
from k_medoids import dissimilarities, images
from peers import kmedoids_rust
from run import Contestant, Problem
from sklearn.datasets import load_digits

from skextras.cluster import KMedoids, MedoidSilhouette, k_path
from skextras.cluster._medoids._msc import dynmsc, fastermsc


def problems(data):
    """Yield the problems; on the digits of MNIST if ``data`` holds them."""
    name, X = images(data)
    D = dissimilarities(X)
    for k in (10, 100):
        yield swaps(f"FasterMSC {name} k={k}", D, k)
    digits = load_digits().data.astype(np.float32)
    small = dissimilarities(digits)
    for k in (10, 100):
        yield swaps(f"FasterMSC digits k={k}", small, k)
    yield ways_down("DynMSC digits, 20 to 2", small, 20)
    yield many_numbers(f"10 values of k, {name}", X, range(10, 101, 10))


def start(D, k):
    """Return random medoids, plain weights and the natural order."""
    n = len(D)
    medoids = np.random.RandomState(0).choice(n, k, replace=False)
    return medoids, np.ones(n), np.arange(n)


def swaps(name, D, k):
    """FasterMSC from the same medoids, candidates in natural order.

    The estimator checks the matrix first, and tries candidates in random order: it ends
    at another local optimum.
    """
    medoids, weight, order = start(D, k)

    def estimator():
        model = MedoidSilhouette(k, metric="precomputed", init=medoids, random_state=0)
        return model.fit(D).medoid_silhouette_

    def peer(D):
        return lambda: kmedoids_rust.fastermsc(D, medoids)

    contestants = [
        Contestant(
            "skextras", lambda: fastermsc(D, medoids, weight, order, 300)[0].value
        ),
        Contestant("kmedoids, F order", peer(D.T), 1e-9),
    ]
    if len(D) < 5000:
        contestants.append(Contestant("kmedoids, C order", peer(D), 1e-9))
        contestants.append(Contestant("skextras MedoidSilhouette", estimator, 0.1))
    return Problem(name, contestants, float)


def ways_down(name, D, k):
    """DynMSC from the same medoids: ours goes down twice, the peer once."""
    medoids, weight, order = start(D, k)

    def ours():
        path = dynmsc(D, medoids, weight, order, 300, 2)
        return max(result.value for result in path.values())

    return Problem(
        name,
        [
            Contestant("skextras, two ways down", ours),
            Contestant(
                "kmedoids, one, F order",
                lambda: kmedoids_rust.dynmsc(D.T, medoids),
                0.01,
            ),
        ],
        float,
    )


def many_numbers(name, X, numbers):
    """All numbers of clusters beside one fit with the largest."""
    return Problem(
        name,
        [
            Contestant(
                "skextras k_path", lambda: k_path(X, numbers, random_state=0).loss[-1]
            ),
            Contestant(
                "skextras KMedoids, the last",
                lambda: KMedoids(max(numbers), random_state=0).fit(X).inertia_,
            ),
        ],
        float,
    )
