"""Loops that spread points to a grid, and gather from it, with a smooth window.

A grid has three axes, the missing ones first and of length 1, and is flat. The window
of WIDTH items along each axis is a polynomial in the place between two items, one for
each item.
"""

import numpy as np

from skextras._jit import FAST, jit
from skextras._lanes_kernels import ITEMS, add_line, dot_line, polynomials

WIDTH = ITEMS
DEGREE = 15
CHUNK = 32  # points that are spread at a time


@jit(inner=True, fastmath=FAST, forceinline=True)
def _window(place, table, out, first):
    """Write the window of one axis to out[first:]; return the item it begins at."""
    item = np.floor(place)
    polynomials(table, DEGREE + 1, place - item - 0.5, out, first)
    return np.intp(item) - (WIDTH // 2 - 1)


@jit(inner=True, forceinline=True)
def _begin(weights, begin):
    """Write what missing axes have: weights of 1, from item 0."""
    for k in range(weights.shape[0]):
        weights[k] = 1.0
    for k in range(begin.shape[0]):
        for a in range(3):
            begin[k, a] = 0


@jit(inner=True, fastmath=FAST, forceinline=True)
def _windows(places, r, table, weights, begin, k):
    """Write the windows of all axes of point r, and the items that they begin at.

    That of axis a is written to weights[(3 * k + a) * WIDTH:], the item to begin[k, a].
    """
    d = places.shape[1]
    for a in range(3 - d, 3):
        place = (3 * k + a) * WIDTH
        begin[k, a] = _window(places[r, a + d - 3], table, weights, place)


@jit(fastmath=FAST)
def spread(order, places, weight, table, grid, shape):
    """Add points, in this order, to the grid; ``places`` are in items.

    CHUNK points are added to one plane after the other, which stays in the first cache.
    """
    d = places.shape[1]
    weights, begin = np.empty(CHUNK * 3 * WIDTH), np.empty((CHUNK, 3), np.intp)
    _begin(weights, begin)
    planes, lines = (WIDTH if d > 2 else 1), (WIDTH if d > 1 else 1)
    for start in range(0, order.shape[0], CHUNK):
        size = min(CHUNK, order.shape[0] - start)
        low, high = shape[0], 0
        for k in range(size):
            _windows(places, order[start + k], table, weights, begin, k)
            low, high = min(low, begin[k, 0]), max(high, begin[k, 0])
        for plane in range(low, high + planes):
            for k in range(size):
                i = plane - begin[k, 0]
                if i < 0 or i >= planes:
                    continue
                at = 3 * k * WIDTH
                left = weights[at + i] * weight[order[start + k]]
                for j in range(lines):
                    row = plane * shape[1] + begin[k, 1] + j
                    factor = left * weights[at + WIDTH + j]
                    item = row * shape[2] + begin[k, 2]
                    add_line(grid, item, weights, at + 2 * WIDTH, factor)


@jit(fastmath=FAST)
def gather(first, last, places, table, grid, shape, out):
    """Read the grid at the points first..last-1."""
    d = places.shape[1]
    weights, begin = np.empty(3 * WIDTH), np.empty((1, 3), np.intp)
    _begin(weights, begin)
    planes, lines = (WIDTH if d > 2 else 1), (WIDTH if d > 1 else 1)
    for r in range(first, last):
        _windows(places, r, table, weights, begin, 0)
        total = 0.0
        for i in range(planes):
            for j in range(lines):
                row = (begin[0, 0] + i) * shape[1] + begin[0, 1] + j
                factor = weights[i] * weights[WIDTH + j]
                item = row * shape[2] + begin[0, 2]
                total += factor * dot_line(grid, item, weights, 2 * WIDTH)
        out[r] = total


@jit(fastmath=FAST)
def windows(places, table, matrix):
    """Write the window at each place of one axis into a row of zeros."""
    weights = np.empty(WIDTH)
    for r in range(places.shape[0]):
        first = _window(places[r], table, weights, 0)
        for k in range(WIDTH):
            matrix[r, first + k] = weights[k]
