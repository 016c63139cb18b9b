"""LA-SDP beside cvxpy and SCS; errors of ILASDP beside KMeans and GaussianMixture.

``python benchmarks/run.py ila_sdp`` prints times, ``python benchmarks/ila_sdp.py`` the
table of errors.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
sys.path.insert(0, str(FOLDER.parent))

from peers import cvxpy_scs  # noqa: E402
from run import Contestant, Problem  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.metrics.cluster import contingency_matrix  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402

from skextras.cluster import ILASDP, LASDP  # noqa: E402
from skextras.cluster._lasdp._em import log_joint  # noqa: E402
from skextras.cluster._lasdp._low_rank import (  # noqa: E402
    solve_low_rank,
    start_parts,
)
from skextras.cluster._lasdp._problem import make_problem  # noqa: E402
from skextras.cluster._lasdp._solution import solve  # noqa: E402

#: Samples, clusters, features, distance of the means, condition of the covariances.
ROWS = [
    (200, 4, 5, 4, 50),
    (300, 3, 5, 3.5, 50),
    (60, 3, 4, 4, 20),
    (200, 3, 20, 5, 50),
    (120, 4, 10, 5, 20),
    (200, 3, 50, 8, 50),
    (400, 8, 10, 5, 50),
]


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


def solve_best(problem):
    """Solve as LASDP(rank=8, solver_tol=1e-4) does, starts included."""
    return solve(
        problem, solver="low_rank", rank=8, trace="each", tol=1e-4, max_iter=5000,
        max_memory=None, n_init=10, rng=np.random.RandomState(0),
    ).objective  # fmt: skip


def solve_once(problem, tol):
    """Solve from one random start; return the objective."""
    n_clusters, _, n = problem.whitened.shape
    start = start_parts(n_clusters, 4, n, np.random.default_rng(0))
    options = {"trace": "each", "max_iter": 20_000}
    return solve_low_rank(problem, start, tol=tol, **options).objective


def problems(data):
    for n, n_clusters, n_features, condition in [
        (100, 3, 5, 20),
        (200, 3, 5, 20),
        (200, 3, 20, 20),
        (200, 4, 5, 50),
    ]:
        X, _, _, covariances = clusters(n, n_clusters, n_features, 4, condition, 0)
        problem = make_problem(X, covariances, np.zeros(n_clusters))
        yield Problem(
            f"LA-SDP n={n} K={n_clusters} d={n_features}",
            [
                Contestant("skextras low_rank", lambda p=problem: solve_best(p)),
                Contestant(
                    "cvxpy + SCS 1e-4", lambda p=problem: cvxpy_scs.lasdp(p, 1e-4), 1e-4
                ),
            ],
            float,
        )
    for n in (20_000, 100_000):
        X, _, _, covariances = clusters(n, 4, 10, 4, 20, 0)
        problem = make_problem(X, covariances, np.zeros(4))
        yield Problem(
            f"LA-SDP n={n} K=4 d=10",
            [
                Contestant("skextras tol=1e-3", lambda p=problem: solve_once(p, 1e-3)),
                Contestant(
                    "skextras tol=1e-2", lambda p=problem: solve_once(p, 1e-2), None
                ),
            ],
            float,
        )


def error(y, labels):
    """Share of samples in a wrong cluster, clusters matched as well as possible."""
    table = contingency_matrix(y, labels)
    return 1 - table[linear_sum_assignment(-table)].sum() / len(y)


def contestants(X, means, covariances, n_clusters, seed):
    """Yield a name and labels of each."""
    shares = np.full(n_clusters, 1 / n_clusters)
    yield "Bayes", log_joint(X, means, covariances, shares).argmax(axis=1)
    known = LASDP(n_clusters, covariances_init=covariances, random_state=seed)
    yield "LASDP, known", known.fit(X).labels_
    yield "KMeans", KMeans(n_clusters, n_init=10, random_state=seed).fit(X).labels_
    for n_init, share in [(1, 0), (20, 0), (20, 0.05)]:
        reg = share * X.var(axis=0).mean() or 1e-6
        mixture = GaussianMixture(
            n_clusters, n_init=n_init, reg_covar=reg, random_state=seed
        )
        name = f"GM {n_init}" + ("" if not share else " reg")
        yield name, mixture.fit_predict(X)
    kmeans = KMeans(n_clusters, n_init=10, random_state=seed).fit(X).labels_
    yield "EM, shrunk", shrunk_em(X, kmeans)
    plain = ILASDP(n_clusters, refine=None, random_state=seed)
    yield "ILASDP plain", plain.fit(X).labels_
    yield "ILASDP", ILASDP(n_clusters, random_state=seed).fit(X).labels_


def shrunk_em(X, labels):
    """EM as in ILASDP, from k-means and without any relaxation."""
    from skextras.cluster._lasdp._em import expectation_maximization
    from skextras.cluster._lasdp._rounding import one_hot

    result = expectation_maximization(
        X,
        one_hot(labels, labels.max() + 1),
        covariance_type="full",
        shrinkage="auto",
        floor=1e-6 * X.var(axis=0).mean(),
        weights="uniform",
        min_size=2,
        max_iter=200,
        tol=1e-4,
    )
    return result.membership.argmax(axis=1)


def main(n_sets=30):
    warnings.simplefilter("ignore")
    for place, row in enumerate(ROWS):
        found = {}
        for seed in range(n_sets):
            X, y, means, covariances = clusters(*row, seed)
            for name, labels in contestants(X, means, covariances, row[1], seed):
                found.setdefault(name, []).append(error(y, labels))
        if place == 0:
            print(f"mean share of wrong labels over {n_sets} data sets")
            print(f"{'n, K, d, distance, condition':30}", *(f"{n:>13}" for n in found))
        values = (f"{np.mean(errors):13.4f}" for errors in found.values())
        print(f"{row!s:30}", *values, flush=True)


if __name__ == "__main__":
    main()
