"""Certificates of clusters of points or of a kernel."""

import numpy as np

from skextras.cluster._sdp import _bounds
from skextras.cluster._sdp._blocks import block_bound
from skextras.cluster._sdp._dual import dual_bound
from skextras.cluster._sdp._quick import quick_bound
from skextras.cluster._sdp._result import CERTIFIED_GAP, make_result


def certify_points(points, codes, n_clusters, method, options, rng):
    """Certify clusters 0, 1, ... of points or of a kernel, none of them empty."""
    inertia = points.inertia(codes, n_clusters)
    floor = points.floor
    if n_clusters == 1 or inertia <= floor:  # nothing else, or better, is possible
        value = inertia * points.scale
        return make_result(value, value, "trivial", floor=floor)
    best, name = -np.inf, "spectral"
    if method in ("auto", "quick", "sdp") and points.X is not None:
        best = quick_bound(points.X, codes, n_clusters).bound
        name = "quick"
        if method == "quick":
            spectral = dual_bound(points, n_clusters)
            if spectral > best:
                best, name = spectral, "spectral"
    proven = inertia - best <= CERTIFIED_GAP * abs(inertia)
    if method != "quick" and not proven:
        method = options.carried_out(method, points.n)
        if method == "auto":
            method = "sdp"  # a kernel is there: n x n matrices have their place
            if points.X is not None:
                method = options.best(points.n, n_clusters)
        bound = find_bound(
            points, codes, n_clusters, method, options, rng, inertia, best
        )
        if bound > best:
            best, name = bound, method
    return make_result(
        best * points.scale,
        inertia * points.scale,
        name,
        confidence=options.of(name),
        floor=floor,
    )


def find_bound(
    points, labels, n_clusters, method, options, rng, inertia=None, known=None
):
    if method == "spectral":
        return dual_bound(points, n_clusters)
    if method == "sdp":
        return _bounds.sdp_bound(
            points,
            n_clusters,
            tol=options.tol,
            max_iter=options.max_iter,
            target=inertia,
            known=known,
            warn=True,
        )
    fast = {
        "tol": 10 * options.tol,
        "max_iter": options.max_iter,
        "n_jobs": options.n_jobs,
    }
    if method == "blocks":
        return block_bound(points, n_clusters, labels, options.block_size, **fast)
    if inertia is None:
        inertia = points.inertia(labels, labels.max() + 1)
    return _bounds.monte_carlo_bound(
        points,
        n_clusters,
        inertia / points.n,
        min(options.sample_size, points.n),
        options.n_draws,
        options.confidence,
        rng,
        **fast,
    )


def certify_labels(points, labels, n_distinct, relaxed, settings, rng):
    """Return the inertia of rounded labels, in units of X, and their certificate.

    The certificate is None if the settings ask for none. ``n_distinct`` is the number
    of distinct points; some clusters may be empty.
    """
    codes = np.unique(labels, return_inverse=True)[1].ravel()
    n_used, k = codes.max() + 1, settings.n_clusters
    equal = n_distinct <= k and n_used == n_distinct
    inertia = 0.0 if equal else points.inertia(codes, n_used)
    value, method = float(inertia * points.scale), settings.certificate
    if method is None:
        return value, None
    if equal and (k == points.n or points.floor == 0):
        return value, make_result(0.0, 0.0, "trivial", floor=points.floor)
    if n_used < k and inertia > points.floor:
        bound = dual_bound(points, k) * points.scale
        return value, make_result(bound, value, "spectral", floor=points.floor)
    if method in ("auto", "sdp") and relaxed.bound is not None:
        result = certify_relaxed(points, codes, inertia, relaxed, settings, rng)
    else:
        result = certify_points(points, codes, k, method, settings.bounds, rng)
    return value, result


def certify_relaxed(points, codes, inertia, relaxed, settings, rng):
    """Certify by the quick method, then by the N that the ADMM has left."""
    k, quick = settings.n_clusters, None
    if points.X is not None:
        quick = certify_points(points, codes, k, "quick", settings.bounds, rng)
        if quick.certified:
            return quick
    limits = settings.tol, settings.max_iter
    bound = _bounds.tightened(points, k, relaxed, inertia, *limits)
    if not relaxed.converged:
        bound = max(bound, _bounds.known_bound(points, k).bound)
    values = bound * points.scale, inertia * points.scale
    result = make_result(*values, "sdp", floor=points.floor)
    if quick is not None and quick.lower_bound > result.lower_bound:
        return quick
    return result
