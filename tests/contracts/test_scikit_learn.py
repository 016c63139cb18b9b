"""scikit-learn's own contract, for every estimator and its important settings."""

import os

import numpy as np
import pandas
import polars
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_param_validation,
    estimator_checks_generator,
)

from skextras.cluster import KMedoids, MedoidSilhouette
from tests.contracts.instances import CLASSES, ESTIMATORS, arguments, name_of
from tests.problems import knows_names

TRANSFORMERS = [each for each in CLASSES if hasattr(each, "transform")]
FRAMES = {"pandas": pandas.DataFrame, "polars": polars.DataFrame}


def frame(X, library):
    """Return columns named f0, f1, ..."""
    names = [f"f{column}" for column in range(X.shape[1])]
    return FRAMES[library]({name: X[:, i] for i, name in enumerate(names)})


def checks():
    """Yield scikit-learn's checks of every instance."""
    for estimator in ESTIMATORS:
        for _, check in estimator_checks_generator(estimator):
            name = f"{name_of(estimator)}-{check.func.__name__}"
            yield pytest.param(estimator, check, id=name)


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_estimator(estimator, check):
    check(clone(estimator))


def square_checks():
    """Yield the checks of a precomputed matrix that do feed a square one."""
    for family in (KMedoids, MedoidSilhouette):
        estimator = family(metric="precomputed")
        for _, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            if name not in ("check_clustering", "check_estimators_nan_inf"):
                yield pytest.param(estimator, check, id=f"{family.__name__}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(square_checks()))
def test_estimator_of_a_matrix(estimator, check):
    check(clone(estimator))


def test_array_api_check_is_not_skipped():
    assert os.environ["SCIPY_ARRAY_API"] == "1"


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_parameters_are_validated(estimator):
    check_param_validation(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", CLASSES, ids=name_of)
def test_parameters_are_all_the_state(estimator):
    """Nothing but the parameters is set before fit, and fit changes none of them."""
    before = vars(clone(estimator)).copy()
    assert set(before) == set(estimator.get_params())
    rows = np.random.default_rng(0).normal(size=(30, 2))
    fitted = clone(estimator).fit(*arguments(estimator, rows))
    assert {name: vars(fitted)[name] for name in before} == before


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=name_of)
def test_output_as_data_frame(estimator, library, X):
    estimator = clone(estimator).set_output(transform=library)
    y = arguments(estimator, X)[1:]
    output = estimator.fit(X, *y).transform(X)
    assert isinstance(output, FRAMES[library])
    name = type(estimator).__name__.lower()
    names = [f"{name}{i}" for i in range(estimator._n_features_out)]
    assert list(output.columns) == names
    assert list(estimator.get_feature_names_out()) == names
    expected = estimator.set_output(transform="default").transform(X)
    np.testing.assert_array_equal(output.to_numpy(), expected)
    if library == "pandas":
        data = frame(X, "pandas").set_index(np.arange(100, 100 + len(X)))
        output = clone(estimator).set_output(transform=library)
        output = output.fit(data, *y).transform(data)
        assert list(output.index) == list(data.index)


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("estimator", CLASSES, ids=name_of)
def test_names_of_features(estimator, library, X):
    if not knows_names(FRAMES[library]):
        pytest.skip(f"this scikit-learn does not know the names of {library}")
    y = arguments(estimator, X)[1:]
    fitted = clone(estimator).fit(frame(X, library), *y)
    assert list(fitted.feature_names_in_) == ["f0", "f1", "f2", "f3"]
    assert fitted.n_features_in_ == 4
    assert not hasattr(clone(estimator).fit(X, *y), "feature_names_in_")
    swapped = frame(X, library)[["f1", "f0", "f2", "f3"]]
    name = "predict" if hasattr(fitted, "predict") else "transform"
    if not hasattr(fitted, name):  # it tells the classes of its own rows only
        return
    with pytest.raises(ValueError, match="feature names should match"):
        getattr(fitted, name)(swapped)
    with pytest.raises(ValueError, match="feature names should match"):
        getattr(fitted, name)(frame(X[:, :3], library))
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting"):
        getattr(clone(estimator).fit(X, *y), name)(X[:, :3])


@pytest.mark.parametrize("estimator", CLASSES, ids=name_of)
def test_representations(estimator):
    """In HTML, with a link to our own pages if any, and as text."""
    estimator = clone(estimator)
    assert type(estimator).__name__ in estimator._repr_html_()
    assert "scikit-learn.org" not in (estimator._get_doc_link() or "")
