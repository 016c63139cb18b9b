"""Covariances from memberships, and the choice among runs."""

import numpy as np
import pytest

from skextras._gaussian._covariances import (
    TYPES,
    contract,
    estimate_covariances,
    estimate_means,
    expand,
    shrink,
)
from skextras._gaussian._options import MixtureOptions
from skextras.cluster import ILASDP
from skextras.cluster._sdp._lasdp_relaxation import solve
from skextras.cluster._sdp._program import make_problem
from skextras.cluster._sdp._relaxed import shares
from tests.cluster.sdp.problems import clusters
from tests.naive import gaussian
from tests.naive import sdp as naive

SOLVE = {
    "rank": 4, "trace": "each", "tol": 1e-3, "max_iter": 5000, "memory_limit": 10**9,
    "n_init": 3,
}  # fmt: skip


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0, "auto"])
def test_covariances_equal_the_naive_ones(shrinkage):
    rng = np.random.default_rng(3)
    X, P = rng.normal(size=(40, 3)), rng.dirichlet(np.ones(2), size=40)
    means = np.stack([np.average(X, axis=0, weights=p) for p in P.T])
    found = estimate_covariances(X, P, means, "full", shrinkage, 0.0)
    for k, p in enumerate(P.T):
        share = (4 / (p.sum() + 4)) ** 1.5 if shrinkage == "auto" else shrinkage
        np.testing.assert_allclose(found[k], gaussian.shrunk_covariance(X, p, share))
    tied = estimate_covariances(X, P, means, "tied", 0.0, 0.0)
    full = estimate_covariances(X, P, means, "full", 0.0, 0.0)
    np.testing.assert_allclose(tied[1], np.average(full, axis=0, weights=P.sum(axis=0)))
    for covariance_type in TYPES:
        some = estimate_covariances(X, P, means, covariance_type, 0.1, 0.01)
        there = contract(some, covariance_type)
        np.testing.assert_allclose(expand(there, covariance_type, 2, 3), some)
        assert np.linalg.eigvalsh(some).min() > 0.01


def test_exact_update_has_the_largest_objective():
    """For the same Z_k, any other covariances have a smaller one; "soft" ones too."""
    rng = np.random.default_rng(0)
    X, _, covariances = clusters(40, 2, 3, 14)
    problem = make_problem(X, covariances, np.zeros(2))
    dense = solve(problem, solver="admm", **SOLVE, rng=rng)
    low_rank = solve(problem, solver="low_rank", **SOLVE, rng=np.random.RandomState(0))
    for solution in (dense, low_rank):
        if solution is dense:
            Z = np.maximum(solution.memberships.matrices, 0)
        else:
            Z = naive.lasdp_relaxed(solution.memberships.parts)

        def objective(matrices, Z=Z):
            return np.vdot(naive.lasdp_matrices(X, matrices, np.zeros(2)), Z)

        sums, sizes = solution.memberships.scatters(X + 50)
        np.testing.assert_allclose(sizes, Z.sum(axis=(1, 2)))
        best = shrink(sums, sizes, "full", 0.0, 0.0)
        share = shares(solution.memberships)
        means = estimate_means(X, share)
        soft = estimate_covariances(X, share, means, "full", 0.0, 0.0)
        assert objective(best) > objective(soft)
        for _ in range(10):
            root = np.eye(3) + 0.05 * rng.normal(size=(2, 3, 3))
            assert objective(best) > objective(root @ best @ root.transpose(0, 2, 1))


@pytest.mark.jit
@pytest.mark.parametrize("seed", [2, 6])
def test_exact_updates_raise_the_objective(seed):
    X, _, _ = clusters(45, 3, 2, seed, gap=2.0)
    model = ILASDP(
        3, covariance_update="exact", shrinkage=0.0, refine=None, solver="admm",
        solver_tol=1e-4, init="k-means++", tol=0, random_state=seed,
    ).fit(X)  # fmt: skip
    assert model.converged_
    assert model.n_iter_ > 2
    assert (np.diff(model.objective_path_) > -1e-4 * 45 * 2).all()


@pytest.mark.jit
def test_the_best_of_several_runs_is_kept():
    X, _, _ = clusters(90, 4, 2, 16, gap=2.0)
    params = {"init": "k-means++", "covariance_type": "spherical", "max_iter": 50}
    params["weights"] = "uniform"

    def value(model):  # with the price of small volumes
        gain = 90 * model.score(X) if model.refine else 0.5 * model.objective_
        return gain + 1.5 * 2 * np.log(model.covariances_).sum()

    for refine in ("em", None):
        several = ILASDP(4, **params, refine=refine, n_init=5, random_state=0).fit(X)
        rng = np.random.RandomState(0)
        singles = [
            ILASDP(4, **params, refine=refine, random_state=rng).fit(X)
            for _ in range(5)
        ]
        values = [value(model) for model in singles]
        assert max(values) - min(values) > 1e-6 * abs(max(values))
        np.testing.assert_allclose(value(several), max(values), rtol=1e-4)


def options(least):
    return MixtureOptions(2, "full", "auto", 1e-6, "estimated", least)


def test_runs_with_too_small_clusters_come_last():
    same = np.repeat(np.eye(2)[None], 2, axis=0)
    few, fair = np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0, 1, 1])
    for least, order in ((2, 1), (1, -1)):
        rank = options(least).rank_of
        assert (rank(same, fair, 1) > rank(same, few, 9.0)) == (order == 1)


def test_a_small_volume_has_its_price():
    """A cluster of no more than d + 2 samples gains nothing as it collapses."""
    ranks, labels = [], np.repeat([0, 1], [4, 50])
    for width in (1.0, 1e-3):
        matrices = np.stack([width * np.eye(2), np.eye(2)])
        gain = -0.5 * 4 * 2 * np.log(width)  # the log-likelihood of 4 samples
        ranks.append(options(2).rank_of(matrices, labels, gain)[1])
    np.testing.assert_allclose(*ranks)
