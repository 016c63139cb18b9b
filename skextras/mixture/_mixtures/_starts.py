"""First labels of rows, in coordinates in which units and rotations do not matter."""

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.metrics import euclidean_distances, pairwise_distances_argmin_min

from skextras._constrained_kmeans import constrained_kmeans, novel_centers
from skextras._gaussian._frame import make_frame
from skextras._gaussian._within import class_moments, shrunk

_FRAMES = {
    "full": ("full", "diag"), "tied": ("full", "diag"), "diag": ("diag", "full"),
    "spherical": ("spherical",),
}  # fmt: skip
SOME = 20_000  # rows that are enough for a start
_SEARCHED = 10_000  # rows that are enough to search for classes
_FEWEST = 50  # labelled rows of a class that are enough


def some_rows(n, codes, rng):
    """Return rows for a start: the labelled ones and some others, in order."""
    if n <= SOME:
        return np.arange(n)
    chosen = rng.choice(n, SOME, replace=False)
    labelled = np.flatnonzero(codes > 0)
    if len(labelled) > SOME:
        labelled = rng.choice(labelled, SOME, replace=False)
    return np.union1d(chosen, labelled)


def rows_to_search(codes, weight, rng):
    """Return rows to search for classes: each has the same share of labelled ones.

    Classes with few labelled rows keep these.
    """
    rows = np.flatnonzero(weight > 0)
    if len(rows) <= _SEARCHED:
        return rows
    chosen = [rng.choice(rows, _SEARCHED, replace=False)]
    counts = np.bincount(codes[chosen[0]], minlength=codes.max() + 1)
    few = np.flatnonzero(counts < _FEWEST)
    chosen += [rows[codes[rows] == code][:_FEWEST] for code in few[few > 0]]
    return np.unique(np.concatenate(chosen))


def frames(X, weight, covariance_type, labels):
    """Return coordinates for clusterings of the rows.

    With labels, that within known classes comes first: the pooled covariance is I.
    """
    X = X.astype(np.float64)
    whole = np.atleast_2d(np.cov(X.T, aweights=weight, ddof=0))[None]
    found = [make_frame(X, kind, whole) for kind in _FRAMES[covariance_type]]
    within = _within(X, weight, labels)
    if within is not None:
        found.insert(0, make_frame(X, covariance_type, within[None]))
    return found


def _within(X, weight, labels):
    """Return the pooled covariance within classes, shrunk, or None without labels."""
    sizes, _, scatters = class_moments(X, weight, labels.class_codes())
    count = sizes.sum() - len(sizes)
    if count < 1:
        return None
    pooled = scatters.sum(axis=0) / count
    if not np.diagonal(pooled).any():
        return None
    return shrunk(pooled, min(0.5, X.shape[1] / count))


def nearest(frame, means, X, structure, codes):
    """Return the component of the nearest mean of each row, among those it may have."""
    squares = euclidean_distances(
        frame.coordinates(X.astype(np.float64)), frame.coordinates(means), squared=True
    )
    uniform = np.full(structure.n_components, 1 / structure.n_components)
    squares[np.isinf(structure.log_weights(uniform))[codes]] = np.inf
    return squares.argmin(axis=1)


def partition(Z, weight, labels, structure, method, rng):
    """Return a component for each row: labelled rows are in those of their class."""
    n_novel = int((~structure.is_known).sum())
    if structure.n_known == 0:
        return of_unlabelled(Z, weight, n_novel, method, rng)
    centers, fixed = _known_centers(Z, weight, labels, structure, rng)
    free = np.flatnonzero((labels.codes == 0) & (weight > 0))
    if n_novel:
        centers = np.vstack([centers, novel_centers(Z[free], centers, n_novel, rng)])
    return constrained_kmeans(Z, weight, centers, fixed)[0]


def of_unlabelled(Z, weight, k, method, rng):
    """Return one of k clusters for each row: by k-means, or as a start of it."""
    rows = np.flatnonzero(weight > 0)
    seed = rng.randint(np.iinfo(np.int32).max)
    if method == "kmeans":
        model = KMeans(k, n_init=3, random_state=seed)
        return model.fit(Z[rows], sample_weight=weight[rows]).predict(Z)
    if method == "k-means++":
        centers = kmeans_plusplus(
            Z[rows], k, sample_weight=weight[rows], random_state=seed
        )[0]
    elif method == "random_from_data":
        centers = Z[rng.choice(rows, k, replace=False)]
    else:
        shares = rng.uniform(size=(len(Z), k))
        return shares / shares.sum(axis=1, keepdims=True)
    return pairwise_distances_argmin_min(Z, centers)[0]


def _known_centers(Z, weight, labels, structure, rng):
    """Return centers of the components of known classes, and those of labelled rows."""
    fixed = np.full(len(Z), -1)
    centers = np.empty((int(structure.is_known.sum()), Z.shape[1]))
    for c in range(structure.n_known):
        parts = np.flatnonzero(structure.owner == c)
        rows = np.flatnonzero((labels.codes == c + 1) & (weight > 0))
        seed = rng.randint(np.iinfo(np.int32).max)
        if len(parts) == 1:
            fixed[rows] = parts[0]
            centers[parts[0]] = np.average(Z[rows], axis=0, weights=weight[rows])
            continue
        model = KMeans(len(parts), n_init=3, random_state=seed)
        model.fit(Z[rows], sample_weight=weight[rows])
        fixed[rows], centers[parts] = parts[model.labels_], model.cluster_centers_
    return centers, fixed
