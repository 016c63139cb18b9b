"""Solvers of the LA-SDP: the same value, and laws that need no solver."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, special_ortho_group

from skextras._gaussian._em import log_joint
from skextras._linalg import project_simplex
from skextras.cluster._sdp._hard_labels import hard_objective, one_hot
from skextras.cluster._sdp._joint_admm import (
    dual_bound,
    project_spectra,
)
from skextras.cluster._sdp._lasdp_relaxation import solve
from skextras.cluster._sdp._low_rank import solve_low_rank, start_parts, sum_up
from skextras.cluster._sdp._low_rank_kernels import (
    MEMORY,
    OBJECTIVE,
    SLOPE,
    STEP,
    derive,
    evaluate,
    minimize,
    sweep,
)
from skextras.cluster._sdp._program import make_problem
from skextras.cluster._sdp._relaxed import shares
from tests.cluster.sdp.problems import clusters
from tests.naive import gaussian
from tests.naive import sdp as naive

OPTIONS = {"rank": 8, "memory_limit": 10**9, "n_init": 10, "max_iter": 5000}


def solved(problem, solver, trace="each", tol=1e-5):
    rng = np.random.RandomState(0)
    return solve(problem, solver=solver, trace=trace, tol=tol, rng=rng, **OPTIONS)


def test_matrices_equal_the_naive_ones():
    X, _, covariances = clusters(9, 3, 2, 0)
    log_weights = np.log([0.2, 0.3, 0.5])
    problem = make_problem(X + 100, covariances, log_weights)
    expected = naive.lasdp_matrices(X, covariances, log_weights)
    np.testing.assert_allclose(problem.matrices(), expected, atol=1e-9)


def parts_of(n, n_clusters, n_features, seed):
    """Return a problem, parts and multipliers."""
    rng = np.random.default_rng(seed)
    X, _, covariances = clusters(n, n_clusters, n_features, seed)
    p = make_problem(X, covariances, 0.1 * np.arange(n_clusters))
    return p, start_parts(n_clusters, 3, n, rng), rng.normal(size=n_clusters)


def lagrangian(problem, P, y, beta, joint):
    """Value by the kernel, the gradient in full, and what the kernel keeps of it."""
    n_clusters, rank, _ = P.shape
    W, g, c = problem.whitened, problem.norms, problem.constants
    sums, h = sum_up(W, g, P), np.empty(n_clusters)
    value, objective = evaluate(sums, c, y, beta, 1.0, joint, h)
    mean, load = np.empty((n_clusters, rank, W.shape[1])), np.empty((n_clusters, rank))
    curve = np.empty_like(load)
    derive(sums, c, y, beta, h, mean, load, curve)
    gradient = g[:, None] - 2 * mean @ W + load[:, :, None] + curve[:, :, None] * P
    return value, objective, h, gradient, (mean, load, curve)


@pytest.mark.parametrize("joint", [False, True])
def test_value_equals_the_naive_one(joint):
    p, P, y = parts_of(14, 2, 3, 1)
    value, objective, h, _, _ = lagrangian(p, P, y, 0.7, joint)
    expected = naive.lasdp_lagrangian(p.matrices(), P, y, 0.7, joint)
    np.testing.assert_allclose(value, expected)
    Z = naive.lasdp_relaxed(P)
    np.testing.assert_allclose(objective, np.vdot(p.matrices(), Z))
    traces = np.trace(Z, axis1=1, axis2=2)
    np.testing.assert_allclose(h, np.mean(traces) - 1 if joint else traces - 1)
    np.testing.assert_allclose(Z.sum(axis=(0, 2)), 1.0)


@pytest.mark.parametrize("joint", [False, True])
def test_gradient_equals_finite_differences(joint):
    p, P, y = parts_of(8, 2, 2, 2)
    A = p.matrices()
    if joint:  # one trace, one multiplier
        y[:] = y[0]

    def value(flat):
        return naive.lasdp_lagrangian(A, flat.reshape(P.shape), y, 0.7, joint)

    def gradient(flat):
        return lagrangian(p, flat.reshape(P.shape), y, 0.7, joint)[3].ravel()

    size = np.linalg.norm(gradient(P.ravel()))
    assert check_grad(value, gradient, P.ravel()) < 1e-5 * size


@pytest.mark.parametrize("n", [9, 600])  # one tile, and more
def test_sweep_steps_and_projects(n):
    """Parts of a sample that stay above 0 pay one price; the others, not more."""
    p, P, y = parts_of(n, 2, 3, 4)
    *_, gradient, kept = lagrangian(p, P, y, 0.7, False)
    scale = np.random.default_rng(0).uniform(1e-3, 5e-2, size=P.shape[:2])
    out, cross = np.empty_like(P), np.empty(P.shape[:2])
    sums = sum_up(p.whitened, p.norms, P)
    sweep(p.whitened, p.norms, P, scale, *kept, out, sums, cross)
    assert out.min() == 0.0
    np.testing.assert_allclose(out.sum(axis=(0, 1)), 1.0)
    prices = (P - out) / scale[:, :, None] - gradient
    price = np.where(out > 0, prices, -np.inf).max(axis=(0, 1))
    price = np.broadcast_to(price, P.shape)
    np.testing.assert_allclose(prices[out > 0], price[out > 0])
    assert (prices <= price + 1e-9 * abs(price)).all()
    np.testing.assert_allclose(sums, sum_up(p.whitened, p.norms, out), atol=1e-9)
    np.testing.assert_allclose(cross, (P * out).sum(axis=2))


def test_inner_steps_lower_the_lagrangian_and_keep_the_constraints():
    p, P, _ = parts_of(40, 3, 2, 3)
    W, g, c = p.whitened / np.sqrt(p.scale), p.norms / p.scale, p.constants / p.scale
    A, y = p.matrices() / p.scale, np.ones(3)
    before = naive.lasdp_lagrangian(A, P, y, 5.0, False)
    sums, recent, h = sum_up(W, g, P), np.empty(MEMORY), np.empty(3)
    whole, n_whole = (P.copy(), sums.copy(), np.eye(5)[STEP]), 0
    state, n_iter = np.eye(5)[STEP], 0
    while state[SLOPE] > 1e-4 or not n_iter:  # pauses change no bit
        n_iter = minimize(
            W, g, c, P, sums, y, 5.0, n_iter, 500, 7, 1e-4, 1.0, False, recent, state, h
        )
    n_whole = minimize(
        W, g, c, *whole[:2], y, 5.0, 0, 500, 500, 1e-4, 1.0, False, recent, whole[2], h
    )
    assert n_whole == n_iter
    np.testing.assert_array_equal(P, whole[0])
    objective, slope = state[OBJECTIVE], state[SLOPE]
    assert naive.lasdp_lagrangian(A, P, y, 5.0, False) < before - 1
    assert slope <= 1e-4
    assert n_iter < 500
    assert P.min() >= 0
    np.testing.assert_allclose(P.sum(axis=(0, 1)), 1.0)
    np.testing.assert_allclose(sums, sum_up(W, g, P), atol=1e-9)
    Z = naive.lasdp_relaxed(P)
    np.testing.assert_allclose(objective, np.vdot(A, Z))
    np.testing.assert_allclose(h, np.trace(Z, axis1=1, axis2=2) - 1, atol=1e-9)


@pytest.mark.jit
@pytest.mark.parametrize("trace", ["each", "sum"])
@pytest.mark.parametrize(("n", "n_clusters", "seed"), [(12, 2, 0), (24, 3, 1)])
def test_solvers_agree(n, n_clusters, seed, trace):
    pytest.importorskip("cvxpy")
    X, _, covariances = clusters(n, n_clusters, 2, seed, gap=2.0)
    problem = make_problem(X, covariances, np.zeros(n_clusters))
    reference = solved(problem, "cvxpy", trace)
    assert reference.converged
    size = n * 2  # the objective itself may be near 0: it has no unit
    assert abs(reference.bound - reference.value) < 1e-4 * size
    admm = solved(problem, "admm", trace)
    assert admm.converged
    assert abs(admm.value - reference.value) < 1e-4 * size
    assert abs(admm.bound - reference.value) < 1e-4 * size
    # non-negative factors: not all relaxed matrices have them
    for tol in (1e-5, 1e-4):
        gap = reference.value - solved(problem, "low_rank", trace, tol).value
        assert -tol * size < gap < (1e-4 + tol) * size
    one, two = shares(admm.memberships), shares(reference.memberships)
    np.testing.assert_allclose(one, two, atol=0.02)


@pytest.mark.jit
def test_equal_covariances_give_the_value_of_peng_and_wei():
    """One matrix for all clusters, trace n_clusters, stated on its own."""
    cp = pytest.importorskip("cvxpy")
    X, _, covariances = clusters(15, 3, 2, 4)
    same = np.repeat(covariances[:1], 3, axis=0)
    problem = make_problem(X, same, np.zeros(3))
    Z = cp.Variable((15, 15), PSD=True)
    A = naive.lasdp_matrices(X, same, np.zeros(3))[0]
    rules = [cp.sum(Z, axis=1) == 1, cp.trace(Z) == 3, Z >= 0]
    program = cp.Problem(cp.Maximize(cp.sum(cp.multiply(A, Z))), rules)
    program.solve(solver=cp.SCS, eps_abs=1e-7, eps_rel=1e-7)
    for trace in ("each", "sum"):
        for solver in ("low_rank", "admm"):
            value = solved(problem, solver, trace).value
            np.testing.assert_allclose(value, program.value, rtol=1e-4)


@pytest.mark.jit
@pytest.mark.parametrize("seed", range(4))
def test_relaxation_and_bound_exceed_all_labels(seed):
    X, _, covariances = clusters(7, 2 + seed % 2, 2, seed, gap=1.0)
    n_clusters = len(covariances)
    best = max(
        hard_objective(X, np.array(labels), covariances, np.zeros(n_clusters))
        for labels in product(range(n_clusters), repeat=7)
        if len(set(labels)) == n_clusters  # trace 1 each: no cluster is empty
    )
    problem = make_problem(X, covariances, np.zeros(n_clusters))
    admm = solved(problem, "admm", tol=1e-4)
    slack = 1e-4 * 7 * problem.scale
    assert admm.bound >= best
    assert admm.bound >= admm.value - slack
    assert admm.value >= best - slack
    assert solved(problem, "low_rank").value >= best - slack
    rng = np.random.default_rng(seed)
    for trace in ("each", "sum"):  # any multipliers will do
        N = rng.random((n_clusters, 7, 7))
        N = N + N.transpose(0, 2, 1)
        y = rng.normal(size=7)
        assert dual_bound(problem.matrices(), y, N, trace) >= best


def test_hard_labels_have_the_profile_likelihood():
    X, labels, covariances = clusters(30, 3, 2, 5)
    weights = np.array([0.2, 0.3, 0.5])
    value = hard_objective(X, labels, covariances, np.log(weights))
    likelihood = gaussian.profile_likelihood(X, labels, covariances, weights)
    np.testing.assert_allclose(value, 2 * likelihood + 30 * 2 * np.log(2 * np.pi))
    A = naive.lasdp_matrices(X, covariances, np.log(weights))
    P = one_hot(labels, 3)
    direct = sum(P[:, k] @ A[k] @ P[:, k] / P[:, k].sum() for k in range(3))
    np.testing.assert_allclose(value, direct)


def test_rotation_and_translation_do_not_matter():
    X, _, covariances = clusters(30, 2, 3, 6)
    turn = special_ortho_group.rvs(3, random_state=0)
    turned = turn @ covariances @ turn.T
    start = start_parts(2, 4, 30, np.random.default_rng(0))
    options = {"trace": "each", "tol": 1e-3, "max_iter": 300}
    here = solve_low_rank(make_problem(X, covariances, np.zeros(2)), start, **options)
    there = make_problem(X @ turn.T + 50, turned, np.zeros(2))
    there = solve_low_rank(there, start, **options)
    np.testing.assert_allclose(here.objective, there.objective, rtol=2e-3)


def test_units_do_not_matter():
    X, _, covariances = clusters(30, 2, 3, 7)
    start = start_parts(2, 4, 30, np.random.default_rng(0))
    options = {"trace": "each", "tol": 1e-3, "max_iter": 300}
    here = solve_low_rank(make_problem(X, covariances, np.zeros(2)), start, **options)
    there = make_problem(1024 * X, 1024**2 * covariances, np.zeros(2))
    there = solve_low_rank(there, start, **options)
    shift = 2 * 3 * np.log(1024) * 30  # log-determinants
    np.testing.assert_allclose(here.objective, there.objective + shift, rtol=2e-3)


def test_projections():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(20, 5))
    projected, threshold = project_simplex(values, 1.0)
    np.testing.assert_allclose(projected.sum(axis=1), 1.0)
    np.testing.assert_allclose(projected, np.maximum(values - threshold[:, None], 0))
    M = rng.normal(size=(3, 6, 6))
    M = M + M.transpose(0, 2, 1)
    for trace, axes in (("each", 0), ("sum", 1)):
        Z = project_spectra(M, trace)
        assert np.linalg.eigvalsh(Z).min() > -1e-12
        traces = np.trace(Z, axis1=1, axis2=2)
        expected = [np.ones(3), 3.0][axes]
        np.testing.assert_allclose([traces, traces.sum()][axes], expected)
        for _ in range(20):  # no feasible matrix is closer: its angle is not acute
            V = rng.normal(size=(3, 6, 6))
            V = V @ V.transpose(0, 2, 1)
            size = np.trace(V, axis1=1, axis2=2)
            V /= size[:, None, None] if trace == "each" else size.sum() / 3
            assert np.vdot(M - Z, V - Z) <= 1e-9


def test_memberships():
    sums = np.array([[2.0, 0.0, -1e-9], [2.0, 0.0, 0.5]])
    expected = [[0.5, 0.5], [0.5, 0.5], [0.0, 1.0]]
    np.testing.assert_array_equal(
        shares(SimpleNamespace(row_sums=lambda: sums)), expected
    )


def test_joint_density_of_the_mixture():
    X, _, covariances = clusters(20, 2, 3, 9)
    means, weights = np.stack([X[:5].mean(axis=0), X[9]]), np.array([0.3, 0.7])
    terms = [
        np.log(w) + multivariate_normal(m, S).logpdf(X)
        for w, m, S in zip(weights, means, covariances, strict=True)
    ]
    joint = log_joint(X, means, covariances, weights)
    np.testing.assert_allclose(joint, np.stack(terms, axis=1))
    assert np.isfinite(logsumexp(joint, axis=1)).all()


@pytest.mark.jit
@pytest.mark.parametrize("seed", [2, 3])
def test_no_cluster_loses_all_parts(seed):
    """One of the two covariances is the likelier one for every sample."""
    X = np.random.default_rng(seed).normal(size=(80, 20))
    covariances = np.stack([np.eye(20), 8 * np.eye(20)])
    problem = make_problem(X, covariances, np.zeros(2))
    options = {**OPTIONS, "rank": 4, "trace": "each", "tol": 1e-3}
    rng = np.random.RandomState(seed)
    solution = solve(problem, solver="low_rank", rng=rng, **options)
    assert solution.converged
    Z = naive.lasdp_relaxed(solution.memberships.parts)
    np.testing.assert_allclose(np.trace(Z, axis1=1, axis2=2), 1.0, atol=5e-3)
