"""No cluster is empty where a medoid could have points; few points need no search."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster import CLARA, CLARANS, KMedoids, MedoidSilhouette

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

METHODS = ("fasterpam", "pam", "alternate", "onebatch", "fastclara", "fastclarans")
FAMILY = [
    *(KMedoids(method=method) for method in METHODS),
    KMedoids(method="fasterpam", max_iter=1),
    KMedoids(method="alternate", max_iter=1),
    *(CLARA(method=method, independent=flag, n_sampling=8)
      for method in ("pam", "fasterpam") for flag in (False, True)),
    CLARANS(method="clarans"),
    CLARANS(max_neighbors=1),
    MedoidSilhouette(),
    MedoidSilhouette(method="dynmsc", max_clusters=7),
]  # fmt: skip


def six_positions():
    """Return dissimilarities of six positions, ten points at each."""
    x = np.repeat([0.0, 1, 3, 7, 12, 20], 10)
    return abs(x[:, None] - x)


@pytest.mark.parametrize("model", FAMILY, ids=repr)
def test_points_at_dissimilarity_zero(model):
    """All six positions are found, whatever the start, and nothing is said."""
    D = six_positions()
    model = clone(model).set_params(n_clusters=6, metric="precomputed")
    for seed in range(10):
        model.set_params(random_state=seed).fit(D)
        assert model.inertia_ == 0
        assert np.bincount(model.labels_, minlength=6).tolist() == [10] * 6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("metric", ["cosine", "precomputed"])
def test_no_cluster_is_empty_while_there_is_a_loss(method, metric):
    """Parallel rows have cosine 0; entries of 0 and 1 need not obey any axiom."""
    for seed in range(15):
        rng = np.random.default_rng(seed)
        X = rng.integers(1, 4, (30, 2)).astype(float)
        if metric == "precomputed":
            X = rng.integers(0, 2, (12, 12)).astype(float)
            np.fill_diagonal(X, 0)
        weight = rng.integers(0, 2, len(X)).astype(float)
        model = KMedoids(4, metric=metric, method=method, random_state=seed)
        model.fit(X, sample_weight=weight)
        sizes = np.bincount(model.labels_, weight, 4)
        assert sizes.all() or model.inertia_ < 1e-12


def test_messages_tell_what_is_so():
    D = six_positions()
    with pytest.warns(ConvergenceWarning, match="Only 6 distinct .*n_clusters=7"):
        CLARANS(7, metric="precomputed", random_state=0).fit(D)
    # Every point is as far from itself as from the others: one medoid serves them all.
    ones = np.ones((5, 5))
    sentence = "Only 1 clusters of n_clusters=2 hold points"
    for method in METHODS:
        with pytest.warns(ConvergenceWarning, match=sentence):
            KMedoids(2, metric="precomputed", method=method).fit(ones)


@pytest.mark.parametrize("model", FAMILY, ids=repr)
def test_as_many_clusters_as_distinct_points(model):
    """One order of the medoids, by content, and no passes."""
    X = np.array([[5.0], [1], [5], [9]])
    first = KMedoids(3).fit(X)
    model = clone(model).set_params(n_clusters=3, random_state=5).fit(X)
    np.testing.assert_array_equal(model.medoid_indices_, first.medoid_indices_)
    np.testing.assert_array_equal(model.labels_, first.labels_)
    assert model.n_iter_ == getattr(model, "n_swap_", 0) == model.inertia_ == 0
    turned = clone(model).fit(X[::-1])
    np.testing.assert_array_equal(turned.cluster_centers_, model.cluster_centers_)


@pytest.mark.parametrize("n_clusters", [3, 4])
def test_given_medoids_keep_their_slots_where_points_are_few(n_clusters):
    X = np.array([[5.0], [1], [5], [9]])
    options = {"random_state": 0}
    model = KMedoids(n_clusters, init=[3, 0, 1, 2][:n_clusters], **options)
    fixed = KMedoids(n_clusters, fixed_medoids=[2, 3], **options)
    silhouette = MedoidSilhouette(n_clusters, init=[3, 0, 1, 2][:n_clusters])
    for estimator, first in [(model, [3, 0, 1]), (fixed, [2, 3]), (silhouette, [3, 0])]:
        if n_clusters == 4:
            with pytest.warns(ConvergenceWarning, match="Only 3 distinct points"):
                estimator.fit(X)
        else:
            estimator.fit(X)
        assert estimator.medoid_indices_[: len(first)].tolist() == first
