"""OneBatchPAM against its definition, and what it promises for large data."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import pairwise_distances

from skextras._pairwise import _distances
from skextras.cluster import CLARA, KMedoids
from skextras.cluster._medoids import _onebatch
from skextras.cluster._medoids._onebatch import Batch, onebatch
from skextras.cluster._medoids._problem import Problem
from skextras.cluster._medoids._rows import ComputedRows, HeldRows
from tests.naive import medoids as naive
from tests.problems import JIT

MODULE = "skextras.cluster._medoids._onebatch"


def points(n, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.normal(scale=5, size=(15, 3))
    return centers[rng.integers(15, size=n)] + rng.normal(size=(n, 3))


def batch_of(X, weight, size, seed=0):
    rows = ComputedRows(_distances.Computer(X, "euclidean", {}))
    order = np.random.default_rng(seed).permutation(len(X))
    return Batch(rows, weight, order, size, np.random.RandomState(seed))


@pytest.mark.parametrize("held", [True, False])
def test_references_and_their_weights(held, monkeypatch):
    monkeypatch.setattr(f"{MODULE}._BYTES_HELD", 1e9 if held else 0)
    monkeypatch.setattr(f"{MODULE}._ITEMS_PER_BLOCK", 7 * 20)
    X = points(60)
    weight = np.random.default_rng(1).uniform(0.5, 2, 60)
    batch = batch_of(X, weight, 20)
    D = pairwise_distances(X)
    references = batch.references
    assert len(set(references)) == 20
    nearest = D[:, references].argmin(axis=1)
    expected = np.bincount(nearest, weight, minlength=20)
    np.testing.assert_allclose(batch.weight, expected)
    hidden = D[:, references].copy()
    hidden[references, np.arange(20)] = D[np.ix_(references, references)].max()
    for _ in range(2):
        seen = []
        for candidates, block in batch.blocks():
            np.testing.assert_allclose(block, hidden[candidates], atol=1e-12)
            seen.extend(candidates)
        assert seen == batch.order.tolist()
    np.testing.assert_allclose(batch.take(references[:3]), hidden[references[:3]])


@pytest.mark.parametrize("k", [1, 2, 6])
@pytest.mark.parametrize("held", [True, False])
def test_equals_naive(k, held, monkeypatch):
    monkeypatch.setattr(f"{MODULE}._BYTES_HELD", 1e9 if held else 0)
    monkeypatch.setattr(f"{MODULE}._ITEMS_PER_BLOCK", 500)
    monkeypatch.setattr(f"{MODULE}.sample_size", lambda n, k: 30)
    X = points(90, seed=k)
    weight = np.random.default_rng(k).uniform(0.5, 2, 90)
    batches = []

    def spy(*args):
        batches.append(Batch(*args))
        return batches[0]

    monkeypatch.setattr(f"{MODULE}.Batch", spy)
    D = pairwise_distances(X)
    order, start = np.random.default_rng(2).permutation(90), np.arange(k)
    rng = np.random.RandomState(0)
    problem = Problem(HeldRows(D, D), weight, order, order, k, rng, max_iter=50)
    result = onebatch(problem, start)
    batch = batches[0]
    hidden = np.vstack([block for _, block in batch.blocks()])[np.argsort(order)]
    expected = naive.onebatch(hidden.T, start, batch.weight, order)
    assert (result.medoids.tolist(), *result[3:5]) == expected
    assert result.loss == pytest.approx(naive.cost(D, result.medoids, weight))
    assert result.converged


def test_references_are_drawn_by_weight():
    """The first one in proportion; 4000 draws, five standard deviations."""
    X = points(8)
    weight = np.arange(1.0, 9.0)
    rows = ComputedRows(_distances.Computer(X, "euclidean", {}))
    rng, order = np.random.RandomState(0), np.arange(8)
    counts = np.zeros(8)
    for _ in range(4000):
        counts[Batch(rows, weight, order, 1, rng).references] += 1
    share = weight / weight.sum()
    deviation = np.sqrt(4000 * share * (1 - share))
    assert (abs(counts - 4000 * share) < 5 * deviation).all()


@pytest.mark.jit
def test_threads_and_blocks_do_not_change_a_bit(monkeypatch):
    X = points(3000 if JIT else 400).astype(np.float32)
    model = KMedoids(12, method="onebatch", random_state=0).fit(X)
    for n_jobs, held in [(2, True), (-1, False), (1, False)]:
        monkeypatch.setattr(f"{MODULE}._BYTES_HELD", 1e9 if held else 0)
        other = clone(model).set_params(n_jobs=n_jobs).fit(X)
        np.testing.assert_array_equal(other.medoid_indices_, model.medoid_indices_)
        assert other.inertia_ == model.inertia_
    assert model.distances_.dtype == np.float32


def test_precomputed_does_not_depend_on_the_order_of_rows():
    X = points(400)
    D = pairwise_distances(X)
    shuffled = np.random.default_rng(0).permutation(400)
    params = {"metric": "precomputed", "method": "onebatch", "random_state": 0}
    model = KMedoids(6, **params).fit(D)
    other = KMedoids(6, **params).fit(D[np.ix_(shuffled, shuffled)])
    np.testing.assert_array_equal(
        np.sort(shuffled[other.medoid_indices_]), np.sort(model.medoid_indices_)
    )


@pytest.mark.jit
def test_better_than_small_samples_and_near_the_best():
    X = points(4000 if JIT else 600, seed=3)
    losses = {}
    for seed in range(3):
        for model in (
            KMedoids(15, method="onebatch", random_state=seed),
            KMedoids(15, method="fasterpam", random_state=seed),
            CLARA(15, random_state=seed),
        ):
            name = getattr(model, "method", "clara")
            name = "clara" if isinstance(model, CLARA) else name
            losses.setdefault(name, []).append(model.fit(X).inertia_)
    mean = {name: np.mean(found) for name, found in losses.items()}
    assert mean["onebatch"] < 1.03 * mean["fasterpam"]
    assert mean["onebatch"] < mean["clara"]


def test_every_point_a_medoid():
    X = points(7)
    model = KMedoids(7, method="onebatch").fit(X)
    assert sorted(model.medoid_indices_) == list(range(7))
    assert model.inertia_ == 0


def test_constants_are_those_of_the_paper():
    assert _onebatch._TOL == 1e-6
