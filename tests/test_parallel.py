"""Blocks on threads, and the settings of the process around them."""

from _thread import interrupt_main
from threading import Barrier, Event, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skextras._parallel import (
    Shared,
    blas_on_one_thread,
    map_blocks,
    map_row_blocks,
    n_blas_threads,
    raise_if_stopped,
)
from skextras.cluster import (
    CLARA,
    CLARANS,
    KMedoids,
    MedoidSilhouette,
    SDPKMeans,
    certify_kmeans,
    k_path,
    kmeans_lower_bound,
)


class Setting:
    """A number of the process, set by entering and restored by leaving."""

    value = 2

    def __enter__(self):
        self.before, Setting.value = Setting.value, 1

    def __exit__(self, *_):
        Setting.value = self.before


def overlap(shared, read):
    """Enter in one thread, then in another; leave in the same order; read each time."""
    first_in, both_in, one_left, seen = Event(), Event(), Event(), []

    def first():
        with shared():
            first_in.set()
            both_in.wait()
            seen.append(read())
        seen.append(read())
        one_left.set()

    thread = Thread(target=first)
    thread.start()
    first_in.wait()
    with shared():
        both_in.set()
        one_left.wait()
        seen.append(read())
    thread.join()
    return [*seen, read()]


def test_the_last_one_restores():
    assert overlap(Shared(Setting), lambda: Setting.value) == [1, 1, 1, 2]


def test_overlapping_fits_give_blas_its_threads_back():
    """The case: the second restored the one thread that the first had set, for good."""
    np.ones((2, 2)) @ np.ones((2, 2))
    blas = [info for info in threadpool_info() if info["user_api"] == "blas"]
    if not blas:
        pytest.skip("no BLAS whose threads can be counted")
    before = n_blas_threads()
    seen = overlap(blas_on_one_thread, n_blas_threads)
    assert seen == [1, 1, 1, before]


def test_many_threads_and_nested():
    shared, barrier = Shared(Setting), Barrier(8)

    def work():
        barrier.wait()
        for _ in range(300):
            with shared(), shared():
                assert Setting.value == 1

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Setting.value == 2
    assert shared.n_inside == 0


def test_an_error_inside_restores():
    shared = Shared(Setting)
    with pytest.raises(KeyboardInterrupt), shared():
        raise KeyboardInterrupt
    assert Setting.value == 2


class Clock:
    """Time that passes only while rows are worked on."""

    def __init__(self, seconds_per_row):
        self.now, self.seconds_per_row, self.blocks = 0.0, seconds_per_row, []

    def __call__(self):
        return self.now

    def kernel(self, start, stop):
        self.blocks.append((start, stop))
        self.now += self.seconds_per_row * (stop - start)


@pytest.mark.parametrize("seconds_per_row", [1e-9, 1e-5, 1e-3, 0.02, 3.0])
def test_blocks_are_cut_by_the_time_they_take(monkeypatch, seconds_per_row):
    """An interrupt waits for a block: for a second at most, if not for a single row."""
    clock = Clock(seconds_per_row)
    monkeypatch.setattr("skextras._parallel.perf_counter", clock)
    map_row_blocks(clock.kernel, 3000, n_jobs=1)
    starts, stops = np.array(clock.blocks).T
    assert starts[0] == 0
    assert stops[-1] == 3000
    np.testing.assert_array_equal(starts[1:], stops[:-1])
    later = (stops - starts)[1:] * seconds_per_row
    assert later.max() <= max(0.2, seconds_per_row)
    if seconds_per_row <= 1e-5:
        assert len(clock.blocks) <= 6


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
@pytest.mark.parametrize("n_rows", [0, 1, 255, 256, 5000])
def test_every_row_is_done_once(n_jobs, n_rows):
    done = np.zeros(n_rows, dtype=int)

    def kernel(start, stop):
        done[start:stop] += 1

    map_row_blocks(kernel, n_rows, n_jobs=n_jobs)
    assert (done == 1).all()


def test_results_are_in_the_order_of_the_blocks():
    blocks = [(k, 2 * k) for k in range(50)]
    for n_jobs in (1, 3):
        assert map_blocks(int.__mul__, blocks, n_jobs=n_jobs) == [
            a * b for a, b in blocks
        ]


def test_an_interrupt_does_not_wait_for_blocks_under_way(monkeypatch):
    """One block never sees it, as a kernel would not; the other one asks."""
    monkeypatch.setattr("skextras._parallel._PATIENCE", 0.05)
    deaf, asked, both = Event(), Event(), Barrier(2)

    def task(k):
        both.wait()
        if k == 0:
            interrupt_main()
            deaf.wait()
        try:
            while True:
                raise_if_stopped()
        except KeyboardInterrupt:
            asked.set()
            raise

    try:
        with pytest.raises(KeyboardInterrupt):
            map_blocks(task, [(k,) for k in range(9)], n_jobs=2)
        assert not deaf.is_set()
        assert asked.wait(30)
    finally:
        deaf.set()
    raise_if_stopped()  # not of the workers: nothing happens


def test_an_error_in_a_block_is_raised():
    def task(k):
        if k == 3:
            raise ValueError("three")
        return k

    for n_jobs in (1, 2):
        with pytest.raises(ValueError, match="three"):
            map_blocks(task, [(k,) for k in range(9)], n_jobs=n_jobs)
        with pytest.raises(ValueError, match="0 to 32"):
            map_row_blocks(raises, 5000, n_jobs=n_jobs)


def raises(start, stop):
    raise ValueError(f"{start} to {stop}") if start == 0 else ZeroDivisionError


X = np.random.default_rng(0).normal(size=(20, 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda: KMedoids(2, n_jobs=0).fit(X),
        lambda: CLARA(2, n_jobs=0).fit(X),
        lambda: CLARANS(2, n_jobs=0).fit(X),
        lambda: MedoidSilhouette(2, n_jobs=0).fit(X),
        lambda: SDPKMeans(2, n_jobs=0).fit(X),
        lambda: k_path(X, [2], n_jobs=0),
        lambda: certify_kmeans(X, X[:, 0] > 0, n_jobs=0),
        lambda: kmeans_lower_bound(X, 2, n_jobs=0),
        lambda: KMedoids(2).fit(X).set_params(n_jobs=0).predict(X),
        lambda: KMedoids(2, metric="l1").fit(X).set_params(n_jobs=0).predict(X),
    ],
)
def test_no_threads_at_all(call):
    with pytest.raises(ValueError, match=r"n_jobs.* must be .*[Gg]ot 0"):
        call()
