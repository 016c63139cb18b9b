"""The k-medoids family in its plainest form: what the fast paths must equal.

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


def onebatch(to_references, medoids, weight, order, tol=1e-6):
    """Eager swaps judged by references: (medoids, number of passes, of swaps).

    ``to_references[c, j]`` is the dissimilarity of reference c to candidate j, and of a
    reference to itself the largest one.
    """
    medoids, n_iter, n_swap, last = [int(j) for j in medoids], 0, 0, None
    loss = weight @ to_references[:, medoids].min(axis=1)
    while True:
        n_iter, before, old = n_iter + 1, n_swap, loss
        for j in order:
            if j == last:
                break
            if j in medoids:
                continue
            losses = [
                weight @ to_references[:, [*medoids[:i], j, *medoids[i + 1 :]]].min(1)
                for i in range(len(medoids))
            ]
            slot = int(np.argmin(losses))
            if losses[slot] < loss * (1 - tol):
                medoids[slot], loss = int(j), losses[slot]
                n_swap, last = n_swap + 1, j
        if n_swap == before or loss >= old:
            return medoids, n_iter, n_swap


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


def gower(x, y, categorical, ranges, weights):
    """Mean difference of two rows over the features that both have, 1 if none."""
    total = shared = 0.0
    for f in range(len(x)):
        if np.isnan(x[f]) or np.isnan(y[f]):
            continue
        shared += weights[f]
        if categorical[f]:
            total += weights[f] * (x[f] != y[f])
        elif ranges[f] > 0:
            total += weights[f] * abs(float(x[f]) - float(y[f])) / ranges[f]
    return total / shared if shared > 0 else 1.0


def lacking(distances, medoids, weight, least):
    """Weight that the clusters lack in all; a point on a tie is in the first one."""
    slots = np.asarray(distances)[:, medoids].argmin(axis=1)
    sizes = np.bincount(slots, weight, len(medoids))
    return round(float(np.maximum(least - sizes, 0).sum()), 6)


def swap_within(distances, medoids, weight, n_fixed, least, candidates):
    """Return the best swap for the first of the candidates, or None.

    It lowers what clusters lack, or leaves that and lowers the loss; ties as in PAM.
    """
    loss = cost(distances, medoids, weight)
    best = (lacking(distances, medoids, weight, least), loss * (1 - TOL))
    found = None
    for j in candidates:
        if j in medoids:
            continue
        for slot in range(n_fixed, len(medoids)):
            trial = [*medoids[:slot], j, *medoids[slot + 1 :]]
            rank = (
                lacking(distances, trial, weight, least),
                cost(distances, trial, weight),
            )
            if rank < best:
                best, found = rank, trial
    return found


def within_limits(distances, medoids, weight, n_fixed, least, order, eager):
    """Search freely, repair, and search on: (medoids, passes, swaps)."""
    medoids, n_iter, n_swap = [int(j) for j in medoids], 0, 0
    for limit in (0, least):
        if limit and not lacking(distances, medoids, weight, limit):
            break
        last, before = None, None
        while medoids != before:
            before, n_iter = list(medoids), n_iter + 1
            at_once = eager and not lacking(distances, medoids, weight, limit)
            for part in [[j] for j in order] if at_once else [order]:
                if at_once and part[0] == last:
                    break
                found = swap_within(distances, medoids, weight, n_fixed, limit, part)
                if found is not None:
                    medoids, n_swap, last = found, n_swap + 1, part[0]
        if not least:
            break
    return medoids, n_iter, n_swap


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
