"""The optimiser against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster import fasterpam
from tests.naive import medoids as naive
from tests.problems import JIT, Problem, matrix, problem, problems


def solve(problem, **options):
    """Run the package on a problem."""
    return fasterpam(
        problem.distances,
        problem.medoids,
        sample_weight=problem.weight,
        order=problem.order,
        **options,
    )


def assert_as_naive(result, problem):
    """Compare medoids, passes, swaps and loss; the labels have their own test."""
    if len(problem.medoids) == 1:
        start = problem.medoids[0]
        medoids, n_iter, n_swap = naive.single_medoid(
            problem.distances, start, problem.weight, problem.order
        )
    else:
        medoids, n_iter, n_swap = naive.fasterpam(*problem)
    assert result.medoid_indices.tolist() == medoids
    assert (result.n_iter, result.n_swap) == (n_iter, n_swap)
    loss = naive.cost(problem.distances, medoids, problem.weight)
    assert result.loss == pytest.approx(loss, rel=1e-12)


@settings(max_examples=300 if JIT else 100)
@given(problems())
def test_equals_naive(problem):
    assert_as_naive(solve(problem), problem)


@given(problems())
def test_labels_equal_naive(problem):
    result = solve(problem)
    expected = naive.labels(problem.distances, result.medoid_indices)
    np.testing.assert_array_equal(result.labels, expected)


@given(problems())
def test_no_single_swap_helps(problem):
    result = solve(problem._replace(order=None))
    best = naive.pam_swap(problem.distances, result.medoid_indices, problem.weight)
    assert best is None


@pytest.mark.parametrize("high", [None, 4], ids=["continuous", "ties"])
@pytest.mark.parametrize("k", [2, 5, 11])
@pytest.mark.parametrize("n", [63, 64, 65, 127, 128, 130, 200])
def test_edges_of_blocks(n, k, high):
    dtype, symmetric = [(np.float32, True), (np.float64, False)][(n + k) % 2]
    options = {"dtype": dtype, "symmetric": symmetric, "high": high}
    task = problem(n, n, k, **options)
    assert_as_naive(solve(task), task)


def test_many_medoids():
    """As many slots as points in a block of the comparison, and more."""
    for k in (63, 64, 65, 90):
        task = problem(k, 100, k)
        assert_as_naive(solve(task), task)


@pytest.mark.jit
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("high", [None, 6], ids=["continuous", "ties"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_after_every_swap(dtype, high):
    """Cutting the pass off behind every candidate shows the state after every swap."""
    task = problem(3, 70, 6, dtype=dtype, high=high)
    swaps = []
    for stop in range(1, 71):
        result = solve(task._replace(order=np.arange(stop)), max_iter=1)
        loss = naive.cost(task.distances, result.medoid_indices, task.weight)
        assert result.loss == pytest.approx(loss, rel=1e-12)
        swaps.append(result.n_swap)
    assert max(swaps) >= 5
    assert set(np.diff(swaps)) == {0, 1}


@pytest.mark.jit
@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_loss_after_every_pass():
    task = problem(8, 130, 20)
    n_iter = solve(task).n_iter
    assert n_iter >= 3
    losses = []
    for max_iter in range(1, n_iter):
        with pytest.warns(ConvergenceWarning, match=f"max_iter={max_iter} passes"):
            result = solve(task, max_iter=max_iter)
        assert result.n_iter == max_iter
        loss = naive.cost(task.distances, result.medoid_indices, task.weight)
        assert result.loss == pytest.approx(loss, rel=1e-12)
        losses.append(result.loss)
    assert losses == sorted(losses, reverse=True)
    assert solve(task, max_iter=n_iter).loss <= losses[-1]


def test_one_medoid_per_point():
    task = problem(0, 9, 9)
    result = solve(task)
    np.testing.assert_array_equal(result.medoid_indices, task.medoids)
    np.testing.assert_array_equal(result.medoid_indices[result.labels], np.arange(9))
    assert (result.loss, result.n_iter, result.n_swap) == (0, 1, 0)


def test_one_point():
    result = fasterpam([[0.0]], [0])
    assert (result.medoid_indices, result.labels, result.loss) == (0, 0, 0)


@pytest.mark.parametrize("k", [1, 2, 70])
def test_all_points_equal(k):
    result = fasterpam(np.zeros((70, 70)), np.arange(k))
    np.testing.assert_array_equal(result.medoid_indices, np.arange(k))
    expected = np.r_[np.arange(k), np.zeros(70 - k)]
    np.testing.assert_array_equal(result.labels, expected)
    assert (result.loss, result.n_iter, result.n_swap) == (0, 1, 0)


@pytest.mark.jit
@given(problems(integers=True, min_k=2))
def test_weights_are_repetitions(problem):
    """Only the first of equal points is a candidate in the repeated problem."""
    n = len(problem.distances)
    counts = np.arange(n) % 3 + 1
    copies = np.repeat(np.arange(n), counts)
    first = np.cumsum(counts) - counts
    order = np.arange(n) if problem.order is None else problem.order
    result = solve(problem._replace(weight=counts, order=order))
    repeated = fasterpam(
        problem.distances[np.ix_(copies, copies)],
        first[problem.medoids],
        order=first[order],
    )
    assert repeated._replace(medoid_indices=0, labels=0) == result._replace(
        medoid_indices=0, labels=0
    )
    np.testing.assert_array_equal(repeated.medoid_indices, first[result.medoid_indices])


@pytest.mark.jit
@given(problems(integers=True))
def test_order_of_rows_is_immaterial(problem):
    """With the start and the order of the candidates permuted along."""
    n = len(problem.distances)
    order = np.arange(n) if problem.order is None else problem.order
    new = np.random.default_rng(n).permutation(n)  # row i becomes row new[i]
    old = np.argsort(new)
    weight = problem.weight if problem.weight is None else problem.weight[old]
    distances = problem.distances[np.ix_(old, old)]
    moved = solve(Problem(distances, new[problem.medoids], weight, new[order]))
    result = solve(problem._replace(order=order))
    np.testing.assert_array_equal(moved.medoid_indices, new[result.medoid_indices])
    np.testing.assert_array_equal(moved.labels[new], result.labels)
    assert (moved.n_iter, moved.n_swap) == (result.n_iter, result.n_swap)
    assert moved.loss == result.loss


def test_points_left_out_of_the_order():
    distances = matrix(np.random.default_rng(1), 80)
    for k in (1, 4):
        task = Problem(distances, np.arange(k), None, np.arange(79, 40, -2))
        result = solve(task)
        assert_as_naive(result, task)
        assert set(result.medoid_indices) <= {*range(k), *range(79, 40, -2)}


def test_asymmetric_distances_are_those_to_the_medoid():
    distances = np.full((4, 4), 5.0)
    np.fill_diagonal(distances, 0)
    distances[:, 2] = 1, 1, 0, 1  # everyone is near point 2, and it is far from them
    for given_as in (distances, np.asfortranarray(distances)):
        result = fasterpam(given_as, [0])
        assert (result.medoid_indices, result.loss) == (2, 3)


@pytest.mark.jit
@pytest.mark.parametrize("place", [(0, 1), (70, 3), (129, 130), (5, 299), (299, 260)])
def test_one_pair_makes_a_matrix_asymmetric(place):
    """Columns are candidates also where a single entry tells them from the rows."""
    task = problem(1, 300, 4)
    result = solve(task)
    j, o = place[::-1]
    task.distances[o, j] = 1e-3
    task.distances[j, o] = 1e3
    start = np.r_[j, result.medoid_indices[1:]]
    by_columns = fasterpam(np.asfortranarray(task.distances), start, order=start)
    by_rows = fasterpam(task.distances, start, order=start)
    np.testing.assert_equal(by_rows._asdict(), by_columns._asdict())
    loss = naive.cost(task.distances, by_rows.medoid_indices)
    assert by_rows.loss == pytest.approx(loss, rel=1e-12)


@pytest.mark.jit
@pytest.mark.parametrize("value", [2.0, 1.0, 0.25, 3.0])
@pytest.mark.parametrize("n", [3, 20, 131])
def test_round_numbers_in_an_asymmetric_matrix(n, value):
    """Their bits end in zeros, of which a sum modulo a power of 2 keeps little."""
    rng = np.random.default_rng(n)
    for _ in range(20):
        D = value * rng.integers(0, 2, (n, n))
        D[0, 1], D[1, 0] = 0, value
        by_columns = fasterpam(np.asfortranarray(D), [0])
        np.testing.assert_equal(fasterpam(D, [0])._asdict(), by_columns._asdict())
        assert by_columns.loss == D.sum(axis=0).min()


def test_symmetric_up_to_rounding():
    task = problem(2, 150, 6)
    noise = np.random.default_rng(0).uniform(-1e-9, 1e-9, (150, 150))
    other = solve(task._replace(distances=task.distances * (1 + noise)))
    result = solve(task)
    np.testing.assert_array_equal(other.medoid_indices, result.medoid_indices)
    assert other.loss == pytest.approx(result.loss, rel=1e-8)


@given(problems(integers=True))
def test_positive_diagonal(problem):
    """A point's dissimilarity to itself counts as any other does.

    Of integers: medoids may have empty clusters, so that dropping one or another costs
    the same, and rounding of other numbers would choose between them.
    """
    distances = problem.distances.copy()
    np.fill_diagonal(distances, distances.max(axis=0) / 2 + 1)
    task = problem._replace(distances=distances)
    assert_as_naive(solve(task), task)


def test_memory_order_and_hint_change_nothing():
    task = problem(5, 150, 7)
    result = solve(task)
    strided = np.zeros((300, 150))[::2]
    strided[:] = task.distances
    for distances in (np.asfortranarray(task.distances), strided):
        other = solve(task._replace(distances=distances))
        np.testing.assert_equal(other._asdict(), result._asdict())
    other = solve(task, assume_symmetric=True)
    np.testing.assert_equal(other._asdict(), result._asdict())


def test_number_of_medoids():
    distances = matrix(np.random.default_rng(0), 40)
    result = fasterpam(distances, 5, random_state=3)
    start = np.random.RandomState(3).choice(40, 5, replace=False)
    expected = fasterpam(distances, start)
    np.testing.assert_equal(result._asdict(), expected._asdict())


def test_types_of_the_result():
    for k in (1, 3):
        result = fasterpam(matrix(np.random.default_rng(0), 9, dtype=np.float32), k)
        assert result.medoid_indices.dtype.kind == result.labels.dtype.kind == "i"
        assert result.medoid_indices.shape == (k,)
        assert isinstance(result.loss, float)
        assert {type(result.n_iter), type(result.n_swap)} == {int}
