"""Starting medoids."""

import numpy as np
from scipy import sparse

from skextras._distinct import canonical, find_rows
from skextras.cluster._medoids._build import build
from skextras.cluster._medoids._fasterpam import check_indices

#: Starts that are drawn or computed from the dissimilarities.
NAMES = ("random", "build", "k-medoids++", "lab", "heuristic", "first")


def is_drawn(init):
    """Tell if ``draw`` chooses the start: it is neither "first" nor given."""
    return isinstance(init, str) and init != "first"


def locate(init, X, n_clusters, points):
    """Return the positions among ``points`` of given medoids; None if they are drawn.

    For "first", those of the first rows.
    """
    if isinstance(init, str):
        return np.argsort(points.index)[:n_clusters] if init == "first" else None
    init = canonical(init.tocsr()) if sparse.issparse(init) else np.asarray(init)
    if init.ndim == 1:
        _check_length(init, n_clusters)
        positions = find_samples(init, "init", points)
    else:
        positions = _locate_rows(init, X, n_clusters, points)
    if len(points.index) >= n_clusters:
        check_distinct(positions, "init")
    return positions


def find_samples(samples, name, points):
    """Return the positions among ``points`` of samples that become medoids."""
    rows = check_indices(samples, name, len(points.position))
    positions = points.position[rows]
    if (positions < 0).any():
        row = rows[np.argmin(positions)]
        raise ValueError(
            f"{name} holds sample {row}, whose weight is 0: a medoid needs a positive "
            "sample_weight."
        )
    return positions


def check_distinct(positions, name):
    """Refuse a point that is there twice."""
    values, counts = np.unique(positions, return_counts=True)
    if counts.max() > 1:
        same = np.flatnonzero(positions == values[counts.argmax()])
        raise ValueError(
            f"{name} must hold distinct points, got the same one at its places "
            f"{same[0]} and {same[1]}."
        )


def _locate_rows(init, X, n_clusters, points):
    """Find rows of X by their content."""
    if points.keys is None:
        raise ValueError(
            "init must hold indices with metric='precomputed', got an array of shape "
            f"{init.shape}: give a list of {n_clusters} sample indices."
        )
    if init.ndim != 2 or init.shape[1] != X.shape[1]:
        raise ValueError(
            f"init must hold indices or rows of {X.shape[1]} features, got an array of "
            f"shape {init.shape}."
        )
    init = init.astype(X.dtype)
    if not sparse.issparse(init) and _has_odd_numbers(init, X):
        raise ValueError("init holds NaN or infinity: give rows of X, or indices.")
    _check_length(init, n_clusters)
    positions = find_rows(init, X, points)
    if (positions < 0).any():
        raise ValueError(
            f"init row {np.argmin(positions)} is not a row of X (in {X.dtype}) of "
            "positive weight: medoids are points of the data; give rows of X, or "
            "indices."
        )
    return positions


def _has_odd_numbers(init, X):
    """Tell if ``init`` holds infinity, or NaN that X has not."""
    missing = np.isnan(init).any()
    return np.isinf(init).any() or (missing and not np.isnan(X).any())


def _check_length(init, n_clusters):
    if init.shape[0] != n_clusters:
        raise ValueError(
            f"init holds {init.shape[0]} medoids and n_clusters={n_clusters}: give one "
            "for each cluster."
        )


def draw(init, problem):
    """Choose medoids by one of ``NAMES`` but "first", as positions among the points."""
    rows, weight, n_clusters = problem.rows, problem.weight, problem.n_clusters
    order, rng = problem.order, problem.rng
    if init == "random":
        return order[rng.choice(len(order), n_clusters, replace=False)]
    if init == "heuristic":
        return _central(rows, n_clusters, weight)
    if init == "lab":
        return _lab(rows, n_clusters, weight, order, rng)
    if init == "build":
        chosen = build(rows, n_clusters, weight)
    else:
        chosen = _plus_plus(rows, n_clusters, weight, order, rng)
    rest = order[~np.isin(order, chosen)]  # where further medoids change nothing
    return np.concatenate([chosen, rest[: n_clusters - len(chosen)]])


def _plus_plus(rows, n_clusters, weight, order, rng):
    """Draw each medoid in proportion to the loss that its point still causes."""
    chosen = []
    share = weight[order]
    nearest = np.full(len(order), np.inf)
    while len(chosen) < n_clusters:
        total = np.cumsum(share)
        if not total[-1] > 0:
            break
        place = np.searchsorted(total, rng.uniform() * total[-1], side="right")
        place = min(place, np.flatnonzero(share)[-1])
        chosen.append(order[place])
        nearest = np.minimum(nearest, rows.take([order[place]])[0][order])
        nearest[place] = 0.0
        share = weight[order] * nearest
    return np.array(chosen, dtype=np.intp)


def _central(rows, n_clusters, weight):
    """Points of which the others are near, by the share of each of their sums.

    Park and Jun: the smallest ``sum_o d(o, j) / sum_l d(o, l)``.
    """
    sums = np.zeros(rows.n_points)
    for candidates, block in rows.blocks():
        share = weight[candidates]
        for start in range(0, len(block), 256):
            part = block[start : start + 256].astype(np.float64)
            sums += share[start : start + 256] @ part
    with np.errstate(over="ignore"):  # of points that are all but the same
        share = np.divide(weight, sums, out=np.zeros_like(sums), where=sums > 0)
    share = np.minimum(share, np.finfo(np.float64).max / len(sums))
    shares = rows.sums(share)
    return np.argsort(shares, kind="stable")[:n_clusters]


def _lab(rows, n_clusters, weight, order, rng):
    """Choose medoids greedily, each from a fresh sample and judged by it.

    The linear approximate BUILD of FastPAM: samples of ``10 + sqrt(n)`` points.
    """
    size = 10 + int(np.ceil(np.sqrt(len(order))))
    chosen = []
    for _ in range(n_clusters):
        pool = order[~np.isin(order, chosen)]
        sample = pool[rng.choice(len(pool), min(size, len(pool)), replace=False)]
        distances = rows.take(sample, sample).astype(np.float64)
        if chosen:
            nearest = rows.take(chosen, sample).min(axis=0)
            distances = np.minimum(distances, nearest)
        chosen.append(sample[np.argmin(distances @ weight[sample])])
    return np.array(chosen)
