"""Blocks of rows side by side on threads, with the same bits for every ``n_jobs``."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock

from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _controller():
    return ThreadpoolController()  # looks through all loaded libraries: once


class Shared:
    """A setting of the process, for code that may run in several threads at once.

    The first that enters makes it, and the last that leaves undoes it: were each to
    restore what it found, one could restore what another has set, for good.
    """

    def __init__(self, setting):
        self.setting, self.lock, self.n_inside = setting, Lock(), 0

    @contextmanager
    def __call__(self):
        """Enter, beside others."""
        with self.lock:
            if self.n_inside == 0:
                self.made = self.setting()
                self.made.__enter__()
            self.n_inside += 1
        try:
            yield
        finally:
            with self.lock:
                self.n_inside -= 1
                if self.n_inside == 0:
                    self.made.__exit__(None, None, None)


#: Keeps BLAS from starting threads inside ours, and its sums in one order. The limit is
#: that of the process: other threads of the caller's see it, too.
blas_on_one_thread = Shared(lambda: _controller().limit(limits=1, user_api="blas"))


def n_blas_threads():
    """Return how many threads BLAS would take for a product now."""
    blas = _controller().select(user_api="blas").lib_controllers
    return max((library.num_threads for library in blas), default=1)


def map_blocks(task, blocks, *, n_jobs=None, step=None):
    """Call ``task(*block)`` for every block; return the results in block order.

    ``task`` must let go of the GIL, and the blocks must not depend on ``n_jobs``: then
    the results agree to the last bit. An interrupt cancels the blocks that have not
    begun and is raised when those under way end. ``step`` is the part of a fit that the
    blocks are.
    """
    n_workers = min(effective_n_jobs(n_jobs), len(blocks)) if len(blocks) > 1 else 1
    if n_workers == 1:
        return _followed(map(task, *zip(*blocks, strict=True)), len(blocks), step)
    pool = ThreadPoolExecutor(n_workers)
    try:
        results = pool.map(task, *zip(*blocks, strict=True))
        return _followed(results, len(blocks), step)
    finally:
        pool.shutdown(cancel_futures=True)


def _followed(results, n_results, step):
    """List results as they come, and tell ``step`` which share is there."""
    out = []
    for result in results:
        out.append(result)
        if step is not None:
            step.reach(len(out) / n_results)
    return out


def row_blocks(n_rows, size):
    """Cut ``range(n_rows)`` into (start, stop) pairs of at most ``size`` rows."""
    return [(low, min(low + size, n_rows)) for low in range(0, n_rows, size)]


def map_row_blocks(kernel, n_rows, *, n_jobs=None, min_rows=256):
    """Call ``kernel(start, stop)`` over all rows, blocks side by side.

    ``kernel`` writes its rows into arrays that its caller allocated and must let go of
    the GIL. Each row is computed by the same code whatever ``n_jobs``: results agree to
    the last bit.
    """
    n_workers = min(effective_n_jobs(n_jobs), -(-n_rows // min_rows))
    if n_workers <= 1:
        kernel(0, n_rows)
        return
    map_blocks(kernel, row_blocks(n_rows, -(-n_rows // (4 * n_workers))), n_jobs=n_jobs)
