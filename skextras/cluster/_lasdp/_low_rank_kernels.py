"""Loops of the low-rank LA-SDP solver: samples lie along the last axis.

``W`` (n_clusters, n_features, n_samples) are whitened samples, ``g`` (n_clusters,
n_samples) their squared norms, ``c`` (n_clusters,) the constants, and ``U``
(n_clusters, rank, n_samples) the factors. The matrix of block k is

A_k = W_k'W_k - (g_k 1' + 1 g_k') / 2 - c_k 11', and it is never formed.
"""

import numpy as np

from skextras._jit import FAST, jit

TILE = 512  # samples of which W and U stay in the cache


@jit(fastmath=FAST)
def _value(W, g, c, U, y, beta, P, s, t, h):
    """Fill the products and the residual ``h``; return the Lagrangian and objective."""
    n_clusters, n_features, n = W.shape
    rank = U.shape[1]
    P[:] = 0.0
    for k in range(n_clusters):
        for low in range(0, n, TILE):
            high = min(low + TILE, n)
            for b in range(rank):
                u = U[k, b, low:high]
                for a in range(n_features):
                    w = W[k, a, low:high]
                    total = 0.0
                    for i in range(high - low):
                        total += w[i] * u[i]
                    P[k, a, b] += total
    for i in range(n):
        h[i] = -1.0
    objective = 0.0
    for k in range(n_clusters):
        for b in range(rank):
            u = U[k, b]
            g_k = g[k]
            total, weighted = 0.0, 0.0
            for i in range(n):
                total += u[i]
                weighted += g_k[i] * u[i]
            s[k, b] = total
            t[k, b] = weighted
            for i in range(n):
                h[i] += u[i] * total
            objective -= total * (weighted + c[k] * total)
            for a in range(n_features):
                objective += P[k, a, b] ** 2
    penalty = 0.0
    for i in range(n):
        penalty += h[i] * (y[i] + 0.5 * beta * h[i])
    return penalty - objective, objective


@jit(fastmath=FAST)
def _gradient(W, g, c, U, y, beta, P, s, t, h, grad, joint):
    """Fill the gradient of the Lagrangian along the spheres that hold ``U``."""
    n_clusters, n_features, n = W.shape
    rank = U.shape[1]
    price = y + beta * h
    normal = np.zeros(n_clusters)
    for k in range(n_clusters):
        for b in range(rank):
            u, out, g_k = U[k, b], grad[k, b], g[k]
            total, push = s[k, b], t[k, b] + 2.0 * c[k] * s[k, b]
            for i in range(n):
                push += price[i] * u[i]
            for i in range(n):
                out[i] = (g_k[i] + price[i]) * total + push
        for low in range(0, n, TILE):
            high = min(low + TILE, n)
            for b in range(rank):
                out = grad[k, b, low:high]
                for a in range(n_features):
                    w, factor = W[k, a, low:high], -2.0 * P[k, a, b]
                    for i in range(high - low):
                        out[i] += factor * w[i]
        for b in range(rank):
            u, out = U[k, b], grad[k, b]
            for i in range(n):
                normal[k] += out[i] * u[i]
    if joint:
        normal[:] = normal.sum() / n_clusters
    slope = 0.0
    for k in range(n_clusters):
        for b in range(rank):
            u, out = U[k, b], grad[k, b]
            for i in range(n):
                out[i] -= normal[k] * u[i]
                if u[i] > 0.0 or out[i] < 0.0:
                    slope += out[i] * out[i]
    return np.sqrt(slope)


@jit(fastmath=FAST)
def _move(U, grad, step, out, joint):
    """Step against the gradient, clip at 0, scale back; False if nothing is left."""
    n_clusters, rank, n = U.shape
    norm = np.zeros(n_clusters)
    for k in range(n_clusters):
        for b in range(rank):
            u, v, d = U[k, b], out[k, b], grad[k, b]
            total = 0.0
            for i in range(n):
                x = max(u[i] - step * d[i], 0.0)
                v[i] = x
                total += x * x
            norm[k] += total
    if joint:
        norm[:] = norm.sum() / n_clusters
    for k in range(n_clusters):
        if not norm[k] > 0.0:
            return False
        factor = 1.0 / np.sqrt(norm[k])
        for b in range(rank):
            v = out[k, b]
            for i in range(n):
                v[i] *= factor
    return True


@jit(fastmath=FAST)
def _curvature(U, U_new, grad, grad_new):
    """Products of the last step and the change of the gradient: ss, sy, yy."""
    ss, sy, yy = 0.0, 0.0, 0.0
    n_clusters, rank, n = U.shape
    for k in range(n_clusters):
        for b in range(rank):
            u, v, d, e = U[k, b], U_new[k, b], grad[k, b], grad_new[k, b]
            for i in range(n):
                move, change = v[i] - u[i], e[i] - d[i]
                ss += move * move
                sy += move * change
                yy += change * change
    return ss, sy, yy


@jit(fastmath=FAST)
def value_and_gradient(W, g, c, U, y, beta, joint):
    """Lagrangian, its gradient along the spheres, the objective and the residual."""
    n_clusters, n_features, n = W.shape
    rank = U.shape[1]
    P = np.empty((n_clusters, n_features, rank))
    s, t = np.empty((n_clusters, rank)), np.empty((n_clusters, rank))
    h, grad = np.empty(n), np.empty_like(U)
    value, objective = _value(W, g, c, U, y, beta, P, s, t, h)
    _gradient(W, g, c, U, y, beta, P, s, t, h, grad, joint)
    return value, grad, objective, h


@jit(fastmath=FAST)
def minimize(W, g, c, U, y, beta, max_iter, tol, step, least, most, joint):
    """Lower the Lagrangian by Barzilai-Borwein steps with a non-monotone search.

    ``U`` is changed in place. Returns the objective, the residual, the length of the
    last projected gradient, the number of gradients and the step to go on with.
    """
    n_clusters, n_features, n = W.shape
    rank, memory = U.shape[1], 10
    P = np.empty((n_clusters, n_features, rank))
    s, t = np.empty((n_clusters, rank)), np.empty((n_clusters, rank))
    h, grad = np.empty(n), np.empty_like(U)
    grad_new, U_new = np.empty_like(U), np.empty_like(U)
    value, objective = _value(W, g, c, U, y, beta, P, s, t, h)
    slope = _gradient(W, g, c, U, y, beta, P, s, t, h, grad, joint)
    recent = np.full(memory, value)
    n_iter = 0
    while n_iter < max_iter and slope > tol:
        bar = recent.max()
        ss = 0.0
        for _ in range(30):
            if _move(U, grad, step, U_new, joint):
                value, objective = _value(W, g, c, U_new, y, beta, P, s, t, h)
                ss = 0.0
                for k in range(n_clusters):
                    for b in range(rank):
                        u, v = U[k, b], U_new[k, b]
                        for i in range(n):
                            ss += (v[i] - u[i]) ** 2
                if value <= bar - 1e-4 * ss / step:
                    break
            step *= 0.3
        else:  # rounding has the last word: stay where we are
            value, objective = _value(W, g, c, U, y, beta, P, s, t, h)
            break
        slope = _gradient(W, g, c, U_new, y, beta, P, s, t, h, grad_new, joint)
        ss, sy, yy = _curvature(U, U_new, grad, grad_new)
        if sy > 0.0:
            step = ss / sy if n_iter % 2 else sy / yy
        else:
            step *= 4.0
        step = min(max(step, least), most)
        U[:] = U_new
        grad, grad_new = grad_new, grad
        recent[n_iter % memory] = value
        n_iter += 1
    return objective, h, slope, n_iter, step
