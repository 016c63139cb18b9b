"""k_path and its display."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import pairwise_distances

from skextras.cluster import (
    KMedoids,
    MedoidPath,
    MedoidPathDisplay,
    MedoidSilhouette,
    k_path,
)
from skextras.cluster._medoids._path import _thin_out
from skextras.cluster._medoids._rows import HeldRows
from tests.naive import medoids as naive

NUMBERS = [2, 3, 5, 9, 14]


def assert_same_path(one, other):
    for field in ("n_clusters", "loss", "medoid_silhouette"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    for a, b in zip(one.medoid_indices, other.medoid_indices, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_are_those_of_the_medoids(X, dtype):
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    D = pairwise_distances(X).astype(dtype)
    path = k_path(
        D, [1, *NUMBERS], metric="precomputed", sample_weight=weight, random_state=0
    )
    np.testing.assert_array_equal(path.n_clusters, [1, *NUMBERS])
    assert np.isnan(path.medoid_silhouette[0])
    for k, loss, value, medoids in zip(*path, strict=True):
        assert len(set(medoids)) == k
        assert loss == pytest.approx(naive.cost(D, medoids, weight), rel=1e-12)
        if k > 1:
            expected = naive.medoid_silhouette(D, medoids, weight)
            assert value == pytest.approx(expected, rel=1e-12)


def test_each_is_a_local_optimum(X):
    D = pairwise_distances(X)
    path = k_path(X, NUMBERS, random_state=0)
    for medoids in path.medoid_indices:
        assert naive.pam_swap(D, medoids) is None
        again = KMedoids(len(medoids), init=medoids, random_state=3).fit(X)
        assert again.n_swap_ == 0
    assert (np.diff(path.loss) < 0).all()


def test_largest_number_is_the_fit_of_the_estimator(X):
    path = k_path(X, [3, 9], random_state=4)
    model = KMedoids(9, random_state=4).fit(X)
    np.testing.assert_array_equal(path.medoid_indices[1], model.medoid_indices_)
    assert path.loss[1] == pytest.approx(model.inertia_, rel=1e-12)


@pytest.mark.jit
def test_near_the_best_of_many_fits(X):
    """On average over the numbers and seeds, within one percent."""
    best = [KMedoids(k, n_init=20, random_state=0).fit(X).inertia_ for k in NUMBERS]
    losses = [k_path(X, NUMBERS, random_state=seed).loss for seed in range(10)]
    assert np.mean(np.divide(losses, best)) < 1.01


def test_medoids_are_removed_where_it_costs_least(X):
    D = pairwise_distances(X)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    medoids = np.arange(12)
    left = medoids
    while len(left) > 4:
        trials = [np.delete(left, slot) for slot in range(len(left))]
        left = trials[np.argmin([naive.cost(D, t, weight) for t in trials])]
    np.testing.assert_array_equal(_thin_out(HeldRows(D, D), medoids, weight, 4), left)
    np.testing.assert_array_equal(
        _thin_out(HeldRows(D, D), medoids, weight, 12), medoids
    )
    assert len(_thin_out(HeldRows(D, D), medoids, weight, 1)) == 1


def test_order_and_repetitions_of_the_numbers_are_immaterial(X):
    path = k_path(X, [9, 2, 5, 2, 14, 3], random_state=0)
    assert_same_path(path, k_path(X, NUMBERS, random_state=0))


def test_same_bits_for_any_number_of_threads(X):
    path = k_path(X, NUMBERS, random_state=0, n_jobs=1)
    for n_jobs in (None, 2, -1):
        assert_same_path(path, k_path(X, NUMBERS, random_state=0, n_jobs=n_jobs))


def test_weights_are_repetitions():
    rng = np.random.default_rng(5)
    X, weight = rng.normal(size=(60, 2)), rng.integers(0, 4, 60)
    weighted = k_path(X, [2, 4, 8], sample_weight=weight, random_state=0)
    copies = np.repeat(np.arange(60), weight)[rng.permutation(weight.sum())]
    repeated = k_path(X[copies], [2, 4, 8], random_state=0)
    np.testing.assert_allclose(repeated.loss, weighted.loss, rtol=1e-12)
    silhouette = weighted.medoid_silhouette
    np.testing.assert_allclose(repeated.medoid_silhouette, silhouette, rtol=1e-12)
    for one, other in zip(
        weighted.medoid_indices, repeated.medoid_indices, strict=True
    ):
        np.testing.assert_array_equal(X[one], X[copies][other])


def test_inputs(X):
    path = k_path(X, range(2, 6), metric="manhattan", random_state=0)
    thin = k_path(sparse.csr_array(X), range(2, 6), metric="manhattan", random_state=0)
    assert_same_path(path, thin)
    started = k_path(X, [2, 3], init=[4, 5, 6], random_state=0)
    assert len(started.medoid_indices[1]) == 3
    first = k_path(X, [2], init="first", random_state=0)
    rows = k_path(X, [2], init=[0, 1], random_state=0)
    np.testing.assert_array_equal(first.loss, rows.loss)


def test_one_cluster_and_all_points(X):
    path = k_path(X[:20], [1, 20], random_state=0)
    assert path.loss[1] == 0
    assert path.medoid_silhouette[1] == 1
    D = pairwise_distances(X[:20])
    assert path.loss[0] == pytest.approx(D.sum(axis=0).min())


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([], r"n_clusters_range must be a non-empty list of integers, got \[\]"),
        (5, "n_clusters_range must be .* list of integers, got 5"),
        ([2.5], "n_clusters_range must be .* list of integers"),
        ([3, 0], "n_clusters_range must hold integers of at least 1, got 0"),
        ([2, 61], "n_samples=60 must be >= n_clusters=61"),
    ],
)
def test_bad_numbers(X, numbers, message):
    with pytest.raises(ValueError, match=message):
        k_path(X, numbers)


def test_other_bad_input(X):
    with pytest.raises(ValueError, match="goes up to 3, and X has 2 distinct points"):
        k_path([[0.0], [1.0], [1.0]], [2, 3])
    with pytest.raises(ValueError, match="'metric' parameter"):
        k_path(X, [2], metric="beeline")
    with pytest.raises(ValueError, match="n_jobs of k_path must not be a boolean"):
        k_path(X, [2], n_jobs=True)
    with pytest.raises(ValueError, match="init holds 2 medoids and n_clusters=3"):
        k_path(X, [2, 3], init=[0, 1])
    with pytest.warns(ConvergenceWarning, match="k_path made all .* max_iter=1 pass"):
        k_path(X, [2, 9], max_iter=1, random_state=0)


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def test_display_of_a_path(X, pyplot):
    path = k_path(X, [1, *NUMBERS], random_state=0)
    display = MedoidPathDisplay.from_path(path, line_kw={"color": "black"})
    np.testing.assert_array_equal(display.line_.get_xdata(), path.n_clusters)
    np.testing.assert_array_equal(display.line_.get_ydata(), path.medoid_silhouette)
    np.testing.assert_array_equal(display.loss_line_.get_ydata(), path.loss)
    assert display.line_.get_color() == "black"
    assert display.figure_ is display.ax_.figure
    assert display.loss_ax_.get_ylabel() == "loss"
    (ring,) = display.ax_.collections
    best = np.nanargmax(path.medoid_silhouette)
    expected = path.n_clusters[best], path.medoid_silhouette[best]
    np.testing.assert_array_equal(ring.get_offsets()[0], expected)


def test_display_of_an_estimator(X, pyplot):
    model = MedoidSilhouette("auto", max_clusters=6, random_state=0).fit(X)
    _, ax = pyplot.subplots()
    with pytest.raises(NotFittedError, match="MedoidSilhouette instance is not fitted"):
        MedoidPathDisplay.from_estimator(clone(model), ax=ax)
    display = MedoidPathDisplay.from_estimator(model, ax=ax)
    assert display.ax_ is ax
    assert display.loss_ax_ is display.loss_line_ is None
    values = model.medoid_silhouette_path_
    np.testing.assert_array_equal(display.line_.get_ydata(), values)


def test_display_without_silhouettes(X, pyplot):
    display = MedoidPathDisplay.from_path(k_path(X, [1]))
    assert len(display.ax_.collections) == 0


def test_losses_near_the_largest_number_are_drawn():
    """Matplotlib subtracts the limits of the axis: no warning of ours to give."""
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    numbers, loss = np.arange(1, 4), np.array([1.7e308, -1.7e308, 1.0])
    path = MedoidPath(numbers, loss, loss, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MedoidPathDisplay.from_path(path, ax=Figure().subplots())
