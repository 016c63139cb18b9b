"""Compiled loops of FasterMSC: evaluation and swaps for the medoid silhouette.

Arrays, with ``m`` points, ``k`` medoids and one row per candidate:

``rows``    (n, m)       rows[j, o] = dissimilarity of point o to candidate j
``table``   (m, k)       the same for the current medoids, one row per point
``keys``    (m, k)       the bits of ``table`` as integers: the same memory
``slots``   (3, m)       slots of the three nearest medoids
``near``    (3, m)       their dissimilarities; of two medoids, the third is at infinity
``weight``  (m,)         weights, whose sum is 1
``terms``   (m, 8)       per point, what its share of the loss is computed from
``rough``   (5, m)       of these, what a lower bound needs, in the type of ``rows``
``removal`` (k,)         loss added when a slot is emptied
``partial`` (2 k LANES,) shares of the slots that are nearest, then that are second

The loss is the weighted mean of ``ratio(nearest, second)``: one minus the average
medoid silhouette. Candidate j in slot i changes it by ``removal[i] + shared +
partial[i]``. Only points nearer to j than to their third medoid add to ``partial`` of
their two nearest slots, and only those nearer than to their second add to ``shared``.
Of the former, the share of the second slot and that of points farther than their second
medoid are not negative: without them, there is a lower bound, which rules out nearly
all candidates.
"""

import numpy as np

from skextras._jit import FAST, jit
from skextras._lanes_kernels import (
    BLOCK,
    closer,
    count_bits,
    drop_bit,
    fetch,
    first_bit,
)

MANY = 24  # so many of them are summed up faster together with the others
LANES = 8  # sums of a slot side by side: each addition waits for the one before
TINY = 2.0**-1022  # the least normal number of float64: 0 divided by it is 0
SMALL = 2.0**-126  # that of float32
#: Columns of ``terms``: the last five are the loss of a point as it is, without its
#: nearest medoid and without its second, and its weight times dissimilarities.
DN, WEIGHT, PER_DS, LOSS, LOSS_A, LOSS_S, W_DS, W_DN = range(8)
#: Rows of ``rough``: GAP is LOSS - LOSS_A.
R_DN, R_WEIGHT, R_PER_DS, R_LOSS, R_GAP = range(5)


@jit
def fill_caches(table, slots, near, start, stop):
    """Find the three nearest medoids of the points start..stop, first slots on ties."""
    for o in range(start, stop):
        a, s, t = -1, -1, -1
        dn, ds, dt = np.inf, np.inf, np.inf
        for slot in range(table.shape[1]):
            d = table[o, slot]
            if d < dn:
                a, s, t, dn, ds, dt = slot, a, s, d, dn, ds
            elif d < ds:
                s, t, ds, dt = slot, s, d, ds
            elif d < dt:
                t, dt = slot, d
        slots[0, o], slots[1, o], slots[2, o] = a, s, t
        near[0, o], near[1, o], near[2, o] = dn, ds, dt


@jit
def _set_terms(o, near, weight, terms, rough):
    """Compute what the evaluation needs of a point, in float64."""
    w = weight[o]
    dn, ds = np.float64(near[0, o]), np.float64(near[1, o])
    dt = max(np.float64(near[2, o]), TINY)
    terms[o, DN] = dn
    terms[o, WEIGHT] = w
    terms[o, PER_DS] = w / max(ds, TINY)
    terms[o, LOSS] = w * (dn / max(ds, TINY))
    terms[o, LOSS_A] = w * (ds / dt)
    terms[o, LOSS_S] = w * (dn / dt)
    terms[o, W_DS] = w * ds
    terms[o, W_DN] = w * dn
    rough[R_DN, o] = near[0, o]
    rough[R_WEIGHT, o] = w
    rough[R_PER_DS, o] = w / max(ds, SMALL)
    rough[R_LOSS, o] = terms[o, LOSS]
    rough[R_GAP, o] = terms[o, LOSS] - terms[o, LOSS_A]


@jit
def set_all_terms(near, weight, terms, rough):
    """As ``_set_terms`` for every point."""
    for o in range(weight.shape[0]):
        _set_terms(o, near, weight, terms, rough)


@jit
def sum_losses(slots, terms, removal):
    """Recompute ``removal``; return the loss."""
    removal[:] = 0.0
    loss = 0.0
    for o in range(terms.shape[0]):
        own = terms[o, LOSS]
        loss += own
        removal[slots[0, o]] += terms[o, LOSS_A] - own
        removal[slots[1, o]] += terms[o, LOSS_S] - own
    return loss


@jit
def _score_inner(d, o, a, s, terms, partial, k):
    """Add a point nearer than its second medoid; return the share of all slots."""
    dn, own = terms[o, DN], terms[o, LOSS]
    new = terms[o, WEIGHT] * (min(d, dn) / max(max(d, dn), TINY))
    partial[LANES * a + o % LANES] += (
        d * terms[o, PER_DS] - new - terms[o, LOSS_A] + own
    )
    partial[LANES * (k + s) + o % LANES] += own - terms[o, LOSS_S]
    return new - own


@jit
def _score_outer(d, o, a, s, terms, partial, k):
    """Add a point between its second and third medoid."""
    inverse = 1.0 / max(d, TINY)
    partial[LANES * a + o % LANES] += terms[o, W_DS] * inverse - terms[o, LOSS_A]
    partial[LANES * (k + s) + o % LANES] += terms[o, W_DN] * inverse - terms[o, LOSS_S]


@jit(fastmath=FAST)
def _rough_block(row, ds, rough, start, parts):
    """Fill in the shares of BLOCK points for their slots; sum up that of all slots."""
    low, zero = rough.dtype.type(SMALL), rough.dtype.type(0)
    shared = zero
    d, limit = row[start : start + BLOCK], ds[start : start + BLOCK]
    dn = rough[R_DN][start : start + BLOCK]
    w = rough[R_WEIGHT][start : start + BLOCK]
    per_ds = rough[R_PER_DS][start : start + BLOCK]
    loss = rough[R_LOSS][start : start + BLOCK]
    gap = rough[R_GAP][start : start + BLOCK]
    for i in range(BLOCK):
        new = w[i] * (min(d[i], dn[i]) / max(max(d[i], dn[i]), low))
        inside = d[i] < limit[i]
        shared += new - loss[i] if inside else zero
        parts[i] = d[i] * per_ds[i] - new + gap[i] if inside else zero
    return shared


@jit
def _rough_point(d, o, slot, rough, partial):
    """Add one point to its slot; return the share of all slots."""
    dn, low = rough[R_DN, o], rough.dtype.type(SMALL)
    new = rough[R_WEIGHT, o] * (min(d, dn) / max(max(d, dn), low))
    part = d * rough[R_PER_DS, o] - new + rough[R_GAP, o]
    partial[LANES * slot + o % LANES] += np.float64(part)
    return np.float64(new - rough[R_LOSS, o])


@jit
def bound(row, following, slots, near, rough, removal, partial, parts):
    """Lower bound of the change by a candidate, up to rounding in the type of the rows.

    The row of the candidate that follows is fetched meanwhile.
    """
    k, m = removal.shape[0], slots.shape[1]
    first, ds = slots[0], near[1]
    whole = m - m % BLOCK
    shared = 0.0
    partial[: LANES * k] = 0.0
    for start in range(0, whole, BLOCK):
        mask = closer(row, start, ds)
        fetch(following, start)
        if count_bits(mask) >= MANY:
            shared += np.float64(_rough_block(row, ds, rough, start, parts))
            for i in range(BLOCK):
                partial[LANES * first[start + i] + i % LANES] += np.float64(parts[i])
            continue
        while mask != 0:
            o = start + first_bit(mask)
            mask = drop_bit(mask)
            shared += _rough_point(row[o], o, first[o], rough, partial)
    for o in range(whole, m):
        if row[o] < ds[o]:
            shared += _rough_point(row[o], o, first[o], rough, partial)
    best = np.inf
    for i in range(k):
        change = removal[i]
        for lane in range(LANES):
            change += partial[LANES * i + lane]
        best = min(best, change)
    return best + shared


@jit
def evaluate(row, slots, near, terms, removal, partial):
    """Change of the loss by a candidate in its best slot, and that slot."""
    k, m = removal.shape[0], slots.shape[1]
    first, second, ds, dt = slots[0], slots[1], near[1], near[2]
    whole = m - m % BLOCK
    shared = 0.0
    partial[:] = 0.0
    for start in range(0, whole, BLOCK):
        mask = closer(row, start, dt)
        if mask == 0:
            continue
        inner = closer(row, start, ds)
        outer = mask ^ inner
        while inner != 0:
            o = start + first_bit(inner)
            inner = drop_bit(inner)
            shared += _score_inner(
                np.float64(row[o]), o, first[o], second[o], terms, partial, k
            )
        while outer != 0:
            o = start + first_bit(outer)
            outer = drop_bit(outer)
            _score_outer(np.float64(row[o]), o, first[o], second[o], terms, partial, k)
    for o in range(whole, m):
        d = np.float64(row[o])
        if row[o] < ds[o]:
            shared += _score_inner(d, o, first[o], second[o], terms, partial, k)
        elif row[o] < dt[o]:
            _score_outer(d, o, first[o], second[o], terms, partial, k)
    best, slot = np.inf, 0
    for i in range(k):
        change = removal[i]
        for lane in range(LANES):
            change += partial[LANES * i + lane] + partial[LANES * (k + i) + lane]
        if change < best:
            best, slot = change, i
    return best + shared, slot


@jit
def _nearest_but(keys, one, other, preferred):
    """Slot of the smallest entry but two; ``preferred`` on ties, then the first.

    Non-negative floats are ordered as their bits are: a minimum of integers needs no
    order of evaluation, and is compiled to vector instructions.
    """
    kept, kept_too = keys[one], keys[other]
    keys[one] = keys[other] = np.iinfo(keys.dtype).max
    smallest = keys[preferred]
    for i in range(keys.shape[0]):
        smallest = min(smallest, keys[i])
    slot = preferred
    if keys[preferred] != smallest:
        slot = 0
        while keys[slot] != smallest:
            slot += 1
    keys[one], keys[other] = kept, kept_too
    return slot


@jit
def _update_point(o, b, d, table, keys, slots, near):
    """Repair the caches of one point after slot ``b`` moved to distance ``d``."""
    a, s, t = slots[0, o], slots[1, o], slots[2, o]
    dn, ds, dt = near[0, o], near[1, o], near[2, o]
    known = True
    if b == a:
        a, s, dn, ds = s, t, ds, dt
    elif b == s:
        s, ds = t, dt
    elif b != t:
        known = False
    if known and d > dt:  # the third is one that was farther
        t = _nearest_but(keys[o], a, s, b)
        dt = table[o, t]
    elif d < dn:
        a, s, t, dn, ds, dt = b, a, s, d, dn, ds
    elif d < ds:
        s, t, ds, dt = b, s, d, ds
    else:
        t, dt = b, d
    slots[0, o], slots[1, o], slots[2, o] = a, s, t
    near[0, o], near[1, o], near[2, o] = dn, ds, dt


@jit
def swap(row, b, table, keys, slots, near, weight, terms, rough, removal):
    """Move slot ``b`` to the candidate of ``row``."""
    for o in range(weight.shape[0]):
        d = row[o]
        table[o, b] = d
        is_near = slots[0, o] == b or slots[1, o] == b or slots[2, o] == b
        if not (is_near or d < near[2, o]):
            continue
        removal[slots[0, o]] -= terms[o, LOSS_A] - terms[o, LOSS]
        removal[slots[1, o]] -= terms[o, LOSS_S] - terms[o, LOSS]
        _update_point(o, np.int32(b), d, table, keys, slots, near)
        _set_terms(o, near, weight, terms, rough)
        removal[slots[0, o]] += terms[o, LOSS_A] - terms[o, LOSS]
        removal[slots[1, o]] += terms[o, LOSS_S] - terms[o, LOSS]


@jit
def scan(
    rows, order, start, stop, last, loss, tol, medoids, is_medoid, table, keys, slots,
    near, weight, terms, rough, removal,
):  # fmt: skip
    """Try the candidates ``order[start:stop]``, swapping eagerly.

    Returns where it stopped, the last swapped candidate, the loss, the number of swaps,
    and whether a full round passed without one.
    """
    partial = np.empty(2 * LANES * medoids.shape[0])
    parts = np.empty(BLOCK, dtype=rows.dtype)
    margin = 2.0 * BLOCK * np.finfo(rows.dtype).eps  # for the rounding of the bound
    n_swap = 0
    for position in range(start, stop):
        j = order[position]
        if j == last:
            return position, last, loss, n_swap, True
        if is_medoid[j]:
            continue
        following = rows[order[min(position + 1, stop - 1)]]
        low = bound(rows[j], following, slots, near, rough, removal, partial, parts)
        if low >= margin:
            continue
        change, b = evaluate(rows[j], slots, near, terms, removal, partial)
        if change >= -tol:
            continue
        swap(rows[j], b, table, keys, slots, near, weight, terms, rough, removal)
        is_medoid[medoids[b]] = False
        is_medoid[j] = True
        medoids[b] = j
        loss += change
        last = j
        n_swap += 1
    return stop, last, loss, n_swap, False
