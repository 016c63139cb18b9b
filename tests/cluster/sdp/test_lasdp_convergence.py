"""What converged_ of LASDP and ILASDP promises, and when it is refused."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster import ILASDP, LASDP
from skextras.cluster._sdp._hard_labels import hard_objective
from skextras.cluster._sdp._program import make_problem
from tests.cluster.sdp.problems import clusters, crossed

pytestmark = pytest.mark.jit


@pytest.mark.parametrize("solver", ["admm", "cvxpy"])
@pytest.mark.parametrize("tol", [1e-3, 1e-2])  # the defaults of LASDP and ILASDP
def test_converged_means_that_objective_and_bound_meet(solver, tol):
    """The unit is that of the log-likelihood, however large the whitened samples."""
    n = 60 if solver == "admm" else 30
    if solver == "cvxpy":
        pytest.importorskip("cvxpy")
    X, _, covariances = crossed(n)
    X[1::2, 1] += 8
    params = {"covariances": covariances, "solver": solver}
    model = LASDP(**params, tol=tol).fit(X)
    shift = n * np.linalg.slogdet(covariances)[1].mean()
    unit = max(abs(model.objective_ + shift), 2 * n)
    assert model.converged_
    assert model.infeasibility_ <= tol
    assert abs(model.upper_bound_ - model.objective_) <= tol * unit
    exact = LASDP(covariances=covariances, solver="admm", tol=1e-4).fit(X)
    assert abs(model.objective_ - exact.objective_) <= 1.1 * tol * unit
    assert model.upper_bound_ >= exact.objective_ - 1e-4 * unit
    labels, zero = model.labels_, np.zeros(2)
    assert model.upper_bound_ >= hard_objective(X, labels, covariances, zero)


@pytest.mark.parametrize("tol", [1e-3, 1e-2])
def test_no_convergence_while_the_bound_is_far(tol):
    """The gap is small only in units of whitened samples."""
    X, _, covariances = crossed(100)
    X[1::2, 1] += 8
    model = LASDP(covariances=covariances, solver="admm", tol=tol, max_iter=100)
    with pytest.warns(ConvergenceWarning, match="LASDP did not reach tol"):
        model.fit(X)
    assert not model.converged_
    scale = make_problem(X, covariances, np.zeros(2)).scale
    assert 0.05 * 100 < model.upper_bound_ - model.objective_ < 1e-3 * 100 * scale


@pytest.mark.parametrize("max_iter", [1, 2, 5])
def test_no_more_iterations_than_allowed(max_iter):
    X = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.warns(ConvergenceWarning, match=f"in {max_iter} iterations"):
        model = LASDP(tol=1e-9, max_iter=max_iter, random_state=0).fit(X)
    assert model.n_iter_ == max_iter


@pytest.mark.parametrize("refine", ["em", None])
@pytest.mark.parametrize("seed", range(6))
def test_powers_of_two_change_no_bit(refine, seed):
    """Neither the path nor the end of it depends on the unit of X."""
    X = clusters(90, 3, 3, seed)[0]
    model = ILASDP(3, refine=refine, random_state=0)
    here, there = model.fit(X), ILASDP(3, refine=refine, random_state=0).fit(2**20 * X)
    assert here.n_iter_ == there.n_iter_
    for name, power in (("membership_", 0), ("means_", 20), ("covariances_", 40)):
        expected = 2.0**power * getattr(here, name)
        np.testing.assert_array_equal(getattr(there, name), expected)
    shift = 2 * 3 * 20 * np.log(2) * 90  # log-determinants
    np.testing.assert_allclose(there.objective_path_, here.objective_path_ - shift)
    np.testing.assert_allclose(there.objective_, here.objective_ - shift)


def test_tol_is_a_change_of_the_mean_log_likelihood():
    """The same run with a larger tol ends at the first small step, not before.

    Large log-determinants make the objective large, and must not count.
    """
    X = 1000 * clusters(90, 3, 3, 2, gap=1.0)[0]
    params = {"refine": None, "max_iter": 12, "random_state": 0}
    params |= {"init": "k-means++", "weights": "uniform"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = ILASDP(3, **params, tol=0).fit(X).objective_path_
    steps = abs(np.diff(path)) / (2 * 90)
    tol = np.sort(steps)[len(steps) // 2] * 1.001
    first = int(np.argmax(steps <= tol))
    assert 0 < first < len(steps) - 1
    model = ILASDP(3, **params, tol=tol).fit(X)
    assert model.n_iter_ == first + 2
    np.testing.assert_array_equal(model.objective_path_, path[: first + 2])


def test_empty_clusters_are_told():
    """The wide covariance is that of no sample."""
    X = np.random.default_rng(3).normal(size=(40, 2))
    model = LASDP(covariances=[np.eye(2), 1e8 * np.eye(2)], random_state=0)
    with pytest.warns(ConvergenceWarning, match="LASDP leaves cluster 1 .* empty"):
        model.fit(X)
    assert set(model.labels_) == {0}


def test_warnings_of_k_means_stay_inside():
    X = np.random.default_rng(0).normal(size=(100, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LASDP(99, max_iter=3, n_init=1, tol=1e-9, random_state=0).fit(X)
    texts = [str(warning.message) for warning in caught]
    assert all(text.startswith("LASDP ") for text in texts)
    assert any("did not reach" in text for text in texts)
