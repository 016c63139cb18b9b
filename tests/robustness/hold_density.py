"""What must hold of densities: finite sums that are those of all pairs."""

import numpy as np

from tests.naive.density import log_density
from tests.robustness import inputs
from tests.robustness.bits import frozen
from tests.robustness.messages import Finding, of_error, of_warnings
from tests.robustness.runner import attempt
from tests.robustness.values import values as draw_values

_PLAIN = {
    "metric": "euclidean", "adaptive": None, "boundary": None,
    "categorical_features": None, "ordinal_features": None, "atol": 0,
}  # fmt: skip


def methods(case, outcome):
    """Yield faults of methods on the training rows, and on new ones."""
    model, X = outcome.value, case.given.X
    before = frozen({**vars(model), "_density": None})
    n, p = case.given.plain.shape
    for name, shape in (
        ("score_samples", (n,)), ("score", ()), ("loo_score_samples", (n,)),
        ("decision_function", (n,)), ("predict", (n,)),
    ):  # fmt: skip
        known = attempt(getattr(model, name), *(() if "loo" in name else (X,)))
        yield from of_warnings(known.warnings)
        if known.error is None:
            yield from _of_values(name, known.value, shape)
            continue
        for fault in of_error(known.error, case.names):
            yield Finding(f"{name}: {fault.kind}", fault.detail)
    array, kind = draw_values(case.rng, case.rng.integers(0, 6), p)
    query = inputs.dressed(case.rng, array, kind, hostile=0.5)
    new = attempt(model.score_samples, query.X)
    yield from of_warnings(new.warnings)
    if new.error is not None:
        for fault in of_error(new.error, case.names):
            yield Finding(f"query: {fault.kind}", f"{query.text}: {fault.detail}")
    elif query.plain is not None:
        yield from _of_values("score_samples", new.value, (len(query.plain),))
    drawn = attempt(model.sample, 3, random_state=0)
    yield from of_warnings(drawn.warnings)
    if drawn.error is None and np.shape(drawn.value) != (3, p):
        yield Finding("sample: shape", f"{np.shape(drawn.value)}")
    if frozen({**vars(model), "_density": None}) != before:
        yield Finding("changed by a method", "")


def _of_values(name, values, shape):
    if np.shape(values) != shape:
        yield Finding(f"{name}: shape", f"{np.shape(values)} instead of {shape}")
    elif np.isnan(values).any():
        yield Finding(f"{name}: NaN", f"{np.ravel(values)[:4]}")


def sums(case, outcome):
    """Yield densities that are not those of all pairs, written out."""
    model, X = outcome.value, case.given.plain.astype(float)
    params = model.get_params()
    if any(repr(params[name]) != repr(value) for name, value in _PLAIN.items()):
        return
    h = np.asarray(model.bandwidth_)
    spread = np.ptp(X, axis=0).max(initial=0.0)
    if h.ndim or not 1e-6 * spread < h < 1e6 * max(spread, 1e-100) or spread > 1e100:
        return  # numbers of which the plain form loses digits
    weight = case.extra.get("sample_weight")
    weight = np.ones(len(X)) if weight is None else np.ones(len(X)) * weight
    found = model.score_samples(case.given.X)
    eps = 1e-4 if np.asarray(found).dtype == np.float32 else 1e-7
    with np.errstate(all="ignore"):
        expected = log_density(
            X - X[0], X - X[0], float(h), params["kernel"], weight / weight.max()
        )
        far = abs(expected - found) > eps * (1 + abs(expected)) + 2 * params["rtol"]
    rim = np.isinf(expected) | np.isinf(found)  # a point of a compact kernel's rim
    if (far & ~rim).any():
        i = np.argmax(far & ~rim)
        yield Finding("score_samples: other sums", f"{found[i]}, {expected[i]}")


def critical(case, outcome):
    """Yield bandwidths that are no numbers above 0."""
    found = outcome.value
    if not (0 < found["glass"] < np.inf and found["clt"] >= found["glass"]):
        yield Finding("critical bandwidths", f"{found}")
