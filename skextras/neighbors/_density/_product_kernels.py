"""Sums of radial kernels from inner products of queries and points."""

from typing import NamedTuple

import numpy as np

from skextras._exp_kernels import exp_single_into
from skextras._jit import FAST, jit
from skextras._lanes_kernels import (
    BLOCK,
    closer,
    count_bits,
    drop_bit,
    first_bit,
    near,
    square_sum,
)
from skextras.neighbors._density._tile_kernels import (
    _MANY,
    GAUSSIAN,
    LEAF,
    MOMENT,
    ROOM,
    SHIFT,
    TOTAL,
    _add_plain,
    _flush,
    _leave_out,
    _reach,
)


class Single(NamedTuple):
    """Points of a tile in single precision, and in double again for those near by.

    ``rows`` are flat, each filled up with zeros to a multiple of LANES features;
    ``norms`` are infinite, and ``log_weight`` is -infinite, where there is no point.
    """

    norms32: np.ndarray
    log_weight32: np.ndarray
    scale32: np.ndarray
    rows: np.ndarray
    log_weight: np.ndarray
    scale: np.ndarray
    owner: np.ndarray


@jit(fastmath=FAST)
def finish_squares(x, norms, others):
    """Turn inner products into squared distances."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = max(norms[i] + others[j] - 2.0 * x[i, j], 0.0)


@jit
def reaches(first, last, sums, limits, out):
    """Write x beyond which the terms of the queries first..last-1 may be left out."""
    kind, log_total, log_rtol, floor, _ = limits
    for q in range(first, last):
        out[q - first] = _reach(sums, q, kind, log_total, log_rtol, floor)


@jit(inner=True, fastmath=FAST, forceinline=True)
def _take(block, mask, log_weight, first, x, weights, place):
    """Write the pairs of a mask; return the next place."""
    while mask != np.uint64(0):
        i = first_bit(mask)
        mask = drop_bit(mask)
        x[place] = block[i]
        weights[place] = log_weight[first + i]
        place += 1
    return place


@jit(fastmath=FAST)
def add_products(products, norms, others, log_weight, scale, owner, own, is_plain, sums,
                 first, limits):  # fmt: skip
    """Sum up the kernel for queries first.. over the points of a tile of products.

    ``norms`` and ``own`` are of these queries, ``others``, ``log_weight``, ``scale``
    and ``owner`` of the points, whose number is a multiple of BLOCK. ``limits`` are
    the arguments of ``add_tiles`` from ``kind`` on. Return how many pairs were near
    enough to count.
    """
    kind, log_total, log_rtol, floor, all_terms = limits
    is_fast = is_plain and kind == GAUSSIAN and not all_terms
    x, weights, value = np.empty(ROOM), np.empty(ROOM), np.empty(ROOM)
    block, some, limit = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    n_near = 0
    for i in range(products.shape[0]):
        q, count = first + i, 0
        reach = _reach(sums, q, kind, log_total, log_rtol, floor)
        for k in range(BLOCK):
            limit[k] = reach
        for start in range(0, products.shape[1], BLOCK):
            for k in range(BLOCK):
                square = norms[i] + others[start + k] - 2.0 * products[i, start + k]
                block[k] = max(square, 0.0) * scale[start + k]
            if own[i] >= 0:
                _leave_out(owner, start, own[i], block)
            mask = closer(block, 0, limit)
            n_near += count_bits(mask)
            if count_bits(mask) <= _MANY:
                count = _take(block, mask, log_weight, start, x, weights, count)
                if count <= ROOM - LEAF:
                    continue
                _flush(x, weights, value, 0, count, sums, q, kind)
                count = 0
            elif is_fast:
                _add_plain(block, value, sums, q)
            else:
                for k in range(BLOCK):
                    some[k] = log_weight[start + k]
                _flush(block, some, value, 0, BLOCK, sums, q, kind)
            reach = _reach(sums, q, kind, log_total, log_rtol, floor)
            for k in range(BLOCK):
                limit[k] = reach
        _flush(x, weights, value, 0, count, sums, q, kind)
    return n_near


@jit(inner=True, fastmath=FAST, forceinline=True)
def _add_small(x, exponent, count, value, sums, q):
    """Add pairs to the sums of a query in single precision."""
    half, shift, zero = np.float32(0.5), np.float32(sums[q, SHIFT]), np.float32(0.0)
    for k in range(count):
        exponent[k] -= half * x[k] + shift
    exp_single_into(exponent, count, value)
    total, moment = zero, zero
    for k in range(count):
        total += value[k]
        moment += value[k] * x[k]
    sums[q, TOTAL] += total
    sums[q, MOMENT] += moment


@jit(fastmath=FAST)
def add_single(products, norms32, nearer, queries, own, tile, least, sums, first,
               limits):  # fmt: skip
    """As ``add_products`` for normal kernels, from products in single precision.

    ``products`` are flat, with -2 times the queries. ``queries`` are flat as the rows
    of the tile; ``norms32`` are their squared norms. Of query i, pairs whose x is less
    than the reach by ``nearer[i]`` are computed again in double precision: return how
    many. ``least`` is the smallest scale of the tile. Sums must have terms before.
    """
    # arrays of a record are counted at every use: they are named once
    others, weight32, scale32, flat = (
        tile.norms32, tile.log_weight32, tile.scale32, tile.rows
    )  # fmt: skip
    log_weight, scale, owner = tile.log_weight, tile.scale, tile.owner
    kind, log_total, log_rtol, floor, _ = limits
    m, n = norms32.shape[0], others.shape[0]
    size, least = queries.shape[0] // m, np.float32(least)
    x, weights, value = np.empty(ROOM), np.empty(ROOM), np.empty(ROOM)
    x32, weights32, value32 = np.empty((3, ROOM), np.float32)
    one, zero = np.empty(1, np.float32), np.float32(0.0)
    one[0] = 1.0
    n_near = 0
    for i in range(m):
        q, norm, count, count32 = first + i, norms32[i], 0, 0
        reach = _reach(sums, q, kind, log_total, log_rtol, floor)
        far, close = np.float32(reach), np.float32(reach - nearer[i])
        for start in range(0, n, BLOCK):
            at, limit = i * n + start, far / least - norm
            mask32 = near(products, at, BLOCK, one, 1, others, start, limit)
            if mask32 == np.uint64(0):
                continue
            limit = close / least - norm
            mask = near(products, at, BLOCK, one, 1, others, start, limit)
            mask32 ^= mask
            n_near += count_bits(mask)
            while mask32 != np.uint64(0):
                j = start + first_bit(mask32)
                mask32 = drop_bit(mask32)
                square32 = max(others[j] + products[i * n + j] + norm, zero)
                x32[count32] = square32 * scale32[j]
                weights32[count32] = weight32[j]
                count32 += owner[j] != own[i]
            while mask != np.uint64(0):
                j = start + first_bit(mask)
                mask = drop_bit(mask)
                square = square_sum(flat, j * size, queries, i * size, size)
                x[count] = square * scale[j]
                weights[count] = log_weight[j]
                count += owner[j] != own[i]
            if count32 > ROOM - BLOCK:
                _add_small(x32, weights32, count32, value32, sums, q)
                count32 = 0
            if count > ROOM - BLOCK:
                _flush(x, weights, value, 0, count, sums, q, kind)
                count = 0
                reach = _reach(sums, q, kind, log_total, log_rtol, floor)
                far, close = np.float32(reach), np.float32(reach - nearer[i])
        _flush(x, weights, value, 0, count, sums, q, kind)
        _add_small(x32, weights32, count32, value32, sums, q)
    return n_near
