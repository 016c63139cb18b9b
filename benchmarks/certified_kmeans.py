"""Certified K-means: the relaxation beside general solvers, and larger data."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from benchmarks.contest import Contestant, Problem
from benchmarks.peers import cvxpy_sdp
from skextras.cluster import SDPKMeans, certify_kmeans, kmeans_lower_bound

BLAS_THREADS = 1  # all on one thread, but for the blocks
SKLEARN = ("scikit-learn",)


def mixture(n, k, distance, d=10):
    """Return isotropic Gaussian clusters of unit variance, and their labels."""
    rng = np.random.default_rng(0)
    center = np.linalg.qr(rng.normal(size=(d, k)))[0].T * distance / np.sqrt(2)
    labels = np.arange(n) % k
    return center[labels] + rng.normal(size=(n, d)), labels


def problems(data, smoke):
    """Yield the problems."""
    if smoke:
        X = mixture(24, 3, 6, 4)[0]
        yield relaxation("gmm, n = 24", X, 3, ("SCS", "CLARABEL", "SDPA"))
        yield certificate("quick, n = 300", *mixture(300, 3, 16, 5), 3)
        yield low_rank("low_rank, n = 90", mixture(90, 3, 16, 5)[0], 3)
        yield blocks("blocks, n = 60", mixture(60, 3, 6, 5)[0], 3, (20, 30))
        return
    digits, y = load_digits(return_X_y=True)
    four = digits[y < 4]
    wine = StandardScaler().fit_transform(load_wine().data)
    gmm = {n: mixture(n, 4, 4)[0] for n in (50, 200, 400, 1000)}
    yield relaxation("gmm, n = 50", gmm[50], 4, ("SCS", "CLARABEL", "SDPA"))
    for name, X, k in [
        ("iris, n = 150", load_iris().data, 3),
        ("wine, n = 178", wine, 3),
        ("gmm, n = 200", gmm[200], 4),
        ("digits 0 to 3, n = 200", four[:200], 4),
        ("gmm, n = 400", gmm[400], 4),
        ("gmm at distance 8, n = 400", mixture(400, 4, 8)[0], 4),
        ("digits 0 to 3, n = 400", four[:400], 4),
    ]:
        yield relaxation(name, X, k, ("SCS",))
    yield relaxation("gmm, n = 1000", gmm[1000], 4, ())
    yield relaxation("all digits, n = 1797", digits, 10, ())
    yield certificate("quick, n = 100 000", *mixture(100_000, 4, 16, 20), 4)
    yield certificate("quick, n = 1 000 000", *mixture(1_000_000, 4, 17, 20), 4)
    yield low_rank("low_rank, n = 100 000", mixture(100_000, 4, 16, 20)[0], 4)
    yield blocks("blocks, n = 20 000", mixture(20_000, 4, 4, 20)[0], 4, (500, 1000))


def relaxation(name, X, k, solvers):
    """Time the bound. SCS misses the value by some 1e-4; low rank may, too."""

    def ours():
        return kmeans_lower_bound(X, k, method="sdp").lower_bound

    def five_starts():
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
        call = cvxpy_sdp.relaxed_inertia
        return Contestant(
            f"cvxpy {solver}",
            lambda: call(X, k, solver),
            2e-3,
            cvxpy_sdp.NEEDS[solver],
        )

    return Problem(
        f"relaxation, {name}",
        [
            Contestant('skextras "sdp"', ours),
            Contestant("skextras low_rank", five_starts, 1e-3),
            *map(peer, solvers),
        ],
    )


def kmeans(X, k, n_init):
    call = KMeans(k, n_init=n_init, random_state=0)
    name = f"KMeans, {n_init} start" + ("s" if n_init > 1 else "")
    return Contestant(name, lambda: call.fit(X).inertia_, None, SKLEARN)


def certificate(name, X, labels, k):
    """Prove given labels, in the time of finding them."""

    def ours():
        result = certify_kmeans(X, labels, method="quick")
        assert result.certified
        return result.lower_bound

    peers = [kmeans(X, k, n_init) for n_init in (1, 10)]
    return Problem(name, [Contestant('skextras "quick"', ours), *peers])


def low_rank(name, X, k):
    """Cluster by the relaxation what is too large for a matrix."""
    model = SDPKMeans(k, solver="low_rank", certificate=None, random_state=0)
    ours = Contestant("skextras low_rank", lambda: model.fit(X).inertia_)
    return Problem(name, [ours, kmeans(X, k, 10)])


def blocks(name, X, k, sizes):
    """Bound what is too large for a matrix; the objective is the gap."""
    labels = KMeans(k, n_init=3, random_state=0).fit(X).labels_
    small, large = sizes

    def ours(size, n_jobs):
        options = {"method": "blocks", "block_size": size, "n_jobs": n_jobs}
        return lambda: certify_kmeans(X, labels, **options).gap

    return Problem(
        name,
        [
            Contestant(f"blocks of {large}, 2 threads", ours(large, 2)),
            Contestant(f"blocks of {large}, 1 thread", ours(large, 1)),
            Contestant(f"blocks of {small}, 2 threads", ours(small, 2), None),
        ],
    )
