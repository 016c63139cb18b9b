"""What is refused is refused in one sentence, and nothing is warned of before."""

import warnings

import numpy as np
import pytest

from skextras.cluster import (
    KMedoids,
    MedoidPathDisplay,
    fasterpam,
    k_path,
    kmeans_lower_bound,
    medoid_silhouette_score,
)
from tests.contracts.instances import KINDS, arguments


@pytest.mark.parametrize("kind", KINDS)
def test_no_warning_before_a_refusal(kind):
    X = np.array([[np.inf, -np.inf], [1.0, 2.0], [3.0, 4.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="infinity"):
            kind().fit(X, *arguments(kind(), np.ones((3, 2)))[1:])
        with pytest.raises(ValueError, match="infinity"):
            kmeans_lower_bound(X, 2)


def test_numbers_beyond_double_precision():
    D = np.full((3, 3), np.longdouble("1e400"))
    if not np.isfinite(D).all():
        pytest.skip("long double is double here")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="distances must be finite"):
            fasterpam(D, 2)


@pytest.mark.parametrize(
    "function", [medoid_silhouette_score, lambda D: fasterpam(D, 1)]
)
def test_ragged_rows(function):
    with pytest.raises(ValueError, match="distances must be a matrix, and its rows"):
        function([[1.0, 2.0], [3.0]])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"method": "fastclara", "init": np.ones((9, 50))}, "init"),
        ({"metric": "gower", "metric_params": {"ranges": ["a" * 999]}}, "ranges"),
        (
            {
                "metric": "gower",
                "metric_params": {"categorical_features": [0.5] * 99},
            },
            "categorical_features",
        ),
    ],
)
def test_long_values_are_cut(options, name):
    X = np.random.default_rng(0).normal(size=(20, 50))
    with pytest.raises(ValueError, match=name) as caught:
        KMedoids(9, **options).fit(X)
    message = str(caught.value)
    assert len(message) < 400
    assert "\n" not in message


def test_a_long_range_is_cut():
    with pytest.raises(ValueError, match="n_clusters_range must be") as caught:
        k_path(np.ones((5, 2)), np.linspace(0, 1, 99))
    assert len(str(caught.value)) < 400


def test_no_array_is_printed():
    with pytest.raises(
        ValueError, match=r"X .* Complex data not supported\.$"
    ) as caught:
        KMedoids(2).fit(np.ones((40, 5), dtype=complex))
    assert len(str(caught.value)) < 100
    with pytest.raises(ValueError, match=r"got 1D array instead.*Reshape") as caught:
        KMedoids(2).fit(np.linspace(0, 1, 500))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["line_kw", "loss_kw"])
def test_styles_of_a_display(name):
    pytest.importorskip("matplotlib")
    path = k_path([[0.0], [1.0], [5.0]], [1, 2], random_state=0)
    with pytest.raises(TypeError, match=rf"{name} must be a dict, got 'x'\."):
        MedoidPathDisplay.from_path(path, **{name: "x"})


def test_a_method_that_is_an_array():
    with pytest.raises(ValueError, match="method must be one of"):
        kmeans_lower_bound(np.ones((3, 1)), 2, method=np.array([1, 2]))
