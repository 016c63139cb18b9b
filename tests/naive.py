"""The methods in their plainest form: what the fast paths must equal.

``distances[o, j]`` is the dissimilarity of point o to candidate medoid j.
"""

import numpy as np

TOL = 1e-12  # a swap must lower the loss by this fraction


def cost(distances, medoids, weight=None):
    """Weighted sum of the dissimilarities to the nearest medoid."""
    distances = np.asarray(distances, dtype=np.float64)
    weight = np.ones(len(distances)) if weight is None else np.asarray(weight)
    return float(weight @ distances[:, medoids].min(axis=1))


def labels(distances, medoids):
    """Slot of the nearest medoid, the first on ties; a medoid has its own slot."""
    slots = np.asarray(distances)[:, medoids].argmin(axis=1)
    slots[np.asarray(medoids)] = np.arange(len(medoids))
    return slots


def build(distances, n_medoids, weight=None):
    """PAM's BUILD: the best single medoid, then the largest gains while there are."""
    distances = np.asarray(distances, dtype=np.float64)
    weight = np.ones(len(distances)) if weight is None else np.asarray(weight)
    medoids = [int(np.argmin(weight @ distances))]
    while len(medoids) < n_medoids:
        nearest = distances[:, medoids].min(axis=1)
        gain = weight @ np.maximum(nearest[:, None] - distances, 0)
        gain[medoids] = 0
        if not gain.max() > 0:
            break
        medoids.append(int(gain.argmax()))
    return np.array(medoids)


def swap_costs(distances, medoids, candidate, weight=None):
    """Loss after the candidate has taken each slot in turn."""
    trials = [
        [*medoids[:slot], candidate, *medoids[slot + 1 :]]
        for slot in range(len(medoids))
    ]
    return np.array([cost(distances, trial, weight) for trial in trials])


def pam_swap(distances, medoids, weight=None):
    """One step of PAM's SWAP: the medoids after the best of all single swaps.

    None if no swap lowers the loss. The first candidate wins ties, then the first slot.
    """
    medoids = [int(j) for j in medoids]
    least, best = cost(distances, medoids, weight) * (1 - TOL), None
    for j in range(len(distances)):
        if j in medoids:
            continue
        costs = swap_costs(distances, medoids, j, weight)
        if costs.min() < least:
            slot = int(costs.argmin())
            least, best = costs[slot], [*medoids[:slot], j, *medoids[slot + 1 :]]
    return best


def fasterpam(distances, medoids, weight=None, order=None, max_iter=300):
    """Eager swaps in ``order``: (medoids, number of passes, number of swaps)."""
    order = range(len(distances)) if order is None else order
    medoids = [int(j) for j in medoids]
    loss = cost(distances, medoids, weight)
    n_iter, n_swap, last = 0, 0, None
    while n_iter < max_iter:
        n_iter += 1
        before, old = n_swap, loss
        for j in order:
            if j == last:
                break
            if j in medoids:
                continue
            costs = swap_costs(distances, medoids, j, weight)
            slot = int(costs.argmin())
            if costs[slot] < loss * (1 - TOL):
                medoids[slot], loss = int(j), costs[slot]
                n_swap, last = n_swap + 1, j
        if n_swap == before or loss >= old:
            break
    return medoids, n_iter, n_swap


def single_medoid(distances, medoid, weight=None, order=None):
    """Do the same for one medoid, which is looked up: one pass, 0 or 1 swaps."""
    order = np.arange(len(distances)) if order is None else np.asarray(order)
    costs = np.array([cost(distances, [j], weight) for j in order])
    improves = costs.min() < cost(distances, [medoid], weight) * (1 - TOL)
    best = int(order[costs.argmin()]) if improves else int(medoid)
    return [best], 1, int(best != medoid)


def alternate(distances, medoids, weight):
    """Assign, then move medoids within clusters: (medoids, number of passes)."""
    medoids = [int(j) for j in medoids]
    before, n_iter = None, 0
    while medoids != before:
        n_iter += 1
        slots, before = labels(distances, medoids), list(medoids)
        for slot in range(len(medoids)):
            members = np.flatnonzero(slots == slot)
            sums = weight[members] @ distances[np.ix_(members, members)]
            if sums.min() < sums[members == medoids[slot]]:
                medoids[slot] = int(members[sums.argmin()])
    return medoids, n_iter


def medoid_silhouette(distances, medoids, weight=None):
    """Average medoid silhouette, point by point."""
    distances = np.asarray(distances, dtype=np.float64)
    weight = np.ones(len(distances)) if weight is None else np.asarray(weight)
    values = []
    for row in distances[:, medoids]:
        first, second = sorted(row)[:2]
        values.append(1 - (first / second if second > 0 else 0))
    return float(weight @ np.array(values) / weight.sum())


def swap_silhouettes(distances, medoids, candidate, weight=None):
    """Average after the candidate has taken each slot in turn."""
    trials = [
        [*medoids[:slot], candidate, *medoids[slot + 1 :]]
        for slot in range(len(medoids))
    ]
    return np.array([medoid_silhouette(distances, t, weight) for t in trials])


def fastermsc(distances, medoids, weight=None, order=None, max_iter=300):
    """Eager swaps that raise the average: (medoids, passes, swaps)."""
    order = range(len(distances)) if order is None else order
    medoids = [int(j) for j in medoids]
    value = medoid_silhouette(distances, medoids, weight)
    n_iter, n_swap, last = 0, 0, None
    while n_iter < max_iter:
        n_iter += 1
        before = n_swap
        for j in order:
            if j == last:
                break
            if j in medoids:
                continue
            values = swap_silhouettes(distances, medoids, j, weight)
            slot = int(values.argmax())
            if values[slot] > value + TOL:
                medoids[slot], value = int(j), values[slot]
                n_swap, last = n_swap + 1, j
        if n_swap == before:
            break
    return medoids, n_iter, n_swap


def dynmsc(distances, medoids, weight=None, order=None):
    """Average for each number of medoids: the better one of two ways down."""
    best = {}
    for choose in (np.argmin, np.argmax):
        chosen, _, _ = fastermsc(distances, medoids, weight, order)
        while True:
            value = medoid_silhouette(distances, chosen, weight)
            best[len(chosen)] = max(value, best.get(len(chosen), 0))
            if len(chosen) == 2:
                break
            trials = [np.delete(chosen, slot) for slot in range(len(chosen))]
            values = [medoid_silhouette(distances, t, weight) for t in trials]
            start = trials[choose(values)]
            chosen, _, _ = fastermsc(distances, start, weight, order)
    return best
