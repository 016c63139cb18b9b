"""ADMM for the relaxation of Peng and Wei, made for its lower bound."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from skextras.cluster._sdp._admm_kernels import measure, rescale, update

_RELAXATION = 1.6
_EVERY = 10  # iterations between two looks at bound and residuals
_UNEVEN = 3  # ratio of the residuals at which rho changes
_NOISE = 1e-6  # what float32 leaves of values, in units of the largest eigenvalue
_ROWS = 128  # rows of Z that are made at a time


class Solution(NamedTuple):
    """Dual matrix and low-rank primal solution of the relaxation.

    ``negative`` is -N, scaled as the points are. Z is VV' + 11'/n for V = ``factor``.
    """

    negative: np.ndarray
    factor: np.ndarray
    value: float
    infeasibility: float
    n_iter: int
    converged: bool


class _Spectrum:
    """Largest eigenvalues of a changing matrix, each time from the vectors before.

    All vectors sum to zero. A small matrix is decomposed in full.
    """

    def __init__(self, start, size, rng):
        self.n, self.rng = len(start), rng
        self.vectors = start
        self.refresh(size, min(size, start.shape[1]))

    def refresh(self, size, kept):
        """Fill up to ``size`` vectors with random ones after the first ``kept``.

        A space that is only ever turned may leave out an eigenvector for good.
        """
        extra = self.rng.normal(size=(self.n, size - kept)).astype(self.vectors.dtype)
        basis = np.hstack([self.vectors[:, :kept], extra])
        self.vectors = np.linalg.qr(basis - basis.mean(axis=0))[0]

    def ritz(self, apply, depth=2):
        """Rayleigh-Ritz on the Krylov space [V, MV, ...]: values and vectors."""
        size, dtype = self.vectors.shape[1], self.vectors.dtype
        if depth * size >= self.n / 2:
            inner = apply(np.eye(self.n, dtype=dtype)).astype(np.float64)
            inner = (inner + inner.T) / 2
            inner -= (np.abs(inner).sum(axis=0).max() + 1) / self.n  # vector 1: last
            values, vectors = np.linalg.eigh(inner)
            return values[:0:-1], vectors[:, :0:-1].astype(dtype)
        basis, images = self.vectors, apply(self.vectors)
        for _ in range(depth - 1):
            new = _orthonormal(images[:, -size:], basis)
            basis = np.hstack([basis, new])
            images = np.hstack([images, apply(new)])
        inner = (basis.T @ images).astype(np.float64)
        values, turn = np.linalg.eigh((inner + inner.T) / 2)
        turn = np.ascontiguousarray(turn[:, ::-1]).astype(dtype)
        return values[::-1], _Product(basis, turn)


class _Product(NamedTuple):
    """Ritz vectors of which only the leading ones are computed."""

    basis: np.ndarray
    turn: np.ndarray

    def __getitem__(self, key):
        return self.basis @ self.turn[key]


def _orthonormal(new, basis):
    """Return an orthonormal basis of the columns of ``new`` beside ``basis``.

    In single precision, what is nearly in the span of the basis must be projected
    again after it has been scaled up.
    """
    new = new - basis @ (basis.T @ new)
    norms = np.linalg.norm(new, axis=0)
    new /= np.where(norms > 0, norms, 1)
    new -= basis @ (basis.T @ new)
    new = np.linalg.qr(new)[0]
    new -= basis @ (basis.T @ new)
    return new


def threshold(values, count):
    """Return t with sum(clip(values - t, 0, 1)) = count; values descend."""
    ends = np.sort(np.concatenate([values, values - 1]))
    sums = np.clip(values - ends[:, None], 0, 1).sum(axis=1)  # descends
    place = int(np.searchsorted(-sums, -count, side="right")) - 1
    place = min(max(place, 0), len(ends) - 2)
    drop = sums[place] - sums[place + 1]
    share = (sums[place] - count) / drop if drop > 0 else 0.0
    return ends[place] + min(max(share, 0.0), 1.0) * (ends[place + 1] - ends[place])


def solve(
    points,
    n_clusters,
    *,
    max_iter=1000,
    tol=1e-4,
    target=None,
    feasible=False,
    dtype=np.float32,
):
    """Run the ADMM until the lower bound has come to rest.

    The matrix T = Y + U holds the nonnegative part of the splitting and the multiplier
    at once: Y = max(T, 0), N = -rho min(T, 0), and Y - U = |T|. Each iteration projects
    |T| + A / rho on the symmetric stochastic matrices of trace K, whose eigenvalues
    lie in [0, 1], by its eigenvalues above a threshold. Single precision is enough:
    the bound holds for any N, and is computed from it in double precision.

    Stops when the bound is as near to ``target`` as a fraction ``tol``, or when it
    moves by less than tol / 10 in ``_EVERY`` iterations and is that near to the value
    of Z; with ``feasible=True``, not before Z is feasible to ``tol`` as well.
    """
    work = _Work(points, n_clusters - 1, dtype)
    best, best_value, last, converged, iteration = None, -np.inf, -np.inf, False, 0
    for iteration in range(1, max_iter + 1):
        look = iteration % _EVERY == 0 or iteration == max_iter
        work.iterate(3 if iteration <= 2 else 2, look)
        if not look:
            continue
        value = work.bound()
        if value > best_value:
            best_value = value
            best = np.minimum(work.total, 0) * dtype(work.rho)
        if target is not None and target - value <= tol * target:
            converged = True
            break
        at_rest = abs(value - last) <= tol / 10 * abs(value) + _NOISE
        close = abs(work.primal_value() - value) <= tol * abs(value) + _NOISE
        if at_rest and close and (not feasible or work.primal <= tol * n_clusters**0.5):
            converged = True
            break
        last = value
        work.balance()
        work.refresh()
    best = best.astype(np.float64) * work.unit
    return Solution(
        best,
        work.factor(),
        best_value * work.unit,
        work.primal / n_clusters**0.5,
        iteration,
        converged,
    )


class _Work:
    """The state of the iteration, in units of the largest eigenvalue of A."""

    def __init__(self, points, count, dtype):
        self.n, self.count = points.n, count
        F = points.factor()
        if F is None:
            gram = points.gram()
            size = self.n
            values, start = eigh(
                gram, subset_by_index=(max(size - count - 5, 0), size - 1)
            )
            start = start[:, ::-1]
            self.unit = max(values[-1], np.finfo(float).tiny)
            self.A, self.F = (gram / self.unit).astype(dtype), None
        else:
            values, vectors = np.linalg.eigh(F.T @ F)
            start = F @ vectors[:, ::-1]
            norms = np.linalg.norm(start, axis=0)
            start = start[:, norms > 1e-6 * norms[0]]
            start /= np.linalg.norm(start, axis=0)
            self.unit = max(values[-1], np.finfo(float).tiny)
            self.A, self.F = None, (F / np.sqrt(self.unit)).astype(dtype)
        self.value_of_total = points.total / self.unit
        self.spectrum = _Spectrum(
            start.astype(dtype), 2 * count + 4, np.random.default_rng(0)
        )
        self.total = np.full((self.n, self.n), 1 / self.n, dtype)
        self.size = self.total.copy()
        self.rows = np.empty((min(_ROWS, self.n), self.n), dtype)
        self.rho, self.dtype, self.negative = 1.5, dtype, 0.0
        self.primal = self.dual = self.multiplier = np.inf
        self.active = None

    def data(self, V):
        """Return A V."""
        return self.A @ V if self.F is None else self.F @ (self.F.T @ V)

    def split(self, V):
        V = V - V.mean(axis=0)
        image = self.size @ V + self.data(V) / self.dtype(self.rho)
        return image - image.mean(axis=0)

    def dual_matrix(self, V):
        V = V - V.mean(axis=0)
        image = self.data(V)
        image -= self.dtype(self.rho / 2) * (self.total @ V - self.size @ V)
        return image - image.mean(axis=0)

    def iterate(self, depth, look):
        """Take a step; with ``look``, sum up what balance and bound need."""
        values, vectors = self.spectrum.ritz(self.split, depth)
        weight = np.clip(values - threshold(values, self.count), 0, 1)
        rank = int(np.count_nonzero(weight))
        wanted = max(rank + 6, 2 * self.count + 6)
        self.spectrum.vectors = vectors = vectors[:, :wanted]
        self.active = vectors[:, :rank] * np.sqrt(weight[:rank]).astype(self.dtype)
        sums = np.zeros(4)
        alpha, constant = self.dtype(_RELAXATION), self.dtype(1 / self.n)
        for low in range(0, self.n, _ROWS):
            part = self.active[low : low + _ROWS]
            rows = np.matmul(part, self.active.T, out=self.rows[: len(part)])
            if look:
                sums += measure(self.total, low, rows, alpha, constant)
            update(self.total, self.size, low, rows, alpha, constant)
        if look:
            self.primal, self.dual, self.multiplier = np.sqrt(sums[:3])
            self.negative = sums[3]

    def bound(self):
        """Return an estimate of the bound, from above, by Ritz values."""
        if self.count == 0:
            return self.value_of_total
        values, _ = self.spectrum.ritz(self.dual_matrix, 3)
        constant = -self.rho * self.negative / self.n
        return self.value_of_total - constant - values[: self.count].sum()

    def primal_value(self):
        inner = np.einsum("ij,ij->", self.active, self.data(self.active))
        return self.value_of_total - float(inner)

    def balance(self):
        """Change rho if one relative residual is much larger than the other."""
        primal = self.primal / (self.count + 1) ** 0.5
        dual = self.dual / self.multiplier if self.multiplier > 0 else 0.0
        factor = 1.0
        if primal > _UNEVEN * dual:
            factor = 1.5
        elif dual > _UNEVEN * primal:
            factor = 1 / 1.5
        if factor != 1:
            self.rho *= factor
            rescale(self.total, self.size, self.dtype(1 / factor))

    def refresh(self):
        """Look for eigenvectors in new directions too."""
        size = self.spectrum.vectors.shape[1]
        self.spectrum.refresh(size, max(size - 3, self.active.shape[1]))

    def factor(self):
        return self.active.astype(np.float64)
