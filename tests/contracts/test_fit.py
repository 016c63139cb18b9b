"""What ``fit`` of every estimator promises, whatever it fits."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from tests.contracts.instances import (
    ESTIMATORS,
    UNORDERED,
    WEIGHTED,
    arguments,
    name_of,
)

every = pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
METHODS = ("predict", "predict_proba", "transform", "score", "score_samples")


@pytest.fixture(autouse=True)
def quiet():
    """Ignore that few rows do not suit all settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def seeded(estimator, **options):
    if "random_state" in estimator.get_params():
        options["random_state"] = 0
    return clone(estimator).set_params(**options)


def fitted(model, X, **options):
    return model.fit(*arguments(model, X), **options)


def state(model):
    """Fitted attributes that are numbers or arrays."""
    return {
        name: value
        for name, value in vars(model).items()
        if name.endswith("_") and isinstance(value, float | int | np.ndarray)
    }


def assert_same_bits(one, other, X, other_X=None):
    """Compare attributes and what the methods return."""
    other_X = X if other_X is None else other_X
    first, second = state(one), state(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
    for name in METHODS:
        if hasattr(one, name):
            args = arguments(one, X) if name == "score" else (X,)
            other_args = (other_X, *args[1:])
            results = getattr(one, name)(*args), getattr(other, name)(*other_args)
            np.testing.assert_array_equal(*results, err_msg=name)


@every
def test_twice_gives_the_same_bits(estimator, X):
    """In a new object, and in the one that was fitted before to other rows."""
    one = fitted(seeded(estimator), X)
    other = fitted(seeded(estimator), X[::-1][:40])
    assert_same_bits(one, fitted(other, X), X)


@every
def test_pickle(estimator, X):
    model = fitted(seeded(estimator), X)
    assert_same_bits(model, pickle.loads(pickle.dumps(model)), X)


@every
def test_layout_changes_no_bit(estimator, X):
    columns = np.asfortranarray(X)
    one, other = fitted(seeded(estimator), X), fitted(seeded(estimator), columns)
    assert_same_bits(one, other, X, columns)


@pytest.mark.parametrize(
    "estimator", [e for e in ESTIMATORS if hasattr(e, "n_jobs")], ids=name_of
)
def test_threads_change_no_bit(estimator, X):
    one, two = (fitted(seeded(estimator, n_jobs=n), X) for n in (1, 2))
    assert_same_bits(one, two, X)


@every
def test_input_is_read_only(estimator, X):
    """Neither rows nor weights are written to."""
    rows, options = X.copy(), {}
    rows.flags.writeable = False
    if estimator in WEIGHTED:
        options["sample_weight"] = np.ones(len(X))
        options["sample_weight"].flags.writeable = False
    model = fitted(seeded(estimator), rows, **options)
    for name in METHODS:
        if hasattr(model, name):
            args = arguments(model, rows) if name == "score" else (rows,)
            getattr(model, name)(*args)
    np.testing.assert_array_equal(rows, X)


@every
def test_a_fit_that_fails_changes_nothing(estimator, X):
    model = fitted(seeded(estimator), X)
    before = {name: id(value) for name, value in vars(model).items()}
    bad = X.copy()
    bad[0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.fit(bad, *arguments(model, X)[1:])
    assert {name: id(value) for name, value in vars(model).items()} == before


@pytest.mark.parametrize("estimator", WEIGHTED, ids=name_of)
def test_weights_equal_repetitions(estimator, X):
    weight = np.random.default_rng(1).integers(0, 4, len(X))
    repeated = np.repeat(X, weight, axis=0)
    X_y, names = arguments(estimator, X), ("score_samples", "predict", "predict_proba")
    one = seeded(estimator).fit(*X_y, sample_weight=weight)
    other = seeded(estimator).fit(*(np.repeat(part, weight, axis=0) for part in X_y))
    for name in names:
        if hasattr(one, name) and estimator not in UNORDERED:
            values = getattr(one, name)(X), getattr(other, name)(X)
            np.testing.assert_allclose(*values, rtol=1e-6, atol=1e-9)
    if estimator not in UNORDERED:
        return
    np.testing.assert_array_equal(
        X[one.medoid_indices_], repeated[other.medoid_indices_]
    )
    np.testing.assert_array_equal(np.repeat(one.labels_, weight), other.labels_)
    np.testing.assert_allclose(one.inertia_, other.inertia_, rtol=1e-12)


@pytest.mark.parametrize("estimator", UNORDERED, ids=name_of)
def test_order_of_rows_does_not_matter(estimator, X):
    order = np.random.default_rng(2).permutation(len(X))
    one, other = seeded(estimator).fit(X), seeded(estimator).fit(X[order])
    np.testing.assert_array_equal(one.medoid_indices_, order[other.medoid_indices_])
    np.testing.assert_array_equal(one.labels_[order], other.labels_)
    np.testing.assert_allclose(one.inertia_, other.inertia_, rtol=1e-12)
