"""MedoidSilhouette: containers, few points, warnings and bad input."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.metrics import pairwise_distances

from skextras.cluster import MedoidSilhouette
from tests.problems import assert_same_fit


def test_containers_and_dtypes(X):
    single = X.astype(np.float32)
    model = MedoidSilhouette(5, random_state=0).fit(single)
    assert model.cluster_centers_.dtype == model.distances_.dtype == np.float32
    assert model.medoid_silhouette_samples_.dtype == np.float32
    assert model.score(single) == model.medoid_silhouette_
    dense = MedoidSilhouette(5, metric="manhattan", random_state=0).fit(X)
    thin = MedoidSilhouette(5, metric="manhattan", random_state=0)
    thin.fit(sparse.csr_array(X))
    assert sparse.issparse(thin.cluster_centers_)
    np.testing.assert_array_equal(thin.labels_, dense.labels_)
    fitted = clone(MedoidSilhouette(5, random_state=0)).fit(X)
    assert_same_fit(fitted, pickle.loads(pickle.dumps(fitted)))


def test_input_is_not_changed(X):
    before = X.copy()
    MedoidSilhouette("auto", max_clusters=5).fit(X)
    np.testing.assert_array_equal(X, before)
    D = pairwise_distances(X)
    before = D.copy()
    MedoidSilhouette(3, metric="precomputed").fit(D)
    np.testing.assert_array_equal(D, before)


def test_all_points_are_medoids(X):
    model = MedoidSilhouette(20).fit(X[:20])
    assert sorted(model.medoid_indices_) == list(range(20))
    assert (model.medoid_silhouette_, model.inertia_) == (1, 0)


@pytest.mark.parametrize("method", ["fastermsc", "dynmsc"])
def test_one_cluster_has_no_silhouette(X, method):
    model = MedoidSilhouette(1, method=method)
    with pytest.warns(UndefinedMetricWarning, match="n_clusters=1 is undefined"):
        model.fit(X)
    sums = pairwise_distances(X).sum(axis=0)
    np.testing.assert_array_equal(model.medoid_indices_, [sums.argmin()])
    assert model.inertia_ == pytest.approx(sums.min())
    assert np.isnan(model.medoid_silhouette_)
    assert np.isnan(model.score(X))
    assert np.isnan(model.medoid_silhouette_samples_).all()
    with pytest.warns(UndefinedMetricWarning):
        model.fit([[0.0]])
    assert model.labels_ == 0


def test_few_points():
    model = MedoidSilhouette("auto").fit([[0.0], [1.0], [5.0]])
    assert model.n_clusters_ == 2
    assert model.medoid_silhouette_ == pytest.approx(1 - 1 / 3 / 5)
    model = MedoidSilhouette("auto").fit([[0.0], [1.0]])
    assert (model.n_clusters_, model.medoid_silhouette_) == (2, 1)
    with pytest.warns(ConvergenceWarning, match="Only 1 distinct points"):
        model = MedoidSilhouette("auto").fit(np.zeros((5, 2)))
    assert (model.n_clusters_, model.medoid_silhouette_) == (2, 1)
    with pytest.warns(ConvergenceWarning, match="Only 2 distinct points"):
        model = MedoidSilhouette(3).fit([[0.0], [1.0], [1.0], [0.0]])
    np.testing.assert_array_equal(model.n_clusters_path_, [3])


def test_warning_of_unfinished_search(X):
    with pytest.warns(ConvergenceWarning, match="MedoidSilhouette made all .*=1 pass"):
        MedoidSilhouette(8, max_iter=1, random_state=0).fit(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_clusters": 0}, "'n_clusters' parameter .* Got 0"),
        ({"n_clusters": "best"}, "'n_clusters' parameter .* Got 'best'"),
        ({"n_clusters": 61}, "n_samples=60 must be >= n_clusters=61"),
        ({"method": "fasterpam"}, "'method' parameter .* Got 'fasterpam'"),
        ({"max_clusters": 1}, "'max_clusters' parameter .* Got 1"),
        (
            {"method": "dynmsc", "max_clusters": 7},
            "max_clusters=7 must be >= n_clusters=8 with method='dynmsc'",
        ),
        ({"init": [0, 1]}, "init holds 2 medoids and n_clusters=8"),
        ({"n_clusters": "auto", "init": [0, 1]}, "2 medoids and n_clusters=20"),
    ],
)
def test_bad_parameters(X, params, message):
    model = MedoidSilhouette(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    assert vars(model) == model.get_params()


def test_not_enough_memory(X, monkeypatch):
    monkeypatch.setattr("skextras._memory.available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="between 60 points"):
        MedoidSilhouette(8).fit(X)
