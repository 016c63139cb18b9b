"""Swaps of medoids for points that are drawn: CLARANS and FastCLARANS."""

from contextlib import nullcontext

import numpy as np

from skextras.cluster._medoids._empty import fill_empty
from skextras.cluster._medoids._swaps import SingleState, SwapState

EXPECTED = 50  # blocks of draws in a search, for its progress
_ITEMS_PER_BLOCK = 2**20  # dissimilarities that are made at a time
_LEAST_DRAWS = 50  # in a row without success that end FastCLARANS
_MOST_DRAWS = 64  # draws whose rows are made together


def search(problem, start, step=nullcontext, *, kind, limit=None):
    """Swap medoids at random until ``limit`` draws in a row do not help.

    ``kind`` is what is drawn: one of ``DRAWS``. Medoids that are then without points
    move to where they help, and the search goes on. The number of draws is told as
    that of passes.
    """
    order, k = problem.order, len(start)
    limit = kind.patience(len(order) - k, k, limit)
    n_draws, n_swap, n_moved = 0, 0, 1
    while n_moved:
        one = SingleState if k == 1 else SwapState
        state = one(problem.rows, start, problem.weight)
        state.n_swap = n_swap
        n_draws += _until(state, kind(order, state, problem.rng), limit, step)
        found, n_moved = state.result(n_draws), 0
        if k > 1:
            start, n_moved = fill_empty(problem, found.medoids, found.labels)
        n_swap = found.n_swap + n_moved
    return found


def _until(state, draws, limit, step):
    """Swap until ``limit`` draws in a row do not help; return the number of draws."""
    state.refresh()
    rows = state.rows
    most = min(_MOST_DRAWS, max(1, _ITEMS_PER_BLOCK // rows.n_points), max(limit, 1))
    candidates = slots = ()
    n_draws, failures = 0, 0
    while failures < limit:
        with step():
            if len(candidates) == 0:
                candidates, slots = draws.deal(most)
                block = rows.take(candidates)
            n_swap, most_now = state.n_swap, slice(limit - failures)
            n_tried, _ = state.try_rows(
                block[most_now], candidates[most_now], slots=slots[most_now], once=True
            )
            n_draws, failures = n_draws + n_tried, failures + n_tried
            rest = candidates[n_tried:], slots[n_tried:], block[n_tried:]
            candidates, slots, block = rest
            if state.n_swap > n_swap:
                state.refresh()
                failures = 0
                draws.begin(len(candidates))
                if state.is_medoid[candidates].any():  # a pair drawn twice
                    others = ~state.is_medoid[candidates]
                    candidates, slots, block = (part[others] for part in rest)
    return n_draws


class Points:
    """Points that are no medoids, none twice between two swaps: each for all slots."""

    @staticmethod
    def patience(n_others, n_medoids, limit=None):
        """Draws in a row without success that end a search.

        2.5 % of the points as published, and at least 50, or all, so that few points
        are not left to a draw or two.
        """
        least = max(min(_LEAST_DRAWS, n_others), int(np.ceil(0.025 * n_others)))
        return min(least if limit is None else limit, n_others)

    def __init__(self, order, state, rng):
        self.deck, self.state, self.rng = order.copy(), state, rng
        self.top, self.places = 0, []

    def deal(self, size):
        """Draw up to ``size``, as Fisher and Yates do; slots of -1 stand for all."""
        deck, self.places = self.deck, []
        while len(self.places) < size and self.top < len(deck):
            place = self.rng.randint(self.top, len(deck))
            deck[self.top], deck[place] = deck[place], deck[self.top]
            if not self.state.is_medoid[deck[self.top]]:
                self.places.append(self.top)
            self.top += 1
        return deck[self.places], np.full(len(self.places), -1)

    def begin(self, n_left):
        """Shuffle anew but for the last ``n_left`` points dealt, which are yet to come.

        They are the first of the next shuffle: nothing is known of them.
        """
        places = self.places[len(self.places) - n_left :]
        for top, place in enumerate(places):
            self.deck[top], self.deck[place] = self.deck[place], self.deck[top]
        self.top, self.places = n_left, list(range(n_left))


class Pairs:
    """Points that are no medoids, and slots, drawn independently."""

    @staticmethod
    def patience(n_others, n_medoids, limit=None):
        """Draws in a row without success that end a search.

        1.25 % of the pairs, at least 250, as published.
        """
        if not n_others:
            return 0
        share = int(np.ceil(0.0125 * n_medoids * n_others))
        return max(250, share) if limit is None else limit

    def __init__(self, order, state, rng):
        self.order, self.state, self.rng = order, state, rng

    def deal(self, size):
        """Draw ``size`` pairs."""
        rng, n = self.rng, len(self.order)
        points = self.order[rng.randint(n, size=size)]
        again = np.flatnonzero(self.state.is_medoid[points])
        while len(again):
            points[again] = self.order[rng.randint(n, size=len(again))]
            again = again[self.state.is_medoid[points[again]]]
        return points, rng.randint(len(self.state.medoids), size=size)

    def begin(self, n_left):
        """Do nothing: draws do not depend on the past."""


#: What CLARANS and FastCLARANS draw.
DRAWS = {"clarans": Pairs, "fastclarans": Points}
