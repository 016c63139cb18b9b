"""Iterations of EM, beside scikit-learn's GaussianMixture.

All begin with the same means, weights and precisions. The time of one iteration is the
difference of fits of six and of one, over five; BLAS has two threads for both.
"""

import time
import warnings

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearn

from benchmarks.contest import Contestant, Problem, spaced
from skextras.mixture import GaussianMixture, SemiSupervisedGaussianMixture

BLAS_THREADS = 2


def problems(data, smoke):
    """Yield the problems: of clusters apart, in both precisions, and of close ones."""
    n = 2000 if smoke else 100_000
    for apart, dtype in ((2.0, "float64"), (2.0, "float32"), (0.3, "float64")):
        yield iterations(n, 32, 20, apart, dtype)
    yield labels_of_some(n, 8, 5)


def iterations(n, d, k, apart, dtype):
    """Iterate from means that are near the true ones."""
    rng = np.random.default_rng(0)
    centers = apart * rng.normal(size=(k, d))
    X = (centers[rng.integers(0, k, n)] + rng.normal(size=(n, d))).astype(dtype)
    start = {
        "means_init": (centers + 0.1 * rng.normal(size=(k, d))).astype(dtype),
        "weights_init": np.full(k, 1 / k, dtype=dtype),
        "precisions_init": np.tile(np.eye(d, dtype=dtype), (k, 1, 1)),
        "init_params": "random_from_data", "tol": 0, "random_state": 0,
    }  # fmt: skip

    def per_iteration(kind, X):
        times = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for n_iter in (1, 6):
                began = time.perf_counter()
                model = kind(k, max_iter=n_iter, **start).fit(X)
                times.append(time.perf_counter() - began)
        return (times[1] - times[0]) / 5, model.lower_bound_

    return PerIteration(
        f"EM, {dtype}, {apart} apart, n = {spaced(n)}",
        [
            Contestant("skextras", lambda: per_iteration(GaussianMixture, X)),
            Contestant("scikit-learn", lambda: per_iteration(ScikitLearn, X),
                       1e-6, ("scikit-learn",)),
        ],
        lambda result: result[1],
    )  # fmt: skip


def labels_of_some(n, d, k):
    """Fit to labels of a tenth of the rows; the objective is the joint likelihood."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, k, n)
    X = 2 * rng.normal(size=(k, d))[truth] + rng.normal(size=(n, d))
    y = np.where(np.arange(n) % 10 == 0, truth, -1)
    labelled = np.flatnonzero(y >= 0)

    def ours():
        model = SemiSupervisedGaussianMixture(weights="all", tol=1e-7, max_iter=300)
        model.fit(X, y)
        return model.weights_, model.means_, model.covariances_

    def peer():
        from semi_supervised_gmm import SemiSupervisedGMM

        found = SemiSupervisedGMM(lambda_=1.0, tol=1e-9).fit(X, y).params_
        return found.pi, found.means, found.covariances

    def joint(params):
        logs = np.stack([
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(X)
            for weight, mean, covariance in zip(*params, strict=True)
        ])  # fmt: skip
        value = logsumexp(logs[:, y < 0], axis=0).sum()
        return (value + logs[truth[labelled], labelled].sum()) / n

    return Problem(
        f"labels of a tenth, n = {spaced(n)}, d = {d}",
        [
            Contestant("skextras", ours),
            Contestant("semi-supervised-gmm", peer, 1e-5, ("semi-supervised-gmm",)),
        ],
        joint,
    )


class PerIteration(Problem):
    """A problem whose contestants tell the time themselves, beside the objective."""

    def run(self, repeats):
        """As ``Problem.run``, with the times that were told."""
        rows = []
        for contestant in self.contestants:
            contestant.call()  # compiles
            results = [contestant.call() for _ in range(repeats)]
            times = [seconds for seconds, _ in results]
            value = float(self.objective(results[0]))
            if rows and contestant.tolerance is not None:
                np.testing.assert_allclose(
                    value, rows[0]["objective"], rtol=contestant.tolerance
                )
            seconds = float(np.median(times))
            ratio = seconds / (rows[0]["seconds"] if rows else seconds)
            rows.append({
                "contestant": contestant.name, "seconds": seconds, "objective": value,
                "times": times, "ratio": ratio,
            })  # fmt: skip
        return rows
