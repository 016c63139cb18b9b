"""Medoids are drawn from the candidates, which are those of ``order``."""

import itertools

import numpy as np
import pytest

from skextras.cluster import fasterpam
from tests.naive import medoids as naive
from tests.problems import matrix


def test_starts_are_drawn_from_the_candidates():
    D = matrix(np.random.default_rng(0), 40)
    order = [30, 0, 15]
    for k, seed in itertools.product([1, 2, 3], range(20)):
        result = fasterpam(D, k, order=order, random_state=seed)
        assert set(result.medoid_indices) <= set(order)
        assert result.loss == pytest.approx(naive.cost(D, result.medoid_indices))


@pytest.mark.parametrize("k", [1, 2])
def test_the_best_of_the_candidates(k):
    """Of three, all pairs differ by one swap: a local optimum is the best."""
    for seed in range(20):
        D = matrix(np.random.default_rng(seed), 30, symmetric=seed % 2 == 0)
        order = np.random.default_rng(seed).choice(30, 3, replace=False)
        subsets = itertools.combinations(order, k)
        best = min(naive.cost(D, list(medoids)) for medoids in subsets)
        result = fasterpam(D, k, order=order, random_state=seed)
        assert result.loss == pytest.approx(best)


def test_more_medoids_than_candidates_to_draw_from():
    D = matrix(np.random.default_rng(0), 40)
    with pytest.raises(ValueError, match="medoids=4 must not exceed the 3 candidates"):
        fasterpam(D, 4, order=[0, 15, 30])
