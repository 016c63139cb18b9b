"""CLARANS and FastCLARANS: laws of the draws, and where the search may end."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import pairwise_distances

from skextras.cluster import CLARANS, KMedoids
from skextras.cluster._medoids import _random_swaps
from skextras.cluster._medoids._problem import Problem
from skextras.cluster._medoids._rows import HeldRows
from skextras.cluster._medoids._swaps import SwapState
from tests.naive import medoids as naive
from tests.problems import JIT, matrix


def points(n, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.normal(scale=5, size=(10, 3))
    return centers[rng.integers(10, size=n)] + rng.normal(size=(n, 3))


def search(D, start, weight=None, seed=0, *, fast=True, limit=None):
    """``D[o, j]`` is the dissimilarity of point o to candidate j."""
    rows = HeldRows(np.ascontiguousarray(D.T), D)
    weight = np.ones(len(D)) if weight is None else weight
    order, rng = np.arange(len(D)), np.random.RandomState(seed)
    problem = Problem(rows, weight, order, order, len(start), rng)
    kind = _random_swaps.Points if fast else _random_swaps.Pairs
    return _random_swaps.search(problem, start, kind=kind, limit=limit)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_ends_at_a_local_optimum_if_all_points_are_tried(k, symmetric):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        D = matrix(rng, 40, symmetric=symmetric)
        weight = rng.uniform(0.5, 2, 40)
        result = search(D, np.arange(k), weight, seed, limit=10**6)
        medoids = result.medoids.tolist()
        loss = naive.cost(D, medoids, weight)
        assert result.loss == pytest.approx(loss)
        others = set(range(40)) - set(medoids)
        best = min(naive.swap_costs(D, medoids, j, weight).min() for j in others)
        assert best >= loss * (1 - 1e-9)


@pytest.mark.parametrize("k", [1, 3])
def test_pairs_end_at_a_local_optimum_too(k):
    """With 8000 draws, any of 3 * 17 swaps is missed with probability 1e-67."""
    D = matrix(np.random.default_rng(1), 20)
    result = search(D, np.arange(k), fast=False, limit=8000)
    medoids = result.medoids.tolist()
    others = set(range(20)) - set(medoids)
    ones = np.ones(20)
    best = min(naive.swap_costs(D, medoids, j, ones).min() for j in others)
    assert best >= naive.cost(D, medoids) * (1 - 1e-9)


@pytest.mark.parametrize("fast", [True, False])
def test_equals_naive(fast, monkeypatch):
    """The same draws, one by one, with all losses from their definition."""
    monkeypatch.setattr(_random_swaps, "_MOST_DRAWS", 1)
    D = matrix(np.random.default_rng(2), 60)
    dealt = []
    kind = _random_swaps.Points if fast else _random_swaps.Pairs
    deal = kind.deal

    def spy(self, size):
        dealt.append(deal(self, size))
        return dealt[-1]

    monkeypatch.setattr(kind, "deal", spy)
    result = search(D, np.arange(4), fast=fast, limit=30)
    medoids, n_swap, failures = [0, 1, 2, 3], 0, 0
    for candidates, slots in dealt:
        j = int(candidates[0])
        costs = naive.swap_costs(D, medoids, j, np.ones(60))
        slot = int(costs.argmin()) if fast else int(slots[0])
        failures += 1
        if costs[slot] < naive.cost(D, medoids) * (1 - 1e-12):
            medoids[slot], n_swap, failures = j, n_swap + 1, 0
    assert result.medoids.tolist() == medoids
    assert (result.n_iter, result.n_swap) == (len(dealt), n_swap)
    assert failures == 30


def state_of(n, medoids):
    D = matrix(np.random.default_rng(0), n)
    return SwapState(HeldRows(D, D), np.array(medoids), np.ones(n))


def test_points_are_drawn_once_and_evenly():
    """6000 deals of 3 out of 9; counts within five standard deviations."""
    state, rng = state_of(12, [2, 5, 11]), np.random.RandomState(0)
    draws, counts = _random_swaps.Points(np.arange(12), state, rng), np.zeros(12)
    for _ in range(6000):
        drawn = [*draws.deal(2)[0], *draws.deal(1)[0]]
        assert len(set(drawn)) == 3
        counts[drawn] += 1
        draws.begin(0)
    assert sorted(draws.deck) == list(range(12))
    assert counts[[2, 5, 11]].sum() == 0
    counts = np.delete(counts, [2, 5, 11])
    assert (abs(counts - 2000) < 5 * np.sqrt(6000 * 2 / 9)).all()


def test_points_that_were_not_tried_come_first():
    """After a swap; and then all others, each once."""
    state, rng = state_of(30, [2, 5, 11]), np.random.RandomState(0)
    draws = _random_swaps.Points(np.arange(30), state, rng)
    dealt, _ = draws.deal(10)
    state.is_medoid[[2, dealt[3]]] = False, True
    draws.begin(6)
    left = dealt[4:].tolist()
    rest = draws.deal(40)[0].tolist()
    assert not set(left) & set(rest)
    assert sorted(left + rest) == np.flatnonzero(~state.is_medoid).tolist()
    draws.begin(3)
    left, rest = rest[-3:], draws.deal(40)[0].tolist()
    assert sorted(left + rest) == np.flatnonzero(~state.is_medoid).tolist()


def test_pairs_are_drawn_evenly():
    """27 000 pairs of 9 points and 3 slots; within five standard deviations."""
    state, rng = state_of(12, [2, 5, 11]), np.random.RandomState(0)
    points, slots = _random_swaps.Pairs(np.arange(12), state, rng).deal(27_000)
    counts = np.zeros((12, 3))
    np.add.at(counts, (points, slots), 1)
    assert counts[[2, 5, 11]].sum() == 0
    counts = np.delete(counts, [2, 5, 11], axis=0)
    assert (abs(counts - 1000) < 5 * np.sqrt(1000)).all()


@pytest.mark.parametrize(("n", "k"), [(30, 3), (60, 5)])
def test_small_sets_in_clear_clusters(n, k):
    """As good as PAM, or nearly: with a draw or two, a third of the seeds was not."""
    rng = np.random.default_rng(0)
    centers = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [20, 5]])
    X = centers[np.arange(n) % k] + rng.normal(size=(n, 2))
    best = KMedoids(k, method="pam", init="build").fit(X).inertia_
    losses = [CLARANS(k, random_state=seed).fit(X).inertia_ for seed in range(20)]
    assert max(losses) < 1.2 * best


def test_published_limits():
    points, pairs = _random_swaps.Points, _random_swaps.Pairs
    assert points.patience(9900, 100) == 248
    assert points.patience(900, 100) == 50
    assert points.patience(27, 3) == 27
    assert pairs.patience(9900, 100) == 12375
    assert pairs.patience(90, 10) == 250


@pytest.mark.jit
@pytest.mark.parametrize("method", ["clarans", "fastclarans"])
def test_more_draws_are_not_worse(method):
    X = points(500 if JIT else 200)
    losses = [
        np.mean(
            [
                CLARANS(8, method=method, max_neighbors=n, random_state=seed)
                .fit(X)
                .inertia_
                for seed in range(4)
            ]
        )
        for n in (5, len(X) // 5, len(X) - 8)
    ]
    assert losses[0] > losses[1] > losses[2] * 0.999
    best = KMedoids(8, n_init=5, random_state=0).fit(X).inertia_
    assert losses[2] < 1.03 * best


@pytest.mark.parametrize("method", ["clarans", "fastclarans"])
def test_same_bits_for_any_number_of_threads(method):
    X = points(800 if JIT else 100).astype(np.float32)
    model = CLARANS(6, method=method, max_neighbors=60, n_jobs=1, random_state=1).fit(X)
    for n_jobs in (None, 2, -1):
        other = clone(model).set_params(n_jobs=n_jobs).fit(X)
        np.testing.assert_array_equal(other.medoid_indices_, model.medoid_indices_)
        assert other.inertia_ == model.inertia_


def test_precomputed():
    D = pairwise_distances(points(200))
    model = CLARANS(5, metric="precomputed", random_state=0).fit(D)
    np.testing.assert_array_equal(model.labels_, model.predict(D))
    assert model.inertia_ == pytest.approx(naive.cost(D, model.medoid_indices_))
    shuffled = np.random.default_rng(0).permutation(200)
    other = clone(model).fit(D[np.ix_(shuffled, shuffled)])
    np.testing.assert_array_equal(
        np.sort(shuffled[other.medoid_indices_]), np.sort(model.medoid_indices_)
    )


@pytest.mark.parametrize("method", ["clarans", "fastclarans"])
def test_few_points(method):
    X = points(6)
    model = CLARANS(6, method=method).fit(X)
    assert sorted(model.medoid_indices_) == list(range(6))
    assert model.inertia_ == model.n_iter_ == 0
    with pytest.warns(Warning, match="Only 2 distinct points"):
        CLARANS(4, method=method).fit(np.repeat(X[:2], 5, axis=0))
    best = CLARANS(5, method=method, max_neighbors=1000).fit(X)
    assert best.inertia_ == pytest.approx(
        np.sort(pairwise_distances(X)[~np.eye(6, dtype=bool)])[0]
    )


def test_starts_in_samples_must_have_a_name():
    X = points(100)
    for init in ("first", np.arange(5), X[:5]):
        with pytest.raises(ValueError, match="method='fastclara' starts anew in each"):
            KMedoids(5, method="fastclara", init=init).fit(X)
