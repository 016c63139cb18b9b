"""Blocks of rows side by side on threads, with the same bits for every ``n_jobs``."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache
from threading import Event, Lock, local
from time import perf_counter

import numpy as np
from joblib import effective_n_jobs
from threadpoolctl import ThreadpoolController

_BLOCK = 0.05  # seconds that a block of rows takes, about
_PATIENCE = 0.5  # seconds that an interrupt waits for blocks under way
_local = local()  # of each worker: the event that tells it to stop


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


def n_threads(n_jobs, most=np.inf):
    """Return the number of threads that ``n_jobs`` stands for, at most ``most``."""
    if n_jobs == 0:
        raise ValueError(
            "n_jobs must be None or an integer other than 0, got 0: -1 stands for all "
            "processors."
        )
    return min(effective_n_jobs(n_jobs), most) if most > 1 else 1


def map_blocks(task, blocks, *, n_jobs=None, step=None):
    """Call ``task(*block)`` for every block; return the results in block order.

    ``task`` must let go of the GIL, and the blocks must not depend on ``n_jobs``: then
    the results agree to the last bit. ``step`` is the part of a fit that the blocks
    are.

    An interrupt is seen at once: blocks that have not begun are cancelled, those under
    way are told to stop (see ``raise_if_stopped``), and what computes on after half a
    second is left to itself. A block in a kernel should last well below that.
    """
    n_workers = n_threads(n_jobs, len(blocks))
    if n_workers == 1:
        results = []
        for block in blocks:
            results.append(task(*block))
            if step is not None:
                step.reach(len(results) / len(blocks))
        return results

    def tell(n_done):
        if step is not None:
            step.reach(n_done / len(blocks))

    return _on_threads(task, blocks, n_workers, tell)


def _on_threads(task, blocks, n_workers, tell):
    """Do what ``map_blocks`` does; call ``tell`` with the number of blocks done."""
    stop, pool = Event(), ThreadPoolExecutor(n_workers)

    def run(block):
        _local.stop = stop
        return task(*block)

    futures, results = [], []
    try:
        futures.extend(pool.submit(run, block) for block in blocks)
        for future in futures:
            results.append(_result(future, lambda: tell(len(results))))
            tell(len(results))
    except BaseException:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        under_way = [future for future in futures if not future.cancelled()]
        wait(under_way, timeout=_PATIENCE)
        raise
    pool.shutdown(wait=False)
    return results


def _result(future, tell):
    """Wait for a result in turns: an endless wait would be deaf on Windows."""
    while True:
        try:
            return future.result(timeout=_PATIENCE / 5)
        except TimeoutError:
            if future.done():  # meanwhile, or by an error of its own
                return future.result()
            tell()


def raise_if_stopped():
    """End a block whose caller was interrupted: for blocks that loop in Python."""
    stop = getattr(_local, "stop", None)
    if stop is not None and stop.is_set():
        raise KeyboardInterrupt


def row_blocks(n_rows, size):
    """Cut ``range(n_rows)`` into (start, stop) pairs of at most ``size`` rows."""
    return [(low, min(low + size, n_rows)) for low in range(0, n_rows, size)]


def map_row_blocks(kernel, n_rows, *, n_jobs=None, min_rows=256, step=None):
    """Call ``kernel(start, stop)`` over all rows, blocks side by side.

    ``kernel`` writes its rows into arrays that its caller allocated and must let go of
    the GIL. Each row is computed by the same code whatever the block: results agree to
    the last bit. Blocks are cut while they run, such that each takes some hundredths of
    a second and an interrupt does not wait; ``min_rows`` are worth a thread.
    """
    n_workers = n_threads(n_jobs, -(-n_rows // min_rows))
    rows = _RowQueue(n_rows, min_rows, n_workers)

    def tell(_=0):
        if step is not None:
            step.reach(rows.start / n_rows)

    def work(tell=lambda: None):
        size = max(min_rows // 8, 1)
        while (block := rows.take(size)) is not None:
            began = perf_counter()
            kernel(*block)
            size = _next_size(block[1] - block[0], perf_counter() - began)
            tell()
            raise_if_stopped()

    if n_workers == 1:
        work(tell)
    else:
        _on_threads(work, [()] * n_workers, n_workers, tell)


def _next_size(size, seconds):
    """Return how many rows to take after so many took so long."""
    if seconds < _BLOCK / 4:
        return 4 * size
    return max(int(size * min(_BLOCK / seconds, 2)), 1)


class _RowQueue:
    """Rows that are yet to be done, from ``start`` on."""

    def __init__(self, n_rows, min_rows, n_workers):
        self.start, self.n_rows, self.lock = 0, n_rows, Lock()
        self.min_rows, self.n_workers = min_rows, n_workers

    def take(self, size):
        """Return the next rows, at most ``size`` and fewer near the end, or None."""
        with self.lock:
            start, left = self.start, self.n_rows - self.start
            if left <= 0:
                return None
            if self.n_workers > 1:  # so that all end at about the same time
                size = min(size, max(left // (2 * self.n_workers), self.min_rows // 8))
            self.start = min(start + max(size, 1), self.n_rows)
            return start, self.start
