"""Normal components of a mixture: densities of rows, and moments for EM.

Everything goes block by block, so that no array has a row for each sample and a column
for each component. Blocks and the order of their sums do not depend on the number of
threads, so that results agree to the last bit.
"""

from typing import NamedTuple

import numpy as np

from skextras._gaussian import _mixture_kernels as kernels
from skextras._parallel import (
    blas_on_one_thread,
    map_blocks,
    raise_if_stopped,
    row_blocks,
)

_BLOCK = 4096  # rows whose responsibilities are held at a time
_ITEMS = 2**18  # of a product that is held at a time
_STRIPES = 16  # runs of blocks that are summed up side by side
_MOST = 0.5  # share of squares from which all are computed
_NATS = 46.0  # log of a share that vanishes
_MARGIN = {np.dtype(np.float64): 1e-6, np.dtype(np.float32): 1e-3}  # of squares
EMPTY = 1e-10  # rows of a component below which it has none
SMALL = 1e-12  # responsibilities below it do not count
_SAFE = {np.dtype(np.float64): 1e4, np.dtype(np.float32): 30.0}
_CANCELLED = 1e6  # square of a shift over the variance: beyond it, digits are lost
LOG_2_PI = np.log(2 * np.pi)


class Components(NamedTuple):
    """Means, and what ``precisions_cholesky_`` of scikit-learn is, by covariance type.

    Of shape (K, d, d), (d, d), (K, d) or (K,) for "full", "tied", "diag", "spherical".
    """

    means: np.ndarray
    roots: np.ndarray
    covariance_type: str

    def log_dets(self):
        """Log of the determinant of each root."""
        n_components, d = self.means.shape
        if self.covariance_type == "full":
            diagonals = np.diagonal(self.roots, axis1=1, axis2=2)
            return np.log(diagonals).sum(axis=1)
        if self.covariance_type == "tied":
            return np.full(n_components, np.log(np.diagonal(self.roots)).sum())
        if self.covariance_type == "diag":
            return np.log(self.roots).sum(axis=1)
        return d * np.log(self.roots)

    def constants(self):
        """Log densities at the means."""
        return self.log_dets() - 0.5 * self.means.shape[1] * LOG_2_PI

    def root(self, k):
        """Return the root of component k as a full matrix."""
        if self.covariance_type == "full":
            return self.roots[k]
        if self.covariance_type == "tied":
            return self.roots
        d = self.means.shape[1]
        return np.eye(d) * self.roots[k]


class Squares:
    """Squared Mahalanobis distances of rows of one dtype from all components.

    In the coordinates of a common frame, the distance of a row from a mean bounds each
    square from both sides. Those that cannot matter beside the others of the row are
    infinite, unless most do matter. Products with all roots at once lose digits where
    means are far from the center in units of a component: there, differences come
    before the products.
    """

    def __init__(self, components, dtype):
        self.components, self.dtype = components, np.dtype(dtype)
        means, roots = components.means, components.roots
        kind, (n_components, d) = components.covariance_type, means.shape
        self.center = means.mean(axis=0).astype(dtype)
        local = means - self.center
        if kind == "full":
            offsets = np.einsum("ki,kij->kj", local, roots)
            self.matrices = roots.astype(dtype)
            self.roots = np.concatenate(list(self.matrices), axis=1)
            frame = _common_root(roots)
            self.frame = frame.astype(dtype)
            self.norms = np.einsum("ij,ij->i", local @ frame, local @ frame)
            self.frame_means = (local @ frame).astype(dtype)
            self.least, self.most = _ratios(frame, roots, _MARGIN[self.dtype])
            self.is_near = abs(self.frame_means).max() < _SAFE[self.dtype]
        elif kind == "tied":
            offsets = local @ roots
            self.roots = roots.astype(dtype)
        else:
            scales = roots if kind == "diag" else np.repeat(roots[:, None], d, axis=1)
            self.scales, offsets = np.ascontiguousarray(scales), np.zeros(1)
        self.offsets = offsets.astype(dtype)
        self.is_safe = bool(abs(offsets).max(initial=0) < _SAFE[self.dtype])
        self.step = max(32, _ITEMS // max(1, n_components * d))

    def __call__(self, rows, table, codes):
        """Return the squares of some rows, beside logs of ``table[codes]``."""
        with np.errstate(over="ignore", invalid="ignore"):  # rows may be far away
            return self._squares(rows, table, codes)

    def _squares(self, rows, table, codes):
        kind = self.components.covariance_type
        out = np.empty((len(rows), table.shape[1]))
        if kind in ("diag", "spherical"):
            kernels.squares_along_axes(rows, self.components.means, self.scales, out)
            return out
        if kind == "tied" and self.is_safe:
            ones = np.ones_like(self.offsets)
            local = (rows - self.center) @ self.roots
            kernels.squares_along_axes(local, self.offsets, ones, out)
            return out
        if kind == "full" and self.is_near:
            matters = self._that_matter(rows, table, codes)
            if matters.mean() < _MOST:
                self._some(rows, matters, out)
                return out
        if not self.is_safe:
            self._differences(rows, out)
            return out
        local, offsets = rows - self.center, self.offsets.reshape(-1)
        for start, stop in row_blocks(len(rows), self.step):
            products = local[start:stop] @ self.roots
            kernels.squares_of_products(products, offsets, out[start:stop])
        return out

    def _that_matter(self, rows, table, codes):
        """Tell which components may have more than a vanishing share of each row."""
        local = (rows - self.center) @ self.frame
        products = local @ self.frame_means.T
        matters = np.empty(products.shape, dtype=bool)
        kernels.that_matter(
            local, products, self.norms, table, codes, self.least, self.most, _NATS,
            matters,
        )  # fmt: skip
        return matters

    def _some(self, rows, matters, out):
        away = np.empty(rows.shape, dtype=self.dtype)
        chosen = np.empty(len(rows), dtype=np.intp)
        for k, mean in enumerate(self.components.means):
            n = kernels.differences_that_matter(rows, matters, k, mean, away, chosen)
            kernels.put_squares(away[:n] @ self.matrices[k], chosen, k, out)

    def _differences(self, rows, out):
        for k, mean in enumerate(self.components.means):
            away = (rows - mean) @ self.components.root(k)
            out[:, k] = np.einsum("ij,ij->i", away, away)


def _ratios(frame, roots, margin):
    """Return bounds of squares by each root, over those in the frame."""
    d = len(frame)
    sides = np.linalg.solve(frame, roots.transpose(1, 0, 2).reshape(d, -1))
    sides = sides.reshape(d, len(roots), d).transpose(1, 0, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.linalg.eigvalsh(sides @ sides.transpose(0, 2, 1))
    values = np.nan_to_num(values, nan=np.inf)
    rounding = 1e-14 * d * values[:, -1]
    least = np.maximum(values[:, 0] - rounding, 0.0) * (1 - margin)
    return np.nan_to_num(least, posinf=0.0), values[:, -1] * (1 + margin)


def _common_root(roots):
    """Return a root of the precision of the mean covariance."""
    inverses = np.linalg.inv(roots)
    mean = np.einsum("kij,kil->jl", inverses, inverses) / len(roots)
    return np.linalg.inv(np.linalg.cholesky(mean)).T


class Moments(NamedTuple):
    """Weighted sums over rows, about one point for each component.

    ``size`` is that of responsibilities, ``free_size`` of those of rows with code 0,
    ``first`` and ``second`` those of differences and of their products: matrices, or
    their diagonals. ``log_likelihood`` is that of all rows.
    """

    log_likelihood: float
    size: np.ndarray
    free_size: np.ndarray
    first: np.ndarray
    second: np.ndarray
    about: np.ndarray

    def plus(self, others):
        """Return the sums over these rows and over others, about the same points."""
        sums = (one + two for one, two in zip(self[:-1], others[:-1], strict=True))
        return Moments(*sums, self.about)

    def means(self):
        """Return the means; those of components without rows are the points."""
        size = np.where(self.size < EMPTY, 1.0, self.size)
        return self.about + self.first / size[:, None]

    def lost_digits(self):
        """Tell if the points are so far from the means that variances are lost."""
        second = self.second
        if second.ndim == 3:
            second = np.diagonal(second, axis1=1, axis2=2)
        size = np.maximum(self.size, 1e-300)[:, None]
        shift = (self.first / size) ** 2
        return bool((shift > _CANCELLED * (second / size - shift)).any())


def posterior(squares, rows, table, codes):
    """Return responsibilities of all components for some rows, and logs of the sums."""
    out, log_sums = squares(rows, table, codes), np.empty(len(rows))
    kernels.soften_rows(out, table, codes, log_sums)
    return out, log_sums


def map_posterior(X, components, table, codes, task, *, n_jobs=None):
    """Call ``task(rows, responsibilities, log_sums)`` for all blocks of rows."""
    squares = Squares(components, X.dtype)

    def work(start, stop):
        raise_if_stopped()
        rows = slice(start, stop)
        task(rows, *posterior(squares, X[rows], table, codes[rows]))

    with blas_on_one_thread():
        map_blocks(work, row_blocks(len(X), _BLOCK), n_jobs=n_jobs)


def moments(X, weight, codes, responsibilities, about, covariance_type, *, n_jobs=None):
    """Return the ``Moments`` of the rows about one point for each component.

    ``responsibilities(start, stop)`` gives those of some rows, and logs of their sums.
    """
    n_components, d = about.shape
    is_full = covariance_type in ("full", "tied")
    size = -(-len(X) // _BLOCK)
    per_stripe = -(-size // _STRIPES) * _BLOCK

    def work(first_row, last_row):
        sizes = np.zeros((2, n_components))
        first = np.zeros((n_components, d))
        second = np.zeros((n_components, d, d) if is_full else (n_components, d))
        value = 0.0
        for start, stop in row_blocks(last_row - first_row, _BLOCK):
            raise_if_stopped()
            start, stop = start + first_row, stop + first_row
            shares, log_sums = responsibilities(start, stop)
            value += kernels.weigh(
                shares, log_sums, weight[start:stop], codes[start:stop], sizes
            )
            _add(X[start:stop], shares, about, first, second)
        return value, sizes, first, second

    with blas_on_one_thread():
        blocks = row_blocks(len(X), per_stripe)
        parts = map_blocks(work, blocks, n_jobs=n_jobs)
    value, sizes, first, second = (sum(part) for part in zip(*parts, strict=True))
    return Moments(value, sizes[0], sizes[1], first, second, about)


def _add(rows, shares, about, first, second):
    """Add some rows to the moments of each component."""
    away = np.empty(rows.shape, dtype=rows.dtype)
    weighted = np.empty_like(away)
    for k in range(len(first)):
        n = kernels.weighted_differences(
            rows, shares, SMALL, k, about[k], away, weighted, first[k]
        )
        if second.ndim == 3:
            second[k] += weighted[:n].T @ away[:n]
        else:
            second[k] += np.einsum("ij,ij->j", weighted[:n], away[:n])
