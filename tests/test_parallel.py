"""Blocks on threads, and the settings of the process around them."""

from threading import Barrier, Event, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skextras._parallel import Shared, blas_on_one_thread, n_blas_threads


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
