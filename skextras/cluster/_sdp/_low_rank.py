"""The relaxation with Z = UU' for a nonnegative U of few columns."""

from collections import deque
from typing import NamedTuple

import numpy as np

_MEMORY = 10  # values among which the largest must be undercut
_INNER = 200  # steps between two changes of the multipliers
_LARGEST = 1e6  # penalty
_BACK = 0.3  # factor of a step that was too long


class LowRank(NamedTuple):
    """The factor U, the scaled value of UU', and how far UU'1 is from 1."""

    factor: np.ndarray
    value: float
    infeasibility: float
    n_iter: int
    converged: bool


def solve(points, n_clusters, start, *, tol, max_iter):
    """Maximise <A, UU'> for U >= 0, ||U||^2 = K and UU'1 = 1, from ``start``.

    An augmented Lagrangian takes care of the row sums. Its minima are found by
    projected gradient steps of Barzilai and Borwein's lengths, each of which undercuts
    the largest of the last ``_MEMORY`` values.
    """
    problem = _Lagrangian(points, n_clusters)
    state = problem.at(problem.project(start))
    n_iter, accuracy, infeasibility, value = 0, 0.1, np.inf, np.inf
    while n_iter < max_iter:
        steps = min(_INNER, max_iter - n_iter)
        state, used = _minimise(problem, state, accuracy, steps)
        n_iter += used
        before, last = infeasibility, value
        infeasibility = float(np.linalg.norm(state.h) / points.n**0.5)
        value = problem.total - state.inner
        at_rest = abs(value - last) <= tol * abs(value)
        if infeasibility <= tol and at_rest and accuracy <= 0.02:
            return problem.result(state, infeasibility, n_iter, True)
        problem.update(state.h, stronger=infeasibility > before / 2)
        accuracy = max(accuracy / 2, tol)
        state = problem.at(state.U)
    return problem.result(state, infeasibility, n_iter, False)


class _State(NamedTuple):
    """A point U, with what was computed for it."""

    U: np.ndarray
    image: np.ndarray
    sums: np.ndarray
    h: np.ndarray
    inner: float
    value: float


class _Lagrangian:
    """The objective in the scale where the points have the total n."""

    def __init__(self, points, n_clusters):
        self.n, self.k = points.n, n_clusters
        self.unit = max(points.total, np.finfo(float).tiny) / points.n
        F = points.factor()
        self.F = None if F is None else F / self.unit**0.5
        self.A = points.gram() / self.unit if F is None else None
        self.total = points.total / self.unit
        self.beta, self.y = 1.0, np.zeros(points.n)
        if F is None:
            self.largest = np.linalg.norm(self.A)
        else:
            self.largest = np.linalg.eigvalsh(self.F.T @ self.F)[-1]

    @property
    def length(self):
        """Step that the curvature of the penalty allows."""
        return 1 / (2 * self.largest + 4 * self.beta * self.n)

    def project(self, U):
        """Return the nearest nonnegative matrix, scaled to the norm of sqrt(K)."""
        U = np.maximum(U, 0)
        norm = np.linalg.norm(U)
        return U * (self.k**0.5 / norm) if norm > 0 else U

    def at(self, U):
        if self.F is None:
            image = self.A @ U
            inner = float(np.einsum("ij,ij->", image, U))
        else:
            image = self.F.T @ U
            inner = float(np.einsum("ij,ij->", image, image))
        sums = U.sum(axis=0)
        h = U @ sums - 1
        value = -inner + self.y @ h + self.beta / 2 * (h @ h)
        if not sums.any():  # a step too long to be projected
            value = np.inf
        return _State(U, image, sums, h, inner, value)

    def gradient(self, state):
        forward = state.image if self.F is None else self.F @ state.image
        y = self.y + self.beta * state.h
        forward *= -2
        forward += np.outer(y, state.sums)
        forward += y @ state.U
        return forward

    def update(self, h, *, stronger):
        """Move the multipliers, and raise the penalty if the rows do not sum to 1."""
        self.y += self.beta * h
        if stronger:
            self.beta = min(1.5 * self.beta, _LARGEST)

    def result(self, state, infeasibility, n_iter, converged):
        value = (self.total - state.inner) * self.unit
        return LowRank(state.U, value, infeasibility, n_iter, converged)


def _minimise(problem, state, accuracy, max_steps):
    """Take projected gradient steps until they move U by less than ``accuracy``."""
    values, length = deque([state.value], _MEMORY), problem.length
    gradient = problem.gradient(state)
    for step in range(1, max_steps + 1):
        size = min(max(length, 1e-3 * problem.length), 1e3 * problem.length)
        while True:
            trial = problem.at(problem.project(state.U - size * gradient))
            move = trial.U - state.U
            square = float(np.einsum("ij,ij->", move, move))
            if trial.value <= max(values) - 1e-4 * square / size:
                break
            size *= _BACK
            if size < 1e-6 * problem.length:
                return state, step
        new = problem.gradient(trial)
        change = float(np.einsum("ij,ij->", move, new - gradient))
        length = square / change if change > 0 else 1e3 * problem.length
        state, gradient = trial, new
        values.append(state.value)
        if square**0.5 <= accuracy * 1e-2 * problem.k**0.5 * min(
            1.0, size / problem.length
        ):
            return state, step
    return state, max_steps
