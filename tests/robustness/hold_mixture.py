"""What must hold of mixtures: finite parameters, probabilities, no worse fits."""

import numpy as np
from sklearn.mixture import GaussianMixture as Reference

from tests.robustness import inputs
from tests.robustness.bits import frozen
from tests.robustness.messages import Finding, of_error, of_warnings
from tests.robustness.runner import attempt
from tests.robustness.values import values as draw_values

_SHAPES = {"score_samples": 1, "predict": 1, "predict_proba": 2, "score": 0}


def methods(case, outcome):
    """Yield faults of methods on the training rows, and on new ones."""
    model, X = outcome.value, case.given.X
    before = frozen({**vars(model), "_structure": None})
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        if not np.isfinite(getattr(model, name)).all():
            yield Finding(f"{name}: not finite", "")
    if abs(model.weights_.sum() - 1) > 1e-9:
        yield Finding("weights_: sum", f"{model.weights_.sum()}")
    n, p = case.given.plain.shape
    yield from _of_rows(case, model, X, n)
    array, kind = draw_values(case.rng, case.rng.integers(1, 6), p)
    query = inputs.dressed(case.rng, array, kind, hostile=0.5)
    new = len(query.plain) if query.plain is not None else None
    yield from _of_rows(case, model, query.X, new)
    drawn = attempt(model.sample, 3)
    yield from of_warnings(drawn.warnings)
    if drawn.error is not None or np.shape(drawn.value[0]) != (3, p):
        yield Finding("sample", f"{drawn.error}")
    if frozen({**vars(model), "_structure": None}) != before:
        yield Finding("changed by a method", "")


def _of_rows(case, model, X, n):
    for name, ndim in _SHAPES.items():
        found = attempt(getattr(model, name), X)
        yield from of_warnings(found.warnings)
        if found.error is not None:
            for fault in of_error(found.error, case.names):
                yield Finding(f"{name}: {fault.kind}", fault.detail)
            continue
        values = np.asarray(found.value)
        if values.ndim != ndim or (ndim and n is not None and len(values) != n):
            yield Finding(f"{name}: shape", f"{values.shape}")
        elif values.dtype.kind == "f" and np.isnan(values).any():
            yield Finding(f"{name}: NaN", f"{values.ravel()[:4]}")
        elif name == "predict_proba" and abs(values.sum(axis=1) - 1).max() > 1e-5:
            yield Finding(f"{name}: sums", f"{values.sum(axis=1)[:4]}")


def no_worse(case, outcome):
    """Yield likelihoods that are lower than from scikit-learn's parameters."""
    model, X = outcome.value, case.given.plain.astype(float)
    params = model.get_params()
    k = params["n_components"]
    size = abs(X).max(initial=1.0)
    is_plain = params["max_iter"] >= 100 and params["means_init"] is None
    is_plain &= params["reg_covar"] in ("auto", 0, 1e-6)
    is_plain &= params["precisions_init"] is None and params["weights_init"] is None
    is_plain &= len(np.unique(X, axis=0)) > 5 * k * X.shape[1] and 1e-2 < size < 1e3
    if not is_plain or params["init_params"] != "kmeans":
        return
    other = attempt(
        Reference(k, covariance_type=params["covariance_type"], random_state=0).fit, X
    )
    if other.error is None:
        ours, theirs = model.score(case.given.X), other.value.score(X)
        if ours < theirs - 0.5 - 0.1 * abs(theirs):
            yield Finding("score: below scikit-learn's", f"{ours}, {theirs}")
