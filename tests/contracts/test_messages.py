"""Messages stay short whatever is given."""

import numpy as np
import pytest

from skextras.cluster import (
    KMedoids,
    certify_kmeans,
    fasterpam,
    k_path,
    kmeans_lower_bound,
    medoid_silhouette_score,
)
from tests.contracts.instances import KINDS, arguments

X = np.random.default_rng(0).normal(size=(30, 2))
D = np.abs(X[:, :1] - X[:, 0])
LONG = list(range(-5000, 5000))
PARAMETERS = [(family, name) for family in KINDS for name in family().get_params()]
FUNCTIONS = {
    "fasterpam medoids": lambda value: fasterpam(D, value),
    "fasterpam order": lambda value: fasterpam(D, 2, order=value),
    "fasterpam max_iter": lambda value: fasterpam(D, 2, max_iter=value),
    "fasterpam weights": lambda value: fasterpam(D, 2, sample_weight=value),
    "k_path numbers": lambda value: k_path(X, value),
    "k_path init": lambda value: k_path(X, [2], init=value),
    "certify labels": lambda value: certify_kmeans(X, value),
    "certify method": lambda value: certify_kmeans(X, X[:, 0] > 0, method=value),
    "certify tol": lambda value: certify_kmeans(X, X[:, 0] > 0, tol=value),
    "bound number": lambda value: kmeans_lower_bound(X, value),
    "bound n_jobs": lambda value: kmeans_lower_bound(X, 2, n_jobs=value),
    "bound draws": lambda value: kmeans_lower_bound(X, 2, n_draws=value),
    "score": lambda value: medoid_silhouette_score(value),
    "gower features": lambda value: KMedoids(
        2, metric="gower", metric_params={"categorical_features": value}
    ).fit(X),
    "gower ranges": lambda value: KMedoids(
        2, metric="gower", metric_params={"ranges": value}
    ).fit(X),
}


@pytest.mark.parametrize(("family", "name"), PARAMETERS)
@pytest.mark.parametrize("value", [LONG, {"a": LONG}, "long" * 9000], ids=type)
def test_parameters(family, name, value):
    if isinstance(value, dict) and name in ("solver_options", "metric_params"):
        pytest.skip("a dict is what they take")
    if family().get_params()[name] is not None and isinstance(value, dict):
        pytest.skip("one kind is enough")
    with pytest.raises((TypeError, ValueError)) as caught:
        family(**{name: value}).fit(*arguments(family(), X))
    assert 10 < len(str(caught.value)) <= 1000


@pytest.mark.parametrize("call", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(
    "value",
    [LONG, [LONG], [*LONG[-5000:], 0.5], [None] * 3],
    ids=["integers", "a row", "floats", "None"],
)
def test_functions(call, value):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(value)
    assert 10 < len(str(caught.value)) <= 1000
