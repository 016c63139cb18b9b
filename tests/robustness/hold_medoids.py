"""What must hold of k-medoids clusterings."""

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from tests.robustness import references as ref
from tests.robustness.messages import Finding

_EXACT = ("fasterpam", "pam", "fastpam1")


def weight_of(case, n):
    """Return the sample weights of a call as float64."""
    weight = case.extra.get("sample_weight")
    weight = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    return np.broadcast_to(weight, n)  # a number stands for all


def _warned(outcome, kind=ConvergenceWarning):
    return any(issubclass(each.category, kind) for each in outcome.warnings)


def _plain(case):
    """Return the rows, or the matrix with what a sparse one does not store."""
    X = case.given.plain
    if case.params.get("metric") == "precomputed" and sparse.issparse(case.given.X):
        stored = sparse.csr_array(case.given.X).copy()
        stored.sum_duplicates()
        mask = sparse.csr_array(stored)
        mask.data = np.ones(mask.nnz)
        missing = (case.params.get("metric_params") or {}).get("missing_distance")
        if missing is None:
            largest = stored.data.max(initial=0)
            missing = 2 * largest if largest > 0 else 1.0
        X = np.where(mask.toarray() > 0, stored.toarray(), missing).astype(X.dtype)
        diagonal = np.diag_indices(len(X))
        X[diagonal] = np.where(np.diag(mask.toarray()) > 0, X[diagonal], 0)
    return X


def _matrix(case):
    """Return the exact dissimilarities and the error that they may have, or None."""
    X, metric = _plain(case), case.params.get("metric", "euclidean")
    if metric == "precomputed":
        D = X.astype(ref.WIDE)
        gap = abs(D - D.T).max(initial=0)  # up to 1e-6, one of the two is read
        return D, gap if gap <= 1e-6 * D.max(initial=0) else ref.WIDE(0)
    if metric not in ref.METRICS or case.params.get("metric_params"):
        return None, None
    is_sparse = sparse.issparse(case.given.X)
    eps = np.finfo(X.dtype).eps
    error = ref.error_of(metric, X, eps, centred=not is_sparse)
    return ref.METRICS[metric](X, X), error


def shapes(case, outcome):
    """Yield attributes of a wrong range, shape or type."""
    model, (n, p) = outcome.value, case.given.plain.shape
    k = len(model.medoid_indices_)
    labels, medoids = model.labels_, model.medoid_indices_
    if labels.shape != (n,) or labels.dtype.kind != "i":
        yield Finding("labels_: shape or type", f"{labels.shape} {labels.dtype}")
    if labels.min() < 0 or labels.max() >= k:
        yield Finding("labels_: out of range", f"{labels.min()} to {labels.max()}")
    if medoids.min() < 0 or medoids.max() >= n or len(np.unique(medoids)) < k:
        yield Finding("medoid_indices_: out of range or repeated", f"{medoids}")
    asked = case.params.get("n_clusters", 8)
    if not isinstance(asked, str) and k != asked:
        yield Finding("medoid_indices_: their number", f"{k} for {asked}")
    if model.n_features_in_ != p:
        yield Finding("n_features_in_", f"{model.n_features_in_}")
    dtype = case.given.plain.dtype
    for name in ("distances_", "medoid_silhouette_samples_"):
        values = getattr(model, name)
        if values.dtype != dtype:
            yield Finding(f"{name}: type", f"{values.dtype} for {dtype}")
        may_be_nan = name.startswith("medoid") and k == 1
        if not (np.isfinite(values).all() or may_be_nan) or (values < 0).any():
            yield Finding(f"{name}: not finite or negative", f"{values.min()}")
    if not isinstance(model.inertia_, float) or not np.isfinite(model.inertia_):
        yield Finding("inertia_: no finite float", repr(model.inertia_))
    if model.cluster_centers_ is not None and not sparse.issparse(case.given.X):
        rows = case.given.plain[medoids]
        if not np.array_equal(model.cluster_centers_, rows, equal_nan=True):
            yield Finding("cluster_centers_: not the rows of the medoids", "")


def sums(case, outcome):
    """Yield losses that are not those of labels and medoids."""
    model, n = outcome.value, len(case.given.plain)
    weight = weight_of(case, n).astype(ref.WIDE)
    total = weight @ model.distances_.astype(ref.WIDE)
    if not abs(total - model.inertia_) <= 1e-12 * total + ref.WIDE(1e-320):
        yield Finding(
            "inertia_: not the sum of distances_", f"{model.inertia_} {total}"
        )
    D, error = _matrix(case)
    if D is None:
        return
    to_medoids = D[:, model.medoid_indices_]
    eps = np.finfo(model.distances_.dtype).eps
    slack = error + 64 * eps * to_medoids.min(axis=1)
    own = to_medoids[np.arange(n), model.labels_]
    if (own > to_medoids.min(axis=1) + 2 * slack).any():
        worst = np.argmax(own - to_medoids.min(axis=1))
        yield Finding(
            "labels_: not the nearest medoid",
            f"{own[worst]} > {to_medoids[worst].min()}",
        )
    wrong = abs(own - model.distances_) > slack + 64 * eps * own
    if wrong.any():
        i = np.argmax(wrong)
        yield Finding("distances_: wrong", f"{model.distances_[i]}, right {own[i]}")


def optimum(case, outcome):
    """Yield losses that one swap, or one medoid, would lower."""
    model, n = outcome.value, len(case.given.plain)
    method = getattr(model, "method_", None)
    limits = [case.params.get(name) for name in ("fixed_medoids", "min_cluster_size")]
    D, error = _matrix(case)
    is_exact = type(model).__name__ == "KMedoids"
    if (
        not is_exact
        or D is None
        or any(limit is not None for limit in limits)
        or _warned(outcome)
    ):
        return
    weight, medoids = weight_of(case, n), model.medoid_indices_
    loss = weight.astype(ref.WIDE) @ D[:, medoids].min(axis=1)
    slack = 1e-11 * loss + 2 * error * weight.astype(ref.WIDE).sum()
    eps = np.finfo(model.distances_.dtype).eps
    slack += 1e3 * eps * loss if case.params.get("metric") != "precomputed" else 0
    slack += ref.WIDE(1e-320)  # terms below the normal range are rounded to its steps
    slack += _rounding(D, weight)
    if len(medoids) == 1 and method in (*_EXACT, "alternate"):
        best = ref.best_single(D[:, weight > 0], weight)
    elif method in _EXACT and n <= 30:
        best = ref.best_swap(D, medoids, weight)
    else:
        return
    if best < loss - slack:
        yield Finding(f"{method}: no local optimum", f"{loss}, better {best}")


def _rounding(D, weight):
    """Error of the change by a swap where one entry is far above the others."""
    return 4 * np.finfo(float).eps * D.max(initial=0) * weight.max(initial=0)


def silhouettes(case, outcome):
    """Yield average medoid silhouettes that do not follow from the distances."""
    model, n = outcome.value, len(case.given.plain)
    if len(model.medoid_indices_) == 1:
        if not _warned(outcome, UndefinedMetricWarning):
            yield Finding("one cluster without a warning", "")
        return
    if not 0 <= model.medoid_silhouette_ <= 1:
        yield Finding(
            "medoid_silhouette_: beyond 0 to 1", f"{model.medoid_silhouette_}"
        )
    weight = weight_of(case, n).astype(ref.WIDE)
    mean = (weight / weight.sum()) @ model.medoid_silhouette_samples_.astype(ref.WIDE)
    if abs(mean - model.medoid_silhouette_) > 1e-7:
        yield Finding("medoid_silhouette_: not the mean", f"{mean}")
    path = dict(zip(model.n_clusters_path_, model.medoid_silhouette_path_, strict=True))
    if abs(path[model.n_clusters_] - model.medoid_silhouette_) > 1e-5:
        pair = path[model.n_clusters_], model.medoid_silhouette_
        yield Finding("medoid_silhouette_path_: another value", f"{pair}")


def fasterpam_result(case, outcome):
    """Yield what is wrong with a result of the function."""
    found, D = outcome.value, case.given.plain.astype(ref.WIDE)
    n, medoids = len(D), found.medoid_indices
    weight = weight_of(case, n).astype(ref.WIDE)
    if len(np.unique(medoids)) < len(medoids) or not set(medoids) <= set(range(n)):
        yield Finding("medoid_indices: out of range or repeated", f"{medoids}")
        return
    if found.labels.min() < 0 or found.labels.max() >= len(medoids):
        yield Finding("labels: out of range", f"{found.labels}")
        return
    loss = weight @ D[np.arange(n), medoids[found.labels]]
    is_own = found.labels[medoids] == np.arange(len(medoids))
    if not is_own.all() and (D.diagonal() <= D.min(axis=1)).all():
        yield Finding("a medoid in the cluster of another one", "")
    near = np.isclose(D, D.T, rtol=1e-5).all() and (D != D.T).any()
    if case.params.get("assume_symmetric") and (D != D.T).any():
        return
    if not abs(loss - found.loss) <= (1e-6 if near else 1e-11) * loss + 1e-320:
        yield Finding("loss: not that of the labels", f"{found.loss}, right {loss}")
    order = case.params.get("order")
    if order is None and not _warned(outcome) and n <= 30 and not near:
        is_one = len(medoids) == 1
        best = (
            ref.best_single(D, weight) if is_one else _best_of_all(D, medoids, weight)
        )
        slack = 1e-11 * loss + ref.WIDE(1e-320) + _rounding(D, weight)
        if best < loss - slack:
            yield Finding("fasterpam: no local optimum", f"{loss}, better {best}")


def _best_of_all(D, medoids, weight):
    """Return the least loss after a swap, where points of weight 0 may be medoids."""
    others = np.setdiff1d(np.arange(len(D)), medoids)
    losses = [ref.WIDE(np.inf)]
    for slot in range(len(medoids)):
        kept = D[:, np.delete(medoids, slot)].min(axis=1, initial=np.inf)
        losses.extend(weight @ np.minimum(kept[:, None], D[:, others]))
    return min(losses)


def path_result(case, outcome):
    """Yield what is wrong with a path of medoids."""
    path = outcome.value
    n = len(case.given.plain)
    weight = weight_of(case, n).astype(ref.WIDE)
    asked = np.unique(np.asarray(case.params["n_clusters_range"])).tolist()
    if path.n_clusters.tolist() != asked or len(path.medoid_indices) != len(asked):
        yield Finding("n_clusters: not those asked for", f"{path.n_clusters}")
    D, error = _matrix(case)
    for k, loss, value, medoids in zip(*path, strict=True):
        if len(np.unique(medoids)) != k or not set(medoids) <= set(range(n)):
            yield Finding("medoid_indices: out of range or repeated", f"{medoids}")
            continue
        if not np.isfinite(loss) or not (k == 1 or 0 <= value <= 1):
            yield Finding("loss or medoid_silhouette: beyond range", f"{loss} {value}")
        if D is not None:
            right = weight @ D[:, medoids].min(axis=1)
            eps = 1e-6 if case.given.plain.dtype == np.float32 else 1e-10
            slack = eps * right + 2 * error * weight.sum() + ref.WIDE(1e-320)
            if abs(loss - right) > slack:
                yield Finding("loss: not that of the medoids", f"{loss}, right {right}")


def samples_result(case, outcome):
    """Yield silhouettes that the formula does not give."""
    D = np.sort(case.given.plain.astype(ref.WIDE), axis=1)
    ratio = np.where(D[:, 1] > 0, D[:, 0] / np.where(D[:, 1] > 0, D[:, 1], 1), 0)
    right = 1 - ratio
    if np.ndim(outcome.value) == 0:
        weight = weight_of(case, len(D)).astype(ref.WIDE)
        right = (weight / weight.sum()) @ right
    if not (abs(outcome.value - right) <= 1e-6).all():
        yield Finding("silhouettes: wrong", f"{outcome.value}, right {right}")
