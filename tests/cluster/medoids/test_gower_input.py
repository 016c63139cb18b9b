"""The Gower dissimilarity: data frames, parameters, and what is refused."""

import numpy as np
import pandas
import polars
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import get_tags

from skextras.cluster import CLARA, KMedoids
from tests.problems import assert_same_fit, gower, knows_names, mixed_table

NAN = np.nan


@pytest.mark.parametrize("library", [pandas.DataFrame, polars.DataFrame])
def test_names_masks_and_indices(library):
    X = mixed_table()
    names = ["size", "price", "colour", "brand"]
    data = library(dict(zip(names, X.T, strict=True)))
    by_name = [
        ["colour", "brand"],
        np.array(["brand", "colour"]),
        pandas.Index(["brand", "colour"]),
    ]
    by_place = [
        [2, 3],
        np.array([3, 2], dtype=np.uint8),
        [False, False, True, True],
        np.array([0, 0, 1, 1], dtype=bool),
    ]
    models = [
        KMedoids(3, random_state=0, **gower(categorical_features=features)).fit(data)
        for features in (by_name if knows_names(library) else []) + by_place
    ]
    for other in models[1:]:
        assert_same_fit(models[0], other)
    np.testing.assert_array_equal(models[0].predict(data), models[0].labels_)
    plain = KMedoids(3, random_state=0, **gower(categorical_features=[])).fit(X)
    assert_same_fit(plain, KMedoids(3, random_state=0, metric="gower").fit(X))
    assert plain.inertia_ != models[0].inertia_


@pytest.mark.parametrize(
    "frame",
    [
        pandas.DataFrame({"a": [1, 2, None, 4], "b": [0, None, 1, 1]}),
        pandas.DataFrame({"a": [1, 2, None, 4], "b": [0, None, 1, 1]}, dtype="Int64"),
        pandas.DataFrame({"a": [1, 2, None, 4], "b": [0, None, 1, 1]}, dtype=object),
        polars.DataFrame({"a": [1, 2, None, 4], "b": [0, None, 1, 1]}),
    ],
    ids=["float", "nullable", "object", "polars"],
)
def test_missing_entries_of_data_frames(frame):
    X = np.array([[1, 0], [2, NAN], [NAN, 1], [4, 1]])
    plain = KMedoids(2, random_state=0, **gower(categorical_features=[1])).fit(X)
    features = ["b"] if knows_names(type(frame)) else [1]
    named = KMedoids(2, random_state=0, **gower(categorical_features=features))
    assert_same_fit(plain, named.fit(frame))


def test_parameters_stay_as_they_are():
    X = mixed_table()
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
    X = mixed_table(n=90)
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
        ({"categorical_features": ["colour"]}, "'colour', and .* no names of features"),
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
            model.fit(mixed_table())
        assert not hasattr(model, "n_features_in_")


def test_bad_data():
    data = pandas.DataFrame(mixed_table(), columns=["a", "b", "c", "d"])
    with pytest.raises(ValueError, match=r"'e', which is .* are a, b, c, d"):
        KMedoids(2, **gower(categorical_features=["a", "e"])).fit(data)
    X = mixed_table()
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
