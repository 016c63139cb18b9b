"""Log densities and bandwidths of KernelDensity, beside scikit-learn and SciPy.

Each time is that of a fit and of the queries, with two threads for ours; the peers have
one. Peers answer a part of the queries: their times are scaled to all of them.
scikit-learn's sums are wrong in many features, which the objectives show; all are
compared with sums over all pairs.
"""

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
    """Yield the problems: scores in several dimensions, then bandwidths."""
    n, m = (500, 64) if smoke else (200_000, 10_000)
    for d in (1, 2, 3, 8, 32, 64):
        yield scores(d, n, m)
    for n, d in ((200, 2),) if smoke else ((2000, 2), (5000, 8)):
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

    contestants = [
        Contestant("skextras, 2 threads", ours),
        Contestant("all pairs, cdist and logsumexp", exact, 1e-7, ("scipy",)),
        Contestant("scikit-learn, rtol 1e-8", lambda: scikit_learn(1e-8),
                   1e-6 if d <= 8 else None, ("scikit-learn",)),
        Contestant("SciPy, another covariance", scipy, None, ("scipy",)),
    ]  # fmt: skip
    name = f"scores, d = {d}, n = {spaced(n)}"
    return Scaled(name, contestants, m / _PEER_QUERIES)


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
