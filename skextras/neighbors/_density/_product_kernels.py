"""Sums of radial kernels from inner products of queries and points."""

import numpy as np

from skextras._jit import FAST, jit
from skextras._lanes_kernels import BLOCK, closer, count_bits, drop_bit, first_bit
from skextras.neighbors._density._tile_kernels import (
    _MANY,
    GAUSSIAN,
    LEAF,
    ROOM,
    _add_plain,
    _flush,
    _leave_out,
    _reach,
)


@jit(fastmath=FAST)
def finish_squares(x, norms, others):
    """Turn inner products into squared distances."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = max(norms[i] + others[j] - 2.0 * x[i, j], 0.0)


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
    the arguments of ``add_tiles`` from ``kind`` on.
    """
    kind, log_total, log_rtol, floor, all_terms = limits
    is_fast = is_plain and kind == GAUSSIAN and not all_terms
    x, weights, value = np.empty(ROOM), np.empty(ROOM), np.empty(ROOM)
    block, some, limit = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
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
