"""Linear algebra that several families share."""

import numpy as np
from scipy.linalg import blas, eigh, lapack

EPS = np.finfo(np.float64).eps
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


def project_simplex(values, total):
    """Project the rows on {x >= 0, sum(x) = total}; return the thresholds too."""
    ordered = -np.sort(-values, axis=1)
    excess = np.cumsum(ordered, axis=1) - total
    count = np.arange(1, values.shape[1] + 1)
    n_kept = (ordered * count > excess).sum(axis=1)
    threshold = excess[np.arange(len(values)), n_kept - 1] / n_kept
    return np.maximum(values - threshold[:, None], 0.0), threshold


def threshold(values, count):
    """Return t with sum(clip(values - t, 0, 1)) = count; values descend."""
    ends = np.concatenate([values, values - 1])
    ends.sort()
    sums = (values - ends[:, None]).clip(0, 1).sum(axis=1)  # descends
    place = int(np.searchsorted(-sums, -count, side="right")) - 1
    place = min(max(place, 0), len(ends) - 2)
    drop = sums[place] - sums[place + 1]
    share = (sums[place] - count) / drop if drop > 0 else 0.0
    return ends[place] + min(max(share, 0.0), 1.0) * (ends[place + 1] - ends[place])
