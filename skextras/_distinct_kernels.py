"""Compiled loops that hash rows."""

import numpy as np

from skextras._jit import jit


@jit
def _mixed(value, feature):
    """Scramble one entry and its place (the finaliser of splitmix64)."""
    z = value + np.uint64(feature + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@jit
def hash_rows(bits, keys):
    """Add up the scrambled non-zero entries of every row.

    ``bits`` are the entries as unsigned integers, 0 for either zero.
    """
    for i in range(bits.shape[0]):
        key = np.uint64(0)
        for f in range(bits.shape[1]):
            if bits[i, f] != 0:
                key += _mixed(np.uint64(bits[i, f]), f)
        keys[i] = key


@jit
def hash_sparse_rows(bits, indices, indptr, keys):
    """As ``hash_rows`` for the stored entries of CSR rows."""
    for i in range(keys.shape[0]):
        key = np.uint64(0)
        for p in range(indptr[i], indptr[i + 1]):
            if bits[p] != 0:
                key += _mixed(np.uint64(bits[p]), indices[p])
        keys[i] = key
