"""CLARA: samples, the loss over all points, and what the parameters mean."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import GridSearchCV

from skextras.cluster import CLARA, KMedoids
from skextras.cluster._medoids._rows import ComputedRows
from tests.naive import medoids as naive
from tests.problems import assert_same_fit


@pytest.fixture(scope="module")
def X():
    """Return 600 points in eight loose groups."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(600, 3)) + 4 * rng.integers(0, 8, (600, 1))


@pytest.mark.parametrize("method", ["pam", "fasterpam"])
@pytest.mark.parametrize("independent", [False, True])
def test_attributes_describe_all_points(X, method, independent):
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = CLARA(8, method=method, independent=independent, random_state=0)
    model.fit(X, sample_weight=weight)
    D = pairwise_distances(X)
    medoids = model.medoid_indices_
    assert model.inertia_ == pytest.approx(naive.cost(D, medoids, weight), rel=1e-12)
    np.testing.assert_array_equal(model.labels_, D[:, medoids].argmin(axis=1))
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    np.testing.assert_allclose(model.distances_, D[:, medoids].min(axis=1))
    np.testing.assert_array_equal(model.cluster_centers_, X[medoids])


@pytest.mark.parametrize("method", ["pam", "fasterpam"])
def test_a_sample_of_all_points_is_the_full_search(X, method):
    """The result is then a local optimum of the data: no single swap helps."""
    X = X[:90]
    model = CLARA(4, method=method, n_sampling=90, n_sampling_iter=1, random_state=0)
    medoids = model.fit(X).medoid_indices_
    assert naive.pam_swap(pairwise_distances(X), medoids) is None
    if method == "pam":  # from BUILD: no randomness is left
        full = KMedoids(4, method="pam", init="build").fit(X)
        assert set(medoids) == set(full.medoid_indices_)


@pytest.mark.jit
@pytest.mark.parametrize("independent", [False, True])
def test_more_samples_are_never_worse(X, independent):
    """The best is chosen by all points, not by its own sample."""
    losses = [
        CLARA(8, n_sampling_iter=count, independent=independent, random_state=1)
        .fit(X)
        .inertia_
        for count in (1, 2, 4, 8, 16)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


@pytest.mark.jit
def test_larger_samples_come_near_the_full_search(X):
    full = KMedoids(8, n_init=3, random_state=0).fit(X).inertia_
    excess = [
        np.mean(
            [
                CLARA(8, n_sampling=size, random_state=seed).fit(X).inertia_ / full - 1
                for seed in range(5)
            ]
        )
        for size in (20, 60, 400)
    ]
    assert excess[0] > excess[1] > excess[2]
    assert excess[2] < 0.01


def test_default_sizes_of_samples(X, monkeypatch):
    sizes = []
    part = ComputedRows.part

    def spy(self, sample):
        sizes.append(len(sample))
        assert len(set(sample)) == len(sample)
        return part(self, sample)

    monkeypatch.setattr(ComputedRows, "part", spy)
    CLARA(8, random_state=0).fit(X)
    CLARA(8, method="fasterpam", n_sampling_iter=2, random_state=0).fit(X)
    CLARA(8, n_sampling_iter=1, random_state=0).fit(X[:30])
    assert sizes == [40 + 16] * 5 + [80 + 32] * 2 + [30]


@pytest.mark.jit
def test_from_a_matrix_as_from_rows(X):
    """Points are in another order, so that only the quality can be the same."""
    D = pairwise_distances(X)
    model = CLARA(8, metric="precomputed", n_sampling=300, random_state=0).fit(D)
    assert model.cluster_centers_ is None
    assert model.inertia_ == pytest.approx(naive.cost(D, model.medoid_indices_))
    rows = CLARA(8, n_sampling=300, random_state=0).fit(X)
    assert model.inertia_ == pytest.approx(rows.inertia_, rel=0.03)
    np.testing.assert_array_equal(model.predict(D), model.labels_)


@pytest.mark.jit
def test_containers_and_dtypes(X):
    single = X.astype(np.float32)
    model = CLARA(5, random_state=0).fit(single)
    assert model.cluster_centers_.dtype == np.float32
    assert model.transform(single).dtype == model.distances_.dtype == np.float32
    model = CLARA(5, random_state=0).fit(sparse.csr_array(X))
    assert sparse.issparse(model.cluster_centers_)
    search = GridSearchCV(CLARA(random_state=0), {"n_clusters": [2, 8]}).fit(X)
    assert search.best_params_ == {"n_clusters": 8}
    fitted = clone(CLARA(5, random_state=0)).fit(X)
    assert_same_fit(fitted, pickle.loads(pickle.dumps(fitted)))


def test_one_cluster_and_all_points(X):
    assert CLARA(1, random_state=0).fit(X).inertia_ > 0
    model = CLARA(40, random_state=0).fit(X[:40])
    assert model.inertia_ == 0
    assert sorted(model.medoid_indices_) == list(range(40))


def test_warnings(X):
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        CLARA(8, init="random", max_iter=1, n_sampling_iter=1, random_state=0).fit(X)
    with pytest.warns(ConvergenceWarning, match="Only 2 distinct points"):
        CLARA(3).fit([[0.0], [1.0], [1.0], [0.0]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_clusters": 601}, "n_samples=600 must be >= n_clusters=601"),
        ({"n_sampling": 7}, "n_sampling=7 must be >= n_clusters=8: give larger"),
        ({"method": "clara"}, "'method' parameter .* Got 'clara'"),
        ({"init": "first"}, "'init' parameter .* Got 'first'"),
        ({"n_sampling_iter": 0}, "'n_sampling_iter' parameter"),
        ({"independent": "yes"}, "'independent' parameter"),
    ],
)
def test_bad_parameters(X, params, message):
    model = CLARA(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    assert not hasattr(model, "labels_")


def test_not_enough_memory(X, monkeypatch):
    monkeypatch.setattr("skextras._memory.available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"56 points .* give a smaller n_sampling"):
        CLARA(8).fit(X)
