"""Numba policy of the package: every compiled function is made here."""

from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

from numba import config, njit
from numba.misc.appdirs import AppDirs

#: Sums may be reordered and fused; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "arcp", "nsz"}

#: Nothing is called as a C function.
POLICY = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


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


@cache
def _stamp():
    """Hash of all kernel files of the package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.rglob("*_kernels.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _or_nothing(load):
    """Return a function that takes an index which cannot be read for an empty one.

    It names the records of the package that wrote it, and an older one may have had
    others.
    """

    def load_index():
        try:
            return load()
        except Exception:
            return {}

    return load_index


def jit(func=None, *, inner=False, **options):
    """Compile without the GIL, and keep the machine code on disk if possible.

    Numba looks only at the file of a function to tell if its machine code is stale, and
    kernels call those of other files: it looks at the hash of all kernel files, too.
    Where numba has no place for that, nothing is kept. Functions that are ``inner``, or
    begin with an underscore, are called by compiled ones only, and compile faster.
    """
    if func is None:
        return lambda f: jit(f, inner=inner, **options)
    options = {**POLICY, **options}
    if inner or func.__name__.startswith("_"):
        options["no_cpython_wrapper"] = True
    try:
        with _user_folder():
            compiled = njit(func, cache=True, **options)
        if not config.DISABLE_JIT:
            file = compiled._cache._cache_file
            file._source_stamp = file._source_stamp, _stamp()
            file._load_index = _or_nothing(file._load_index)
        return compiled
    except (RuntimeError, AttributeError):  # nowhere to write; another numba
        return njit(func, **options)
