"""Input that is valid, and hardly what was meant: a warning with the way out."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel

from skextras.cluster import (
    CLARA,
    CLARANS,
    KMedoids,
    MedoidSilhouette,
    fasterpam,
    k_path,
)

GROUPS = np.kron(np.eye(3), np.ones((10, 10)))
ESTIMATORS = [KMedoids(3), CLARA(3), CLARANS(3), MedoidSilhouette(3)]


@pytest.fixture
def rows():
    return np.random.default_rng(0).uniform(1, 2, (30, 4))


@pytest.mark.parametrize("model", ESTIMATORS, ids=repr)
def test_similarities(model, rows):
    model.set_params(metric="precomputed", random_state=0)
    for S in (GROUPS, rbf_kernel(rows), cosine_similarity(rows), 7 * np.eye(30)):
        with pytest.warns(UserWarning, match=r"similarities has: .* S\.max\(\) - S"):
            model.fit(S)


def test_similarities_in_functions_and_sparse(rows):
    S = rbf_kernel(rows)
    for call in (
        lambda: fasterpam(S, 3),
        lambda: fasterpam(S, 1),
        lambda: k_path(S, [2, 3], metric="precomputed"),
        lambda: KMedoids(3, metric="precomputed").fit(sparse.csr_array(GROUPS)),
    ):
        with pytest.warns(UserWarning, match="similarities has"):
            call()


@pytest.mark.parametrize("half", [np.triu, np.tril])
def test_half_of_a_matrix(half, rows):
    D = half(pairwise_distances(rows))
    for call in (
        lambda: KMedoids(3, metric="precomputed", random_state=0).fit(D),
        lambda: fasterpam(D, 3),
    ):
        with pytest.warns(UserWarning, match=r"one side .* D \+ D\.T"):
            call()


@pytest.mark.parametrize("model", ESTIMATORS, ids=repr)
def test_dissimilarities_taken_for_features(model, rows):
    model.set_params(metric="euclidean", random_state=0)
    with pytest.warns(UserWarning, match="set metric='precomputed'"):
        model.fit(pairwise_distances(rows))


def test_ordinary_input_is_not_doubted(rows):
    """Asymmetric, sparse, self-distances, few samples, adjacency, square data."""
    rng = np.random.default_rng(1)
    D = pairwise_distances(rows)
    precomputed = [D, D + 0.1, D * rng.uniform(1, 2, D.shape), D[:3, :3], 0 * D]
    adjacency = (D < 0.5) - np.eye(30)
    features = [rows, rng.normal(size=(30, 30)), np.eye(30), adjacency, D[:3, :3]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Only")
        for X in precomputed:
            KMedoids(2, metric="precomputed", random_state=0).fit(X)
            KMedoids(2, metric="precomputed").fit(sparse.csr_array(X))
        for X in features:
            KMedoids(2, random_state=0).fit(X)


def test_rounding_below_zero(rows):
    D = 1 - cosine_similarity(np.r_[rows, rows])
    D[3, 33] = D[33, 3] = -2e-16
    with pytest.raises(ValueError, match=r"must be >= 0, got -2.*np\.maximum\(D, 0\)"):
        KMedoids(3, metric="precomputed").fit(D)
    KMedoids(3, metric="precomputed", random_state=0).fit(np.maximum(D, 0))
