"""FasterMSC and DynMSC against their definitions."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

from skextras.cluster._medoids import _silhouette_kernels as kernels
from skextras.cluster._medoids._msc import MSCState, dynmsc, fastermsc
from tests.naive import medoids as naive
from tests.problems import JIT, problem, problems


def arguments(problem):
    """Return the problem as the function takes it."""
    n = len(problem.distances)
    rows = np.ascontiguousarray(problem.distances.T)
    weight = np.ones(n) if problem.weight is None else problem.weight
    order = np.arange(n) if problem.order is None else problem.order
    return rows, problem.medoids, weight, order


def solve(problem, max_iter=300):
    return fastermsc(*arguments(problem), max_iter)[0]


def assert_as_naive(problem):
    medoids, n_iter, n_swap = naive.fastermsc(*problem)
    result = solve(problem)
    assert result.medoids.tolist() == medoids
    assert (result.n_iter, result.n_swap) == (n_iter, n_swap)
    assert result.converged
    value = naive.medoid_silhouette(problem.distances, medoids, problem.weight)
    assert (1 - result.loss) == pytest.approx(value, rel=1e-12, abs=1e-12)


def changes(state, j):
    """Change of the loss by a candidate in each slot, as the kernel sums them up."""
    k = len(state.medoids)
    partial = np.empty(2 * kernels.LANES * k)
    best, slot = kernels.evaluate(
        state.rows[j], state.slots, state.near, state.terms, state.removal, partial
    )
    change = state.removal + partial.reshape(2, k, -1).sum(axis=(0, 2))
    assert change[slot] == pytest.approx(change.min(), abs=1e-15)
    return change + (best - change[slot])


def lower_bound(state, j):
    k = len(state.medoids)
    partial = np.empty(2 * kernels.LANES * k)
    parts = np.empty(kernels.BLOCK, dtype=state.rows.dtype)
    return kernels.bound(
        state.rows[j], state.rows[j], state.slots, state.near, state.rough,
        state.removal, partial, parts,
    )  # fmt: skip


@settings(max_examples=200 if JIT else 50)
@given(problems(integers=False, min_k=2, max_n=14))
def test_equals_naive(problem):
    assert_as_naive(problem)


@pytest.mark.parametrize("k", [2, 3, 5, 11])
@pytest.mark.parametrize("n", [63, 64, 65, 128, 130])
def test_edges_of_blocks(n, k):
    dtype, symmetric = [(np.float32, True), (np.float64, False)][(n + k) % 2]
    task = problem(n, n, k, dtype=dtype, symmetric=symmetric)
    if n > 100:  # the naive way is slow: end it early
        order = np.random.default_rng(k).permutation(n)[:40]
        task = task._replace(order=order)
    assert_as_naive(task)


@settings(max_examples=150 if JIT else 30)
@given(problems(min_k=2))
def test_change_of_every_pair(problem):
    """All candidates and slots, ties and zeros included, by brute force."""
    assume(problem.weight is None or problem.weight.sum() > 0)
    rows, medoids, weight, order = arguments(problem)
    state = MSCState(rows, medoids, weight, order)
    value = naive.medoid_silhouette(problem.distances, medoids, weight)
    margin = 128 * np.finfo(rows.dtype).eps
    for j in set(range(len(rows))) - set(medoids.tolist()):
        values = naive.swap_silhouettes(problem.distances, medoids, j, weight)
        np.testing.assert_allclose(changes(state, j), value - values, atol=1e-13)
        assert lower_bound(state, j) <= (value - values).min() + margin


def plain_bound(state, j):
    """Leave out the second slots, and points farther than their second medoid."""
    d, w = state.rows[j].astype(np.float64), state.weight
    dn, ds, dt = state.near.astype(np.float64)
    new, own = w * np.minimum(d, dn) / np.maximum(d, dn), w * dn / ds
    inside = d < ds
    part = np.where(inside, w * d / ds - new - w * ds / dt + own, 0)
    parts = np.bincount(state.slots[0], part, len(state.medoids))
    return (state.removal + parts).min() + (new - own)[inside].sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 3, 4, 20])
def test_changes_and_bounds_in_blocks(k, dtype):
    """The vector instructions for crowded blocks, and the others."""
    task = problem(k, 200, k, dtype=dtype)
    rows, medoids, weight, order = arguments(task)
    state = MSCState(rows, medoids, weight, order)
    blocks = (rows < state.near[1])[:, :192].reshape(-1, kernels.BLOCK)
    assert (blocks.sum(axis=1) >= kernels.MANY).any() == (k < 20)
    value = naive.medoid_silhouette(task.distances, medoids, weight)
    for j in set(range(0, 200, 17)) - set(medoids.tolist()):
        values = naive.swap_silhouettes(task.distances, list(medoids), j, weight)
        np.testing.assert_allclose(changes(state, j), value - values, atol=1e-13)
        rounding = 128 * float(np.finfo(dtype).eps)
        low = lower_bound(state, j)
        assert low == pytest.approx(plain_bound(state, j), abs=rounding)
        assert low <= (value - values).min() + rounding


@settings(max_examples=150 if JIT else 30)
@given(problems(min_k=2, max_n=12))
def test_no_single_swap_helps(problem):
    result = solve(problem._replace(order=None))
    medoids = result.medoids.tolist()
    value = naive.medoid_silhouette(problem.distances, medoids, problem.weight)
    assert (1 - result.loss) == pytest.approx(value, abs=1e-12)
    for j in set(range(len(problem.distances))) - set(medoids):
        values = naive.swap_silhouettes(problem.distances, medoids, j, problem.weight)
        assert values.max() <= value + 1e-11


@pytest.mark.jit
@pytest.mark.parametrize("high", [None, 6], ids=["continuous", "ties"])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_caches_after_every_swap(k, high):
    """Cutting the pass off behind every candidate shows the state after every swap."""
    task = problem(3, 70, k, high=high)
    rows, medoids, weight, _ = arguments(task)
    swaps = []
    for stop in range(1, 71):
        state = MSCState(rows, medoids, weight, np.arange(stop))
        state.eager_pass()
        swaps.append(state.n_swap)
        fresh = MSCState(rows, state.medoids, weight, np.arange(stop))
        np.testing.assert_array_equal(state.near, fresh.near)
        np.testing.assert_array_equal(state.terms, fresh.terms)
        np.testing.assert_array_equal(state.rough, fresh.rough)
        np.testing.assert_allclose(state.removal, fresh.removal, atol=1e-14)
        assert state.loss == pytest.approx(fresh.loss, rel=1e-12)
        if high is None:
            np.testing.assert_array_equal(state.slots, fresh.slots)
    assert max(swaps) >= 3
    assert set(np.diff(swaps)) == {0, 1}


@settings(max_examples=30)
@given(problems(integers=False, min_k=2, max_n=9))
def test_dynmsc_equals_naive(problem):
    path = dynmsc(*arguments(problem), 300, 2)
    expected = naive.dynmsc(*problem)
    assert {k: len(found.medoids) for k, found in path.items()} == {
        k: k for k in expected
    }
    for k, value in expected.items():
        assert (1 - path[k].loss) == pytest.approx(value, abs=1e-12)


@settings(max_examples=60)
@given(problems(integers=False, min_k=2))
def test_scale_is_immaterial(problem):
    """By powers of 2, which change no digit; and nearly so by any factor."""
    result = solve(problem)
    for factor in (2.0**-60, 2.0**60):
        factor = problem.distances.dtype.type(factor)
        weight = None if problem.weight is None else problem.weight * 2.0**20
        scaled = problem._replace(distances=problem.distances * factor, weight=weight)
        np.testing.assert_equal(solve(scaled)._asdict(), result._asdict())


@settings(max_examples=60)
@given(problems(integers=False, min_k=2))
def test_order_of_rows_is_immaterial(problem):
    """With the start and the order of the candidates permuted along."""
    rows, medoids, weight, order = arguments(problem)
    new = np.random.default_rng(len(rows)).permutation(len(rows))
    old = np.argsort(new)
    moved, _ = fastermsc(
        rows[np.ix_(old, old)].copy(), new[medoids], weight[old], new[order], 300
    )
    result = solve(problem)
    np.testing.assert_array_equal(moved.medoids, new[result.medoids])
    assert (moved.n_iter, moved.n_swap) == (result.n_iter, result.n_swap)
    assert (1 - moved.loss) == pytest.approx((1 - result.loss), abs=1e-14)


def test_weights_are_repetitions():
    task = problem(4, 40, 5)
    counts = np.arange(40) % 3 + 1
    copies = np.repeat(np.arange(40), counts)
    first = np.cumsum(counts) - counts
    rows = arguments(task)[0]
    weighted, _ = fastermsc(rows, task.medoids, counts / 7, np.arange(40), 300)
    repeated, _ = fastermsc(
        rows[np.ix_(copies, copies)], first[task.medoids], np.ones(len(copies)), first,
        300,
    )  # fmt: skip
    np.testing.assert_array_equal(repeated.medoids, first[weighted.medoids])
    assert (1 - weighted.loss) == pytest.approx((1 - repeated.loss), rel=1e-13)
    assert (weighted.n_iter, weighted.n_swap) == (repeated.n_iter, repeated.n_swap)
    assert weighted.n_swap > 3


@pytest.mark.parametrize("k", [2, 3, 66, 70])
def test_all_points_equal(k):
    rows = np.zeros((70, 70), dtype=np.float32)
    result, removal = fastermsc(rows, np.arange(k), np.ones(70), np.arange(70), 300)
    np.testing.assert_array_equal(result.medoids, np.arange(k))
    assert ((1 - result.loss), result.n_iter, result.n_swap) == (1, 1, 0)
    np.testing.assert_array_equal(removal, np.zeros(k))


def test_one_medoid_per_point():
    task = problem(0, 9, 9)
    result = solve(task)
    np.testing.assert_array_equal(result.medoids, task.medoids)
    assert ((1 - result.loss), result.n_iter, result.n_swap) == (1, 1, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_dissimilarities(dtype):
    """The largest and the smallest numbers, side by side and with extreme weights."""
    limits = np.finfo(dtype)
    rng = np.random.default_rng(0)
    values = np.array([0, limits.tiny, 1, limits.max], dtype=dtype)
    distances = values[rng.integers(0, 4, (70, 70))]
    weight = 10.0 ** rng.uniform(-300, 300, 70)
    result, _ = fastermsc(distances, np.arange(3), weight, np.arange(70), 300)
    value = naive.medoid_silhouette(distances.T, result.medoids, weight)
    assert (1 - result.loss) == pytest.approx(value, abs=1e-12)


def test_passes_are_limited():
    task = problem(8, 130, 10)
    n_iter = solve(task).n_iter
    assert n_iter >= 3
    values = []
    for max_iter in range(1, n_iter):
        result = solve(task, max_iter)
        assert (result.n_iter, result.converged) == (max_iter, False)
        values.append(1 - result.loss)
    assert values == sorted(values)
    assert solve(task, n_iter).converged
