"""The methods of KMedoids: what each takes, what it keeps, and how it is run."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from skextras._memory import check_memory, memory_allowed
from skextras.cluster._medoids import _init, _random_swaps, _samples
from skextras.cluster._medoids._alternate import alternate
from skextras.cluster._medoids._constrained import optimize_within
from skextras.cluster._medoids._empty import without_empty
from skextras.cluster._medoids._onebatch import onebatch
from skextras.cluster._medoids._swaps import optimize, single_medoid

_MOST_EXACT = 100_000  # points for which "auto" looks at all dissimilarities


class Optimizer(NamedTuple):
    """A method: ``prepare(problem)`` returns ``run(start, step)``, that a ``Found``.

    What the runs have in common is done by ``prepare``.
    """

    prepare: Callable
    expected: int = 1  # steps of a run, for progress
    takes_sparse: bool = False  # a sparse matrix of dissimilarities
    takes_limits: bool = False  # fixed medoids, minimum weights of clusters
    samples: bool = False  # looks at some dissimilarities, each time at others
    draws_start: bool = False  # wherever it searches: takes no medoids to start from
    keeps_codes: bool = False  # one byte for each dissimilarity
    needs_matrix: bool = True  # of all dissimilarities, beside the codes


def by_swaps(problem, *, eager):
    """Prepare FasterPAM (``eager``) or PAM: both end where no swap helps."""
    rows, weight, order = problem.rows, problem.weight, problem.order
    if problem.limits:
        return partial(optimize_within, problem, eager=eager)
    if problem.n_clusters == 1:
        return lambda start, step: single_medoid(rows, start, weight, order, step=step)
    state = rows.swap_states(weight, problem.candidates, eager=eager)

    def run(start, step):
        return optimize(state(start), problem.max_iter, eager=eager, step=step)

    return run


def _as_it_is(search):
    """Return the ``prepare`` of ``search(problem, start, step)``: there is nothing."""
    return partial(partial, search)


def random_swaps(kind, limit=None):
    """Return CLARANS or FastCLARANS, by what it draws, with a limit of failures."""
    search = partial(_random_swaps.search, kind=kind, limit=limit)
    expected = _random_swaps.EXPECTED
    return Optimizer(_as_it_is(search), expected=expected, samples=True)


_PAM = Optimizer(
    partial(by_swaps, eager=False),
    takes_sparse=True,
    takes_limits=True,
    keeps_codes=True,
)
#: The methods by name.
OPTIMIZERS = {
    "fasterpam": _PAM._replace(
        prepare=partial(by_swaps, eager=True), needs_matrix=False
    ),
    "pam": _PAM,
    "fastpam1": _PAM,
    "alternate": Optimizer(_as_it_is(alternate), expected=5),
    "onebatch": Optimizer(_as_it_is(onebatch), samples=True),
    "fastclara": Optimizer(
        _as_it_is(partial(_samples.search, prepare=partial(by_swaps, eager=True))),
        expected=5,
        samples=True,
        draws_start=True,
    ),
    "fastclarans": random_swaps(_random_swaps.DRAWS["fastclarans"]),
}


def resolve(method, *, limits, is_sparse):
    """Return the name of the method if that is known before the points are.

    Raises ValueError for input that it does not take.
    """
    if limits and is_sparse:
        raise ValueError(
            "fixed_medoids and min_cluster_size do not take a sparse precomputed X: "
            "give a dense one."
        )
    if method == "auto":
        return "fasterpam" if limits or is_sparse else "auto"
    if limits and not OPTIMIZERS[method].takes_limits:
        raise ValueError(
            f"method={method!r} takes neither fixed_medoids nor min_cluster_size: "
            "choose 'fasterpam' or 'pam'."
        )
    if is_sparse and not OPTIMIZERS[method].takes_sparse:
        raise ValueError(
            f"method={method!r} does not take a sparse precomputed X: choose "
            "'fasterpam' or 'pam'."
        )
    return method


def plan(method, rows, n_clusters, limits=(), memory_limit=None):
    """Return the name of the method, and what it keeps of the dissimilarities.

    That is "matrix", "bytes", "sparse" or "none". Raises MemoryError if the limit is
    too low for it.
    """
    n, limit = rows.n_points, memory_limit
    table = n * n_clusters * rows.dtype.itemsize
    codes = n**2 + table
    matrix = n**2 * rows.dtype.itemsize * (not rows.is_held)
    if method == "auto":
        exact = n <= _MOST_EXACT and codes <= memory_allowed(limit)
        method = "fasterpam" if exact else "onebatch"
    optimizer = OPTIMIZERS[method]
    if optimizer.samples or rows.storage == "sparse":
        return method, rows.storage
    what = f"The matrix of dissimilarities between {n} points"
    way_out = "choose method='onebatch', or fit on a sample and predict the rest."
    if limits:
        way_out = "fit on a sample, or without fixed_medoids and min_cluster_size."
    if limits or not optimizer.keeps_codes:
        check_memory(matrix + table, what, way_out, limit)
    elif optimizer.needs_matrix:
        check_memory(matrix + codes, what, way_out, limit)
    elif matrix + codes > memory_allowed(limit):
        check_memory(codes, f"{what}, in one byte each,", way_out, limit)
        return method, "bytes"
    return method, "matrix"


def best_run(problem, optimizer, start, n_runs, step):
    """Run an optimiser ``n_runs`` times; return the best result, the first on ties.

    Each run draws a start of its own if ``start`` is None.
    """
    draws = start is None and not optimizer.draws_start
    run, best = optimizer.prepare(problem), None
    limits, weight = problem.limits, problem.weight
    for _ in range(n_runs):
        with step(optimizer.expected) as part:
            if draws:
                start = _init.draw(problem.init, problem)
            found = run(start, part)
            if not (found.converged or limits):
                found = without_empty(problem, found)
        if best is None or limits.rank(found, weight) < limits.rank(best, weight):
            best = found
    return best
