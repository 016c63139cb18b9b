"""Errors of ILASDP beside KMeans and GaussianMixture, over draws of the data."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import multivariate_normal
from sklearn.cluster import KMeans
from sklearn.metrics.cluster import contingency_matrix
from sklearn.mixture import GaussianMixture

from benchmarks.ila_sdp import clusters
from skextras._gaussian._em import expectation_maximization
from skextras.cluster import ILASDP, LASDP
from skextras.cluster._sdp._hard_labels import one_hot

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


def problems(data, smoke):
    """Yield a row of settings each; 10 draws of the data for each repeat."""
    for row in [(60, 3, 4, 4, 20)] if smoke else ROWS:
        yield Errors(", ".join(map(str, row)), row, 1 if smoke else 10)


class Errors(NamedTuple):
    """The mean share of samples in a wrong cluster."""

    name: str
    setting: tuple
    draws: int

    def run(self, repeats):
        found = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GaussianMixture often does not converge
            for seed in range(self.draws * repeats):
                X, y, means, covariances = clusters(*self.setting, seed)
                for name, labels in contestants(X, means, covariances, seed):
                    found.setdefault(name, []).append(error(y, labels))
        return [
            {"contestant": name, "error": float(np.mean(errors)), "draws": len(errors)}
            for name, errors in found.items()
        ]


def error(y, labels):
    """Share of samples in a wrong cluster, clusters matched as well as possible."""
    table = contingency_matrix(y, labels)
    return 1 - table[linear_sum_assignment(-table)].sum() / len(y)


def contestants(X, means, covariances, seed):
    """Yield a name and labels of each."""
    k = len(means)
    yield "Bayes", bayes(X, means, covariances)
    known = LASDP(k, covariances=covariances, random_state=seed)
    yield "LASDP, known", known.fit(X).labels_
    kmeans = KMeans(k, n_init=10, random_state=seed).fit(X).labels_
    yield "KMeans", kmeans
    for name, n_init, share in [
        ("GM 1", 1, 0),
        ("GM 20", 20, 0),
        ("GM 20 reg", 20, 0.05),
    ]:
        reg = share * X.var(axis=0).mean() or 1e-6
        mixture = GaussianMixture(k, n_init=n_init, reg_covar=reg, random_state=seed)
        yield name, mixture.fit_predict(X)
    yield "EM, shrunk", shrunk_em(X, kmeans)
    plain = ILASDP(k, refine=None, random_state=seed)
    yield "ILASDP, refine=None", plain.fit(X).labels_
    yield "ILASDP", ILASDP(k, random_state=seed).fit(X).labels_


def bayes(X, means, covariances):
    """Labels by the true densities."""
    densities = [
        multivariate_normal(mean, covariance).logpdf(X)
        for mean, covariance in zip(means, covariances, strict=True)
    ]
    return np.argmax(densities, axis=0)


def shrunk_em(X, labels):
    """EM as in ILASDP, from k-means and without any relaxation."""
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
