"""The medoid silhouettes of a peer, stored by ``make_silhouette.py``."""

import json
from pathlib import Path

import numpy as np
import pytest

from skextras.cluster import medoid_silhouette_samples, medoid_silhouette_score
from skextras.cluster._medoids._msc import dynmsc, fastermsc
from tests.golden.problems import distances

FILE = Path(__file__).with_name("silhouette.json")
CASES = json.loads(FILE.read_text())["cases"]


def name_of(case):
    return "-".join(case["problem"].values())


def start(case, k):
    """Return the matrix, the first points as medoids, and plain weights and order."""
    matrix = distances(**case["problem"])
    n = len(matrix)
    return matrix, np.arange(k), np.ones(n), np.arange(n)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_fastermsc_as_the_peer(case):
    for golden in case["fastermsc"]:
        k = len(golden["medoid_indices"])
        result, _ = fastermsc(*start(case, k), 100)
        assert result.medoids.tolist() == golden["medoid_indices"]
        assert (result.n_iter, result.n_swap) == (golden["n_iter"], golden["n_swap"])
        assert 1 - result.loss == pytest.approx(golden["value"], rel=1e-12)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_medoid_silhouette_as_the_peer(case):
    for golden in case["fastermsc"]:
        to_medoids = distances(**case["problem"])[:, golden["medoid_indices"]]
        samples = medoid_silhouette_samples(to_medoids)
        np.testing.assert_allclose(samples[:20], golden["first_samples"], rtol=1e-6)
        score = medoid_silhouette_score(to_medoids)
        assert score == pytest.approx(golden["medoid_silhouette"], rel=1e-6)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_dynmsc_is_never_below_the_peer(case):
    """The peer takes one of the two ways down."""
    golden = case["dynmsc"]
    path = dynmsc(*start(case, max(golden["n_clusters"])), 100, 2)
    assert sorted(path) == golden["n_clusters"]
    excess = [
        1 - path[k].loss - value
        for k, value in zip(golden["n_clusters"], golden["values"], strict=True)
    ]
    assert min(excess) > -1e-12
    assert np.median(excess) < 1e-12
    assert max(excess) > 1e-4
