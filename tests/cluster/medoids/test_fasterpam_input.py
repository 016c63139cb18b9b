"""What the optimiser accepts and refuses, and extreme numbers."""

import numpy as np
import pytest

from skextras.cluster import fasterpam
from tests.naive import medoids as naive
from tests.problems import matrix, problem


@pytest.fixture
def distances():
    return matrix(np.random.default_rng(0), 150)


@pytest.mark.parametrize(
    ("dtype", "exponent", "high"),
    [
        (np.float32, 99, None),  # about 1e30: squares would overflow
        (np.float32, 99, 5),
        (np.float32, -100, None),
        (np.float32, -149, 5),  # the smallest denormal number, and its multiples
        (np.float64, 1000, None),
        (np.float64, 1000, 5),
        (np.float64, -1000, None),
        (np.float64, -1074, 5),
    ],
)
def test_powers_of_two_change_nothing(dtype, exponent, high):
    task = problem(2, 100, 6, dtype=dtype, high=high)
    scaled = np.ldexp(task.distances, exponent).astype(dtype)
    assert 0 < scaled.max() < np.inf
    result = fasterpam(task.distances, task.medoids)
    other = fasterpam(scaled, task.medoids)
    expected = result._replace(loss=float(np.ldexp(result.loss, exponent)))
    np.testing.assert_equal(other._asdict(), expected._asdict())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_point_a_million_times_farther(dtype):
    task = problem(4, 100, 5, dtype=dtype)
    task.distances[:, 50] *= 1e6
    task.distances[50] *= 1e6
    result = fasterpam(task.distances, task.medoids, sample_weight=task.weight)
    medoids, n_iter, n_swap = naive.fasterpam(*task)
    assert 50 in medoids
    assert result.medoid_indices.tolist() == medoids
    assert (result.n_iter, result.n_swap) == (n_iter, n_swap)


@pytest.mark.parametrize("n", [70, 129, 260])
@pytest.mark.parametrize("k", [2, 5, 15, 16, 40])
def test_points_and_weights_of_all_sizes(n, k):
    """Each point has a scale of its own, so that common units do not fit them all."""
    dtype = np.float32 if n % 2 else np.float64
    rng = np.random.default_rng(n + k)
    distances = matrix(rng, n, symmetric=False)
    distances = (distances * 10 ** rng.uniform(-3, 3, (n, 1))).astype(dtype)
    weight = 10 ** rng.uniform(-2, 2, n)
    start = rng.choice(n, k, replace=False)
    order = rng.permutation(n)[: n - 7]
    result = fasterpam(distances, start, sample_weight=weight, order=order)
    medoids, n_iter, n_swap = naive.fasterpam(distances, start, weight, order)
    assert result.medoid_indices.tolist() == medoids
    assert (result.n_iter, result.n_swap) == (n_iter, n_swap)
    loss = naive.cost(distances, medoids, weight)
    assert result.loss == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("k", [2, 6, 20])
def test_gains_that_are_small(k, spread):
    """Nearly equal dissimilarities: a candidate is not ruled out by a coarse bound."""
    rng = np.random.default_rng(k)
    for dtype in (np.float32, np.float64):
        distances = (1 + spread * rng.uniform(size=(90, 90))).astype(dtype)
        np.fill_diagonal(distances, 0)
        weight = rng.uniform(0.9, 1.1, 90)
        result = fasterpam(distances, np.arange(k), sample_weight=weight)
        medoids, n_iter, n_swap = naive.fasterpam(distances, np.arange(k), weight)
        assert result.medoid_indices.tolist() == medoids
        assert (result.n_iter, result.n_swap) == (n_iter, n_swap)


@pytest.mark.parametrize(
    ("dtype", "sigma"), [(np.float32, 8), (np.float64, 8), (np.float64, 60)]
)
def test_many_orders_of_magnitude(dtype, sigma):
    rng = np.random.default_rng(0)
    for n, k in [(40, 3), (90, 8)]:
        distances = np.exp(sigma * np.clip(rng.normal(size=(n, n)), -3, 3))
        distances = np.maximum(distances, distances.T).astype(dtype)
        np.fill_diagonal(distances, 0)
        result = fasterpam(distances, np.arange(k))
        loss = naive.cost(distances, result.medoid_indices)
        assert result.loss == pytest.approx(loss, rel=1e-12)
        assert result.loss <= naive.cost(distances, np.arange(k))
        if sigma < 60:  # else sums in float64 do not see the smaller half
            assert naive.pam_swap(distances, result.medoid_indices) is None


@pytest.mark.jit
@pytest.mark.parametrize("far", [1e6, 1e9, 1e12, 1e15, 1e20, 1e300])
def test_points_out_of_reach(far):
    """Running sums forget far points that left them, as far as float64 can tell."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        distances = matrix(rng, 60)
        group = rng.integers(0, 5, 60)
        distances[group[:, None] != group] = far
        start = rng.choice(60, 5, replace=False)
        result = fasterpam(distances, start)
        loss = naive.cost(distances, result.medoid_indices)
        assert result.loss == pytest.approx(loss, rel=1e-12)
        assert result.loss <= naive.cost(distances, start)
        if far <= 1e12:  # see the notes of fasterpam
            assert naive.pam_swap(distances, result.medoid_indices) is None


def test_negative_zeros_are_zeros():
    task = problem(6, 90, 8, high=3)
    flipped = np.where(task.distances == 0, -0.0, task.distances)
    result, other = (fasterpam(d, task.medoids) for d in (task.distances, flipped))
    np.testing.assert_equal(other._asdict(), result._asdict())


@pytest.mark.parametrize("k", [1, 4])
def test_other_types(distances, k):
    values = (9 * distances).astype(np.int64)
    expected = fasterpam(values.astype(float), np.arange(k))
    big_endian = values.astype(float).astype(">f8")
    for other in (values, values.astype(np.uint8), values.tolist(), big_endian):
        result = fasterpam(other, list(range(k)))
        np.testing.assert_equal(result._asdict(), expected._asdict())


@pytest.mark.parametrize("k", [1, 4])
def test_read_only_and_mapped_memory(distances, k, tmp_path):
    expected = fasterpam(distances, k, random_state=0)
    np.save(tmp_path / "distances.npy", distances)
    mapped = np.load(tmp_path / "distances.npy", mmap_mode="r")
    before = distances.copy()
    distances.flags.writeable = False
    medoids, weight = np.arange(k), np.ones(150)
    for array in (medoids, weight):
        array.flags.writeable = False
    for array in (distances, distances.T, mapped):
        result = fasterpam(array, k, random_state=0, sample_weight=weight)
        np.testing.assert_equal(result._asdict(), expected._asdict())
        fasterpam(array, medoids)
    np.testing.assert_array_equal(distances, before)
    np.testing.assert_array_equal(medoids, np.arange(k))


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", [(0, 0), (1, 2), (2, 1), (149, 3), (70, 149)])
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (np.nan, r"distances must be finite \(no NaN, no inf\), got nan"),
        (np.inf, r"distances must be finite \(no NaN, no inf\), got inf"),
        (-np.inf, r"distances must be finite \(no NaN, no inf\), got -inf"),
        (-1.5, r"Negative values in data: distances must be >= 0, got -1.5"),
    ],
)
def test_bad_entries(distances, layout, dtype, place, value, sentence):
    distances = layout(distances.astype(dtype))
    distances[place] = value
    sentence += f" at row {place[0]}, column {place[1]}"
    for assume_symmetric in (False, True):
        with pytest.raises(ValueError, match=sentence):
            fasterpam(distances, 3, assume_symmetric=assume_symmetric)


@pytest.mark.parametrize(
    ("distances", "sentence"),
    [
        (np.zeros((2, 3)), r"distances must be square, got the shape \(2, 3\)"),
        (np.zeros(3), r"distances must be a matrix .* got an array of shape \(3,\)"),
        (np.zeros((0, 0)), r"distances must be a matrix .* of shape \(0, 0\)"),
        (np.zeros((2, 2, 2)), r"distances must be a matrix .* of shape \(2, 2, 2\)"),
        ([["a", "b"], ["c", "d"]], "distances must hold numbers, got the type <U1"),
        (np.zeros((2, 2), dtype=complex), "distances must hold numbers.* complex128"),
    ],
)
def test_bad_matrices(distances, sentence):
    with pytest.raises(ValueError, match=sentence):
        fasterpam(distances, [0])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("medoids", 0, "medoids must be an integer from 1 to 150, got 0"),
        ("medoids", 151, "medoids must be an integer from 1 to 150, got 151"),
        ("medoids", True, "medoids must be an integer from 1 to 150, got True"),
        ("medoids", 2.0, r"medoids must be an integer from 1 to 150, got 2\.0"),
        ("medoids", None, "medoids must be an integer from 1 to 150, got None"),
        ("medoids", [], r"medoids must be a non-empty list .* shape \(0,\)"),
        ("medoids", [0.0], "medoids must be .* integer indices, .* type float64"),
        ("medoids", [True], "medoids must be .* integer indices, .* type bool"),
        ("medoids", [[0, 1]], r"medoids must be .* shape \(1, 2\)"),
        ("medoids", [0, 150], "medoids holds the index 150: .* 0 to 149"),
        ("medoids", [-1, 0], "medoids holds the index -1: .* 0 to 149"),
        ("medoids", [3, 7, 3], "medoids holds the index 3 2 times"),
        ("order", [], r"order must be a non-empty list .* shape \(0,\)"),
        ("order", [1, 150], "order holds the index 150: .* 0 to 149"),
        ("order", [1, 1], "order holds the index 1 2 times"),
        ("max_iter", 0, "max_iter must be an integer at least 1, got 0"),
        ("max_iter", 1.5, r"max_iter must be an integer at least 1, got 1\.5"),
        ("sample_weight", [1, 2], r"sample_weight.shape == \(2,\), expected \(150,\)"),
        ("sample_weight", -np.arange(150), "must not be negative, got -149 .* 149"),
        ("sample_weight", np.zeros(150), "(?i)sample.weight.*zero"),
        ("sample_weight", np.full(150, np.nan), "sample_weight contains NaN"),
        ("sample_weight", np.full(150, np.inf), "sample_weight contains inf"),
    ],
)
def test_bad_arguments(distances, name, value, sentence):
    arguments = {"medoids": [0, 1], name: value}
    with pytest.raises(ValueError, match=sentence):
        fasterpam(distances, **arguments)
