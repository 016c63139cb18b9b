"""What results must equal, computed slowly in numbers of wider range."""

import itertools

import numpy as np

WIDE = np.longdouble
#: Whether squares of all doubles fit into ``WIDE``.
IS_WIDE = np.finfo(WIDE).maxexp > 4 * np.finfo(float).maxexp


def _differences(A, B):
    return A.astype(WIDE)[:, None] - B.astype(WIDE)


def _cosine(A, B):
    A, B = A.astype(WIDE), B.astype(WIDE)
    norms = [np.sqrt((Z * Z).sum(axis=1)) for Z in (A, B)]
    A, B = [
        Z / np.where(norm > 0, norm, 1)[:, None]
        for Z, norm in zip((A, B), norms, strict=True)
    ]
    are_zero = (norms[0] == 0)[:, None] & (norms[1] == 0)
    return np.where(are_zero, 0, np.maximum(1 - A @ B.T, 0))  # equal rows are at 0


#: Dissimilarities of every row of A to every row of B.
METRICS = {
    "euclidean": lambda A, B: np.sqrt((_differences(A, B) ** 2).sum(axis=-1)),
    "sqeuclidean": lambda A, B: (_differences(A, B) ** 2).sum(axis=-1),
    "manhattan": lambda A, B: abs(_differences(A, B)).sum(axis=-1),
    "chebyshev": lambda A, B: abs(_differences(A, B)).max(axis=-1, initial=0),
    "cosine": _cosine,
}
METRICS["l1"] = METRICS["cityblock"] = METRICS["manhattan"]
METRICS["l2"] = METRICS["euclidean"]


def error_of(metric, X, eps, *, centred=True):
    """Return the largest error that a dissimilarity may have, beside relative ones.

    Norms are those of the rows about their mean where the method may centre them.
    """
    X = X.astype(WIDE)
    if metric == "cosine":
        return 64 * eps
    if not len(X):
        return WIDE(0)
    shifted = X - X.mean(axis=0) if centred else X
    reach = np.sqrt((shifted**2).sum(axis=1).max()) + abs(X).max(initial=0) * eps
    tiny = np.finfo(X.dtype).tiny if eps == 0 else WIDE(1e-323)
    if metric == "sqeuclidean":
        return 64 * eps * reach**2 + tiny
    if metric in ("euclidean", "l2"):
        return 64 * np.sqrt(WIDE(eps)) * reach + tiny
    return 64 * eps * reach + tiny


def inertia(X, labels):
    """Sum of squared distances to the means of clusters, in ``WIDE``."""
    X, total = X.astype(WIDE), WIDE(0)
    for label in np.unique(labels):
        part = X[labels == label]
        part = part - part[0]  # the mean of numbers far from 0 is rounded
        total += ((part - part.mean(axis=0)) ** 2).sum()
    return total


def kernel_inertia(K, labels):
    """Inertia in the space of a kernel, in ``WIDE``."""
    K, total = K.astype(WIDE), WIDE(0)
    for label in np.unique(labels):
        part = K[np.ix_(labels == label, labels == label)]
        total += np.trace(part) - part.sum() / len(part)
    return total


def _best_partition(n, k, cost):
    """Least sum of ``cost(mask)`` over partitions of n points into at most k sets."""
    full = 2**n
    single = np.array([WIDE(0)] + [cost(mask) for mask in range(1, full)])
    best = single.copy()
    for _ in range(k - 1):
        further = best.copy()
        for mask in range(1, full):
            low = mask & -mask
            part = mask
            while part:
                if part & low:
                    further[mask] = min(further[mask], single[part] + best[mask ^ part])
                part = (part - 1) & mask
        best = further
    return best[-1]


def best_inertia(X, k):
    """Least inertia of K-means over all partitions: for up to about seven points."""
    members = _members(len(X))
    return _best_partition(
        len(X), k, lambda mask: inertia(X[members[mask]], np.zeros(len(members[mask])))
    )


def best_kernel_inertia(K, k):
    """Least inertia of kernel K-means over all partitions."""
    members = _members(len(K))

    def cost(mask):
        part = K[np.ix_(members[mask], members[mask])].astype(WIDE)
        return np.trace(part) - part.sum() / len(part)

    return _best_partition(len(K), k, cost)


def _members(n):
    return [[i for i in range(n) if mask >> i & 1] for mask in range(2**n)]


def best_single(distances, weight):
    """Least loss of one medoid."""
    return (weight.astype(WIDE) @ distances).min()


def best_swap(distances, medoids, weight):
    """Least loss after the swap of one medoid for one other point."""
    distances, weight = distances.astype(WIDE), weight.astype(WIDE)
    candidates = np.setdiff1d(np.flatnonzero(weight), medoids)
    losses = [WIDE(np.inf)]
    for slot in range(len(medoids)):
        others = distances[:, np.delete(medoids, slot)].min(axis=1, initial=np.inf)
        near = np.minimum(others[:, None], distances[:, candidates])
        losses.extend(weight @ near)
    return min(losses)


def best_medoids(distances, k, weight):
    """Least loss of k medoids, by trying all."""
    choices = itertools.combinations(np.flatnonzero(weight), k)
    return min(
        weight.astype(WIDE) @ distances[:, list(chosen)].min(axis=1)
        for chosen in choices
    )
