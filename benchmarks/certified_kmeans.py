"""Certified K-means: the relaxation beside general solvers, and larger data."""

import numpy as np
from peers import cvxpy_sdp
from run import Contestant, Problem
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skextras.cluster import SDPKMeans, certify_kmeans, kmeans_lower_bound


def mixture(n, k, distance, d=10):
    """Return isotropic Gaussian clusters of unit variance, and their labels."""
    rng = np.random.default_rng(0)
    center = np.linalg.qr(rng.normal(size=(d, k)))[0].T * distance / np.sqrt(2)
    labels = np.arange(n) % k
    return center[labels] + rng.normal(size=(n, d)), labels


def problems(_):
    """Yield the problems; all on one thread but for the blocks."""
    threadpool_limits(1, user_api="blas")
    digits, y = load_digits(return_X_y=True)
    four = digits[y < 4]
    small = {
        "iris": (load_iris().data, 3),
        "wine": (StandardScaler().fit_transform(load_wine().data), 3),
        "gmm 200": (mixture(200, 4, 4)[0], 4),
        "digits 0-3, 200": (four[:200], 4),
    }
    interior = ("CLARABEL", *cvxpy_sdp.installed("SDPA"))
    yield relaxation("gmm 50", mixture(50, 4, 4)[0], 4, ("SCS", *interior))
    for name, (X, k) in small.items():
        yield relaxation(name, X, k, ("SCS",))
    # SCS takes 15 to 30 seconds for each: with --repeats 1, 150 seconds for all three.
    yield relaxation("gmm 400", mixture(400, 4, 4)[0], 4, ("SCS",))
    yield relaxation("gmm, far, 400", mixture(400, 4, 8)[0], 4, ("SCS",))
    yield relaxation("digits 0-3, 400", four[:400], 4, ("SCS",))
    yield relaxation("gmm 1000", mixture(1000, 4, 4)[0], 4, ())
    yield relaxation("digits, 1797", digits, 10, ())
    yield certificate("certificate 1e5", *mixture(100_000, 4, 16, 20), 4)
    yield certificate("certificate 1e6", *mixture(1_000_000, 4, 17, 20), 4)
    yield blocks("blocks 20000", mixture(20_000, 4, 4, 20)[0], 4)


def relaxation(name, X, k, solvers):
    """Time the bound. SCS misses the value by some 1e-4; low rank may, too."""

    def ours():
        return kmeans_lower_bound(X, k, method="sdp").lower_bound

    def low_rank():
        model = SDPKMeans(
            k,
            solver="low_rank",
            polish=False,
            certificate=None,
            rank=4 * k,
            random_state=0,
        )
        return model.fit(X).relaxed_inertia_

    def peer(solver):
        return lambda: cvxpy_sdp.relaxed_inertia(X, k, solver)

    return Problem(
        f"relaxation, {name}",
        [
            Contestant("skextras ADMM, bound", ours),
            Contestant("skextras low rank, 5 starts, rounded", low_rank, 1e-3),
            *(Contestant(f"cvxpy {s}", peer(s), 2e-3) for s in solvers),
        ],
        float,
    )


def certificate(name, X, labels, k):
    """Prove given labels, in the time of finding them."""

    def ours():
        result = certify_kmeans(X, labels, method="quick")
        assert result.certified
        return result.lower_bound

    def peer(n_init):
        return lambda: KMeans(k, n_init=n_init, random_state=0).fit(X).inertia_

    return Problem(
        name,
        [
            Contestant("skextras quick certificate", ours),
            Contestant("scikit-learn KMeans, 1 start", peer(1), None),
            Contestant("scikit-learn KMeans, 10 starts", peer(10), None),
        ],
        float,
    )


def blocks(name, X, k):
    """Bound what is too large for a matrix."""
    labels = KMeans(k, n_init=3, random_state=0).fit(X).labels_

    def ours(size, n_jobs):
        options = {"method": "blocks", "block_size": size, "n_jobs": n_jobs}
        return lambda: certify_kmeans(X, labels, **options).gap

    return Problem(
        f"{name}: gap",
        [
            Contestant("skextras, 1000, 2 threads", ours(1000, 2)),
            Contestant("skextras, 1000, 1 thread", ours(1000, 1)),
            Contestant("skextras, 500, 2 threads", ours(500, 2), None),
        ],
        float,
    )
