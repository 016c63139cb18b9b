"""Numba policy of the package: every compiled function is made here."""

from contextlib import contextmanager

from numba import config, njit
from numba.misc.appdirs import AppDirs

#: Sums may be reordered and fused; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "arcp", "nsz"}


@contextmanager
def _user_folder():
    """Let numba keep machine code in a folder of the user's, not beside the source.

    There it would outlive the package, which could then still be imported, empty.
    ``NUMBA_CACHE_DIR`` comes first. Where the folder cannot be written, numba goes on
    to its own places.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = before or AppDirs("skextras", appauthor=False).user_cache_dir
    try:
        yield
    finally:
        config.CACHE_DIR = before


def jit(func=None, **options):
    """Compile without the GIL, and keep the machine code on disk if possible."""
    if func is None:
        return lambda f: jit(f, **options)
    options = {"nogil": True, "error_model": "numpy", **options}
    try:
        with _user_folder():
            return njit(func, cache=True, **options)
    except RuntimeError:  # read-only installation and no home directory
        return njit(func, **options)
