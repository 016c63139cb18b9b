"""Memory: what is free, and what a parameter allows."""

import os
from numbers import Integral
from pathlib import Path

import numpy as np


def available_memory():
    """Bytes that can be allocated without swapping, or None where unknown."""
    free = [size for size in (_free_in_machine(), _free_in_group()) if size is not None]
    return min(free, default=None)


def _free_in_group():
    """Bytes that the control group, if any, allows beside what it uses."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text()
        used = (folder / "memory.current").read_text()
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):  # no such group, or "max"
        return None


def _free_in_machine():
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def check_memory(n_bytes, what, way_out, limit=None):
    """Raise MemoryError, before any work, if ``n_bytes`` are more than are left.

    ``limit`` is a parameter ``memory_limit``: a number of bytes, or a share of what is
    left, that may be taken; None stands for all of that.
    """
    allowed = memory_allowed(limit)
    if n_bytes > allowed:
        source = "left" if limit is None else f"allowed by memory_limit={limit}"
        raise MemoryError(
            f"{what} takes {_size(n_bytes)} and {_size(allowed)} are {source}: "
            f"{way_out}"
        )


def _size(n_bytes):
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.3g} MB"


def memory_allowed(limit):
    """Bytes that ``limit`` allows: itself, a share of what is left, or all for None."""
    if isinstance(limit, Integral):
        return int(limit)
    available = available_memory()
    if available is None:
        return np.inf
    return available if limit is None else limit * available
