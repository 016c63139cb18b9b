"""The functions that compute medoid silhouettes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from skextras.cluster import (
    KMedoids,
    medoid_silhouette_samples,
    medoid_silhouette_score,
)
from skextras.cluster._medoids import _silhouette
from tests.naive import medoids as naive

MATRICES = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6),
    elements=st.sampled_from([0.0, 1e-300, 1.0, 2.0, 3.0, 1e300]),
)


@given(MATRICES)
def test_samples_and_score_equal_naive(distances):
    samples = medoid_silhouette_samples(distances)
    expected = [
        naive.medoid_silhouette(distances[[o]], slice(None))
        for o in range(len(distances))
    ]
    np.testing.assert_array_equal(samples, expected)
    assert ((samples >= 0) & (samples <= 1)).all()
    weight = np.arange(1.0, 1 + len(distances))
    score = medoid_silhouette_score(distances, sample_weight=weight)
    assert score == pytest.approx(weight @ expected / weight.sum(), rel=1e-14)
    assert isinstance(score, float)


def test_zeros():
    values = medoid_silhouette_samples([[0, 0], [0, 2], [2, 0], [1, 4], [3, 3]])
    np.testing.assert_array_equal(values, [1, 1, 1, 0.75, 0])


def test_types_and_blocks(X, monkeypatch):
    to_medoids = KMedoids(5, random_state=0).fit(X).transform(X)
    samples = medoid_silhouette_samples(to_medoids)
    before = to_medoids.copy()
    monkeypatch.setattr(_silhouette, "_ITEMS_PER_BLOCK", 32)
    np.testing.assert_array_equal(medoid_silhouette_samples(to_medoids), samples)
    np.testing.assert_array_equal(to_medoids, before)
    fortran = np.asfortranarray(to_medoids)
    np.testing.assert_array_equal(medoid_silhouette_samples(fortran), samples)
    single = medoid_silhouette_samples(to_medoids.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, samples, atol=1e-6)
    assert medoid_silhouette_samples(np.ones((3, 2), dtype=int)).dtype == np.float64


@pytest.mark.parametrize(
    "function", [medoid_silhouette_samples, medoid_silhouette_score]
)
@pytest.mark.parametrize(
    ("distances", "message"),
    [
        ([1.0, 2.0], r"must be a matrix .* got an array of shape \(2,\): give"),
        (np.empty((0, 2)), r"must be a matrix .* shape \(0, 2\)"),
        ([[1.0], [2.0]], "distances has 1 column, .* give two or more"),
        ([[1.0, np.nan]], "distances must be finite .* got nan at row 0, column 1"),
        ([[1.0, 2.0], [np.inf, 1.0]], "must be finite .* got inf at row 1, column 0"),
        ([[1.0, -2.0]], "distances must be >= 0, got -2.0 at row 0, column 1"),
        ([["a", "b"]], "distances must hold numbers"),
        ([[1j, 2.0]], "distances must hold numbers, got the type complex128"),
    ],
)
def test_bad_distances(function, distances, message):
    with pytest.raises(ValueError, match=message):
        function(distances)


def test_bad_weights():
    for weight, message in [
        ([1.0, -1.0], "must not be negative"),
        ([0.0, 0.0], "at least one non-zero|zero for all samples"),
        ([1.0], "sample_weight"),
    ]:
        with pytest.raises(ValueError, match=message):
            medoid_silhouette_score([[1.0, 2.0]] * 2, sample_weight=weight)
