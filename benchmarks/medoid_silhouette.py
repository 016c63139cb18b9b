"""Medoid silhouette: FasterMSC and DynMSC on a matrix, and k_path from features."""

import numpy as np

from benchmarks.contest import Contestant, Problem
from benchmarks.k_medoids import RUST, digit_images, dissimilarities, images
from benchmarks.peers import kmedoids_rust
from skextras.cluster import KMedoids, MedoidSilhouette, k_path
from skextras.cluster._medoids._msc import dynmsc, fastermsc


def problems(data, smoke):
    """Yield the problems; on the digits of MNIST if ``data`` holds them."""
    numbers = (5,) if smoke else (10, 100)
    name, X = images(data, smoke)
    D = dissimilarities(X)
    for k in numbers:
        yield swaps(f"FasterMSC, {name}, k = {k}", D, k)
    small = dissimilarities(digit_images(smoke))
    for k in numbers:
        yield swaps(f"FasterMSC, digits, k = {k}", small, k, has_estimator=True)
    most = 6 if smoke else 20
    yield ways_down(f"DynMSC, digits, k = {most} to 2", small, most)
    path = range(2, 7, 2) if smoke else range(10, 101, 10)
    yield many_numbers(f"k_path, {name}, {len(path)} values of k", X, path)
    yield many_numbers(f"k_path, {name}, precomputed", D, path, metric="precomputed")


def start(D, k):
    """Return random medoids, plain weights and the natural order."""
    n = len(D)
    medoids = np.random.RandomState(0).choice(n, k, replace=False)
    return medoids, np.ones(n), np.arange(n)


def swaps(name, D, k, has_estimator=False):
    """FasterMSC from the same medoids, candidates in natural order.

    The estimator checks the matrix first, and tries candidates in random order: it ends
    at another local optimum.
    """
    medoids, weight, order = start(D, k)

    def ours():
        return 1 - fastermsc(D, medoids, weight, order, 300)[0].loss

    def estimator():
        model = MedoidSilhouette(k, metric="precomputed", init=medoids, random_state=0)
        return model.fit(D).medoid_silhouette_

    def peer(D):
        return lambda: kmedoids_rust.fastermsc(D, medoids)

    contestants = [
        Contestant("skextras", ours),
        Contestant("kmedoids, F order", peer(D.T), 1e-9, RUST),
    ]
    if has_estimator:
        contestants += [
            Contestant("kmedoids, C order", peer(D), 1e-9, RUST),
            Contestant("skextras MedoidSilhouette", estimator, 0.1),
        ]
    return Problem(name, contestants)


def ways_down(name, D, k):
    """DynMSC from the same medoids: ours goes down twice, the peer once."""
    medoids, weight, order = start(D, k)

    def ours():
        path = dynmsc(D, medoids, weight, order, 300, 2)
        return 1 - min(result.loss for result in path.values())

    return Problem(
        name,
        [
            Contestant("skextras, two ways down", ours),
            Contestant(
                "kmedoids, one, F order",
                lambda: kmedoids_rust.dynmsc(D.T, medoids),
                0.01,
                RUST,
            ),
        ],
    )


def many_numbers(name, X, numbers, **options):
    """All numbers of clusters beside one fit with the largest."""
    last, options = max(numbers), {"random_state": 0, **options}
    return Problem(
        name,
        [
            Contestant("KMedoids, the largest k", lambda: fit(X, last, options)),
            Contestant("k_path", lambda: k_path(X, numbers, **options).loss[-1]),
        ],
    )


def fit(X, k, options):
    return KMedoids(k, **options).fit(X).inertia_
