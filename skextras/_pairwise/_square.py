"""Checks of matrices of dissimilarities."""

from typing import NamedTuple

import numpy as np

from skextras._memory import check_memory
from skextras._pairwise import _square_kernels
from skextras._parallel import map_blocks, row_blocks

#: Two halves of a matrix may differ by this much, relative, and pass for symmetric.
_SYMMETRY_TOL = 1e-6
_ITEMS_PER_CALL = 2**24  # an interrupt waits no longer than for so many entries
_ITEMS_IN_CACHE = 2**18  # such a part of the matrix is fetched once, read twice
TOO_LARGE = 3  # kind of fault: see ``_square_kernels.find_bad_entry``


def largest_allowed(weight, dtype):
    """Return what dissimilarities must stay below so that sums of all are finite."""
    most = np.finfo(np.float64).max / (32 * max(weight.sum(), 1.0))
    return most if most < np.finfo(dtype).max else np.inf


class Square(NamedTuple):
    """A matrix of dissimilarities as it is read: two C-ordered arrays.

    ``rows[j, o]`` and ``points[o, j]`` are the dissimilarity of point o to candidate j:
    to the bit if ``is_exact``, else up to rounding, as the matrix is symmetric.
    """

    rows: np.ndarray
    points: np.ndarray
    is_exact: bool


def as_square(distances, name):
    """Return a square float32 or float64 array, C- or F-ordered."""
    distances = as_numbers(distances, name)
    if distances.ndim != 2 or distances.size == 0:
        raise ValueError(
            f"{name} must be a matrix with at least one entry, got an array of shape "
            f"{distances.shape}."
        )
    if distances.shape[0] != distances.shape[1]:
        raise ValueError(
            f"{name} must be square, got the shape {distances.shape}: give the "
            "dissimilarity of every sample to every sample."
        )
    if not (distances.flags.c_contiguous or distances.flags.f_contiguous):
        distances = np.ascontiguousarray(distances)
    return distances


def as_numbers(values, name):
    """Return an array of float32 or float64 in the byte order of the machine."""
    try:
        values = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} must be a matrix, and its rows differ.") from None
    dtype = values.dtype.newbyteorder("=")
    if dtype in (np.float32, np.float64):
        return values.astype(dtype, copy=False)
    try:
        if dtype.kind not in "biufO":
            raise TypeError
        with np.errstate(over="ignore"):  # infinity is refused later
            return values.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers, got the type {dtype}.") from None


def in_memory_order(distances):
    """Return the matrix, or its transpose if that is the C-ordered one."""
    return distances if distances.flags.c_contiguous else distances.T


def check_dissimilarities(
    distances, name, *, symmetry=True, codes=None, n_jobs=None, limit=np.inf
):
    """Check a matrix from ``as_square``; return it as a ``Square``.

    Nothing is copied if it is symmetric, or taken for that without ``symmetry``: rows
    and points are then both ``in_memory_order(distances)``. ``codes``, which are of
    this, are filled in the same reading. Entries must stay below ``limit``.
    """
    is_equal, is_near = _look_through(distances, name, symmetry, codes, n_jobs, limit)
    if is_near:
        matrix = in_memory_order(distances)
        return Square(matrix, matrix, is_equal or matrix is not distances)
    check_memory(
        distances.nbytes,
        f"A transposed copy of {name}, which is not symmetric,",
        "give a symmetric matrix, or one of a sample.",
    )
    rows, points = np.ascontiguousarray(distances.T), np.ascontiguousarray(distances)
    return Square(rows, points, True)


def _look_through(distances, name, symmetry, codes, n_jobs, limit):
    """Raise ValueError for an entry that is missing, too large or negative.

    Returns whether the matrix is symmetric, and whether it is up to rounding (both True
    without ``symmetry``).
    """
    matrix = in_memory_order(distances)
    transposed = matrix is not distances
    bits = matrix.view(f"u{matrix.dtype.itemsize}")
    most = np.array(limit, dtype=matrix.dtype).view(bits.dtype)[()]
    n = len(matrix)
    x, y = np.random.default_rng(n).integers(1, 2**32, (2, n), dtype=np.uint32)

    step = max(4, _ITEMS_IN_CACHE // n // 4 * 4)

    def look(start, stop):
        sums = np.zeros(2, dtype=np.uint64)
        args = bits, most, symmetry, x, y, sums
        while start < stop:
            with np.errstate(over="ignore"):  # meant to wrap around, if not compiled
                if codes is None:
                    low = _square_kernels.look(*args, start, stop)
                else:
                    low = _square_kernels.look_and_encode(
                        *args, *codes.arrays(), start, stop, step
                    )
            start = min(low + 4, stop)
            if low < stop:  # as an integer, NaN or a negative number is large
                raise_on_fault(matrix[low:start], name, low, transposed, limit)
                sums[0] += np.uint64(1)  # -0.0 is no fault; see the slow test
                if codes is not None:
                    codes.encode(low, start)
        return sums

    blocks = row_blocks(n, max(4, _ITEMS_PER_CALL // n // 4 * 4))
    parts = map_blocks(look, blocks, n_jobs=n_jobs)
    above, below = np.sum(parts, axis=0)
    if not symmetry or above == below:
        return True, True
    near = map_blocks(
        lambda start, stop: _square_kernels.is_near_symmetric(
            matrix, _SYMMETRY_TOL, start, stop
        ),
        row_blocks(n, 256),
        n_jobs=n_jobs,
    )
    return False, all(near)


def find_fault(matrix, *, n_jobs=None, limit=np.inf):
    """Return (kind, i, j) of a missing, infinite, negative or too large entry, or 0s.

    Kinds are those of ``_square_kernels.find_bad_entry``.
    """
    limit = matrix.dtype.type(limit)
    faults = map_blocks(
        lambda start, stop: _square_kernels.find_bad_entry(matrix, limit, start, stop),
        row_blocks(len(matrix), 512),
        n_jobs=n_jobs,
    )
    return next((fault for fault in faults if fault[0]), (0, 0, 0))


def raise_on_fault(matrix, name, first=0, transposed=False, limit=np.inf):
    """Raise ValueError for an entry that is missing, infinite, negative or too large.

    That is, not below ``limit``.
    """
    kind, i, j = find_fault(matrix, limit=limit)
    if kind:
        place = (j, first + i) if transposed else (first + i, j)
        raise_for_entry(kind, matrix[i, j], place, name, limit)


def raise_for_entry(kind, value, place, name, limit):
    """Raise ValueError for an entry that is at (row, column)."""
    where = f"got {value} at row {place[0]}, column {place[1]}"
    if kind == 1:
        raise ValueError(f"{name} must be finite (no NaN, no inf), {where}.")
    if kind == TOO_LARGE:
        raise ValueError(
            f"{name} must stay below {limit:.3g}, so that weighted sums are finite, "
            f"{where}: divide by a constant; for what is out of reach, a thousand "
            "times the largest other entry will do."
        )
    raise ValueError(
        f"Negative values in data: {name} must be >= 0, {where}: if that is rounding, "
        "give np.maximum(D, 0)."
    )
