"""Bounds and certificates of K-means hold: brute force on many small instances."""

import numpy as np
import pytest

from skextras.cluster import certify_kmeans, kmeans_lower_bound
from tests.naive import sdp as naive


def instance(seed):
    """Return up to ten points, some of them in groups, and the number of clusters."""
    rng = np.random.default_rng(seed)
    n = rng.integers(4, 8) if seed % 40 else 10
    k = rng.integers(2, min(n, 5)) if n < 10 else 2
    X = rng.normal(size=(n, rng.integers(1, 5)))
    X += rng.choice([0, 3, 10, 30]) * rng.integers(0, k, (n, 1))
    if seed % 7 == 0:  # ties and equal rows
        X = np.round(X)
    return X * rng.choice([1e-3, 1, 1e6]), int(k), rng


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The relaxation did not converge")
@pytest.mark.parametrize("part", range(4))
def test_thousand_instances(part):
    """No bound above the optimum, no false certificate."""
    n_certified = n_labels = 0
    for seed in range(part, 1200, 4):
        X, k, _ = instance(seed)
        labels = naive.partitions(len(X), k)
        inertias = naive.inertias(X, k)
        best = inertias.min()
        slack = 1e-12 * ((X - X.mean(axis=0)) ** 2).sum()
        for method in ("spectral", "sdp"):
            bound = kmeans_lower_bound(X, k, method=method, max_iter=60)
            assert bound.lower_bound <= best + slack
        chosen = np.unique([inertias.argmin(), *range(0, len(labels), 8)])
        for place in chosen:
            result = certify_kmeans(X, labels[place], method="quick")
            assert result.lower_bound <= best + slack
            n_labels += 1
            if result.certified:
                n_certified += 1
                assert inertias[place] <= best * (1 + 2e-6) + slack
    assert n_labels > 2500  # 10 000 in the four parts
    assert n_certified > 60


@pytest.mark.parametrize("seed", range(200))
def test_any_nonnegative_matrix_gives_a_bound(seed):
    X, k, rng = instance(seed + 5000)
    N = rng.exponential(rng.choice([1e-3, 1, 10]), (len(X), len(X))) * (X**2).mean()
    best = naive.best_inertia(X, k)
    assert naive.dual_bound(X, k, N + N.T) <= best + 1e-12 * (X**2).sum()


@pytest.mark.jit
def test_monte_carlo_bounds_hold_as_often_as_they_say():
    """With confidence 0.5, at most about half of the bounds may exceed the optimum."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2)) + 8 * rng.integers(0, 2, (80, 1))
    labels = (X.sum(axis=1) > 8).astype(int)
    assert certify_kmeans(X, labels).certified
    options = {"method": "monte-carlo", "sample_size": 20, "n_draws": 8}
    bounds = [
        certify_kmeans(X, labels, **options, confidence=0.5, random_state=seed)
        for seed in range(20)
    ]
    optimum = bounds[0].inertia
    assert np.mean([bound.lower_bound >= optimum for bound in bounds]) <= 0.5
    careful = certify_kmeans(X, labels, **options, confidence=0.99, random_state=0)
    assert careful.lower_bound < bounds[0].lower_bound
    assert not careful.certified


def hostile(seed):
    """Return a few points far from 0, of mixed scales or repeated, and clusters."""
    rng = np.random.default_rng(seed)
    n, k, d = rng.integers(3, 8), rng.integers(2, 4), rng.integers(1, 4)
    X = rng.normal(size=(n, d))
    if rng.random() < 0.4:
        X = np.round(2 * X)
    if rng.random() < 0.5:  # scales of features
        X *= 10.0 ** rng.integers(-8, 9, d)
    if rng.random() < 0.5:  # scales of points
        X *= 10.0 ** rng.integers(-6, 13, (n, 1))
    if rng.random() < 0.3:  # repeated rows
        X = X[rng.integers(0, n, n)]
    if rng.random() < 0.3:  # constant feature
        X[:, rng.integers(d)] = rng.normal()
    if rng.random() < 0.4:
        X += 10.0 ** rng.integers(-3, 16)
    return X * 10.0 ** rng.choice([-100, 0, 0, 0, 100]), int(min(k, n - 1)), rng


def hostile_inertias(X, labels):
    """Inertias by cluster, each about one of its points, in extended precision."""
    X = X.astype(np.longdouble)
    values = {}

    def of(members):
        key = members.tobytes()
        if key not in values:
            rows = X[members] - X[members][0]
            values[key] = ((rows - rows.mean(axis=0)) ** 2).sum()
        return values[key]

    return np.array([sum(of(row == a) for a in range(row.max() + 1)) for row in labels])


def check_hostile(seed):
    """Check the bounds, and the certificates of some labels, of an instance."""
    X, k, rng = hostile(seed)
    labels = naive.partitions(len(X), k)
    inertias = hostile_inertias(X, labels)
    best = float(inertias.min())
    for method in ("spectral", "sdp") if seed % 10 == 0 else ("spectral",):
        bound = kmeans_lower_bound(X, k, method=method, max_iter=60)
        assert bound.lower_bound <= best * (1 + 1e-12), (seed, method)
    places = {int(inertias.argmin()), *rng.integers(0, len(labels), 3).tolist()}
    for place in places:
        method = "sdp" if rng.random() < 0.1 else "quick"
        result = certify_kmeans(X, labels[place], method=method, max_iter=60)
        np.testing.assert_allclose(result.inertia, float(inertias[place]), rtol=1e-9)
        assert result.lower_bound <= best * (1 + 1e-12), (seed, method)
        if result.certified:
            assert inertias[place] <= best * (1 + 2e-6), (seed, method)


@pytest.mark.filterwarnings("ignore:The relaxation")
@pytest.mark.parametrize("part", range(5))
def test_hostile_points(part):
    """Whatever the scales: no bound above the optimum, no false certificate."""
    for seed in range(part, 150, 5):
        check_hostile(seed)
