"""What must hold of certificates, SDPKMeans, LASDP and ILASDP."""

import numpy as np

from tests.robustness import references as ref
from tests.robustness.messages import Finding

_FEW = 7  # points of which all partitions are tried
#: Fraction of the total sum of squares that an inertia may lose to rounding.
_LOSS = 1e-13


def certificate(case, outcome):
    """Yield faults of a certificate for rows."""
    found, X = outcome.value, case.given.plain
    total = ref.inertia(X, np.zeros(len(X)))
    inertia, k = None, case.params.get("n_clusters")
    if "labels" in case.params:
        labels = np.unique(np.ravel(case.params["labels"]), return_inverse=True)[1]
        labels, k = labels.ravel(), len(np.unique(labels))
        inertia = ref.inertia(X, labels)
    yield from _of_certificate(found, inertia, total)
    if len(X) <= _FEW and found.rigorous:
        best = ref.best_inertia(X, int(k))
        yield from _of_bound(found, best, total)


def _of_certificate(found, inertia, total):
    numbers = [found.lower_bound, found.confidence]
    numbers += [] if inertia is None else [found.inertia, found.gap]
    if not np.isfinite(np.array(numbers, dtype=float)).all():
        yield Finding("certificate: not finite", f"{found!r}")
        return
    if found.rigorous != (found.confidence == 1.0):
        yield Finding("certificate: rigorous with a confidence", f"{found}")
    if inertia is None:
        return
    if abs(found.inertia - inertia) > 1e-11 * inertia + _LOSS * total:
        yield Finding("inertia: wrong", f"{found.inertia}, right {inertia}")
    if found.lower_bound > found.inertia:
        yield Finding("lower_bound: above the inertia", f"{found}")
    if not 0 <= found.gap <= 1 and inertia >= 0:
        yield Finding("gap: beyond 0 to 1", f"{found}")


def _of_bound(found, best, total):
    if found.lower_bound > best + 1e-11 * abs(best) + _LOSS * total:
        yield Finding("lower_bound: above the optimum", f"{found}, optimum {best}")
    if found.certified and found.inertia > best + 2e-6 * abs(best) + _LOSS * total:
        yield Finding("certified, not optimal", f"{found}, optimum {best}")


def sdp_kmeans(case, outcome):
    """Yield faults of a fitted SDPKMeans."""
    model, X = outcome.value, case.given.plain
    k, n = int(model.n_clusters), len(X)
    labels = model.labels_
    if labels.shape != (n,) or labels.dtype.kind != "i":
        yield Finding("labels_: shape or type", f"{labels.shape} {labels.dtype}")
    if labels.min() < 0 or labels.max() >= k:
        yield Finding("labels_: out of range", f"{labels.min()} to {labels.max()}")
        return
    is_kernel = model.affinity == "precomputed"
    K = (X.astype(ref.WIDE) + X.T.astype(ref.WIDE)) / 2 if is_kernel else None
    count = ref.kernel_inertia if is_kernel else ref.inertia
    data = K if is_kernel else X
    inertia, total = count(data, labels), abs(count(data, np.zeros(n)))
    slack = 1e-11 * abs(inertia) + (1e-12 if is_kernel else _LOSS) * total
    if is_kernel:
        slack += 1e-13 * abs(K).max() * n
    if not abs(model.inertia_ - inertia) <= slack:
        yield Finding("inertia_: wrong", f"{model.inertia_}, right {inertia}")
    names = ["membership_factor_", "relaxed_inertia_", "infeasibility_"]
    names += ["lower_bound_", "gap_"] if model.certificate is not None else []
    for name in names:
        values = getattr(model, name)
        may = name in ("lower_bound_", "gap_") and is_kernel  # indefinite
        if not (np.isfinite(values).all() or may):
            yield Finding(f"{name}: not finite", f"{values}")
    if not is_kernel:
        centers = model.cluster_centers_
        if centers.shape != (k, X.shape[1]) or not np.isfinite(centers).all():
            yield Finding("cluster_centers_: shape or not finite", f"{centers}")
    if model.certificate_ is None or not is_kernel:
        slack = 0
    if model.certificate_ is None:
        return
    found = model.certificate_
    if (found.inertia, found.lower_bound) != (model.inertia_, model.lower_bound_):
        yield Finding("certificate_: other values than the attributes", f"{found}")
    if not is_kernel:
        yield from _of_certificate(found, inertia, total)
    if n <= _FEW and found.rigorous:
        if is_kernel:
            best, wide = ref.best_kernel_inertia(K, k), total + abs(K).max() * n
        else:
            best, wide = ref.best_inertia(X, k), total
        yield from _of_bound(found, best, wide)


def better_than_kmeans(case, outcome):
    """Yield inertias above that of K-means from ten starts, or of one cluster."""
    from sklearn.cluster import KMeans

    model, X = outcome.value, case.given.plain
    total = ref.inertia(X, np.zeros(len(X)))
    size = abs(X).max(initial=0)
    is_plain = model.polish and model.max_iter >= 1000 and 1e-100 < size < 1e100
    if not is_plain or len(X) > 30 or len(np.unique(X, axis=0)) <= model.n_clusters:
        return
    if abs(X).max() > 1e6 * np.ptp(X, axis=0).max():
        return
    rival = KMeans(int(model.n_clusters), n_init=10, random_state=0).fit(X)
    rival = ref.inertia(X, rival.labels_)
    if model.inertia_ > rival * (1 + 1e-9) + 1e-9 * total * (X.dtype == np.float32):
        yield Finding("inertia_: above that of KMeans", f"{model.inertia_}, {rival}")


def mixture(case, outcome):
    """Yield faults of a fitted LASDP or ILASDP."""
    model, (n, p) = outcome.value, case.given.plain.shape
    k, labels = int(model.n_clusters), model.labels_
    if labels.shape != (n,) or labels.dtype.kind != "i":
        yield Finding("labels_: shape or type", f"{labels.shape} {labels.dtype}")
    if labels.min() < 0 or labels.max() >= k:
        yield Finding("labels_: out of range", f"{labels.min()} to {labels.max()}")
    sums = model.membership_.sum(axis=1)
    if model.membership_.shape != (n, k) or not abs(sums - 1).max() < 1e-6:
        yield Finding("membership_: rows do not sum to 1", f"{sums}")
    if not (model.membership_ >= 0).all():
        yield Finding("membership_: negative", f"{model.membership_.min()}")
    if model.weights_.shape != (k,) or not abs(model.weights_.sum() - 1) < 1e-9:
        yield Finding("weights_: do not sum to 1", f"{model.weights_}")
    if model.means_.shape != (k, p):
        yield Finding("means_: shape", f"{model.means_.shape}")
    for name in ("means_", "covariances_", "objective_", "infeasibility_"):
        if not np.isfinite(getattr(model, name)).all():
            yield Finding(f"{name}: not finite", f"{getattr(model, name)}")
    covariances = model.covariances_
    if model.covariance_type in ("full", "tied"):
        scale = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
        correlations = covariances / scale[..., None] / scale[..., None, :]
        values = np.linalg.eigvalsh(correlations)  # in no units, whatever the columns'
        if not (values > -1e-14 * p).all():
            yield Finding("covariances_: not positive definite", f"{values.ravel()}")
    elif (covariances <= 0).any():
        yield Finding("covariances_: not positive", f"{covariances}")
    limits = _range(case.given.plain)
    if limits is not None and not _inside(model.means_, *limits):
        yield Finding("means_: outside the range of X", f"{model.means_}")


def _range(X):
    """Return least and largest values of columns with some slack, for moderate X."""
    if not abs(X).max(initial=0) < 1e100:
        return None
    low, high = X.min(axis=0), X.max(axis=0)
    slack = 1e-6 * (high - low) + 1e-12 * abs(X).max(axis=0)
    return low - slack, high + slack


def _inside(means, low, high):
    return ((means >= low) & (means <= high)).all()


def lasdp(case, outcome):
    """Yield faults of LASDP alone: labels are those that it predicts."""
    model, X = outcome.value, case.given.X
    predicted = model.predict(X)
    if not np.array_equal(predicted, model.labels_):
        yield Finding("labels_: another prediction", f"{predicted} {model.labels_}")
    bound, value = model.upper_bound_, model.objective_
    if bound is not None and len(X) and not np.isfinite(bound):
        yield Finding("upper_bound_: not finite", f"{bound}")
    if bound is not None and model.converged_:
        n, p = case.given.plain.shape
        if value > bound + 2 * model.tol * max(n * p, abs(value)):
            yield Finding("objective_: above the bound", f"{value}, {bound}")


def display(case, outcome):
    """Yield a display whose line does not hold the values of the path."""
    x, y = outcome.value
    silhouette = case.given.plain[:, 0]
    if not np.array_equal(x, np.arange(len(silhouette)) + 1):
        yield Finding("line_: other numbers than those of the path", f"{x}")
    if not np.array_equal(y, silhouette, equal_nan=True):
        yield Finding("line_: other values than those of the path", f"{y}")
