"""Medoids of samples, judged by all points: CLARA and FastCLARA."""

import numpy as np

from skextras._callbacks import unseen
from skextras._memory import check_memory
from skextras._parallel import blas_on_one_thread, map_blocks
from skextras.cluster._medoids import _init
from skextras.cluster._medoids._empty import without_empty
from skextras.cluster._medoids._problem import Found, Problem

#: Points in a sample as published: so many, and so many more for each cluster.
_SIZES = {"pam": (40, 2), "fasterpam": (80, 4)}


def default_size(method, n_clusters):
    """Return the published number of points in a sample for a method."""
    base, more = _SIZES[method]
    return base + more * n_clusters


def search(
    problem, start=None, step=unseen, *, prepare, size=None, n_samples=5,
    independent=False, n_threads=None,
):  # fmt: skip
    """Find medoids in ``n_samples`` samples; return the best for all points.

    ``prepare`` is that of the optimiser that searches the samples, each from starts
    of its own: ``start`` is not used. The result has the loss over all points; the rest
    tells of the search in its sample. A medoid without points, as where a sample has
    fewer distinct ones than all the points, moves to where it helps.
    """
    rows, weight, k = problem.rows, problem.weight, problem.n_clusters
    size = default_size("fasterpam", k) if size is None else size
    size = min(size, rows.n_points)
    check_memory(
        size**2 * (1 + rows.dtype.itemsize),
        f"The matrix of dissimilarities in a sample of {size} points",
        "give a smaller n_sampling.",
    )
    seeds = problem.rng.randint(np.iinfo(np.int32).max, size=n_samples)

    def run(seed, carried=None):
        rng = np.random.RandomState(seed)
        sample = rng.choice(rows.n_points, size, replace=False)
        if carried is not None:
            fresh = sample[~np.isin(sample, carried)][: size - k]
            sample = np.concatenate([carried, fresh])
        order = np.arange(len(sample))
        part = problem._replace(
            rows=rows.part(sample), weight=weight[sample], order=order,
            candidates=order, rng=rng,
        )  # fmt: skip
        found = _search_sample(part, prepare, goes_on=carried is not None)
        medoids = sample[found.medoids]
        return problem.evaluate(medoids, found.n_iter, found.n_swap, found.converged)

    if independent:
        with blas_on_one_thread():
            tasks = [(seed,) for seed in seeds]
            runs = map_blocks(run, tasks, n_jobs=n_threads, step=step)
        return without_empty(problem, min(runs, key=lambda found: found.loss))
    best = None
    for seed in seeds:
        with step():
            found = run(seed, best and best.medoids)
        if best is None or found.loss < best.loss:
            best = found
    return without_empty(problem, best)


def _search_sample(problem: Problem, prepare, *, goes_on) -> Found:
    """Find medoids in a sample; from its first points as well if it ``goes_on``."""
    search = prepare(problem)
    starts = [_init.draw(problem.init, problem)]
    if goes_on:
        starts.append(problem.order[: problem.n_clusters])
    return min([search(start, unseen) for start in starts], key=lambda run: run.loss)
