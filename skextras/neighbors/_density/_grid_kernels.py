"""Loops that spread points to a grid, and gather from it, with a smooth window.

A grid has three axes, the missing ones first and of length 1. The window of WIDTH items
along each axis is a polynomial in the place between two items, one for each item.
"""

import numpy as np

from skextras._jit import FAST, jit

WIDTH = 16
DEGREE = 15


@jit(inner=True, fastmath=FAST)
def _window(place, table, out):
    """Write the window of one axis; return the item at which it begins."""
    item = np.floor(place)
    t = place - item - 0.5
    for j in range(WIDTH):
        out[j] = table[0, j]
    for k in range(1, DEGREE + 1):
        for j in range(WIDTH):
            out[j] = out[j] * t + table[k, j]
    return np.intp(item) - (WIDTH // 2 - 1)


@jit(inner=True, fastmath=FAST)
def _windows(row, table, begin, weights):
    """Write the windows of all axes of a point."""
    d = row.shape[0]
    for a in range(d):
        begin[3 - d + a] = _window(row[a], table, weights[3 - d + a])


@jit(fastmath=FAST)
def spread(places, weight, order, table, grid):
    """Add all points to the grid; ``places`` are in items, one axis a column."""
    d = places.shape[1]
    begin, weights = np.empty(3, np.intp), np.empty((3, WIDTH))
    for a in range(3):
        begin[a], weights[a, 0] = 0, 1.0
    planes, lines = (WIDTH if d > 2 else 1), (WIDTH if d > 1 else 1)
    for r in order:
        _windows(places[r], table, begin, weights)
        for i in range(planes):
            left = weights[0, i] * weight[r]
            for j in range(lines):
                factor = left * weights[1, j]
                line = grid[begin[0] + i, begin[1] + j]
                for k in range(WIDTH):
                    line[begin[2] + k] += factor * weights[2, k]


@jit(fastmath=FAST)
def gather(first, last, places, table, grid, out):
    """Read the grid at the points first..last-1."""
    d = places.shape[1]
    begin, weights = np.empty(3, np.intp), np.empty((3, WIDTH))
    for a in range(3):
        begin[a], weights[a, 0] = 0, 1.0
    planes, lines = (WIDTH if d > 2 else 1), (WIDTH if d > 1 else 1)
    for r in range(first, last):
        _windows(places[r], table, begin, weights)
        total = 0.0
        for i in range(planes):
            for j in range(lines):
                factor = weights[0, i] * weights[1, j]
                line = grid[begin[0] + i, begin[1] + j]
                part = 0.0
                for k in range(WIDTH):
                    part += line[begin[2] + k] * weights[2, k]
                total += factor * part
        out[r] = total


@jit(fastmath=FAST)
def windows(places, table, matrix):
    """Write the window at each place of one axis into a row of zeros."""
    weights = np.empty(WIDTH)
    for r in range(places.shape[0]):
        first = _window(places[r], table, weights)
        for k in range(WIDTH):
            matrix[r, first + k] = weights[k]
