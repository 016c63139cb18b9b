"""Which engine sums up: the one that was asked for, or the fastest that can."""

from skextras.neighbors._density import _engines, _grid, _products

_WIDE = 12  # features from which products of matrices are faster, of normal kernels
_WIDEST = 48  # of other kernels


def engine(
    points, sample, scale, algorithm, *, all_pairs=False, order=None, n_jobs=None
):
    """Return the engine for these points: what "auto" stands for, or what was asked.

    ``all_pairs`` leaves only those that look at all pairs. ``order`` is that of a k-d
    tree of the points, if it is known.
    """
    profile = sample.profile
    if sample.metric != "euclidean":
        squares = _engines.Metric(points.rows, sample, scale)
        return _engines.Rows(points, profile, squares)
    widest = _WIDE if profile.name == "gaussian" else _WIDEST
    wide = algorithm == "auto" and points.rows.shape[1] >= widest
    if algorithm == "gemm" or wide or all_pairs or sample.boundaries.of("linear"):
        return _products.Gemm(points, profile)
    if algorithm == "brute" or points.rows.shape[1] == 0:
        return _engines.Rows(points, profile, _engines.Differences(points.rows))
    asked = algorithm == "grid"
    few = sample.X.shape[1] <= 3 and profile.name == "gaussian"
    if few and algorithm in ("auto", "grid"):
        ends = _grid.extent(points.rows)
        if _grid.suits(points, ends, asked=asked):
            return _grid.Grid(points, profile, ends, n_jobs)
    if asked:
        raise ValueError(
            'algorithm="grid" would need more than 2^25 items for this bandwidth and '
            'range, or bandwidths of samples differ: use algorithm="auto".'
        )
    return _engines.Tiles(points, profile, order)
