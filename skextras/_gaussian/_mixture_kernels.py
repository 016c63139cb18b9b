"""Loops over rows and components of a Gaussian mixture."""

import numpy as np

from skextras._exp_kernels import exp_into
from skextras._jit import FAST, jit


@jit(fastmath=FAST)
def squares_of_products(products, offsets, out):
    """Write the squared norms of ``products[i, k] - offsets[k]``, each of d items."""
    m, n_components = out.shape
    d = offsets.shape[0] // n_components
    for i in range(m):
        row = products[i]
        for k in range(n_components):
            first = k * d
            total = row[first] * 0.0
            for a in range(first, first + d):
                step = row[a] - offsets[a]
                total += step * step
            out[i, k] = total


@jit(fastmath=FAST)
def squares_along_axes(rows, centers, scales, out):
    """Write the sums over the axes of ``((x - center) * scale)**2``."""
    m, n_components = out.shape
    d = rows.shape[1]
    for i in range(m):
        for k in range(n_components):
            total = 0.0
            for a in range(d):
                step = (rows[i, a] - centers[k, a]) * scales[k, a]
                total += step * step
            out[i, k] = total


@jit(fastmath=FAST)
def that_matter(rows, products, norms, table, codes, least, most, nats, out):
    """Tell which terms may be more than exp(-nats) of the largest one of a row.

    The squares of row i lie between least[k] and most[k] times its squared distance
    from point k, of which ``products`` has the inner products and ``norms`` the squared
    norms. The logs of their factors are table[codes[i]].
    """
    m, n_components = out.shape
    for i in range(m):
        logs, best, norm = table[codes[i]], -np.inf, 0.0
        for a in range(rows.shape[1]):
            norm += rows[i, a] * rows[i, a]
        for k in range(n_components):
            square = max(norm + norms[k] - 2.0 * products[i, k], 0.0)
            best = max(best, logs[k] - 0.5 * most[k] * square)
        for k in range(n_components):
            square = max(norm + norms[k] - 2.0 * products[i, k], 0.0)
            out[i, k] = logs[k] - 0.5 * least[k] * square >= best - nats


@jit(fastmath=FAST)
def differences_that_matter(rows, matters, k, mean, away, chosen):
    """Write the differences of chosen rows from the mean of component k.

    ``chosen`` gets their numbers; return how many they are.
    """
    count = 0
    for i in range(matters.shape[0]):
        if matters[i, k]:
            for a in range(mean.shape[0]):
                away[count, a] = rows[i, a] - mean[a]
            chosen[count] = i
            count += 1
    return count


@jit(fastmath=FAST)
def put_squares(products, chosen, k, out):
    """Write the squared norms of products to the chosen rows; infinity to others."""
    for i in range(out.shape[0]):
        out[i, k] = np.inf
    for i in range(products.shape[0]):
        total = products[i, 0] * 0.0
        for a in range(products.shape[1]):
            total += products[i, a] * products[i, a]
        out[chosen[i], k] = total


@jit(fastmath=FAST)
def weigh(shares, log_sums, weight, codes, sizes):
    """Multiply shares by the weights of their rows; return the weighted log sum.

    ``sizes`` gets their sums over all rows, and over those of code 0. Rows without a
    weight do not count, whatever the log of their sum.
    """
    total = 0.0
    for i in range(shares.shape[0]):
        if weight[i] > 0.0:
            total += weight[i] * log_sums[i]
        is_free = 1.0 if codes[i] == 0 else 0.0
        for k in range(shares.shape[1]):
            shares[i, k] *= weight[i]
            sizes[0, k] += shares[i, k]
            sizes[1, k] += is_free * shares[i, k]
    return total


@jit(fastmath=FAST)
def weighted_differences(rows, shares, small, k, point, away, weighted, first):
    """Write differences of rows from a point, and these times their shares.

    Rows whose share is small are passed over. The sums of the weighted ones are added
    to ``first``; return how many they are.
    """
    count = 0
    for i in range(shares.shape[0]):
        share = shares[i, k]
        if share > small:
            for a in range(point.shape[0]):
                step = rows[i, a] - point[a]
                away[count, a] = step
                weighted[count, a] = share * step
                first[a] += share * step
            count += 1
    return count


@jit(fastmath=FAST)
def soften_rows(squares, table, codes, log_sums):
    """Turn squares into posterior probabilities; write the logs of the sums.

    Row i has the terms ``exp(table[codes[i]] - squares[i] / 2)``. Where all are 0, the
    probabilities are equal among the components that may have the row.
    """
    m, n_components = squares.shape
    terms, values = np.empty(n_components), np.empty(n_components)
    for i in range(m):
        logs = table[codes[i]]
        top = -np.inf
        for k in range(n_components):
            terms[k] = logs[k] - 0.5 * squares[i, k]
            top = max(top, terms[k])
        if not top > -np.inf:  # NaN, too
            log_sums[i] = -np.inf
            count = 0
            for k in range(n_components):
                count += logs[k] > -np.inf
            for k in range(n_components):
                squares[i, k] = 1.0 / count if logs[k] > -np.inf else 0.0
            continue
        exp_into(terms, 0, top, n_components, values)
        total = 0.0
        for k in range(n_components):
            total += values[k]
        log_sums[i] = top + np.log(total)
        factor = 1.0 / total
        for k in range(n_components):
            squares[i, k] = values[k] * factor
