"""Tests of spectral clustering of novel classes, and of prototypes with a graph."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from sklearn.datasets import load_digits, load_iris, make_circles, make_moons
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, euclidean_distances
from sklearn.neighbors import NearestCentroid

from skextras.model_selection import estimate_n_classes
from skextras.semi_supervised import (
    LaplacianPrototypeClassifier,
    NCDSpectralClustering,
)


@pytest.mark.parametrize("affinity", ["rbf", "nearest_neighbors"])
@pytest.mark.parametrize("n", [300, 700])
def test_rings_and_moons(affinity, n):
    """Classes that k-means cannot tell apart; 700 rows need the sparse eigensolver."""
    for make in (make_circles, make_moons):
        options = {"factor": 0.4} if make is make_circles else {}
        X, truth = make(n, noise=0.03, random_state=0, **options)
        y = np.where(truth == 0, 0, -1)
        model = NCDSpectralClustering(1, affinity=affinity, random_state=0).fit(X, y)
        assert adjusted_rand_score(truth, model.labels_) == 1
        np.testing.assert_array_equal(model.labels_[y == 0], 0)


def test_width_makes_the_longest_edge_as_similar_as_asked():
    X = np.random.default_rng(0).normal(size=(80, 3))
    model = NCDSpectralClustering(2, min_similarity=0.3, random_state=0).fit(X)
    edge = minimum_spanning_tree(euclidean_distances(X)).data.max()
    assert np.exp(-0.5 * (edge / model.sigma_) ** 2) == pytest.approx(0.3)
    other = NCDSpectralClustering(2, min_similarity=0.3, random_state=0).fit(1e6 * X)
    assert other.sigma_ == pytest.approx(1e6 * model.sigma_)
    assert adjusted_rand_score(model.labels_, other.labels_) == 1


def test_equal_rows_have_one_class():
    rng = np.random.default_rng(1)
    X = np.r_[rng.normal(size=(20, 2)), rng.normal(size=(20, 2)) + 8]
    X = np.repeat(X, 3, axis=0)
    model = NCDSpectralClustering(2, random_state=0).fit(X)
    assert (np.ptp(model.labels_.reshape(-1, 3), axis=1) == 0).all()
    with pytest.raises(ValueError, match="nearest_neighbors"):
        NCDSpectralClustering(2).fit(np.zeros((20_001, 1)))


def one_label_each(truth, seed):
    rng, y = np.random.default_rng(seed), np.full(len(truth), -1)
    for c in np.unique(truth):
        y[rng.choice(np.flatnonzero(truth == c))] = c
    return y


def test_objective_never_rises():
    X, truth = load_iris(return_X_y=True)
    for seed in range(5):
        model = LaplacianPrototypeClassifier(smoothing=20, tol=0, max_iter=30)
        model.fit(X, one_label_each(truth, seed))
        rises = np.diff(model.objectives_)
        assert (rises <= 1e-9 * abs(np.array(model.objectives_[1:]))).all()


def test_without_a_graph_it_is_the_nearest_prototype():
    X, truth = load_iris(return_X_y=True)
    y = one_label_each(truth, 0)
    model = LaplacianPrototypeClassifier(0, update_prototypes=False).fit(X, y)
    plain = NearestCentroid().fit(X[y >= 0], y[y >= 0])
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    np.testing.assert_allclose(model.prototypes_, plain.centroids_)


def test_one_label_of_each_digit():
    """The graph and the prototypes find more than the nearest prototype does."""
    X, truth = load_digits(return_X_y=True)
    X = PCA(16, random_state=0).fit_transform(X / 16)
    gains = []
    for seed in range(3):
        y = one_label_each(truth, seed)
        free = y == -1
        found = LaplacianPrototypeClassifier().fit(X, y).transduction_[free]
        plain = NearestCentroid().fit(X[~free], y[~free]).predict(X[free])
        gains.append((found == truth[free]).mean() - (plain == truth[free]).mean())
    assert np.mean(gains) > 0.05


def test_far_rows_have_probabilities():
    X, truth = load_iris(return_X_y=True)
    y = one_label_each(truth, 0)
    model = LaplacianPrototypeClassifier().fit(X, y)
    np.testing.assert_array_equal(model.transduction_[y >= 0], y[y >= 0])
    far = np.array([[1e8] * 4, [-1e12] * 4, [1e150] * 4])
    shares = model.predict_proba(far)
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    direction = model.prototypes_[2] - model.prototypes_[:2].mean(axis=0)
    assert model.predict([model.prototypes_[2] + 1e4 * direction])[0] == 2


def test_units_do_not_matter():
    X, truth = load_iris(return_X_y=True)
    y = one_label_each(truth, 1)
    one = LaplacianPrototypeClassifier().fit(X, y)
    two = LaplacianPrototypeClassifier().fit(2.0**-20 * X, y)
    np.testing.assert_allclose(
        one.label_distributions_, two.label_distributions_, atol=1e-5
    )


@pytest.mark.parametrize("method", ["labelled_accuracy", "silhouette",
                                    "calinski_harabasz", "davies_bouldin"])  # fmt: skip
def test_number_of_classes(method):
    rng = np.random.default_rng(0)
    corners = np.array(np.meshgrid(*[[0, 20]] * 3)).reshape(3, -1).T[:6]
    truth = np.repeat(np.arange(6), 40)
    X = corners[truth] + rng.normal(size=(240, 3))
    y = np.where(truth < 3, truth, -1)
    if method == "labelled_accuracy":  # many are free of the split of known classes
        y = np.where((truth < 5) & (np.arange(240) % 2 == 0), truth, -1)
    found = estimate_n_classes(X, y, method=method, random_state=0)
    assert found.n_classes == 6
    assert found.n_novel == 6 - len(np.unique(y[y >= 0]))
    assert found.scores[6] == max(found.scores.values())


def test_refusals_of_numbers():
    X = np.arange(20.0).reshape(10, 2)
    with pytest.raises(ValueError, match="at least 2 classes"):
        estimate_n_classes(X, np.r_[0, np.full(9, -1)])
    with pytest.raises(ValueError, match="method must be"):
        estimate_n_classes(X, np.full(10, -1), method="elbow")
    with pytest.raises(ValueError, match="looks at the unlabelled rows"):
        estimate_n_classes(X, np.arange(10) % 3, method="silhouette")
    with pytest.raises(ValueError, match="leave no number"):
        estimate_n_classes(np.ones((5, 1)), np.full(5, -1), method="silhouette")
