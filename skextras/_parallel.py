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


_lock = Lock()
_limit = []  # the limit in force, and an entry for every other block inside it


@contextmanager
def blas_on_one_thread():
    """Keep BLAS from starting threads inside ours, and its sums in one order.

    The limit is that of the process: the first block that is entered sets it, the last
    one that is left takes it back, whichever threads they run on.
    """
    with _lock:
        first = not _limit
        _limit.append(_controller().limit(limits=1, user_api="blas") if first else None)
    try:
        yield
    finally:
        with _lock:
            if len(_limit) == 1:
                _limit[0].restore_original_limits()
            _limit.pop()


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
    n_workers = min(effective_n_jobs(n_jobs), len(blocks))
    if n_workers <= 1:
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
