"""Where the runs of KMedoids start, and which of them is kept."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances

from skextras.cluster import KMedoids
from tests.naive import medoids as naive
from tests.problems import assert_same_fit

INITS = ["random", "build", "k-medoids++", "first"]


def test_named_starts(X):
    options = {"random_state": 0, "max_iter": 2}
    fitted = {init: KMedoids(5, init=init, **options).fit(X) for init in INITS}
    first = KMedoids(5, init=range(5), **options).fit(X)
    assert_same_fit(fitted["first"], first)
    medoids = naive.build(pairwise_distances(X), 5)
    assert_same_fit(fitted["build"], KMedoids(5, init=medoids, **options).fit(X))
    rows = KMedoids(5, init=X[medoids], **options).fit(X)
    assert_same_fit(fitted["build"], rows)


def test_first_skips_duplicates():
    X = np.array([5, 5, 1, 1, 9, 2, 7.0])[:, None]
    first = KMedoids(3, init="first", random_state=0).fit(X)
    assert_same_fit(first, KMedoids(3, init=[0, 2, 4], random_state=0).fit(X))


@pytest.mark.jit
@pytest.mark.parametrize("init", ["random", "k-medoids++"])
def test_random_starts_are_equally_likely(init):
    """Where all points are equally far apart, no swap helps: starts are results."""
    counts = np.zeros((5, 5))
    for seed in range(600):
        model = KMedoids(2, metric="precomputed", init=init, random_state=seed)
        one, other = model.fit(1 - np.eye(5)).medoid_indices_
        assert model.n_swap_ == 0
        counts[one, other] += 1
    expected = 600 / 20
    chi2 = ((counts[~np.eye(5, dtype=bool)] - expected) ** 2 / expected).sum()
    assert np.trace(counts) == 0
    assert chi2 < 43.8  # the 0.1 % quantile for 19 degrees of freedom


def test_plus_plus_starts_in_far_groups():
    """Within a group, no swap helps: swaps are only needed for groups without one."""
    group = np.repeat(np.arange(12), 8)
    distances = np.where(group[:, None] == group, 1.0, 1e4)
    np.fill_diagonal(distances, 0)
    swaps = {"k-medoids++": 0, "random": 0}
    for init in swaps:
        for seed in range(10):
            model = KMedoids(12, metric="precomputed", init=init, random_state=seed)
            swaps[init] += model.fit(distances).n_swap_
    assert swaps["k-medoids++"] <= 1
    assert swaps["random"] >= 20


@pytest.mark.parametrize("init", ["random", "k-medoids++", "build", np.arange(9)])
def test_best_of_several_runs(init):
    """One generator for all runs: the same as so many single runs on end."""
    X = np.random.default_rng(0).normal(size=(90, 4))
    several = KMedoids(9, init=init, n_init=6, random_state=1).fit(X)
    rng = np.random.RandomState(1)
    single = [KMedoids(9, init=init, random_state=rng).fit(X) for _ in range(6)]
    best = min(single, key=lambda model: model.inertia_)
    if isinstance(init, str) and init != "build":
        assert np.ptp([model.inertia_ for model in single]) > 0.01
    assert several.inertia_ == pytest.approx(best.inertia_, rel=1e-12)
    assert set(several.medoid_indices_) == set(best.medoid_indices_)


def test_random_state(X):
    once = [KMedoids(8, random_state=seed).fit(X) for seed in range(8)]
    again = [KMedoids(8, random_state=seed).fit(X) for seed in range(8)]
    for one, other in zip(once, again, strict=True):
        assert_same_fit(one, other)
    assert len({tuple(model.medoid_indices_) for model in once}) > 1


@pytest.mark.jit
@pytest.mark.parametrize("metric", ["euclidean", "precomputed"])
def test_warm_start_goes_on(metric):
    X = np.random.default_rng(0).normal(size=(200, 3))
    data = pairwise_distances(X) if metric == "precomputed" else X
    model = KMedoids(20, metric=metric, max_iter=1, warm_start=True, random_state=0)
    with pytest.warns(ConvergenceWarning):
        first = model.fit(data).inertia_
    medoids = model.medoid_indices_
    expected = KMedoids(20, metric=metric, init=medoids, random_state=0).fit(data)
    model.set_params(max_iter=300).fit(data)
    assert model.inertia_ < first
    np.testing.assert_array_equal(model.medoid_indices_, expected.medoid_indices_)
    assert model.fit(data).n_swap_ == 0
    assert model.set_params(warm_start=False).fit(data).n_swap_ > 0


def test_warm_start_on_more_rows(X):
    model = KMedoids(4, warm_start=True, random_state=0).fit(X[:30])
    centers = model.cluster_centers_
    expected = KMedoids(4, init=centers, random_state=0).fit(X)
    assert_same_fit(model.fit(X), expected)


def test_warm_starts_that_fail_keep_the_last_fit(X):
    model = KMedoids(4, warm_start=True, random_state=0).fit(X[:30])
    medoids = model.medoid_indices_
    with pytest.raises(ValueError, match=r"warm_start=True goes on from"):
        model.fit(X[30:])
    with pytest.raises(ValueError, match="from 4 medoids of the last fit, and n_clus"):
        model.set_params(n_clusters=5).fit(X)
    np.testing.assert_array_equal(model.medoid_indices_, medoids)
