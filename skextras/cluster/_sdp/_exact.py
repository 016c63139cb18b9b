"""Sums of largest eigenvalues that are never too small: what a bound may rest on."""

import numpy as np
from scipy.linalg import blas, eigh, lapack

from skextras.cluster._sdp._exact_kernels import center, subtract
from skextras.cluster._sdp._points import EPS

_LIFTS = (1e-9, 1e-7, 1e-5)  # of the bound: how much may be lost for a short proof
_INDEPENDENT = 1e-3  # squared distance from the others of a direction that counts


def ritz(vectors, images):
    """Rayleigh-Ritz: values, descending, and their coefficients of ``vectors``.

    The vectors need not be orthogonal; what depends on the others is left out.
    """
    gram = (vectors @ vectors.T).astype(np.float64)
    inner = (vectors @ images.T).astype(np.float64)
    lower, order, rank, _ = lapack.dpstrf(gram, lower=1, tol=_INDEPENDENT)
    lower, kept = lower[:rank, :rank], order[:rank] - 1
    inner = lapack.dsygst(inner[kept[:, None], kept], lower, lower=1)[0]
    values, turn = np.linalg.eigh(inner)  # of its lower triangle
    turn = lapack.dtrtrs(lower, turn[:, ::-1], lower=1, trans=1)[0]
    out = np.zeros((rank, len(gram)), vectors.dtype)
    out[:, kept] = turn.T
    return values[::-1], out


def sum_of_largest(matrix, count, norm, *, total=0.0, vectors=None):
    """Bound the sum of the ``count`` largest eigenvalues of a symmetric matrix.

    Its lower triangle is read. From ``vectors`` whose span is near the leading
    eigenvectors, the bound is proven by a Cholesky factor if that costs less than a
    small part of its distance from ``total``. Otherwise the eigenvalues come from
    LAPACK's direct solver, which leaves none out; the rounding of a backward stable
    method is added.
    """
    n = len(matrix)
    if count == 0:
        return 0.0
    margin = 4 * n * count * EPS * norm
    if vectors is not None and count < len(vectors) < n / 4:
        spaces = _leading(matrix, vectors)
        for lift in _LIFTS:
            values, leading = next(spaces)
            lift *= abs(total - values[:count].sum())
            lift = max(lift, margin / (4 * count))
            bound = _proven_sum(matrix, count, values, leading, lift)
            if bound is not None:
                return bound + margin
    options = {"eigvals_only": True, "check_finite": False}
    try:
        values = eigh(matrix, subset_by_index=(n - count, n - 1), **options)
    except np.linalg.LinAlgError:  # some eigenvalues that are equal defeat this driver
        values = eigh(matrix, driver="ev", **options)[n - count :]
    return float(values.sum()) + margin


def _leading(matrix, vectors):
    """Yield Ritz values, descending, and vectors, from Krylov spaces ever deeper."""

    def times(rows):  # the transpose of the lower triangle in C is the upper in Fortran
        return blas.dsymm(1.0, matrix.T, rows.T).T

    size = len(vectors)
    basis, images = vectors, times(vectors)
    while True:
        for _ in range(2):
            values, turn = ritz(basis, images)
            values, turn = values[:size], turn[:size]
            residual = turn @ images - values[:, None] * (turn @ basis)
            norm = np.linalg.norm(residual, axis=1, keepdims=True)
            residual /= np.maximum(norm, np.finfo(float).tiny)
            basis = np.vstack([basis, residual])
            images = np.vstack([images, times(residual)])
        values, turn = ritz(basis, images)
        yield values[:size], turn[:size] @ basis


def _proven_sum(matrix, count, values, vectors, lift):
    r"""Bound the sum of the largest eigenvalues by a dual solution, or return None.

    If :math:`\mu I + S - M` is positive semidefinite for a positive semidefinite
    :math:`S`, then the sum of the :math:`k` largest eigenvalues of :math:`M` is at most
    :math:`k \mu + \mathrm{tr}\, S`: true whatever ``values`` and ``vectors`` are. That
    it is, up to a rounding that is added, is proven by its Cholesky factor [1]_.

    References
    ----------
    .. [1] S. M. Rump, "Verification of positive definiteness", BIT Numerical
       Mathematics 46, 2006.
    """
    n = len(matrix)
    level = values[count - 1]
    part = vectors[:count] * np.sqrt(values[:count, None] - level)
    test = blas.dsyrk(1.0, part.T, beta=-1.0, c=matrix.T)
    test[np.diag_indices(n)] += level + lift
    rounding = 2 * (n + 2) * EPS * np.abs(np.diagonal(test)).sum()
    if lapack.dpotrf(test, clean=False, overwrite_a=True)[1] != 0:
        return None
    trace = np.einsum("ij,ij->", part, part)
    return float(count * (level + lift + rounding) + trace)


def dual_bound(points, n_clusters, negative=None, vectors=None):
    """Return the scaled bound of a nonnegative N, given as -N or as None for N = 0.

    For every N >= 0 the inertia is at least the total minus 1'(A + N)1/n and the sum of
    the K - 1 largest eigenvalues of J (A + N) J. A is centred, so 1'A1 = 0. The lower
    triangle of N is read. ``vectors``, near the leading eigenvectors, make it quicker.
    """
    n = points.n
    if negative is None and points.factor() is not None:
        matrix, constant = points.X.T @ points.X, 0.0
        count = min(n_clusters - 1, len(matrix))
        square = np.einsum("ij,ij->", matrix, matrix)
    else:
        matrix = np.array(points.gram())
        sums, count = np.zeros((2, n)), min(n_clusters - 1, n)
        subtract(matrix, np.zeros((n, n)) if negative is None else negative, sums)
        mean = sums[0] / n
        square = center(matrix, mean, mean.mean())
        constant = max(-float(sums[1].sum()) / n, 0.0)
    rounding = 4 * n * EPS * (abs(points.total) + constant)
    largest = sum_of_largest(
        matrix,
        count,
        np.sqrt(square),
        total=points.total - constant,
        vectors=vectors,
    )
    return points.total - constant - largest - rounding
