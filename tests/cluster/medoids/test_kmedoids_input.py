"""KMedoids inside scikit-learn: containers, types, meta-estimators, copies."""

import pickle

import numba
import numpy as np
import pandas
import polars
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skextras.cluster import KMedoids
from tests.naive import medoids as naive
from tests.problems import matrix

PARAMETERS = {"n_clusters": 5, "random_state": 0}


@numba.njit
def compiled_taxicab(x, y):
    return np.abs(x - y).sum()


def frames(X):
    """Return the rows in every container, each with the dtype of its results."""
    columns = {f"f{i}": X[:, i] for i in range(X.shape[1])}
    return {
        "pandas": (pandas.DataFrame(columns), np.float64),
        "polars": (polars.DataFrame(columns), np.float64),
        "list": (X.tolist(), np.float64),
        "float32": (X.astype(np.float32), np.float32),
        "float32 frame": (pandas.DataFrame(columns).astype("float32"), np.float32),
        "float16": (X.astype(np.float16), np.float64),
        "int64": (X.astype(np.int64), np.float64),
        "uint8": (X.astype(np.uint8), np.float64),
        "bool": (X.astype(bool), np.float64),
        "csr array": (sparse.csr_array(X), np.float64),
        "csc matrix": (sparse.csc_matrix(X), np.float64),
        "coo, float32": (sparse.coo_array(X.astype(np.float32)), np.float32),
        "csr, integers": (sparse.csr_array(X.astype(int)), np.float64),
        "F-ordered": (np.asfortranarray(X), np.float64),
        "strided": (np.repeat(X, 2, axis=1)[:, ::2], np.float64),
        "big-endian": (X.astype(">f8"), np.float64),
    }


@pytest.mark.parametrize("kind", frames(np.zeros((1, 1))))
def test_containers(kind):
    """Integers that each of them holds exactly, almost without ties."""
    X = np.random.default_rng(0).integers(0, 2 if kind == "bool" else 250, (50, 9))
    data, dtype = frames(X.astype(float))[kind]
    expected = KMedoids(**PARAMETERS, metric="manhattan").fit(X)
    model = KMedoids(**PARAMETERS, metric="manhattan").fit(data)
    np.testing.assert_array_equal(model.medoid_indices_, expected.medoid_indices_)
    np.testing.assert_array_equal(model.labels_, expected.labels_)
    assert model.inertia_ == expected.inertia_
    np.testing.assert_array_equal(model.predict(data), model.labels_)
    assert model.score(data) == expected.score(X)
    assert model.transform(data).dtype == model.distances_.dtype == dtype
    assert model.cluster_centers_.dtype == dtype
    centers = model.cluster_centers_
    centers = centers.toarray() if sparse.issparse(centers) else centers
    np.testing.assert_array_equal(centers, X[model.medoid_indices_])


def test_queries_of_another_dtype(X):
    model = KMedoids(**PARAMETERS).fit(X.astype(np.float32))
    assert model.transform(X).dtype == np.float64
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    wide = KMedoids(**PARAMETERS).fit(X)
    assert wide.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(wide.predict(X.astype(np.float32)), wide.labels_)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", "precomputed"])
def test_input_is_not_changed(X, metric, tmp_path):
    data = pairwise_distances(X) if metric == "precomputed" else X
    np.save(tmp_path / "data.npy", data)
    mapped = np.load(tmp_path / "data.npy", mmap_mode="r")
    weight = np.random.default_rng(0).uniform(1, 2, len(X))
    before, weight_before = data.copy(), weight.copy()
    init = np.arange(5).tolist()
    model = KMedoids(5, metric=metric, init=init, random_state=0)
    for rows in (data, mapped):
        model.fit(rows, sample_weight=weight)
        model.transform(rows)
        model.score(rows, sample_weight=weight)
    np.testing.assert_array_equal(data, before)
    np.testing.assert_array_equal(weight, weight_before)
    assert (model.init, init) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])


def test_score_is_minus_the_mean_distance(X):
    model = KMedoids(**PARAMETERS).fit(X[:40])
    nearest = pairwise_distances(X, model.cluster_centers_).min(axis=1)
    assert model.score(X) == pytest.approx(-nearest.mean(), rel=1e-12)
    weight = np.arange(60.0)
    average = np.average(nearest, weights=weight)
    assert model.score(X, sample_weight=weight) == pytest.approx(-average, rel=1e-12)
    fitted = KMedoids(**PARAMETERS).fit(X, sample_weight=weight)
    score = fitted.score(X, sample_weight=weight)
    assert score == pytest.approx(-fitted.inertia_ / weight.sum(), rel=1e-12)


def test_pipeline_of_columns(X):
    data = pandas.DataFrame(1000 * X, columns=[*"abcd"])
    pipeline = make_pipeline(StandardScaler(), KMedoids(**PARAMETERS))
    pipeline.set_output(transform="pandas").fit(data)
    scaled = StandardScaler().fit_transform(1000 * X)
    model = KMedoids(**PARAMETERS).fit(scaled)
    np.testing.assert_array_equal(pipeline.predict(data), model.labels_)
    assert pipeline.score(data) == pytest.approx(model.score(scaled), rel=1e-12)
    names = [f"kmedoids{i}" for i in range(5)]
    assert list(pipeline.transform(data).columns) == names
    assert list(pipeline.get_feature_names_out()) == names


@pytest.mark.jit
def test_grid_search(X):
    grid = {
        "n_clusters": [2, 5],
        "metric": ["euclidean", "cosine"],
        "init": ["random", "build", "k-medoids++"],
    }
    folds = KFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(KMedoids(random_state=0), grid, cv=folds).fit(X)
    results = search.cv_results_
    for i, params in enumerate(results["params"]):
        scores = [
            KMedoids(random_state=0, **params).fit(X[train]).score(X[test])
            for train, test in folds.split(X)
        ]
        assert results["mean_test_score"][i] == pytest.approx(np.mean(scores))
    assert search.best_params_ in results["params"]
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.labels_)
    lists = {"init": [[0, 5, 9], [1, 2, 3]]}
    GridSearchCV(KMedoids(3, random_state=0), lists, cv=folds).fit(X)


def test_search_on_a_precomputed_matrix(X):
    """The columns are cut with the rows: to all training points, and only these."""
    distances = matrix(np.random.default_rng(0), 60, symmetric=False)
    model = KMedoids(4, metric="precomputed", random_state=0)
    assert model.__sklearn_tags__().input_tags.pairwise
    assert not KMedoids().__sklearn_tags__().input_tags.pairwise
    folds = KFold(3, shuffle=True, random_state=1)
    scores = [
        clone(model)
        .fit(distances[np.ix_(train, train)])
        .score(distances[np.ix_(test, train)])
        for train, test in folds.split(distances)
    ]
    np.testing.assert_allclose(cross_val_score(model, distances, cv=folds), scores)
    search = GridSearchCV(model, {"n_clusters": [2, 4]}, cv=folds).fit(distances)
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(np.mean(scores))


def test_precomputed_queries_have_a_column_per_training_point(X):
    model = KMedoids(5, metric="precomputed", random_state=0)
    model.fit(pairwise_distances(X[:40]))
    queries = pairwise_distances(X[40:], X[:40])
    expected = queries[:, model.medoid_indices_]
    np.testing.assert_array_equal(model.transform(queries), expected)
    np.testing.assert_array_equal(model.predict(queries), expected.argmin(axis=1))
    assert model.score(queries) == pytest.approx(-expected.min(axis=1).mean())
    assert model.n_features_in_ == 40
    with pytest.raises(ValueError, match=r"X has 39 features, .* expecting 40"):
        model.predict(queries[:, 1:])


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("weighted", [False, True])
def test_asymmetric_matrix_holds_what_points_pay_to_medoids(layout, weighted):
    rng = np.random.default_rng(2)
    distances = layout(matrix(rng, 50, symmetric=False))
    weight = rng.integers(0, 3, 50) if weighted else None
    model = KMedoids(4, metric="precomputed", n_init=2, random_state=0)
    model.fit(distances, sample_weight=weight)
    medoids = model.medoid_indices_
    np.testing.assert_array_equal(model.labels_, naive.labels(distances, medoids))
    loss = naive.cost(distances, medoids, weight)
    assert model.inertia_ == pytest.approx(loss, rel=1e-12)
    allowed = distances.copy()
    if weighted:  # points of weight 0 are no candidates
        allowed[:, weight == 0] = 9
    assert naive.pam_swap(allowed, medoids, weight) is None


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_precomputed_types(dtype):
    distances = matrix(np.random.default_rng(0), 30, high=99)
    model = KMedoids(3, metric="precomputed", random_state=0)
    expected = clone(model).fit(distances)
    fitted = model.fit(distances.astype(dtype))
    np.testing.assert_array_equal(fitted.medoid_indices_, expected.medoid_indices_)
    wide = np.float32 if dtype == np.float32 else np.float64
    assert fitted.transform(distances.astype(dtype)).dtype == wide


@pytest.mark.parametrize("metric", ["euclidean", "seuclidean", compiled_taxicab])
def test_copies(X, metric):
    model = KMedoids(**PARAMETERS, metric=metric, init=list(range(5))).fit(X)
    copy = pickle.loads(pickle.dumps(model))
    assert set(vars(copy)) == set(vars(model))
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    fresh = clone(model)
    assert set(vars(fresh)) == set(model.get_params())
    np.testing.assert_array_equal(fresh.fit(X).labels_, model.labels_)
    model.fit(X[:30], sample_weight=np.ones(30))  # again, on other data
    other = clone(model).fit(X[:30])
    np.testing.assert_array_equal(other.labels_, model.labels_)
    assert model.labels_.shape == (30,)


def test_parameters_of_numpy_types(X):
    model = KMedoids(np.int64(5), n_init=np.int32(1), max_iter=np.int64(9))
    assert model.set_params(random_state=0).fit(X).labels_.max() == 4
