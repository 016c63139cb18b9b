"""Discovery of classes: accuracies, beside clusterings that are used for it.

Half of the classes are known (one of two), half of their rows are labelled. Means over
five draws. "objective" is the share of unlabelled rows that are matched with their
class in per cent, "pinned" that where known classes keep their names (of methods that
know names), and "off" the mean distance from the true number of classes.
"""

import time
import warnings
from functools import partial

import numpy as np
from sklearn import datasets
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import BayesianGaussianMixture
from sklearn.mixture import GaussianMixture as Reference
from sklearn.preprocessing import StandardScaler

from benchmarks.contest import Contestant, Problem
from skextras.metrics import gcd_accuracy_score
from skextras.mixture import GaussianMixtureDiscovery
from skextras.model_selection import estimate_n_classes
from skextras.semi_supervised import SemiSupervisedKMeans

_SEEDS = 5
_BUNDLED = {
    "iris": (datasets.load_iris, 4), "wine": (datasets.load_wine, 13),
    "breast cancer": (datasets.load_breast_cancer, 10),
    "digits": (datasets.load_digits, 16),
}  # fmt: skip
#: Name of the file, features that are kept, and rows.
_FILES = {
    "pendigits": ("pendigits", 16, 4000), "satimage": ("satimage", 12, 4000),
    "USPS": ("usps", 16, 4000), "MNIST": ("mnist_test", 16, 6000),
}  # fmt: skip
_IMAGES = ("digits", "USPS", "MNIST")  # whose features have one unit


def problems(data, smoke):
    """Yield the problems: the number of classes is given, then it is not."""
    tables = [(name, load(), d) for name, (load, d) in _BUNDLED.items()]
    if data is not None and not smoke:
        for name, (file, d, n) in _FILES.items():
            with np.load(f"{data}/{file}.npz") as stored:
                rows = np.random.default_rng(0).permutation(len(stored["y"]))[:n]
                tables.append(
                    (name, {"data": stored["X"][rows], "target": stored["y"][rows]}, d)
                )
    if smoke:
        tables = tables[:1]
    for given in (True, False):
        for name, table, d in tables:
            X, truth = prepared(name, table, d)
            yield accuracies(name, X, truth, given, 1 if smoke else _SEEDS)


def prepared(name, table, d):
    """Return principal components and the numbers of the classes."""
    X = np.asarray(table["data"], dtype=float)
    X = X / X.max() if name in _IMAGES else StandardScaler().fit_transform(X)
    if d < X.shape[1]:
        X = PCA(d, random_state=0).fit_transform(X)
    return X, np.unique(table["target"], return_inverse=True)[1]


def drawn(truth, seed):
    """Return known classes, and labels of half of their rows."""
    rng, n = np.random.default_rng(seed), truth.max() + 1
    known = np.sort(rng.permutation(n)[: n - n // 2])
    y = np.full(len(truth), -1)
    for c in known:
        rows = rng.permutation(np.flatnonzero(truth == c))
        y[rows[: round(len(rows) / 2)]] = c
    return known, y


def ours(X, y, k, seed):
    n_novel = None if k is None else k - len(np.unique(y[y >= 0]))
    return GaussianMixtureDiscovery(n_novel, random_state=seed).fit_predict(X, y)


def labelled_kmeans(X, y, k, seed):
    n_known = len(np.unique(y[y >= 0]))
    if k is None:
        method = "labelled_accuracy" if n_known > 1 else "silhouette"
        k = estimate_n_classes(X, y, method=method, random_state=seed).n_classes
    return SemiSupervisedKMeans(k - n_known, random_state=seed).fit_predict(X, y)


def kmeans(X, y, k, seed):
    return KMeans(k, n_init=10, random_state=seed).fit_predict(X)


def mixture(X, y, k, seed):
    return Reference(k, n_init=5, reg_covar=1e-3, random_state=seed).fit_predict(X)


def by_criterion(X, y, k, seed):
    models = [Reference(k, n_init=2, reg_covar=1e-3, random_state=seed).fit(X)
              for k in range(1, 21)]  # fmt: skip
    return min(models, key=lambda model: model.bic(X)).predict(X)


def dirichlet(X, y, k, seed):
    return BayesianGaussianMixture(
        n_components=20, weight_concentration_prior=0.01, reg_covar=1e-3, max_iter=300,
        random_state=seed,
    ).fit_predict(X)  # fmt: skip


def by_density(X, y, k, seed):
    return HDBSCAN(min_cluster_size=max(5, len(X) // 50), copy=True).fit_predict(X)


class Accuracies(Problem):
    """A problem whose contestants are compared by what they find."""

    def run(self, repeats):
        """Return the measures of each contestant; each runs once for each draw."""
        rows = [{"contestant": each.name, **each.call()} for each in self.contestants]
        for row in rows:
            row["ratio"] = row["seconds"] / rows[0]["seconds"]
        return rows


def accuracies(name, X, truth, given, n_seeds):
    """Compare what is found in a table."""
    k = int(truth.max()) + 1

    def measure(find, knows_names):
        found, began = [], time.perf_counter()
        for seed in range(n_seeds):
            known, y = drawn(truth, seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                labels = find(X, y, k if given else None, seed)
                free = y == -1
                scores = [
                    gcd_accuracy_score(truth[free], labels[free], known, matching=how)
                    for how in ("all", "pinned")
                ]
            found.append(
                (scores[0].all, scores[1].all, abs(len(np.unique(labels[free])) - k))
            )
        objective, pinned, off = np.mean(found, axis=0)
        seconds = (time.perf_counter() - began) / n_seeds
        row = {"seconds": seconds, "times": [seconds]}
        row |= {"objective": round(100 * float(objective), 1), "off": float(off)}
        return row | ({"pinned": round(100 * float(pinned), 1)} if knows_names else {})

    finders = [("skextras, discovery", ours, True)]
    if given:
        finders += [
            ("skextras, semi-supervised k-means", labelled_kmeans, True),
            ("scikit-learn, KMeans", kmeans, False),
            ("scikit-learn, GaussianMixture", mixture, False),
        ]
    else:
        finders += [
            ("labelled accuracy, then k-means", labelled_kmeans, True),
            ("scikit-learn, least BIC of 20 mixtures", by_criterion, False),
            ("scikit-learn, BayesianGaussianMixture", dirichlet, False),
            ("scikit-learn, HDBSCAN", by_density, False),
        ]
    what = "number given" if given else "number estimated"
    return Accuracies(
        f"{name}, {what}",
        [
            Contestant(label, partial(measure, find, knows_names), None)
            for label, find, knows_names in finders
        ],
    )
