"""Iterative LA-SDP clustering, which estimates the covariances too: the estimator."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skextras._callbacks import fit_progress, with_callbacks
from skextras._parallel import blas_on_one_thread
from skextras._validation import Interval, StrOptions, _fit_context, all_or_nothing
from skextras.cluster._lasdp._base import BaseLASDP
from skextras.cluster._lasdp._em import expectation_maximization
from skextras.cluster._lasdp._lasdp import SHARED
from skextras.cluster._lasdp._problem import make_problem
from skextras.cluster._lasdp._rounding import one_hot, round_solution
from skextras.cluster._lasdp._solution import solve
from skextras.cluster._lasdp._start import first_labels

_ANNEAL = (0.8, 0.5, 0.3, 0.15)  # least shrinkage of the first iterations


class ILASDP(BaseLASDP):
    _parameter_constraints = {  # noqa: RUF012
        **SHARED,
        "update_covariances": ["boolean"],
        "covariance_update": [StrOptions({"soft", "hard"})],
        "anneal": ["boolean"],
        "refine": [StrOptions({"em"}), None],
        "min_cluster_size": [Interval(Real, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_clusters=2,
        *,
        init="sdp",
        covariance_type="full",
        covariances_init=None,
        update_covariances=True,
        covariance_update="soft",
        shrinkage="auto",
        anneal=False,
        reg_covar=1e-6,
        weights="uniform",
        trace="each",
        solver="auto",
        rank=4,
        solver_tol=1e-2,
        solver_max_iter=2000,
        refine="em",
        min_cluster_size=2,
        max_iter=30,
        tol=1e-4,
        n_init="auto",
        max_memory=2_000_000_000,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.covariance_type = covariance_type
        self.covariances_init = covariances_init
        self.update_covariances = update_covariances
        self.covariance_update = covariance_update
        self.shrinkage = shrinkage
        self.anneal = anneal
        self.reg_covar = reg_covar
        self.weights = weights
        self.trace = trace
        self.solver = solver
        self.rank = rank
        self.solver_tol = solver_tol
        self.solver_max_iter = solver_max_iter
        self.refine = refine
        self.min_cluster_size = min_cluster_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.max_memory = max_memory
        self.random_state = random_state

    @all_or_nothing
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Alternate between labels and covariances.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : Ignored
            Not used, present for consistency.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X, given = self._prepare(X)
        labels = self._few_rows(X)
        if labels is not None:
            self._set_trivial(X, labels, given)
            self.objective_path_ = np.array([self.objective_])
            return self
        with (
            blas_on_one_thread(),
            fit_progress(self, X, max_steps=self.max_iter) as step,
        ):
            faults = self._alternate(X, given, self._rng(), step)
        self.converged_ = not faults
        if faults:
            warnings.warn(
                f"ILASDP did not converge: {'; '.join(faults)}.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _alternate(self, X, given, rng, step):
        """Set the result; return what kept the iterations from converging."""
        options = self._options(len(X))
        fixed = given is not None and not self.update_covariances
        membership = np.full((len(X), self.n_clusters), 1.0 / self.n_clusters)
        labels = None
        if given is None or self.weights == "estimated":
            labels = first_labels(self, X, rng, options)
            membership = one_hot(labels, self.n_clusters)
        path, solution, best, faults = [], None, None, []
        for iteration in range(self.max_iter):
            with step():
                if iteration or given is None:
                    covariances = self._covariances(
                        X, membership, self._shrinkage(iteration)
                    )
                if fixed or (iteration == 0 and given is not None):
                    covariances = given
                log_weights = self._log_weights(membership)
                solution = solve(
                    make_problem(X, covariances, log_weights),
                    rng=rng,
                    last=solution,
                    **options,
                )
                before = labels
                labels, membership = round_solution(
                    solution, X, covariances, log_weights, rng
                )
            size = np.bincount(labels, minlength=self.n_clusters)
            if best is not None and size.min() < self.min_cluster_size:
                faults.append(
                    f"cluster {int(size.argmin())} fell to {size.min()} samples, below "
                    f"min_cluster_size={self.min_cluster_size:g}, in iteration "
                    f"{iteration + 1}, and the one before is kept; raise shrinkage or "
                    "ask for fewer clusters"
                )
                break
            path.append(solution.objective)
            best = labels, membership, covariances, solution
            if fixed or self._is_at_rest(iteration, labels, before, path):
                break
            if self.covariance_update == "hard":
                membership = one_hot(labels, self.n_clusters)
        else:
            faults.append(
                f"labels still change after max_iter={self.max_iter} iterations; raise "
                "max_iter"
            )
        labels, membership, covariances, solution = best
        if not solution.converged:
            faults.append(
                f"the solver did not reach solver_tol={self.solver_tol:g} in "
                f"{solution.n_iter} iterations; raise solver_max_iter"
            )
        self.n_iter_ = len(path)
        self.objective_path_ = np.array(path)
        self._set_solution(solution)
        self._set_model(X, labels, membership, covariances)
        if self.refine == "em":
            self._refine(X, membership, faults)
        return faults

    def _shrinkage(self, iteration):
        if self.anneal and iteration < len(_ANNEAL):
            return _ANNEAL[iteration]
        return self.shrinkage

    def _is_at_rest(self, iteration, labels, before, path):
        """Labels stayed, or the objective nearly did, with the final shrinkage."""
        if self.anneal and iteration < len(_ANNEAL):
            return False
        if before is not None and (labels == before).all():
            return True
        return len(path) > 1 and abs(path[-1] - path[-2]) <= self.tol * abs(path[-2])

    def _refine(self, X, membership, faults):
        result = expectation_maximization(
            X,
            membership,
            covariance_type=self.covariance_type,
            shrinkage=self.shrinkage,
            floor=self._floor(X),
            weights=self.weights,
            min_size=self.min_cluster_size,
            max_iter=200,
            tol=1e-4,
        )
        if not result.converged:
            faults.append(f"EM stopped after {result.n_iter} of 200 iterations")
        self._set_model(
            X, result.membership.argmax(axis=1), result.membership, result.covariances
        )
        self.means_, self.weights_ = result.means, result.weights

    def _keeps_covariances(self):
        return self.covariances_init is not None and not self.update_covariances
