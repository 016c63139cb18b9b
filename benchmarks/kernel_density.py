"""Log densities, grids and bandwidths of KernelDensity, beside its peers.

Each time is that of a fit and of the queries, with two threads for ours; the peers have
one. Peers answer a part of the queries, and their times are scaled to all of them; the
times of trees that they build are left out. scikit-learn's sums are wrong in many
features, which the objectives show; all are compared with sums over all pairs.
"""

import warnings

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import gaussian_kde
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity as ScikitLearn

from benchmarks.contest import Contestant, Problem, spaced
from skextras.neighbors import KernelDensity

_PEER_QUERIES = 20


class Scaled:
    """A problem of which peers answer one of ``factor`` queries."""

    def __init__(self, name, contestants, factor):
        self.name, self.contestants, self.factor = name, contestants, factor

    def run(self, repeats):
        """As ``Problem.run``; times of the peers are multiplied by what they lack."""
        rows = Problem(self.name, self.contestants).run(repeats)
        for row in rows[1:]:
            if "times" in row:
                row["times"] = [time * self.factor for time in row["times"]]
                row["seconds"] *= self.factor
                row["ratio"] *= self.factor
        return rows


def problems(data, smoke):
    """Yield the problems: scores in several dimensions, grids, then bandwidths."""
    n, m = (500, 64) if smoke else (200_000, 10_000)
    for d in (1, 2, 3, 8, 32, 64):
        yield scores(d, n, m)
    for d, size in ((1, 2**12), (2, 2**8)):
        yield grids(d, n, 32 if smoke else size)
    for n, d in ((100, 2),) if smoke else ((1000, 8),):
        yield bandwidths_of_features(n, d)
    yield plug_in(200 if smoke else 10_000)
    yield bounded(200 if smoke else 2000)
    for n, d in ((200, 2),) if smoke else ((5000, 8), (10_000, 8)):
        yield bandwidths(n, d)


def scores(d, n, m):
    """Log densities of a normal sample, at new rows, with Scott's bandwidth."""
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    h, few = n ** (-1 / (d + 4)), Q[:_PEER_QUERIES]

    def ours():
        model = KernelDensity(bandwidth=h, rtol=1e-8, regime_check=False, n_jobs=2)
        return model.fit(X).score_samples(Q)[:_PEER_QUERIES].sum()

    fits = {}

    def scikit_learn(rtol):
        if rtol not in fits:  # of its tree, of which the time is left out
            fits[rtol] = ScikitLearn(bandwidth=h, rtol=rtol).fit(X)
        return fits[rtol].score_samples(few).sum()

    def exact():
        logs = logsumexp(-cdist(few, X, "sqeuclidean") / (2 * h * h), axis=1)
        return (logs - np.log(n) - d * np.log(h * np.sqrt(2 * np.pi))).sum()

    def scipy():
        model = gaussian_kde(X.T, lambda _: h)
        model.set_bandwidth(h / np.sqrt(np.mean(np.var(X, axis=0, ddof=1))))
        return model.logpdf(few.T).sum()

    def mlpack():
        from mlpack import kde

        out = kde(reference=X, query=few, bandwidth=h, rel_error=1e-8)
        return np.log(out["predictions"]).sum()

    contestants = [
        Contestant("skextras, 2 threads", ours),
        Contestant("all pairs, cdist and logsumexp", exact, 1e-7, ("scipy",)),
        Contestant("scikit-learn, rtol 1e-8", lambda: scikit_learn(1e-8),
                   1e-6 if d <= 8 else None, ("scikit-learn",)),
        Contestant("SciPy, another covariance", scipy, None, ("scipy",)),
        Contestant("mlpack, rel_error 1e-8", mlpack, 1e-6 if d <= 8 else None,
                   ("mlpack",)),
    ]  # fmt: skip
    name = f"scores, d = {d}, n = {spaced(n)}"
    return Scaled(name, contestants, m / _PEER_QUERIES)


def grids(d, n, size):
    """Densities on a regular grid; KDEpy's are of points moved to the grid."""
    rng = np.random.default_rng(0)
    X, h = rng.normal(size=(n, d)), n ** (-1 / (d + 4))
    axis = np.linspace(-8, 8, size)
    points = np.stack(np.meshgrid(*[axis] * d, indexing="ij"), axis=-1).reshape(-1, d)
    middle = np.argsort((points**2).sum(axis=1), kind="stable")[:10]
    exact = np.exp(
        logsumexp(-cdist(points[middle], X, "sqeuclidean") / (2 * h * h), axis=1)
        - np.log(n) - d * np.log(h * np.sqrt(2 * np.pi))
    )  # fmt: skip

    def ours():
        model = KernelDensity(bandwidth=h, regime_check=False, n_jobs=2).fit(X)
        return model.evaluate_grid(size, [(-8, 8)] * d).density.reshape(-1)[middle]

    def kdepy():
        from KDEpy import FFTKDE

        return FFTKDE(bw=h).fit(X).evaluate(points)[middle]

    def fastlpr():
        from fastlpr import cv_fastkde

        ends = [(-8, 8)] * d if d > 1 else (-8, 8)
        options = {"N": [size] * d if d > 1 else size, "xrange": ends}
        return cv_fastkde(X, [h] * d, options).fhat.reshape(-1)[middle]

    def error(values):
        return 1 + abs(np.ravel(values) / exact - 1).max()

    return Problem(
        f"grid of {spaced(size**d)}, d = {d}, n = {spaced(n)}",
        [
            Contestant("skextras, 2 threads", ours),
            Contestant("KDEpy FFTKDE", kdepy, 1.0, ("KDEpy",)),
            Contestant("fastlpr", fastlpr, None, ("fastlpr",)),
        ],
        error,
    )


def bandwidths_of_features(n, d):
    """Bandwidths of largest likelihood, one for each feature."""
    X = np.random.default_rng(1).normal(size=(n, d)) * np.linspace(1, 3, d)

    def value(widths):
        squares = cdist(X / widths, X / widths, "sqeuclidean")
        np.fill_diagonal(squares, np.inf)
        logs = logsumexp(-squares / 2, axis=1) - np.log(widths).sum()
        return float(logs.mean() - np.log(n - 1) - d / 2 * np.log(2 * np.pi))

    def ours():
        model = KernelDensity(bandwidth="loo-diag", regime_check=False, n_jobs=2)
        return model.fit(X).bandwidth_

    def statsmodels():
        from statsmodels.nonparametric.kernel_density import KDEMultivariate

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return KDEMultivariate(X, "c" * d, bw="cv_ml").bw

    return Problem(
        f'"loo-diag", n = {spaced(n)}, d = {d}',
        [
            Contestant("skextras, 2 threads", ours),
            Contestant("statsmodels cv_ml", statsmodels, 1e-2, ("statsmodels",)),
        ],
        value,
    )


def plug_in(n):
    """Botev's bandwidth of one feature with two modes."""
    rng = np.random.default_rng(2)
    x = np.r_[rng.normal(size=n // 2), rng.normal(5, 0.3, size=n // 2)]

    def ours():
        return KernelDensity(bandwidth="isj").fit(x[:, None]).bandwidth_

    def kdepy():
        from KDEpy.bw_selection import improved_sheather_jones

        return improved_sheather_jones(x[:, None])

    def lightkde():
        from lightkde import kde_1d

        return kde_1d(x, return_bandwidth=True)[2]

    return Problem(
        f'"isj", n = {spaced(n)}',
        [
            Contestant("skextras", ours),
            Contestant("KDEpy", kdepy, None, ("KDEpy",)),
            Contestant("lightkde", lightkde, None, ("lightkde",)),
        ],
    )


def bounded(n):
    """Perplexity of new values of a law on [0, 1] with most of its mass at 0."""
    rng = np.random.default_rng(3)
    X, new = rng.beta(1, 3, size=(n, 1)), rng.beta(1, 3, size=(2000, 1))

    def ours():
        model = KernelDensity(bandwidth="loo", boundary=[(0, 1, "linear")], n_jobs=2)
        return model.fit(X).score_samples(new)

    def beta_kde():
        from beta_kde import BetaKDE

        return BetaKDE("LCV").fit(X, compute_normalization=True).score_samples(new)

    return Problem(
        f'"loo" on [0, 1], n = {spaced(n)}',
        [
            Contestant("skextras, 2 threads", ours),
            Contestant("beta-kde, LCV", beta_kde, 0.1, ("beta-kde",)),
        ],
        lambda logs: float(np.exp(-logs.mean())),
    )


def bandwidths(n, d):
    """Bandwidth of largest likelihood, beside a search of 20 values in 5 folds."""
    X = np.random.default_rng(1).normal(size=(n, d))

    def ours():
        model = KernelDensity(bandwidth="loo", regime_check=False, n_jobs=2)
        return model.fit(X).bandwidth_

    def search():
        grid = {"bandwidth": np.geomspace(0.1, 2, 20)}
        return GridSearchCV(ScikitLearn(), grid).fit(X).best_params_["bandwidth"]

    return Problem(
        f'"loo", n = {spaced(n)}, d = {d}',
        [
            Contestant("skextras, 2 threads", ours),
            Contestant("scikit-learn, GridSearchCV", search, 0.2, ("scikit-learn",)),
        ],
    )
