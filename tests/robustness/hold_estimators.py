"""What must hold of every estimator: its methods on known, new and hostile rows."""

import numpy as np
from scipy import sparse

from tests.robustness import inputs
from tests.robustness.bits import frozen
from tests.robustness.messages import Finding, of_error, of_warnings
from tests.robustness.runner import attempt
from tests.robustness.values import values as draw_values

_METHODS = ("predict", "transform", "score", "predict_proba", "bic", "aic")


def methods(case, outcome):
    """Yield faults of methods on the training rows, and on new ones."""
    model, X = outcome.value, case.given.X
    before = frozen(vars(model))
    n = case.given.plain.shape[0]
    for name in _METHODS:
        if not hasattr(model, name):
            continue
        known = attempt(getattr(model, name), X)
        yield from of_warnings(known.warnings)
        if known.error is not None:
            yield Finding(f"{name} of the training rows raises", str(known.error)[:160])
            continue
        yield from _of_values(name, known.value, n, model)
    query = _query(case)
    for name in _METHODS[:4]:
        if not hasattr(model, name):
            continue
        new = attempt(getattr(model, name), query.X)
        yield from of_warnings(new.warnings)
        if new.error is not None:
            for fault in of_error(new.error, case.names):
                yield Finding(f"{name}: {fault.kind}", f"{query.text}: {fault.detail}")
        elif query.plain is not None:
            is_far = abs(query.plain).max(initial=0) > 1e150
            is_far |= abs(np.asarray(getattr(model, "means_", 0.0))).max() > 1e150
            yield from _of_values(name, new.value, len(query.plain), model, is_far)
    if frozen(vars(model)) != before:
        yield Finding("changed by a method", "")


def _query(case):
    """Draw rows, mostly of the right number of columns."""
    p = case.given.plain.shape[1]
    rng, n = case.rng, case.rng.integers(0, 6)
    p = p if rng.random() < 0.95 else p + 1
    array, kind = draw_values(rng, n, p)
    if case.params.get("metric") == "precomputed":
        array = abs(array)
    return inputs.dressed(rng, array, kind, hostile=0.5)


def _of_values(name, values, n, model, is_far=False):
    k = len(getattr(model, "medoid_indices_", ())) or int(model.n_clusters)
    shape = {"predict": (n,), "transform": (n, k), "predict_proba": (n, k)}.get(
        name, ()
    )
    if np.shape(values) != shape:
        yield Finding(f"{name}: shape", f"{np.shape(values)} instead of {shape}")
        return
    values = np.asarray(values)
    is_undefined = name == "score" and k == 1 and "Silhouette" in type(model).__name__
    is_density = is_far and name == "score" and hasattr(model, "covariances_")
    is_undefined |= is_density and np.all(values == -np.inf)  # of squares that overflow
    if not np.isfinite(values).all() and not is_undefined:
        yield Finding(f"{name}: not finite", f"{values.ravel()[:4]}")
    if name == "predict" and n and (values.min() < 0 or values.max() >= k):
        yield Finding("predict: out of range", f"{values.min()} to {values.max()}")
    if name == "transform" and (values < 0).any():
        yield Finding("transform: negative", f"{values.min()}")


def same_labels(case, outcome):
    """Yield rows whose prediction is another label than theirs, beyond ties."""
    model = outcome.value
    if not hasattr(model, "transform") or not getattr(model, "polish", True):
        return  # labels that are not polished follow the relaxation alone
    X = case.given.X
    one, two = attempt(model.predict, X), attempt(model.transform, X)
    if one.error or two.error:
        return
    rows = np.arange(len(one.value))
    own, predicted = two.value[rows, model.labels_], two.value[rows, one.value]
    eps = 1e-4 if two.value.dtype == np.float32 else 1e-9
    wrong = ~(abs(own - predicted) <= eps * two.value.max(axis=1))
    if wrong.any() and not sparse.issparse(X):
        i = np.argmax(wrong)
        yield Finding("labels_: another prediction", f"{own[i]}, {predicted[i]}")
