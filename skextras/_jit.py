"""Numba policy of the package: every compiled function is made here."""

from numba import njit

#: Sums may be reordered and fused; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "arcp", "nsz"}


def jit(func=None, **options):
    """Compile without the GIL, and keep the machine code on disk if possible."""
    if func is None:
        return lambda f: jit(f, **options)
    options = {"nogil": True, "error_model": "numpy", **options}
    try:
        return njit(func, cache=True, **options)
    except RuntimeError:  # read-only installation and no home directory
        return njit(func, **options)
