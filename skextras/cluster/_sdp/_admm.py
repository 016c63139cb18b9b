"""ADMM for the relaxation of Peng and Wei, made for its lower bound."""

import numpy as np
from scipy.linalg import eigh

from skextras._callbacks import unseen
from skextras._linalg import ritz, threshold
from skextras._parallel import raise_if_stopped
from skextras.cluster._sdp._admm_kernels import measure, update
from skextras.cluster._sdp._dual import dual_bound
from skextras.cluster._sdp._relaxed import Relaxed, Vectors

_RELAXATION = 1.8
_EVERY = 10  # iterations between two looks at bound and residuals
_STALL = 10  # looks without progress after which single precision is left
_PROGRESS = 0.95  # residual, as a fraction of the least so far, that is progress
_COARSE = 1e-5  # error of the bound in single precision, in units of A
_AGAIN = 0.3  # fall of the residual after which a proof that failed is tried again
_LONG = 200  # iterations after which the bound is proven; then after twice as many
_UNEVEN = 3  # ratio of the residuals at which rho changes
_SPARE = 6  # vectors beyond the eigenvectors that Z has, at least
_FRESH = 3  # of these, vectors that are made at random now and then
_ROWS = 256  # rows of T that are worked on at a time: they stay in the cache


def solve(points, n_clusters, *, max_iter=1000, known=None, **options):
    """Run the ADMM in single precision, and on in double where that was not enough.

    See ``run``. Single precision fails where the value is a small part of the total.
    ``known(solution)``, if given, is asked before: if it returns true, the first
    solution is enough. The better of both bounds is returned.
    """
    first = run(points, n_clusters, max_iter=max_iter, **options)
    left = max_iter - first.n_iter
    if first.converged or left <= 0 or (known is not None and known(first)):
        return first
    return go_on(points, n_clusters, first, max_iter=left, **options)


def go_on(points, n_clusters, solution, **options):
    """Run the ADMM on from a solution, in double precision; see ``run``.

    ``n_iter`` of the result counts the iterations before, and its bound is not lower.
    """
    work = solution.dual.in_double(points)
    new = run(points, n_clusters, work=work, **options)
    return new._replace(
        n_iter=solution.n_iter + new.n_iter, bound=max(new.bound, solution.bound)
    )


# BLAS may set the flag for lanes of a vector that it does not use.
@np.errstate(invalid="ignore")
def run(
    points,
    n_clusters,
    *,
    max_iter,
    work=None,
    dtype=np.float32,
    tol=1e-4,
    target=None,
    feasible=False,
    step=unseen,
):
    """Run the ADMM until the lower bound has converged, and is proven.

    The matrix T = Y + U holds the nonnegative part of the splitting and the multiplier
    at once: Y = max(T, 0), N = -rho min(T, 0), and Y - U = |T|. Each iteration projects
    M = |T| + A / rho on the symmetric stochastic matrices of trace K, whose eigenvalues
    lie in [0, 1], by its eigenvalues above a threshold. Single precision is often
    enough: the bound holds for any N, and is computed from it in double precision.

    Along the way the bound is only estimated, from above. So N and Z are kept where the
    residuals are least, not where the estimate is largest. Stops when a bound is proven
    that is as near to ``target`` as a fraction ``tol``, or to the estimate; the latter
    is tried when the estimate moves by less than tol / 2 in ``_EVERY`` iterations, is
    within ``tol`` of the value of Z, and Z is feasible to 6 tol; with
    ``feasible=True``, to ``tol``. Also stops, without having converged, when the
    residuals have not fallen for long, or when single precision is too
    coarse for a value that is small beside A.
    ``step()`` is entered as a context around every iteration.
    """
    # A larger rho makes Z feasible sooner; a smaller one is better for the bound.
    if work is None:
        work = _Work(points, n_clusters - 1, 2.25 if feasible else 1.0, dtype)
    record, values, converged, stalled = _Record(points, work), [], False, False
    slack = (1 if feasible else 6) * tol * n_clusters**0.5
    for iteration in range(1, max_iter + 1):
        look = iteration % _EVERY == 0 or iteration == max_iter
        raise_if_stopped()
        with step():
            work.iterate(look)
        if not look:
            continue
        record.see(iteration)
        value = work.value
        values.append(value)
        margin = tol * abs(value) + work.noise
        goal = None if target is None else target / work.unit
        if goal is not None and abs(goal - value) <= tol * goal:
            converged = record.proves((1 - tol) * goal)
        elif len(values) > 1 and abs(value - values[-2]) <= margin / 2:
            close = abs(work.primal_value() - value) <= margin
            if close and work.primal <= slack:
                converged = record.proves(value - margin)
        if converged:
            break
        single = work.dtype == np.float32
        coarse = single and tol * abs(value) < _COARSE
        stalled = record.age >= (1 if single else 3) * _STALL
        if stalled or (coarse and len(values) > 2):
            break
        work.balance()
    return record.solution(iteration, converged, stalled)


class _Record:
    """The state of least residuals, and the largest bound that was proven."""

    def __init__(self, points, work):
        self.points, self.work = points, work
        self.bound, self.least, self.age = -np.inf, np.inf, 0
        self.negative = None
        self.mark = self.asked = np.inf
        self.next = _LONG

    def see(self, iteration):
        """Look at the state; keep it if its residuals are less than before."""
        work = self.work
        residual = work.primal + work.dual
        self.age += 1
        if residual < _PROGRESS * self.mark:
            self.mark, self.age = residual, 0
        if residual < self.least or not np.isfinite(self.least):
            self.least, self.proven = residual, False
            self.active, self.vectors = work.active, work.vectors  # never written to
            self.primal = work.primal
            self.negative = work.total.negative(work.rho * work.unit, self.negative)
        if iteration >= self.next:
            self.next *= 2
            self.prove()

    def prove(self):
        """Prove the bound of the state that is kept."""
        if not self.proven:
            self.proven = True
            args = self.negative.full(), self.vectors.astype(np.float64)
            bound = dual_bound(self.points, self.work.count + 1, *args)
            self.bound = max(self.bound, bound)

    def proves(self, level):
        """Tell if a bound of at least ``level`` is proven; try it now and then."""
        if self.least <= _AGAIN * self.asked:
            self.asked = self.least
            self.prove()
        return self.bound >= level * self.work.unit

    def solution(self, n_iter, converged, stalled):
        """Return what was found."""
        self.prove()
        points, work = self.points, self.work
        factor = self.active.T.astype(np.float64)
        return Relaxed(
            Vectors(factor),
            points.total - points.inner(factor),
            self.bound,
            self.primal / (work.count + 1) ** 0.5,
            n_iter,
            converged,
            stalled,
            work,
        )


class _Panels:
    """A symmetric matrix, of which each row is kept from its diagonal block on."""

    def __init__(self, panels, n):
        self.panels, self.n = panels, n
        low, self.low = 0, []
        for panel in panels:
            self.low.append(low)
            low += len(panel)

    @classmethod
    def constant(cls, n, value, dtype):
        height = -(-n // -(-n // _ROWS))  # panels of about the same height
        lows = range(0, n, height)
        panels = [np.full((min(height, n - k), n - k), value, dtype) for k in lows]
        return cls(panels, n)

    def work_space(self):
        """Yield for each panel its first row, itself, and two arrays of its shape."""
        one, two = np.empty((2, self.panels[0].size), self.panels[0].dtype)
        for low, panel in zip(self.low, self.panels, strict=True):
            size, shape = panel.size, panel.shape
            yield low, panel, one[:size].reshape(shape), two[:size].reshape(shape)

    def size_times(self, vectors):
        """Return |T| times the rows of ``vectors``."""
        out = np.zeros_like(vectors)
        for low, panel, size, _ in self.work_space():
            np.abs(panel, out=size)
            _add_product(out, size, low, vectors)
        return out

    def negative(self, factor, out=None):
        """Return min(T, 0) times ``factor``, written to ``out`` if that is given."""
        if out is None:
            out = _Panels([np.empty_like(panel) for panel in self.panels], self.n)
        for panel, new in zip(self.panels, out.panels, strict=True):
            np.minimum(panel, 0, out=new)
            new *= new.dtype.type(factor)
        return out

    def scale_negative(self, factor):
        for panel in self.panels:
            np.multiply(panel, panel.dtype.type(factor), out=panel, where=panel < 0)

    def full(self):
        """Return the n x n matrix: its lower triangle is the mirror of the upper."""
        out = np.empty((self.n, self.n), self.panels[0].dtype)
        for low, panel in zip(self.low, self.panels, strict=True):
            high = low + len(panel)
            out[low:high, low:] = panel
            out[low:, low:high] = panel.T
        return out


def _add_product(out, panel, low, vectors):
    """Add to ``out`` what a panel contributes to the products with ``vectors``."""
    high = low + len(panel)
    out[:, low:] += vectors[:, low:high] @ panel
    if high < out.shape[1]:
        out[:, low:high] += vectors[:, high:] @ panel[:, high - low :].T


def _centered(rows):
    rows -= rows.mean(axis=1, keepdims=True)
    return rows


class _Work:
    """The state of the iteration, in units of the largest eigenvalue of A.

    Vectors are rows, and sum to zero. ``vectors`` are near the leading eigenvectors of
    M, and ``images`` are their products with it.
    """

    def __init__(self, points, count, rho, dtype):
        self.n, self.count, self.dtype = points.n, count, dtype
        self.noise = 10 * float(np.finfo(dtype).eps)
        self.spare = max(_SPARE, count + 1)
        self.rng = np.random.default_rng(0)
        start = self._scale(points)
        self.rho = rho
        self.total = _Panels.constant(self.n, 1 / self.n, dtype)
        start = _centered(start[: self._wanted(0)]).astype(dtype)
        self.vectors = self._filled(start, 0)
        self.images = self._image(self.total.size_times(self.vectors))
        self.value = self.primal = self.dual = self.multiplier = np.inf

    def in_double(self, points):
        """Return the state in double precision, with more vectors."""
        if self.dtype == np.float64:
            return self
        self.dtype, self.spare = np.float64, 4 * self.spare
        self.noise = 10 * float(np.finfo(float).eps)
        self._set_data(points.factor(), points.gram)
        self.total.panels = [p.astype(float) for p in self.total.panels]
        self.vectors = self.vectors.astype(float)
        self.images = self._image(self.total.size_times(self.vectors))
        return self

    def _set_data(self, F, gram):
        """Set A, or F of A = FF', in its unit."""
        self.A = self.F = None
        if F is None:
            self.A = (gram() / self.unit).astype(self.dtype)
        else:
            self.F = (F / np.sqrt(self.unit)).astype(self.dtype)

    def _scale(self, points):
        """Set A, or F of A = FF', in its unit; return its leading eigenvectors."""
        F = points.factor()
        if F is None:
            gram, n = points.gram(), self.n
            several = (max(n - self.count - 5, 0), n - 1)
            values, start = eigh(gram, subset_by_index=several)
            start = start.T[::-1]
        else:
            values, turn = np.linalg.eigh(F.T @ F)
            start = turn.T[::-1] @ F.T
            norms = np.linalg.norm(start, axis=1)
            start = start[norms > 1e-6 * norms[0]]
            start /= np.linalg.norm(start, axis=1, keepdims=True)
        self.unit = max(values[-1], np.finfo(float).tiny)
        self.constant = points.total / self.unit
        self._set_data(F, lambda: gram)
        return start

    def _wanted(self, rank):
        """Return how many vectors to keep: all, if these are not few beside n."""
        size = 4 * -(-(max(rank, 2 * self.count) + self.spare) // 4)  # quick in BLAS
        return size if 3 * size < self.n else self.n - 1

    def _filled(self, vectors, rank):
        """Add random vectors where some are missing."""
        missing = self._wanted(rank) - len(vectors)
        if missing > 0:
            new = _centered(self.rng.normal(size=(missing, self.n)))
            new /= np.linalg.norm(new, axis=1, keepdims=True)
            vectors = np.vstack([vectors, new.astype(self.dtype)])
        return vectors

    def _data(self, vectors):
        """Return A times the rows."""
        return vectors @ self.A if self.F is None else vectors @ self.F @ self.F.T

    def _image(self, images, vectors=None):
        """Complete |T| V to M V."""
        data = self._data(self.vectors if vectors is None else vectors)
        images += data * self.dtype(1 / self.rho)
        return _centered(images)

    def _directions(self):
        """Return where the largest residuals of the vectors point, as unit vectors.

        With these and the vectors, there is the Krylov space of depth 2, or the part of
        it that matters.
        """
        size = len(self.vectors)
        residual = self.images - (self.images @ self.vectors.T) @ self.vectors
        square = np.einsum("ij,ij->i", residual, residual)
        wide = max(size // 2, 2 * self.count + _SPARE, 12)
        place = np.argsort(-square, kind="stable")[:wide]
        tiny = np.finfo(self.dtype).tiny
        return residual[place] / np.sqrt(np.maximum(square[place], tiny))[:, None]

    def _project(self):
        """Set Z by its factor; return the vectors that come nearest to those of M."""
        vectors, images = self.vectors, self.images
        if len(vectors) < self.n - 1:
            new = self._directions()
            image = self._image(self.total.size_times(new), vectors=new)
            vectors, images = np.vstack([vectors, new]), np.vstack([images, image])
        values, turn = ritz(vectors, images)
        weight = np.clip(values - threshold(values, self.count), 0, 1)
        rank = int(np.count_nonzero(weight))
        vectors = _centered(turn[: self._wanted(rank)] @ vectors)
        self.active = vectors[:rank] * np.sqrt(weight[:rank, None], dtype=self.dtype)
        return vectors

    def iterate(self, look):
        """Take a step; with ``look``, set the bound and what ``balance`` needs."""
        vectors, rank = self._project(), len(self.active)
        if look and len(vectors) < self.n - 1:
            # A space that is only ever turned may leave out an eigenvector for good.
            vectors = vectors[: max(len(vectors) - _FRESH, rank)]
        self.vectors = vectors = self._filled(vectors, rank)
        images, plain, sums = np.zeros_like(vectors), np.zeros_like(vectors), 0.0
        alpha, constant = self.dtype(_RELAXATION), self.dtype(1 / self.n)
        for low, total, size, rows in self.total.work_space():
            high = low + len(total)
            np.matmul(self.active[:, low:high].T, self.active[:, low:], out=rows)
            if look:
                own, end = high - low, self.n - low
                inside = measure(total, rows, 0, own, alpha, constant)
                right = measure(total, rows, own, end, alpha, constant)
                sums += np.array(inside) + 2 * np.array(right)
            update(total, size, rows, alpha, constant)
            _add_product(images, size, low, vectors)
            if look:
                _add_product(plain, total, low, vectors)
        if look:
            self.primal, self.dual, self.multiplier = np.sqrt(sums[:3])
            self.value = self._bound(images, plain, sums[3])
        self.images = self._image(images)

    def _bound(self, size, plain, negative):
        """Return an estimate of the bound, from above, from |T| V and T V."""
        images = self._data(self.vectors) + self.dtype(self.rho / 2) * (size - plain)
        values, _ = ritz(self.vectors, images)
        constant = -self.rho * negative / self.n
        return self.constant - constant - values[: self.count].sum()

    def primal_value(self):
        inner = np.einsum("ij,ij->", self.active, self._data(self.active))
        return self.constant - float(inner)

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
            self.total.scale_negative(1 / factor)
            self.images = self._image(self.total.size_times(self.vectors))
