"""The lazy BUILD against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings

from skextras.cluster._medoids._build import build
from skextras.cluster._medoids._rows import HeldRows, Rows
from tests.naive import medoids as naive
from tests.problems import JIT, matrix, problem, problems


class Lazy(Rows):
    """Rows that are made when they are needed, a few at a time."""

    def __init__(self, matrix, by_point, n_jobs=None):
        self.hidden, self.dtype, self.n_jobs = matrix, matrix.dtype, n_jobs
        self.n_candidates, self.n_points = matrix.shape

    def take(self, candidates, points=None):
        assert points is None
        return self.hidden[candidates]

    def blocks(self):
        for start in range(0, self.n_candidates, 7):
            part = slice(start, start + 7)
            yield part, self.hidden[part]


def first_medoids(distances, k, weight, *, kind=HeldRows, n_jobs=None):
    """``distances[o, j]`` is the dissimilarity of point o to candidate j."""
    rows = kind(np.ascontiguousarray(distances.T), distances, n_jobs)
    return build(rows, k, weight)


def run(problem, **options):
    """Call the package on a problem."""
    weight = problem.weight
    weight = np.ones(len(problem.distances)) if weight is None else weight
    return first_medoids(problem.distances, len(problem.medoids), weight, **options)


@settings(max_examples=300 if JIT else 100)
@given(problems())
def test_equals_naive(problem):
    expected = naive.build(problem.distances, len(problem.medoids), problem.weight)
    np.testing.assert_array_equal(run(problem), expected)
    np.testing.assert_array_equal(run(problem, kind=Lazy), expected)


@pytest.mark.parametrize("high", [None, 3], ids=["continuous", "ties"])
@pytest.mark.parametrize("k", [1, 2, 10, 60])
def test_larger_problems(k, high):
    for dtype in (np.float32, np.float64):
        task = problem(k, 150, k, dtype=dtype, high=high, symmetric=k % 4 == 0)
        expected = naive.build(task.distances, k, task.weight)
        np.testing.assert_array_equal(run(task), expected)
        np.testing.assert_array_equal(run(task, kind=Lazy), expected)


def test_stops_where_nothing_is_gained():
    groups = np.repeat(np.arange(4), 5)
    distances = (groups[:, None] != groups).astype(float)
    for kind in (HeldRows, Lazy):
        medoids = first_medoids(distances, 9, np.ones(20), kind=kind)
        assert medoids.tolist() == [0, 5, 10, 15]
        nothing = first_medoids(np.zeros((6, 6)), 3, np.ones(6), kind=kind)
        assert nothing.tolist() == [0]


def test_every_point_a_medoid():
    task = problem(0, 20, 20)
    assert sorted(run(task)) == list(range(20))


def test_weights_are_repetitions():
    distances = matrix(np.random.default_rng(3), 40, high=50)
    counts = np.arange(40) % 4
    copies = np.repeat(np.arange(40), counts)
    rows = HeldRows(distances[counts > 0], None)
    medoids = build(rows, 8, counts.astype(float))
    rows = HeldRows(distances[np.ix_(counts > 0, copies)], None)
    repeated = build(rows, 8, np.ones(len(copies)))
    np.testing.assert_array_equal(medoids, repeated)


@pytest.mark.jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_a_medoid(dtype):
    task = problem(1, 600 if JIT else 300, 30, dtype=dtype)
    medoids = run(task)
    for n_jobs in (2, -1):
        np.testing.assert_array_equal(run(task, n_jobs=n_jobs), medoids)


def test_scale_is_immaterial():
    task = problem(2, 100, 10, dtype=np.float32)
    for exponent in (-100, 90):
        scaled = np.ldexp(task.distances, exponent).astype(np.float32)
        other = run(task._replace(distances=scaled))
        np.testing.assert_array_equal(other, run(task))
