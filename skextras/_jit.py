"""Numba policy of the package: every compiled function is made here."""

import gc
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock

from numba import config, njit
from numba.core import event
from numba.misc.appdirs import AppDirs

#: Sums may be reordered and fused; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "arcp", "nsz"}

#: Nothing is called as a C function.
POLICY = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


class WithoutCollector(event.Listener):
    """Pauses the collector of cycles while a function of this package is compiled.

    A compilation makes objects by the million, all of which live until its end: to look
    through them again and again takes a seventh of its time.
    """

    def __init__(self):
        self.lock, self.n_inside, self.was_enabled = Lock(), 0, False

    def _is_ours(self, record):
        func = getattr(record.data.get("dispatcher"), "py_func", None)
        return getattr(func, "__module__", "").startswith("skextras.")

    def on_start(self, record):
        """Pause the collector when the first of nested compilations begins."""
        if self._is_ours(record):
            with self.lock:
                if self.n_inside == 0:
                    self.was_enabled = gc.isenabled()
                    gc.disable()
                self.n_inside += 1

    def on_end(self, record):
        """Let it go on after the last, if it was on."""
        if self._is_ours(record):
            with self.lock:
                self.n_inside -= 1
                if self.n_inside == 0 and self.was_enabled:
                    gc.enable()


event.register("numba:compile", WithoutCollector())


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
