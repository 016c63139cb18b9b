"""Run one case: a call, what it may raise, and what must hold of its result.

A case is the name of a target and a seed. All that is drawn comes from the two.
"""

import copy
import traceback
import warnings
import zlib
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

from tests.robustness import inputs, params
from tests.robustness.bits import frozen, state
from tests.robustness.messages import Finding, of_error, of_warnings, short
from tests.robustness.values import pick


class Report(NamedTuple):
    """The outcome of a case, "ok" or "refused", its findings, and its input."""

    outcome: str
    findings: list
    text: str


class Target(NamedTuple):
    """A public estimator or function, what it takes, and what must hold of its result.

    ``call`` is a class of estimators, or a function of the input and ``space``;
    ``draw`` makes the input from a random stream; ``holds`` are functions of a ``Case``
    and its result that yield findings; ``first`` names parameters given by position.
    """

    call: Any
    draw: Any
    space: dict
    holds: tuple
    weight: bool = False
    first: tuple = ()


class Case(NamedTuple):
    """One call: the input, the parameters, and arguments of ``fit``."""

    target: Target
    given: inputs.Given
    params: dict
    extra: dict
    rng: np.random.Generator

    @property
    def names(self):
        """Return the names of all arguments."""
        further = self.params.get("metric_params")
        further = map(str, further) if isinstance(further, dict) else ()
        return [*self.params, *self.extra, *further]

    @property
    def is_estimator(self):
        """Tell an estimator from a function."""
        return isinstance(self.target.call, type) and issubclass(
            self.target.call, BaseEstimator
        )

    def run(self, X, **changes):
        """Make the call for another form of the input, or with other parameters."""
        values = copy.deepcopy({**self.params, **changes})
        extra = copy.deepcopy(self.extra)
        if self.is_estimator:
            return self.target.call(**values).fit(X, **extra)
        first = [values.pop(name) for name in self.target.first]
        return self.target.call(X, *first, **values, **extra)


class Outcome(NamedTuple):
    """What a call returned, or raised, and the warnings on the way."""

    value: Any
    error: Exception | None
    warnings: list


def attempt(function, *args, **kwargs):
    """Call a function; return its outcome, whatever it is."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, error = function(*args, **kwargs), None
        except Exception as raised:
            value, error = None, raised
    return Outcome(value, error, caught)


def draw_case(target, name, seed):
    """Return the case of a seed."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), seed])
    hostile = pick_hostility(rng)
    given = target.draw(rng, hostile)
    n, p = given.plain.shape if given.plain is not None else (5, 2)
    values = params.parameters(rng, target.space, n, p, hostile)
    extra = {}
    if target.weight:
        weight = params.weights(rng, n)
        extra = {} if weight is None else {"sample_weight": weight}
    return Case(target, given, values, extra, rng)


def pick_hostility(rng):
    """Leave half of the cases without hostile parts, so that results are checked."""
    return 1.0 if rng.random() < 0.5 else 0.2


def run_case(target, name, seed):
    """Run a case; return its report."""
    case = draw_case(target, name, seed)
    text = describe(case)
    before = frozen(case.given.X), frozen(case.params), frozen(case.extra)
    outcome = attempt(case.run, case.given.X)
    findings = list(of_warnings(outcome.warnings))
    if (frozen(case.given.X), frozen(case.params), frozen(case.extra)) != before:
        findings.append(Finding("input changed", case.given.text))
    if outcome.error is not None:
        findings += of_error(outcome.error, case.names)
        findings += _of_refusal(case, outcome.error)
        findings = list({each.kind: each for each in findings}.values())
        return Report("refused", findings, text)
    findings += _of_relation(case, outcome.value)
    for check in case.target.holds if case.given.plain is not None else ():
        try:
            findings += check(case, outcome)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.filename.rsplit('/', 1)[-1]}:{where.name}"
            kind = f"{check.__name__} raised {type(error).__name__} in {place}"
            findings.append(Finding(kind, short(error)))
    if (frozen(case.given.X), frozen(case.extra)) != (before[0], before[2]):
        findings.append(Finding("input changed later", case.given.text))
    return Report("ok", list({each.kind: each for each in findings}.values()), text)


def describe(case):
    """Return a case in words."""
    parts = [f"X: {case.given.text}"]
    for name, value in {**case.params, **case.extra}.items():
        parts.append(f"{name}={short(value, 60)}")
    return ", ".join(parts)


def _of_refusal(case, error):
    """Yield findings on a call that failed: it was all or nothing, and with reason."""
    if case.given.is_clean and not isinstance(error, InvalidParameterError):
        plain = case.given.plain
        drawn = (
            case.params.get("random_state", 0) is None
        )  # what is refused may be, too
        if not (drawn or sparse.issparse(case.given.X)):
            other = attempt(case.run, plain)
            if other.error is None:
                yield Finding("refused in this form only", short(error))
    if case.is_estimator:
        model = attempt(fitted, case.target.call).value
        model = copy.deepcopy(model)
        model.set_params(**case.params)
        before = state(model)
        outcome = attempt(model.fit, case.given.X, **case.extra)
        if outcome.error is not None and state(model) != before:
            yield Finding("changed by a fit that failed", short(error))


_FITTED = {}


def fitted(kind):
    """Return a fitted estimator of a class, made once."""
    if kind not in _FITTED:
        X = np.random.default_rng(0).normal(size=(9, 2))
        options = {"n_clusters": 2, "random_state": 0}
        known = kind().get_params()
        options = {name: options[name] for name in options if name in known}
        _FITTED[kind] = kind(**options).fit(X)
    return _FITTED[kind]


def _of_relation(case, result):
    """Yield differences between calls that must give the same bits."""
    if case.params.get("random_state", 0) is None:
        return
    kind = pick(case.rng, ("twice", "threads", "twin", "twin"))
    X, changes = case.given.X, {}
    if kind == "threads" and "n_jobs" in case.params:
        changes = {"n_jobs": 2 if case.params["n_jobs"] in (None, 1) else 1}
    elif kind == "twin" and case.given.twin is not None:
        # Which half is read depends on the memory order if the test is skipped.
        X = X if case.params.get("assume_symmetric") else case.given.twin
    other = attempt(case.run, X, **changes)
    if other.error is not None:
        yield Finding(f"{kind}: raises", short(other.error))
        return
    one, two = state(result), state(other.value)
    ignored = {"feature_names_in_", "_density", *changes}  # that is an object
    names = [
        name for name in {**one, **two}
        if name not in ignored and one.get(name) != two.get(name)
    ]  # fmt: skip
    if names:
        yield Finding(f"{kind}: other bits", ", ".join(names))
