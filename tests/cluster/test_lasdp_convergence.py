"""What converged_ of LASDP and ILASDP promises, and when it is refused."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skextras.cluster import LASDP
from skextras.cluster._lasdp._problem import make_problem
from skextras.cluster._lasdp._rounding import hard_objective
from tests.cluster.test_lasdp import crossed


@pytest.mark.parametrize("solver", ["admm", "cvxpy"])
@pytest.mark.parametrize("tol", [1e-3, 1e-2])  # the defaults of LASDP and ILASDP
def test_converged_means_that_objective_and_bound_meet(solver, tol):
    """The unit is that of the log-likelihood, however large the whitened samples."""
    n = 60 if solver == "admm" else 30
    if solver == "cvxpy":
        pytest.importorskip("cvxpy")
    X, _, covariances = crossed(n)
    X[1::2, 1] += 8
    params = {"covariances_init": covariances, "solver": solver}
    model = LASDP(**params, solver_tol=tol).fit(X)
    shift = n * np.linalg.slogdet(covariances)[1].mean()
    unit = max(abs(model.objective_ + shift), 2 * n)
    assert model.converged_
    assert model.infeasibility_ <= tol
    assert abs(model.upper_bound_ - model.objective_) <= tol * unit
    exact = LASDP(covariances_init=covariances, solver="admm", solver_tol=1e-4).fit(X)
    assert abs(model.objective_ - exact.objective_) <= 1.1 * tol * unit
    assert model.upper_bound_ >= exact.objective_ - 1e-4 * unit
    labels, zero = model.labels_, np.zeros(2)
    assert model.upper_bound_ >= hard_objective(X, labels, covariances, zero)


@pytest.mark.parametrize("tol", [1e-3, 1e-2])
def test_no_convergence_while_the_bound_is_far(tol):
    """The gap is small only in units of whitened samples."""
    X, _, covariances = crossed(100)
    X[1::2, 1] += 8
    model = LASDP(
        covariances_init=covariances, solver="admm", solver_tol=tol, solver_max_iter=100
    )
    with pytest.warns(ConvergenceWarning, match="LASDP did not reach solver_tol"):
        model.fit(X)
    assert not model.converged_
    scale = make_problem(X, covariances, np.zeros(2)).scale
    assert 0.05 * 100 < model.upper_bound_ - model.objective_ < 1e-3 * 100 * scale
