"""Sums of a tile of candidates, and the bounds that follow from them."""

import numpy as np
import pytest
from numba import njit

from skextras.cluster._medoids._bound_kernels import LANES, bound, group, sum_tile
from skextras.cluster._medoids._codes import Codes
from skextras.cluster._medoids._rows import HeldRows
from skextras.cluster._medoids._swap_kernels import swap
from skextras.cluster._medoids._swaps import SwapState
from tests.naive import medoids as naive


@njit
def sum_all(near, tile, b, sums):
    group(near, b)
    sum_tile(tile, b, sums)


@njit
def bound_all(sums, removal, unit, best, bounds):
    bound(sums, removal, unit, best, bounds)


@njit
def swap_one(row, point, slot, tile, s, b):
    return swap(row, point, slot, tile, s, b)


def make(n, k, *, seed=0, equal_weights=False, roomy=False):
    """Return the state at random medoids, and the dissimilarities.

    If ``roomy``, the steps of the codes are long enough for any medoids.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) * rng.gamma(0.5, size=(n, 1))
    D = np.linalg.norm(X[:, None] - X, axis=2)
    weight = np.ones(n) if equal_weights else rng.gamma(1.0, size=n) + 0.01
    rows, medoids = HeldRows(D, D), rng.choice(n, k, replace=False)
    codes = Codes(rows, weight, rng.permutation(n))
    if roomy:
        codes.calibrate(D.max(axis=1))
    state = SwapState(rows, medoids, weight, codes)
    codes.finish()
    state.refresh()
    return state, D


def sums_of(state, tile):
    """Sum up all points for a tile, from nothing."""
    sums = np.empty_like(state.bounds.sums)
    sum_all(state.state.near, tile, state.bounds, sums)
    return sums


@pytest.mark.parametrize("equal_weights", [True, False])
@pytest.mark.parametrize(("n", "k"), [(40, 2), (150, 3), (150, 40), (700, 2)])
def test_no_change_is_below_its_bound(n, k, equal_weights):
    state, D = make(n, k, equal_weights=equal_weights)
    close = 0
    for tile in range(len(state.codes.tiles)):
        bounds = np.empty(LANES)
        sums, removal = sums_of(state, tile), state.state.removal
        bound_all(sums, removal, state.codes.unit, state.bounds.least, bounds)
        bounds = bounds.reshape(2, -1).T.ravel()  # even candidates came first
        candidates = state.codes.order[tile * LANES :][:LANES]
        for lower, j in zip(bounds, candidates, strict=False):
            if j in state.medoids:
                continue
            costs = naive.swap_costs(D, state.medoids, j, state.state.weight)
            change = costs.min() - state.loss
            assert lower <= change + 1e-12 * state.loss
            close += lower >= change - 0.02 * state.loss
    assert close > n / 2  # of use, too


@pytest.mark.parametrize("k", [2, 5, 40])
def test_swaps_keep_the_sums_exact(k):
    state, D = make(150, k, roomy=True)
    tile, rng = 1, np.random.default_rng(1)
    sums = state.bounds.sums
    sums[:] = sums_of(state, tile)
    for _ in range(30):
        j = rng.choice(np.flatnonzero(~np.isin(np.arange(150), state.medoids)))
        slot = rng.integers(k)
        fits = swap_one(D[j], j, slot, tile, state.state, state.bounds)
        state.medoids[slot] = j
        assert fits
        np.testing.assert_array_equal(sums, sums_of(state, tile))
