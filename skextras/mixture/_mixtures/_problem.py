"""What is fitted: rows, their labels, and what EM estimates; starts and runs of EM."""

from typing import NamedTuple

import numpy as np

from skextras._callbacks import unseen
from skextras._gaussian._maximization import (
    Mixture,
    Options,
    Prior,
    expectation_maximization,
    in_shape,
    start_from,
)
from skextras._gaussian._missing import filled_by_means, is_any
from skextras._gaussian._within import shrunk
from skextras._labels import Labels
from skextras.mixture._mixtures import _starts
from skextras.mixture._mixtures._structure import Structure

_BURN = 15  # steps of EM after which starts are compared
REG_COVAR = 1e-6  # share of the covariance of all rows, for "auto"


class Given(NamedTuple):
    """Parameters of the first mixture that the user gave, or None."""

    weights: np.ndarray | None
    means: np.ndarray | None
    covariances: np.ndarray | None
    responsibilities: np.ndarray | None

    def put_into(self, mixture):
        """Return a mixture in which these parameters are as given."""
        parts = zip(mixture, self[:3], strict=True)
        return Mixture(*(old if new is None else new for old, new in parts))


class Plan(NamedTuple):
    """What is searched for, and how: see the parameters of the estimator."""

    n_novel: int | None
    covariance_type: str
    prior: Prior | None
    prior_strength: float
    concentration: float
    zeta: float | str
    novelty: str
    over: int
    least: float
    most: float
    is_stochastic: bool
    weights: str
    freeze_known: bool
    reg_covar: float | str
    tol: float
    max_iter: int
    max_rounds: int


class Problem(NamedTuple):
    """Rows with weights and labels, the structure of the components, and options.

    Structure and options may be None as long as no number of components is known.
    """

    X: np.ndarray
    weight: np.ndarray
    labels: Labels
    structure: Structure | None
    options: Options | None
    n_jobs: int | None

    def of_rows(self, rows):
        """Return the problem of some rows."""
        return self._replace(
            X=self.X[rows], weight=self.weight[rows], labels=self.labels.of_rows(rows)
        )

    def some(self, rng):
        """Return the problem of as many rows as a start needs."""
        some = self.of_rows(_starts.some_rows(len(self.X), self.labels.codes, rng))
        if not self.options.has_missing:
            return some
        options = self.options._replace(has_missing=False)
        return some._replace(X=filled_by_means(some.X), options=options)

    def from_shares(self, shares):
        """Return the mixture of labels or responsibilities."""
        X = filled_by_means(self.X) if self.options.has_missing else self.X
        return start_from(
            X, self.weight, self.labels.codes, shares,
            self.structure.n_components, self.options, n_jobs=self.n_jobs,
        )  # fmt: skip

    def run(self, mixture, *, max_iter, tol, step=unseen):
        """Run EM from a mixture."""
        return expectation_maximization(
            self.X, self.weight, self.labels.codes, self.structure.log_weights, mixture,
            self.options, max_iter=max_iter, tol=tol, n_jobs=self.n_jobs, step=step,
        )  # fmt: skip

    def start(self, method, given, max_iter, rng):
        """Return a first mixture: the best of those from several coordinates.

        What is given is the start, and no other is looked for.
        """
        if given.responsibilities is not None:
            return given.put_into(self.from_shares(given.responsibilities))
        some, fits = self.some(rng), []
        frames = _starts.frames(
            some.X, some.weight, self.options.covariance_type, some.labels
        )
        if given.means is not None:
            shares = _starts.nearest(frames[0], given.means, some.X, self.structure,
                                     some.labels.codes)  # fmt: skip
            return given.put_into(some.from_shares(shares))
        is_one = method.startswith("random") or given.weights is not None
        is_one |= given.covariances is not None or len(frames) == 1
        for frame in frames:
            shares = _starts.partition(
                frame.coordinates(some.X), some.weight, some.labels, self.structure,
                method, rng,
            )  # fmt: skip
            mixture = given.put_into(some.from_shares(shares))
            if is_one:
                return mixture
            fits.append(
                some.run(mixture, max_iter=max(1, min(_BURN, max_iter)), tol=1e-3)
            )
        return max(fits, key=lambda fit: fit.objective).mixture


def spread_of(X, weight, covariance_type):
    """Return the covariance of all rows in the shape of its type, their mean, and it.

    It is shrunk to its diagonal where rows are few.
    """
    share = weight / weight.sum()
    X = filled_by_means(X) if is_any(X) else X
    mean = share @ X
    total = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, len(X), 4096):
        rows = X[start : start + 4096].astype(np.float64) - mean
        total += (rows * share[start : start + 4096, None]).T @ rows
    total = shrunk(total, min(0.5, X.shape[1] / weight.sum()))  # not singular
    flat = np.diagonal(total) == 0
    total[flat, flat] = total[~flat, ~flat].mean() if not flat.all() else 1.0
    return in_shape(total, covariance_type), mean, total


def floor_of(reg_covar, spread, d, covariance_type):
    """Return what is added to covariances."""
    if isinstance(reg_covar, str):
        return REG_COVAR * spread
    return in_shape(float(reg_covar) * np.eye(d), covariance_type)
