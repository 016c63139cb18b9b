"""LA-SDP beside cvxpy and SCS, and larger data."""

import numpy as np

from benchmarks.contest import Contestant, Problem, spaced
from benchmarks.peers import cvxpy_scs
from skextras.cluster import ILASDP, LASDP


def problems(data, smoke):
    """Yield the problems: samples, clusters and features are in the name."""
    sizes = [(100, 3, 5, 20), (200, 3, 5, 20), (200, 3, 20, 20), (200, 4, 5, 50)]
    for n, n_clusters, n_features, condition in [(24, 2, 2, 5)] if smoke else sizes:
        yield beside_scs(n, n_clusters, n_features, condition)
    for n in (200,) if smoke else (20_000, 100_000):
        yield larger(n)


def clusters(n, n_clusters, n_features, distance, condition, seed):
    """Draw balanced clusters with covariances of random axes and determinant 1.

    Logarithms of the variances along the axes are uniform; all means are equally far
    apart.
    """
    rng = np.random.default_rng(seed)
    covariances = np.empty((n_clusters, n_features, n_features))
    for covariance in covariances:
        axes = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
        spread = rng.uniform(0, np.log(condition), n_features)
        covariance[:] = axes * np.exp(spread - spread.mean()) @ axes.T
    corners = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    means = corners[:n_clusters] * distance / np.sqrt(2)
    y = np.arange(n) % n_clusters
    roots = np.linalg.cholesky(covariances)
    noise = rng.normal(size=(n, n_features))
    X = means[y] + np.einsum("nij,nj->ni", roots[y], noise)
    return X, y, means, covariances


def known(X, covariances, **options):
    """Return a call that fits with the true covariances."""
    k = len(covariances)
    model = LASDP(k, covariances=covariances, random_state=0, **options)
    return lambda: model.fit(X).objective_


def beside_scs(n, n_clusters, n_features, condition):
    """Reach the objective of SCS to a relative 1e-4; labels and starts included."""
    X, _, _, covariances = clusters(n, n_clusters, n_features, 4, condition, 0)
    return Problem(
        f"beside SCS, n = {n}, K = {n_clusters}, d = {n_features}",
        [
            Contestant("skextras", known(X, covariances, rank=8, tol=1e-4)),
            Contestant(
                "cvxpy SCS",
                lambda: cvxpy_scs.lasdp(X, covariances, 1e-4),
                1e-4,
                ("cvxpy", "scs"),
            ),
        ],
    )


def larger(n):
    """Fit by default, with a looser tolerance, and with unknown covariances."""
    X, _, _, covariances = clusters(n, 4, 10, 4, 20, 0)
    return Problem(
        f"larger, n = {spaced(n)}, K = 4, d = 10",
        [
            Contestant("LASDP", known(X, covariances)),
            Contestant("tol=1e-2", known(X, covariances, tol=1e-2), None),
            Contestant(
                "ILASDP", lambda: ILASDP(4, random_state=0).fit(X).objective_, None
            ),
        ],
    )
