"""SDPKMeans: hostile data and parameters, Ctrl-C in foreign solvers."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from skextras import _cvxpy
from skextras.cluster import SDPKMeans
from skextras.cluster._sdp import _centers
from skextras.cluster._sdp._centers import find_distances
from tests.cluster.sdp.problems import mixture
from tests.naive import sdp as naive

SOLVERS = ["admm", "low_rank", "cvxpy"]
X = mixture(30, 3, 12)[0]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.uint64])
def test_numpy_integers(solver, dtype):
    numbers = {"n_clusters": 3, "rank": 9, "n_init": 2, "max_iter": 120, "n_jobs": 1}
    numbers |= {"block_size": 20, "random_state": 0}
    typed = {name: dtype(value) for name, value in numbers.items()}
    one, two = (
        SDPKMeans(solver=solver, certificate="sdp", **params).fit(X)
        for params in (numbers, typed)
    )
    np.testing.assert_array_equal(one.labels_, two.labels_)
    assert one.lower_bound_ == two.lower_bound_
    assert one.inertia_ == two.inertia_
    assert type(two.n_clusters) is dtype  # parameters stay


def test_memory_in_small_integers():
    model = SDPKMeans(np.int8(3), memory_limit=np.int32(2_000_000_000), random_state=0)
    assert model.fit(X).certified_
    model.membership_matrix()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("scale", [2.0**-480, 1.0, 2.0**480])
def test_magnitudes(solver, scale):
    model = SDPKMeans(3, solver=solver, random_state=0).fit(X * scale)
    plain = SDPKMeans(3, solver=solver, random_state=0).fit(X)
    np.testing.assert_array_equal(model.labels_, plain.labels_)
    np.testing.assert_allclose(model.inertia_, plain.inertia_ * scale**2)
    assert model.lower_bound_ <= model.inertia_
    assert model.certified_
    np.testing.assert_array_equal(model.predict(X * scale), model.labels_)
    np.testing.assert_allclose(model.transform(X * scale), plain.transform(X) * scale)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e200, 1e305])
def test_squares_beyond_the_range(scale):
    """The inertia is no number: refused in one sentence, without warnings before."""
    side = "below" if scale < 1 else "beyond"
    with pytest.raises(ValueError, match=f"X has squared distances {side} the range"):
        SDPKMeans(3).fit(X * scale)
    kernel = np.diag(np.arange(1.0, 9)) * (1e307 if scale > 1 else 1e-310)
    with pytest.raises(ValueError, match="X has a trace beyond the range of float64"):
        SDPKMeans(3, affinity="precomputed").fit(kernel)


def test_far_offsets_and_constant_columns():
    rows = np.column_stack([np.full(30, 1e200), X, np.zeros(30), X[:, 0] + 1e12])
    model = SDPKMeans(3, random_state=0).fit(rows)
    np.testing.assert_array_equal(model.predict(rows), model.labels_)
    plain = SDPKMeans(3, random_state=0).fit(X)
    same = np.equal.outer(model.labels_, model.labels_)
    np.testing.assert_array_equal(same, np.equal.outer(plain.labels_, plain.labels_))
    assert model.certified_


def test_distances_beyond_the_range_of_squares():
    """Against the same distances in extended precision, or of scaled numbers."""
    centers = np.array([[0.0, 0.0], [3.0, 4.0], [-1e300, 0.0]])
    rows = np.array([[3e200, 4e200], [3.0, 4.0], [3e-200, 4e-200], [1e300, 0.0]])
    found = find_distances(rows, centers)
    expected = [
        [5e200, 5e200, 1e300],
        [5.0, 0.0, 1e300],
        [5e-200, 5.0, 1e300],
        [1e300, 1e300, 2e300],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    rng = np.random.default_rng(0)
    rows, centers = rng.normal(size=(50, 3)) + 1e8, rng.normal(size=(4, 3)) + 1e8
    steps = rows[:, None] - centers
    np.testing.assert_allclose(
        find_distances(rows, centers), np.sqrt((steps**2).sum(axis=2))
    )


def test_new_points_far_away():
    model = SDPKMeans(3, random_state=0).fit(X)
    far = np.full((1, 4), 1e300)
    np.testing.assert_allclose(model.transform(far), 2e300)
    assert model.predict(far).shape == (1,)
    with pytest.raises(ValueError, match="inertia of X exceeds the range of float64"):
        model.score(far)
    with pytest.raises(ValueError, match="distances to the centres beyond the range"):
        model.transform(far * 1.7e8)
    single = SDPKMeans(3, random_state=0).fit(X.astype(np.float32))
    with pytest.raises(ValueError, match="beyond the range of float32"):
        single.transform(np.full((1, 4), 3e38, dtype=np.float32))


@pytest.mark.jit
@pytest.mark.parametrize("form", [csr_array, csr_matrix])
def test_sparse_rows_in_any_form(form, monkeypatch):
    """Unsorted indices, entries in parts, explicit zeros: as the dense array."""
    monkeypatch.setattr(_centers, "_BLOCK", 28)  # 7 rows at a time
    rng = np.random.default_rng(0)
    column = np.tile([3, 0, 3, 2, 1], 30)
    value = rng.normal(size=150) + np.repeat(rng.integers(0, 3, 30) * 6, 5)
    value[::7] = 0.0
    pointer = np.arange(0, 151, 5)
    sparse = form((value.copy(), column.copy(), pointer.copy()), shape=(30, 4))
    dense = sparse.toarray()
    assert not sparse.has_sorted_indices
    for solver in ("admm", "low_rank"):
        one, two = (
            SDPKMeans(3, solver=solver, random_state=0).fit(data)
            for data in (sparse, dense)
        )
        np.testing.assert_array_equal(one.labels_, two.labels_)
        np.testing.assert_array_equal(one.cluster_centers_, two.cluster_centers_)
        np.testing.assert_array_equal(one.membership_factor_, two.membership_factor_)
        assert (one.inertia_, one.lower_bound_) == (two.inertia_, two.lower_bound_)
        np.testing.assert_array_equal(one.predict(sparse), one.labels_)
        np.testing.assert_array_equal(one.transform(sparse), two.transform(dense))
        assert one.score(sparse) == two.score(dense)
    np.testing.assert_array_equal(sparse.data, value)
    np.testing.assert_array_equal(sparse.indices, column)


def test_sparse_parts_of_a_sum_that_overflows():
    sparse = csr_array((np.full(4, 1e308), [0, 0, 1, 0], [0, 2, 3, 4]), shape=(3, 2))
    with pytest.raises(ValueError, match="duplicate entries with a sum beyond"):
        SDPKMeans(2).fit(sparse)


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_stays_float32(solver):
    """Arrays of floats have the dtype of X, as those of KMeans; sums are Python's."""
    for dtype in (np.float32, np.float64):
        model = SDPKMeans(3, solver=solver, random_state=0).fit(X.astype(dtype))
        for name in ("cluster_centers_", "membership_factor_"):
            assert getattr(model, name).dtype == dtype
        assert model.membership_matrix().dtype == dtype
        assert model.transform(X.astype(dtype)).dtype == dtype
        for name in ("inertia_", "lower_bound_", "gap_", "relaxed_inertia_"):
            assert type(getattr(model, name)) is float
        expected = naive.inertia(X.astype(dtype), model.labels_)
        np.testing.assert_allclose(model.inertia_, expected)


def test_one_row_and_one_cluster():
    model = SDPKMeans(1).fit([[1e300, 2.0]])
    assert model.certified_
    assert model.inertia_ == 0
    np.testing.assert_array_equal(model.cluster_centers_, [[1e300, 2.0]])
    kernel = SDPKMeans(1, affinity="precomputed").fit([[4.0]])
    np.testing.assert_array_equal(kernel.labels_, [0])


def test_n_jobs_0():
    for certificate in ("auto", None):
        with pytest.raises(ValueError, match=r"'n_jobs' .* an int .* Got 0 instead"):
            SDPKMeans(3, n_jobs=0, certificate=certificate).fit(X)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"solver": "FOO"}, "solver 'FOO' .The solver FOO is not installed"),
        ({"solver": None}, "solver 'NONE'"),
        ({"solver": "SCIPY"}, "solver 'SCIPY' .*SCIPY.*solve"),
        ({"bogus": 1}, "solver 'SCS' .*'bogus'"),
        ({"eps_abs": -1}, "solver 'SCS' .*eps_abs"),
        ({"max_iters": "many"}, "solver 'SCS' .*'str'"),
        ({"gp": True}, "solver 'SCS' .*'gp'"),
        ({3: 4}, "solver 'SCS' .*must be strings"),
        ({"solver": "CLARABEL", "bogus": 2}, "solver 'CLARABEL' .*'bogus'"),
    ],
)
def test_bad_solver_options(options, reason):
    model = SDPKMeans(3, solver="cvxpy", solver_options=options)
    sentence = f"solver_options are not accepted by {reason}.*or choose solver='admm'"
    with pytest.raises(ValueError, match=sentence) as error:
        model.fit(X)
    assert "\n" not in str(error.value)
    assert set(vars(model)) == set(model.get_params())
    assert model.solver_options == options


def test_limits_of_a_foreign_solver_are_told():
    model = SDPKMeans(3, solver="cvxpy", solver_options={"max_iters": 30})
    with pytest.warns(ConvergenceWarning, match="by solver_options") as caught:
        model.fit(X)
    assert len(caught) == 1
    assert model.lower_bound_ <= model.inertia_


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way")
def test_ctrl_c_while_a_foreign_solver_runs():
    """The solver looks at no signal: here, it waits until the interrupt was seen."""
    seen = threading.Event()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            _cvxpy._interruptible(lambda: seen.wait(60))
    finally:
        seen.set()
        timer.join()
        signal.signal(signal.SIGINT, before)


class Interrupted:
    """A program whose solver took Ctrl-C for itself, as SCS does."""

    def get_problem_data(self, solver, solver_opts):
        return {}, self, None

    def solve_via_data(self, *args, **options):
        return {"info": {"status_val": -5, "status": "interrupted"}}


def test_ctrl_c_that_the_solver_took(monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        _cvxpy.solve_program(Interrupted(), "SCS", {}, "wait")

    def solve(problem, *args):
        _cvxpy.solve_program(Interrupted(), "SCS", {}, "wait")

    monkeypatch.setattr("skextras.cluster._sdp._stated.solve_program", solve)
    model = SDPKMeans(3, solver="cvxpy")
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert set(vars(model)) == set(model.get_params())


def test_errors_in_a_thread_are_those_of_the_caller():
    def fail():
        raise ZeroDivisionError("inside")

    with pytest.raises(ZeroDivisionError, match="inside"):
        _cvxpy._interruptible(fail)
    assert _cvxpy._interruptible(lambda: 3) == 3


@pytest.mark.jit
@pytest.mark.parametrize("solver", ["admm", "low_rank"])
def test_threads_do_not_change_a_bit(solver):
    X = np.random.default_rng(3).normal(size=(300, 5))
    options = {"solver": solver, "certificate": "blocks", "block_size": 100}
    options |= {"n_init": 1, "max_iter": 30, "random_state": 0}
    models = []
    for n_jobs in (1, 2):
        with threadpool_limits(n_jobs), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            models.append(SDPKMeans(4, n_jobs=n_jobs, **options).fit(X))
    one, two = models
    for name in ("labels_", "cluster_centers_", "membership_factor_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert (one.inertia_, one.lower_bound_) == (two.inertia_, two.lower_bound_)
    np.testing.assert_array_equal(one.transform(X), two.transform(X))
