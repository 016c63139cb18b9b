"""The Gower dissimilarity: against its definition, in both estimators."""

import warnings

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import get_tags

from skextras.cluster import CLARA, KMedoids
from tests import naive
from tests.problems import assert_same_fit

NAN = np.nan


def gower(**params):
    return {"metric": "gower", "metric_params": params or None}


def table(seed=0, n=80, dtype=np.float64, missing=0.2):
    """Return two numeric and two categorical columns, of which a part is missing."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    X = np.column_stack(
        [
            rng.normal(3 * group, 1),
            1000 + rng.normal(100 * group, 30),
            (group + (rng.uniform(size=n) < 0.2)) % 3,
            rng.integers(0, 4, n),
        ]
    )
    X[rng.uniform(size=X.shape) < missing] = NAN
    return X.astype(dtype)


def naive_matrix(X, Y, categorical, ranges, weights=None):
    weights = np.ones(X.shape[1]) if weights is None else weights
    return np.array(
        [[naive.gower(x, y, categorical, ranges, weights) for y in Y] for x in X]
    )


def all_to_all(X, **options):
    """Return the matrix by which KMedoids transforms if every point is a medoid."""
    model = KMedoids(len(X), init=list(range(len(X))), **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Only")
        model.fit(X)
    return model.transform(X)[:, model.medoid_indices_.argsort()]


def ranges_of(X):
    return np.nanmax(X, axis=0) - np.nanmin(X, axis=0)


def test_worked_by_hand():
    """By the formula of R's daisy: age, colour (a category), height."""
    X = np.array([[20, 0, 1.0], [30, 0, 1.5], [NAN, 1, 2.0], [60, NAN, 1.0]])
    expected = [
        [0, 0.25, 1, 0.5],  # (10/40 + 0 + 0.5) / 3; (1 + 1) / 2; (40/40 + 0) / 2
        [0.25, 0, 0.75, 0.625],  # (1 + 0.5) / 2; (30/40 + 0.5) / 2
        [1, 0.75, 0, 1],  # height alone
        [0.5, 0.625, 1, 0],
    ]
    np.testing.assert_array_equal(
        all_to_all(X, **gower(categorical_features=[1])), expected
    )


@given(st.integers(1, 12), st.integers(1, 5), st.data())
def test_equals_naive(n, p, data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    values = st.integers(-3, 3) | st.just(NAN) | st.floats(-1e6, 1e6, width=32)
    X = data.draw(arrays(dtype, (n, p), elements=values))
    mask = data.draw(arrays(bool, p))
    weights = data.draw(arrays(float, p, elements=st.integers(0, 3)).filter(np.any))
    ranges = data.draw(st.none() | arrays(float, p, elements=st.integers(0, 9)))
    params = {"categorical_features": mask, "weights": weights, "ranges": ranges}
    found = all_to_all(X, **gower(**params))
    if ranges is None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="All-NaN")
            ranges = ranges_of(X.astype(float))
    expected = naive_matrix(X, X, mask, ranges, weights)
    tolerance = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    assert found.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("estimator", [KMedoids, CLARA])
def test_fit_describes_itself(estimator, dtype):
    X = table(n=300, dtype=dtype)
    model = estimator(3, random_state=0, **gower(categorical_features=[2, 3])).fit(X)
    ranges, mask = ranges_of(X), np.array([0, 0, 1, 1])
    expected = naive_matrix(X, X[model.medoid_indices_], mask, ranges)
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    np.testing.assert_array_equal(model.transform(X).min(axis=1), model.distances_)
    np.testing.assert_array_equal(model.cluster_centers_, X[model.medoid_indices_])
    assert model.distances_.dtype == model.transform(X).dtype == dtype
    for n_jobs in (2, -1):
        assert_same_fit(model, clone(model).set_params(n_jobs=n_jobs).fit(X))


def test_a_local_optimum_as_of_the_matrix():
    X = table(n=70)
    D = all_to_all(X, **gower(categorical_features=[2, 3]))
    np.testing.assert_array_equal(D, D.T)
    model = KMedoids(4, random_state=0, **gower(categorical_features=[2, 3])).fit(X)
    assert model.inertia_ == pytest.approx(naive.cost(D, model.medoid_indices_))
    assert naive.pam_swap(D, model.medoid_indices_) is None


def test_tiles_fit_together():
    """More points than a tile has rows; new points against the same."""
    X = table(n=600)
    D = all_to_all(X, **gower(categorical_features=[2]))
    np.testing.assert_array_equal(D, D.T)
    some = [0, 255, 256, 511, 599]
    expected = naive_matrix(X[some], X, np.array([0, 0, 1, 0]), ranges_of(X))
    np.testing.assert_allclose(D[some], expected, rtol=1e-12)


def test_ranges_are_those_of_training_rows_that_count():
    X = np.array([[0.0, 0], [1, 10], [4, 5], [100, 7]])
    model = KMedoids(2, init=[0, 1], max_iter=1, **gower())
    model.fit(X, sample_weight=[1, 1, 1, 0])
    assert model.medoid_indices_.tolist() == [0, 1]
    new = np.array([[8, 0.0], [2, 20]])
    expected = [[8 / 4 / 2, (7 / 4 + 1) / 2], [(2 / 4 + 2) / 2, (1 / 4 + 1) / 2]]
    np.testing.assert_allclose(model.transform(new), expected)
    np.testing.assert_allclose(model.transform(new[:1]), expected[:1])


def test_features_without_range_count_as_equal():
    X = np.array([[5, 1.0, NAN], [5, 2, NAN], [5, 3, NAN]])
    expected = [[0, 0.25, 0.5], [0.25, 0, 0.25], [0.5, 0.25, 0]]
    np.testing.assert_allclose(all_to_all(X, **gower()), expected)


def test_nothing_in_common():
    """Rows are then at 1, and one without any value is at 1 of itself."""
    X = np.array([[1, NAN], [NAN, 1], [NAN, NAN], [2.0, 3.0]])
    expected = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]]
    np.testing.assert_array_equal(all_to_all(X, **gower()), expected)
    D = all_to_all(X, **gower(weights=[0, 1]))
    np.testing.assert_array_equal(D[0], [1, 1, 1, 1])


@pytest.mark.parametrize("metric", ["gower", "nan_euclidean"])
def test_rows_with_missing_entries_are_merged(metric):
    """Equal rows are points of weight 2, whatever the bits of their NaN."""
    X = table(n=40, missing=0.1)
    other = X.copy()
    other[np.isnan(X)] = -np.array(NAN)
    both = np.vstack([X, other])
    single = KMedoids(3, metric=metric, random_state=0).fit(X)
    twice = KMedoids(3, metric=metric, random_state=0).fit(both)
    np.testing.assert_array_equal(single.cluster_centers_, twice.cluster_centers_)
    assert twice.inertia_ == pytest.approx(2 * single.inertia_)
    rows = [3, 5, 7]
    start = KMedoids(3, metric=metric, init=other[rows], random_state=0).fit(X)
    same = KMedoids(3, metric=metric, init=rows, random_state=0).fit(X)
    assert_same_fit(start, same)


@pytest.mark.parametrize("library", [pandas.DataFrame, polars.DataFrame])
def test_names_masks_and_indices(library):
    X = table()
    names = ["size", "price", "colour", "brand"]
    data = library(dict(zip(names, X.T, strict=True)))
    models = [
        KMedoids(3, random_state=0, **gower(categorical_features=features)).fit(data)
        for features in (
            ["colour", "brand"],
            np.array(["brand", "colour"]),
            pandas.Index(["brand", "colour"]),
            [2, 3],
            np.array([3, 2], dtype=np.uint8),
            [False, False, True, True],
            np.array([0, 0, 1, 1], dtype=bool),
        )
    ]
    for other in models[1:]:
        assert_same_fit(models[0], other)
    np.testing.assert_array_equal(models[0].predict(data), models[0].labels_)
    plain = KMedoids(3, random_state=0, **gower(categorical_features=[])).fit(X)
    assert_same_fit(plain, KMedoids(3, random_state=0, metric="gower").fit(X))
    assert plain.inertia_ != models[0].inertia_


def test_parameters_stay_as_they_are():
    X = table()
    params = {"ranges": [6.0, 300, NAN, -1], "weights": np.arange(4.0)}
    params["categorical_features"] = [2, 3]
    model = KMedoids(2, random_state=0, **gower(**params)).fit(X)
    again = {**params, "weights": params["weights"] * 1e300}
    assert_same_fit(model, KMedoids(2, random_state=0, **gower(**again)).fit(X))
    assert model.metric_params["ranges"] is params["ranges"]
    np.testing.assert_array_equal(params["weights"], [0, 1, 2, 3])
    tags = get_tags(model).input_tags
    assert tags.allow_nan
    assert not tags.sparse


def test_in_a_pipeline_and_a_search():
    """From strings to clusters; the ranges are those of the part that is fitted."""
    X = table(n=90)
    data = pandas.DataFrame(
        {
            "size": X[:, 0],
            "colour": np.array(["red", "blue", "green", None])[
                np.where(np.isnan(X[:, 2]), 3, X[:, 2]).astype(int)
            ],
        }
    )
    encode = make_column_transformer(
        (OrdinalEncoder(), make_column_selector(dtype_include=["object", "string"])),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    model = KMedoids(random_state=0, **gower(categorical_features=["colour"]))
    search = GridSearchCV(
        make_pipeline(encode, model),
        {
            "kmedoids__n_clusters": [2, 6],
            "kmedoids__metric_params": [
                {"categorical_features": ["colour"], "weights": [1, weight]}
                for weight in (1, 5)
            ],
        },
        cv=3,
        error_score="raise",
    ).fit(data)
    assert search.best_params_["kmedoids__n_clusters"] == 6
    best = search.best_estimator_
    np.testing.assert_array_equal(best.predict(data), best[-1].labels_)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"cat_features": [0]}, "categorical_features, ranges, weights, got cat_feat"),
        ({"categorical_features": ["colour"]}, "'colour', and .* have no names"),
        ({"categorical_features": [1, 4]}, "the index 4: with 4 .* from 0 to 3"),
        ({"categorical_features": [-1]}, "the index -1: with 4 .* from 0 to 3"),
        ({"categorical_features": [True]}, "a mask of 1 entries, and X has 4"),
        ({"categorical_features": "colour"}, "must be a list .* got 'colour'"),
        ({"categorical_features": [0.5]}, r"must be a list .* got \[0.5\]"),
        ({"categorical_features": [[0], [1]]}, "must be a list"),
        ({"categorical_features": [0, "a"]}, "must be a list"),
        ({"weights": [1, 1, -2, 1]}, "weights must be .* got -2 for feature 2"),
        ({"weights": [1, 1, 1, NAN]}, "weights must be .* got nan for feature 3"),
        ({"weights": [0, 0, 0, 0]}, "weights are zero for all features"),
        ({"weights": [1, 1]}, r"weights must hold one number .* shape \(2,\)"),
        ({"weights": "heavy"}, "weights must hold numbers, got 'heavy'"),
        ({"ranges": [1, np.inf, 1, 1]}, "ranges must be .* got inf for feature 1"),
        ({"ranges": [1, 1, 1, -1.5]}, r"ranges must be .* got -1\.5 for feature 3"),
    ],
)
def test_bad_parameters(params, sentence):
    for model in (KMedoids(2, **gower(**params)), CLARA(2, **gower(**params))):
        with pytest.raises(ValueError, match=sentence):
            model.fit(table())
        assert not hasattr(model, "n_features_in_")


def test_bad_data():
    data = pandas.DataFrame(table(), columns=["a", "b", "c", "d"])
    with pytest.raises(ValueError, match=r"'e', which is .* are a, b, c, d"):
        KMedoids(2, **gower(categorical_features=["a", "e"])).fit(data)
    X = table()
    X[3, 1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        KMedoids(2, metric="gower").fit(X)
    X[3:5, 1] = 1e308, -1e308
    with pytest.raises(ValueError, match=r"feature 1 goes from -1e\+308 to 1e\+308"):
        KMedoids(2, metric="gower").fit(X)
    model = KMedoids(2, random_state=0, **gower(categorical_features=[1])).fit(X)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        model.predict(np.full((1, 4), np.inf))
    with pytest.raises(ValueError, match="init row 1 is not a row of X"):
        KMedoids(2, metric="gower", init=[X[5], [NAN] * 4]).fit(X[5:9])
