"""Dissimilarities: every metric, and what rounding does to the fast ones."""

import warnings

import numba
import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import PAIRWISE_BOOLEAN_FUNCTIONS

from skextras._validation import METRICS
from skextras.cluster import KMedoids
from tests.naive import medoids as naive
from tests.problems import JIT

BOOLEAN = set(PAIRWISE_BOOLEAN_FUNCTIONS)
BY_PRODUCTS = ["euclidean", "l2", "sqeuclidean", "cosine"]


def taxicab(x, y):
    return abs(x - y).sum()


@numba.njit
def compiled_taxicab(x, y):
    return np.abs(x - y).sum()


def sample(metric, dtype=np.float64, n=40):
    """Draw rows for which the metric is defined."""
    rng = np.random.default_rng(3)
    if metric in BOOLEAN:
        rows = rng.integers(0, 2, (n, 12))
        rows[:, 0] = 1
        return rows.astype(dtype)
    return rng.uniform(0.1, 1, (n, 2 if metric == "haversine" else 5)).astype(dtype)


def all_to_all(X, metric, **options):
    """Return the matrix by which KMedoids transforms if every point is a medoid."""
    model = KMedoids(len(X), metric=metric, init=list(range(len(X))), **options)
    return model.fit(X).transform(X)


@pytest.mark.filterwarnings("ignore:Only")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("metric", sorted(METRICS - {"gower", "precomputed"}))
def test_every_name_of_a_metric(metric, dtype):
    X = sample(metric, dtype)
    model = KMedoids(4, metric=metric, random_state=0)
    wide = X.astype(bool if metric in BOOLEAN else np.float64)
    again = None if metric in ("mahalanobis", "seuclidean") else wide.copy()
    try:
        expected = pairwise_distances(wide, again, metric=metric)
    except ValueError as error:  # a name that is gone from scipy
        with pytest.raises(ValueError, match=str(error)):
            model.fit(X)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Data was converted to boolean")
        model.fit(X)
    found = model.transform(X)
    assert found.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    expected = expected[:, model.medoid_indices_]
    if metric in ("euclidean", "l2", "nan_euclidean"):  # scikit-learn's own rounding
        expected, found = expected**2, found**2
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(model.labels_, found.argmin(axis=1))


def test_russellrao_of_a_row_to_itself_counts():
    """It is positive; the loss is still that of the definition."""
    X = sample("russellrao", n=60)
    bits = X.astype(bool)
    distances = pairwise_distances(bits, bits.copy(), metric="russellrao")
    model = KMedoids(5, metric="russellrao", random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="KMedoids made all")
        model.fit(X)
    assert model.inertia_ == pytest.approx(naive.cost(distances, model.medoid_indices_))
    assert naive.pam_swap(distances, model.medoid_indices_) is None


@pytest.mark.parametrize(
    ("metric", "params"),
    [
        ("minkowski", {"p": 3}),
        ("minkowski", {"p": 1.5, "w": np.arange(1.0, 6)}),
        ("seuclidean", {"V": np.arange(1.0, 6)}),
        ("mahalanobis", {"VI": np.diag(np.arange(1.0, 6))}),
        ("euclidean", {"squared": True}),
        (lambda x, y, power=1: float((abs(x - y) ** power).sum()), {"power": 2}),
    ],
)
def test_parameters_of_a_metric(metric, params):
    X = sample(metric)
    before = {name: np.copy(value) for name, value in params.items()}
    model = KMedoids(4, metric=metric, metric_params=params, random_state=0).fit(X)
    expected = pairwise_distances(X, model.cluster_centers_, metric=metric, **params)
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-12, atol=1e-12)
    for name, value in before.items():
        np.testing.assert_array_equal(model.metric_params[name], value)


@pytest.mark.parametrize("metric", ["seuclidean", "mahalanobis"])
def test_parameters_estimated_in_fit_stay(metric):
    """They are those of the training data also where other data are transformed."""
    X = sample(metric, n=50)
    model = KMedoids(4, metric=metric, random_state=0).fit(X)
    params = {
        "seuclidean": {"V": np.var(X, axis=0, ddof=1)},
        "mahalanobis": {"VI": np.linalg.inv(np.cov(X.T))},
    }[metric]
    new = 7 * X[:9]
    expected = pairwise_distances(new, model.cluster_centers_, metric=metric, **params)
    np.testing.assert_allclose(model.transform(new), expected, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("metric", [taxicab, compiled_taxicab], ids=["python", "numba"])
def test_functions(metric, dtype):
    X = sample(metric, dtype)
    model = KMedoids(5, metric=metric, random_state=0).fit(X)
    named = KMedoids(5, metric="manhattan", random_state=0).fit(X)
    np.testing.assert_array_equal(model.medoid_indices_, named.medoid_indices_)
    np.testing.assert_array_equal(model.labels_, named.labels_)
    assert model.transform(X).dtype == dtype
    assert model.inertia_ == pytest.approx(named.inertia_, rel=1e-6)
    threads = KMedoids(5, metric=metric, random_state=0, n_jobs=2).fit(X)
    np.testing.assert_array_equal(threads.distances_, model.distances_)


@numba.njit
def compiled_gap(x, y, weights, power=1.0, offset=None):
    total = 0.0
    for f in range(len(x)):
        total += weights[f] * abs(x[f] - y[f]) ** power
    return total if offset is None else total + offset


@pytest.mark.parametrize(
    "params", [{"power": 2}, {"power": 0.5, "offset": 1.0}, {}, {"offset": 2.0}]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_parameters_of_a_compiled_function(monkeypatch, params, dtype):
    """They go into the compiled loop by name, whatever their order."""
    X, params = sample("", dtype), {**params, "weights": np.arange(1.0, 6)}
    sizes = []

    def spy(X, *args, **kwargs):
        sizes.append(len(X))
        return pairwise_distances(X, *args, **kwargs)

    for module in ("_distances", "_metrics"):
        monkeypatch.setattr(f"skextras._pairwise.{module}.pairwise_distances", spy)
    plain = getattr(compiled_gap, "py_func", compiled_gap)
    options = {"metric_params": params, "random_state": 0}
    one = KMedoids(5, metric=compiled_gap, **options).fit(X)
    two = KMedoids(5, metric=compiled_gap, n_jobs=2, **options).fit(X)
    if JIT:
        assert max(sizes) == 2  # rows on which the parameters are tried
    other = KMedoids(5, metric=plain, **options).fit(X)
    np.testing.assert_array_equal(one.medoid_indices_, other.medoid_indices_)
    np.testing.assert_allclose(one.transform(X), other.transform(X), rtol=1e-6)
    np.testing.assert_array_equal(one.distances_, two.distances_)
    with pytest.raises(ValueError, match="do not suit metric="):
        KMedoids(metric=compiled_gap, metric_params={"p": 2}).fit(X)


@pytest.mark.parametrize("metric", ["jaccard", "sqeuclidean", "l2"])
def test_refused_parameters_of_a_metric_are_told_in_one_sentence(X, metric):
    """Those of scipy list all signatures on many lines."""
    with pytest.raises(ValueError, match=r"metric_params=\['q'\] do not") as caught:
        KMedoids(2, metric=metric, metric_params={"q": 2}).fit(X)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("value", "sentence"),
    [(np.nan, "finite"), (-1.0, "not negative")],
)
def test_functions_that_are_no_dissimilarities(X, value, sentence):
    def metric(x, y):
        return value

    with pytest.raises(ValueError, match=f"{sentence}.* got {value}"):
        KMedoids(2, metric=metric).fit(X)
    with pytest.raises(ValueError, match=f"{sentence}.* got {value}"):
        KMedoids(2, metric=numba.njit(metric)).fit(X)


def accurate_distances(X, metric):
    """Sum up squared steps in long doubles."""
    X = X.astype(np.longdouble)
    if metric == "cosine":
        X = X / np.sqrt((X**2).sum(axis=1, keepdims=True))
    squares = ((X[:, None] - X) ** 2).sum(axis=2)
    if metric == "cosine":
        squares = squares / 2
    elif metric != "sqeuclidean":
        squares = np.sqrt(squares)
    return squares.astype(float)


@pytest.mark.parametrize("centre", [0, 1e4], ids=["around zero", "far away"])
@pytest.mark.parametrize("metric", BY_PRODUCTS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float32, 2e-3), (np.float64, 1e-7)]
)
def test_near_points_keep_their_digits(metric, dtype, tolerance, centre):
    """Products of large numbers cancel: near pairs are computed another way."""
    rng = np.random.default_rng(0)
    spread = 100 * np.sqrt(np.finfo(dtype).eps)  # products lose all or half the digits
    clouds = 10 * rng.integers(-1, 2, (60, 1)) * rng.uniform(1, 2, 6)
    X = 10 + clouds + spread * rng.normal(size=(60, 6)) + (metric != "cosine") * centre
    X = X.astype(dtype)
    expected = accurate_distances(X, metric)
    np.testing.assert_allclose(all_to_all(X, metric), expected, rtol=tolerance)
    medoids = KMedoids(8, metric=metric, random_state=0).fit(X).medoid_indices_
    better = naive.pam_swap(expected, medoids)
    if better is not None:  # by what rounding hides
        loss = naive.cost(expected, medoids)
        assert naive.cost(expected, better) > (1 - tolerance) * loss


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", BY_PRODUCTS)
def test_blocks_of_products_fit_together(metric, dtype):
    """More points than a block has rows."""
    X = sample(metric, dtype, n=1050 if JIT else 530)
    model = KMedoids(3, metric=metric, init="build", random_state=0).fit(X)
    distances = pairwise_distances(X.astype(float), metric=metric)
    other = KMedoids(3, metric="precomputed", init="build", random_state=0)
    other.fit(distances)
    assert model.inertia_ == pytest.approx(other.inertia_, rel=1e-5)
    expected = distances[:, model.medoid_indices_]
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", taxicab])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_array])
def test_sparse_rows(metric, container):
    X = np.random.default_rng(0).poisson(0.7, (50, 8)).astype(float)
    X[:, 0] += 1
    dense = KMedoids(4, metric=metric, random_state=0).fit(X)
    model = KMedoids(4, metric=metric, random_state=0).fit(container(X))
    assert sparse.issparse(model.cluster_centers_)
    np.testing.assert_allclose(model.inertia_, dense.inertia_, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(container(X)), model.labels_)
    np.testing.assert_allclose(model.transform(X), model.transform(container(X)))


def test_cosine_of_a_zero_row():
    """It is at distance 1 of all but itself, as in scikit-learn."""
    X = np.array([[0.0, 0], [1, 0], [1, 1e-9], [0, 2], [0, 3]])
    expected = pairwise_distances(X, metric="cosine")
    np.testing.assert_allclose(all_to_all(X, "cosine"), expected, atol=1e-15)


def test_missing_entries():
    X = sample("nan_euclidean", n=60)
    X[np.random.default_rng(1).uniform(size=X.shape) < 0.1] = np.nan
    model = KMedoids(4, metric="nan_euclidean", random_state=0).fit(X)
    expected = pairwise_distances(X, X[model.medoid_indices_], metric="nan_euclidean")
    np.testing.assert_allclose(model.transform(X), expected, atol=1e-7)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    with pytest.raises(ValueError, match=r"nan_euclidean.* finite .* got nan"):
        KMedoids(2, metric="nan_euclidean").fit([[1, np.nan], [np.nan, 1], [0, 0]])
