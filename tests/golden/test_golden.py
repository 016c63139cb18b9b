"""The results of a peer, stored by ``make_golden.py``."""

import json
from pathlib import Path

import numpy as np
import pytest

from skextras.cluster import fasterpam
from skextras.cluster._medoids._build import build
from skextras.cluster._medoids._rows import HeldRows
from tests.golden.problems import distances
from tests.naive.medoids import cost

CASES = json.loads(Path(__file__).with_name("golden.json").read_text())["cases"]


def name_of(case):
    n_medoids = len(case["build"]["medoid_indices"])
    return "-".join([*case["problem"].values(), str(n_medoids)])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_fasterpam_as_the_peer(case):
    golden = case["fasterpam"]
    k = len(golden["medoid_indices"])
    result = fasterpam(distances(**case["problem"]), np.arange(k))
    assert result.medoid_indices.tolist() == golden["medoid_indices"]
    assert (result.n_iter, result.n_swap) == (golden["n_iter"], golden["n_swap"])
    assert result.loss == pytest.approx(golden["loss"], rel=1e-9)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_build_as_the_peer(case):
    golden = case["build"]
    matrix = distances(**case["problem"])
    rows = HeldRows(np.ascontiguousarray(matrix.T), matrix)
    medoids = build(rows, len(golden["medoid_indices"]), np.ones(len(matrix)))
    assert medoids.tolist() == golden["medoid_indices"]
    assert cost(matrix, medoids) == pytest.approx(golden["loss"], rel=1e-6)
