"""Blocks of rows side by side on threads, with the same bits for every ``n_jobs``."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _controller():
    return ThreadpoolController()  # looks through all loaded libraries: once


def blas_on_one_thread():
    """Keep BLAS from starting threads inside ours, and its sums in one order.

    As in scikit-learn, the limit is that of the process: Python threads of the caller's
    that enter and leave at the same time may see each other's.
    """
    return _controller().limit(limits=1, user_api="blas")


def n_blas_threads():
    """Return how many threads BLAS would take for a product now."""
    blas = _controller().select(user_api="blas").lib_controllers
    return max((library.num_threads for library in blas), default=1)


def map_blocks(task, blocks, *, n_jobs=None):
    """Call ``task(*block)`` for every block; return the results in block order.

    ``task`` must let go of the GIL, and the blocks must not depend on ``n_jobs``: then
    the results agree to the last bit. An interrupt cancels the blocks that have not
    begun and is raised when those under way end.
    """
    n_workers = min(effective_n_jobs(n_jobs), len(blocks)) if len(blocks) > 1 else 1
    if n_workers == 1:
        return [task(*block) for block in blocks]
    pool = ThreadPoolExecutor(n_workers)
    try:
        return list(pool.map(task, *zip(*blocks, strict=True)))
    finally:
        pool.shutdown(cancel_futures=True)


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
