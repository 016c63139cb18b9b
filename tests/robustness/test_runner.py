"""The runner finds faults that are planted, and the table has every public name."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from skextras import cluster, mixture, neighbors, preprocessing, semi_supervised
from tests.robustness import inputs
from tests.robustness.messages import Finding
from tests.robustness.params import ints
from tests.robustness.runner import Target, run_case
from tests.robustness.targets import TARGETS


def test_every_public_name_is_a_target():
    results = {
        "FasterPAMResult", "KMeansCertificate", "MedoidPath", "CompressedSamples",
        "DensityGrid", "KDERegimeWarning", "DensityDisplay",
        "gaussian_critical_bandwidth",
    }  # fmt: skip
    targets = {name.split("-")[0] for name in TARGETS}
    families = cluster, mixture, neighbors, preprocessing, semi_supervised
    assert targets == {name for one in families for name in one.__all__} - results


def returns(X, k=1):
    return X.shape if sparse.issparse(X) else np.asarray(X).shape


def raises_key_error(X, k=1):
    raise KeyError("x")


def says_nothing(X, k=1):
    raise ValueError("no good")


def is_lengthy(X, k=1):
    raise ValueError("X" * 1000 + ".")


def raises_from_numpy(X, k=1):
    np.linalg.inv(np.zeros((2, 2)))


def warns_of_numbers(X, k=1):
    warnings.warn("overflow", RuntimeWarning, stacklevel=1)


def writes(X, k=1):
    if isinstance(X, np.ndarray) and X.size and X.flags.writeable:
        X[...] = 0


def draws(X, k=1):
    return np.random.default_rng().random()


class HalfFitted(BaseEstimator):
    """Sets an attribute and fails, but for one input."""

    def __init__(self, n_clusters=2, random_state=None):
        self.n_clusters, self.random_state = n_clusters, random_state

    def fit(self, X, y=None):
        self.n_seen_ = len(X)
        if self.n_seen_ != 9:
            raise ValueError("X must have 9 rows.")
        return self


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (raises_key_error, "raw KeyError"),
        (says_nothing, "raw ValueError"),
        (is_lengthy, "raw ValueError"),
        (raises_from_numpy, "raw LinAlgError"),
        (warns_of_numbers, "RuntimeWarning"),
        (writes, "input changed"),
        (draws, "other bits"),
        (HalfFitted, "changed by a fit that failed"),
    ],
)
def test_faults_are_found(call, kind):
    """Each kind of fault, planted, is found; without one, nothing is."""
    space = {"n_clusters": ints(1, 3)} if call is HalfFitted else {}

    def draw(rng, hostile):
        return inputs.rows(rng, 20, hostile=0)

    found = [
        finding.kind
        for seed in range(20)
        for finding in run_case(Target(call, draw, space, ()), "planted", seed).findings
    ]
    assert any(kind in each for each in found), found


def test_sound_calls_have_no_findings():
    def holds(case, outcome):
        if outcome.value != case.given.plain.shape:
            yield Finding("shape", "")

    def draw(rng, hostile):
        return inputs.rows(rng, 20, hostile=0)

    target = Target(returns, draw, {}, (holds,))
    for seed in range(50):
        report = run_case(target, "planted", seed)
        assert not report.findings, report
