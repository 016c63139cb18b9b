"""Settings and data of all tests."""

import os
import signal

# scikit-learn's check of numpy input under array API dispatch runs only with this, and
# scipy reads it on import.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from hypothesis import settings
from numba import config

from skextras._parallel import blas_on_one_thread

pytest.register_assert_rewrite("tests.problems")

# a shell starts what runs in the background with interrupts ignored
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("skextras", deadline=None, derandomize=True)
settings.load_profile("skextras")


def pytest_collection_modifyitems(items):
    """Leave out what takes long, or is another thing, without numba's JIT."""
    if config.DISABLE_JIT:
        skip = pytest.mark.skip(reason="needs numba's JIT")
        for item in items:
            if item.get_closest_marker("jit"):
                item.add_marker(skip)


@pytest.fixture
def X():
    """Return 60 points in five loose groups, without duplicates or ties."""
    rng = np.random.default_rng(7)
    return rng.normal(size=(60, 4)) + 3 * rng.integers(0, 5, (60, 1))


@pytest.fixture
def X_ties():
    """Return 80 points on a small grid: many duplicates and equal distances."""
    return np.random.default_rng(8).integers(0, 3, (80, 3)).astype(float)


@pytest.fixture
def one_blas_thread():
    """Limit BLAS where a test calls what runs under that limit."""
    with blas_on_one_thread():
        yield
