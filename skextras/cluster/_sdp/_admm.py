"""ADMM for the relaxation of Peng and Wei, made for its lower bound."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from skextras.cluster._sdp._admm_kernels import rescale, update

_RELAXATION = 1.6
_EVERY = 10  # iterations between two looks at bound and residuals
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
        self.resize(size)

    def resize(self, size):
        """Keep the first ``size`` vectors, or fill up with random ones."""
        self.full = 3 * size >= self.n
        missing = size - self.vectors.shape[1]
        basis = self.vectors[:, :size]
        if missing > 0:
            extra = self.rng.normal(size=(self.n, missing))
            basis = np.hstack([basis, extra.astype(basis.dtype)])
            basis -= basis.mean(axis=0)
        if not self.full:
            basis = np.linalg.qr(basis)[0]
        self.vectors = basis

    def step(self, apply, depth=2):
        """Rayleigh-Ritz on the Krylov space [V, MV, ...]; return all Ritz values."""
        size, dtype = self.vectors.shape[1], self.vectors.dtype
        if self.full:
            eye = np.eye(self.n, dtype=dtype)
            inner = apply(eye).astype(np.float64)
            inner = (inner + inner.T) / 2
            inner -= (np.abs(inner).sum(axis=0).max() + 1) / self.n  # vector 1: last
            values, vectors = eigh(inner, check_finite=False)
            self.vectors = vectors[:, :0:-1].astype(dtype)
            return values[:0:-1]
        basis, images = self.vectors, apply(self.vectors)
        for _ in range(depth - 1):
            rows = np.hstack([basis, images[:, -size:]])
            new = np.linalg.qr(rows)[0][:, basis.shape[1] :]
            basis = np.hstack([basis, new])
            images = np.hstack([images, apply(np.ascontiguousarray(new))])
        inner = (basis.T @ images).astype(np.float64)
        values, vectors = eigh((inner + inner.T) / 2, check_finite=False)
        turn = np.ascontiguousarray(vectors[:, ::-1]).astype(dtype)
        self.vectors = basis @ turn[:, :size]
        return values[::-1]


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
        work.iterate(6 if iteration <= 5 else 2)
        if iteration % _EVERY and iteration < max_iter:
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
        self.rho, self.dtype, self.negative = 1.0, dtype, 0.0
        self.primal = self.dual = np.inf
        self.weight, self.active = None, None

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

    def iterate(self, depth):
        values = self.spectrum.step(self.split, depth)
        size = self.spectrum.vectors.shape[1]
        level = threshold(values, self.count)
        weight = np.clip(values[:size] - level, 0, 1)
        rank = int(np.count_nonzero(weight))
        self.weight = weight[:rank]
        scaled = self.spectrum.vectors[:, :rank] * np.sqrt(self.weight)
        self.active = scaled.astype(self.dtype)
        wanted = max(rank + 4, 2 * self.count + 4)
        if not self.spectrum.full and wanted != size:
            self.spectrum.resize(wanted)
        primal = dual = negative = 0.0
        alpha, constant = self.dtype(_RELAXATION), self.dtype(1 / self.n)
        for low in range(0, self.n, _ROWS):
            part = self.active[low : low + _ROWS]
            rows = np.matmul(part, self.active.T, out=self.rows[: len(part)])
            sums = update(self.total, self.size, low, rows, alpha, constant)
            primal, dual, negative = (
                primal + sums[0],
                dual + sums[1],
                negative + sums[2],
            )
        self.primal, self.dual, self.negative = primal**0.5, dual**0.5, negative

    def bound(self):
        """Return an estimate of the bound, from above, by Ritz values."""
        if self.count == 0:
            return self.value_of_total
        values = self._helper().step(self.dual_matrix, 3)
        constant = -self.rho * self.negative / self.n
        return self.value_of_total - constant - values[: self.count].sum()

    def _helper(self):
        width = min(self.count + 4, self.spectrum.vectors.shape[1])
        if 3 * width >= self.n:
            width = self.n
        return _Spectrum(self.spectrum.vectors[:, :width], width, self.spectrum.rng)

    def primal_value(self):
        inner = np.einsum("ij,ij->", self.active, self.data(self.active))
        return self.value_of_total - float(inner)

    def balance(self):
        """Change rho if one residual is much larger than the other."""
        dual = self.rho * self.dual
        factor = (
            1.5 if self.primal > 4 * dual else 1 / 1.5 if dual > 4 * self.primal else 1
        )
        if factor != 1:
            self.rho *= factor
            rescale(self.total, self.size, self.dtype(1 / factor))

    def factor(self):
        return self.active.astype(np.float64)
