"""Checks of precomputed dissimilarities."""

import numpy as np

from skextras._parallel import map_blocks, row_blocks
from skextras.cluster._medoids import _matrix_kernels

#: Two halves of a matrix may differ by this much, relative, and pass for symmetric.
_SYMMETRY_TOL = 1e-6


def check_dissimilarities(
    distances, *, name="distances", assume_symmetric=False, n_jobs=None
):
    """Return C-ordered ``rows`` with ``rows[j, o] = distances[o, j]``, checked.

    A float32 or float64 matrix is not copied if it is F-ordered or symmetric.
    """
    distances = as_floats(distances, name)
    if distances.shape[0] != distances.shape[1]:
        raise ValueError(
            f"{name} must be square, got the shape {distances.shape}: give the "
            "dissimilarity of every sample to every sample."
        )
    if distances.flags.c_contiguous and not assume_symmetric and len(distances) > 1:
        kind = raise_on_fault(distances, name, symmetry=True, n_jobs=n_jobs)
        return np.ascontiguousarray(distances.T) if kind == 3 else distances
    rows = distances if distances.flags.c_contiguous else distances.T
    raise_on_fault(rows, name, transposed=rows is not distances, n_jobs=n_jobs)
    return rows


def as_floats(distances, name):
    """Return a two-dimensional float32 or float64 array, C- or F-ordered."""
    distances = np.asarray(distances)
    if distances.ndim != 2 or distances.size == 0:
        raise ValueError(
            f"{name} must be a matrix with at least one entry, got an array of shape "
            f"{distances.shape}."
        )
    if distances.dtype not in (np.float32, np.float64):
        try:
            distances = distances.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name} must hold numbers, got the type {distances.dtype}."
            ) from error
    distances = distances.astype(distances.dtype.newbyteorder("="), copy=False)
    if not (distances.flags.c_contiguous or distances.flags.f_contiguous):
        distances = np.ascontiguousarray(distances)
    return distances


def raise_on_fault(matrix, name, *, symmetry=False, transposed=False, n_jobs=None):
    """Raise ValueError for an entry that is missing, infinite or negative.

    With ``symmetry``, return 3 if the matrix is not symmetric. Reads every entry once.
    """
    if symmetry:

        def look(start, stop):
            return _matrix_kernels.find_fault(matrix, _SYMMETRY_TOL, start, stop)
    else:

        def look(start, stop):
            return _matrix_kernels.find_bad_entry(matrix, start, stop)

    faults = map_blocks(look, row_blocks(len(matrix), 512), n_jobs=n_jobs)
    for kind, i, j in faults:
        if kind in (1, 2):
            place = (j, i) if transposed else (i, j)
            where = f"got {matrix[i, j]} at row {place[0]}, column {place[1]}."
            if kind == 1:
                raise ValueError(f"{name} must be finite (no NaN, no inf), {where}")
            raise ValueError(f"Negative values in data: {name} must be >= 0, {where}")
    return max(kind for kind, _, _ in faults)
