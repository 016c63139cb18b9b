"""Losses are those of the right triangle where a matrix is symmetric up to rounding."""

import numpy as np
import pytest

from skextras.cluster import (
    MedoidSilhouette,
    fasterpam,
    k_path,
    medoid_silhouette_score,
)
from tests.naive import medoids as naive
from tests.problems import matrix


def nearly_symmetric(seed, n=60):
    rng = np.random.default_rng(seed)
    D = matrix(rng, n)
    return D * (1 + 4e-7 * np.triu(rng.uniform(size=D.shape)))


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_fasterpam(k, layout):
    for seed in range(5):
        D = layout(nearly_symmetric(seed))
        result = fasterpam(D, k, random_state=seed)
        medoids = result.medoid_indices
        assert result.loss == pytest.approx(naive.cost(D, medoids), rel=1e-13)
        np.testing.assert_array_equal(result.labels, naive.labels(D, medoids))


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_k_path(layout):
    D = layout(nearly_symmetric(1))
    path = k_path(D, range(1, 7), metric="precomputed", random_state=0)
    for loss, value, medoids in zip(*path[1:], strict=True):
        assert loss == pytest.approx(naive.cost(D, medoids), rel=1e-13)
        if len(medoids) > 1:
            expected = naive.medoid_silhouette(D, medoids)
            assert value == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("size", [1e-320, 1e-310, 1.0, 1e149])
@pytest.mark.parametrize("n_clusters", [3, "auto"])
def test_medoid_silhouettes(n_clusters, size):
    """The same number in the path and beside it, with weights of any size."""
    D = nearly_symmetric(2)
    weight = np.random.default_rng(0).integers(1, 9, len(D)).astype(float)
    model = MedoidSilhouette(
        n_clusters, metric="precomputed", max_clusters=6, random_state=0
    ).fit(D, sample_weight=weight * size)
    place = model.n_clusters_path_.tolist().index(model.n_clusters_)
    assert model.medoid_silhouette_path_[place] == model.medoid_silhouette_
    assert model.medoid_silhouette_ == model.medoid_silhouette_path_.max()
    expected = naive.medoid_silhouette(D, model.medoid_indices_, weight)
    assert model.medoid_silhouette_ == pytest.approx(expected, rel=1e-2)
    to_medoids = D[:, model.medoid_indices_]
    score = medoid_silhouette_score(to_medoids, sample_weight=weight * size)
    assert score == model.score(D, sample_weight=weight * size)
    assert score == pytest.approx(model.medoid_silhouette_, rel=1e-13)
