"""Bad input of LASDP and ILASDP, told in one sentence; a failed fit leaves nothing."""

import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skextras.cluster import ILASDP, LASDP

X = np.random.default_rng(0).normal(size=(12, 3))
EYES = np.repeat(np.eye(3)[None], 2, axis=0)


def changed(value, place=(1, 0, 2)):
    """Return covariances of which one entry is bad."""
    out = EYES.copy()
    out[place] = value
    return out


SENTENCES = [
    ({"n_clusters": 13}, "n_samples=12 must be >= n_clusters=13"),
    ({"n_clusters": 0}, r"'n_clusters' parameter .* Got 0"),
    (
        {"n_clusters": True},
        "n_clusters of .* must not be a boolean, got True: give a num",
    ),
    ({"init": "random"}, "'init' parameter .* Got 'random'"),
    ({"init": [0, 1]}, r"init must hold one label for each of 12 .* \(2,\)"),
    ({"init": np.arange(12) / 6}, "init must be .* integer labels, .* float64"),
    ({"init": np.arange(12) % 3}, "init holds the label 2: labels go from 0 to 1"),
    ({"init": np.arange(12) % 2 - 1}, "init holds the label -1"),
    ({"init": np.zeros(12, dtype=int)}, "init gives no sample to cluster 1"),
    ({"covariance_type": "round"}, "'covariance_type' parameter .* Got 'round'"),
    ({"covariances_init": np.eye(3)}, r"shape \(2, 3, 3\) .* got \(3, 3\)"),
    (
        {"covariances_init": EYES, "covariance_type": "tied"},
        r"shape \(3, 3\) for covariance_type='tied'.* got \(2, 3, 3\)",
    ),
    ({"covariances_init": [["a"]]}, "covariances_init must be an array of numbers"),
    ({"covariances_init": changed(np.nan)}, r"covariances_init\[1\] must be finite"),
    ({"covariances_init": changed(0.5)}, r"\[1\] must be symmetric.* by 0\.5"),
    (
        {"covariances_init": changed(-1.0, (0, 1, 1))},
        r"covariances_init\[0\] must be positive definite, .* eigenvalue -1",
    ),
    (
        {"covariances_init": [1.0, 0.0], "covariance_type": "spherical"},
        r"covariances_init\[1\] must be positive definite",
    ),
    ({"shrinkage": 1.5}, r"'shrinkage' parameter .* Got 1\.5"),
    ({"reg_covar": 0}, "'reg_covar' parameter .* Got 0"),
    ({"reg_covar": 1e-300}, "'reg_covar' parameter .* Got 1e-300"),
    ({"weights": "equal"}, "'weights' parameter .* Got 'equal'"),
    ({"trace": "one"}, "'trace' parameter .* Got 'one'"),
    ({"solver": "scs"}, "'solver' parameter .* Got 'scs'"),
    ({"rank": 0}, "'rank' parameter .* Got 0"),
    ({"n_init": 0}, "'n_init' parameter .* Got 0"),
    ({"solver_tol": 0}, "'solver_tol' parameter .* Got 0"),
]


#: Parameters of ILASDP by another name: those of LASDP.
OWN_NAMES = {"covariances_init": "covariances", "solver_tol": "tol"}


@pytest.mark.parametrize("family", [LASDP, ILASDP])
@pytest.mark.parametrize(("params", "sentence"), SENTENCES)
def test_bad_parameters(family, params, sentence):
    if family is LASDP:
        params = {OWN_NAMES.get(name, name): params[name] for name in params}
        for name, own in OWN_NAMES.items():
            sentence = sentence.replace(name, own)
    model = family(**params)
    with pytest.raises(ValueError, match=sentence):
        model.fit(X)
    assert set(vars(model)) == set(model.get_params())


@pytest.mark.parametrize("family", [LASDP, ILASDP])
@pytest.mark.parametrize(
    ("bad", "kind", "sentence"),
    [
        (np.where(X > 1.3, np.nan, X), ValueError, "Input X contains NaN"),
        (np.where(X > 1.3, np.inf, X), ValueError, "Input X contains infinity"),
        (1e200 * X, ValueError, r"X holds values up to .*e\+200.* divide X"),
        (sparse.csr_array(X), TypeError, "Sparse data was passed for X"),
        (X[0], ValueError, "Expected 2D array"),
        (X[:1], ValueError, "1 sample"),
    ],
)
def test_bad_data(family, bad, kind, sentence):
    model = family()
    with pytest.raises(kind, match=sentence):
        model.fit(bad)
    assert set(vars(model)) == set(model.get_params())


@pytest.mark.parametrize("family", [LASDP, ILASDP])
def test_weights_of_samples_are_not_accepted(family):
    with pytest.raises(TypeError, match="sample_weight"):
        family().fit(X, sample_weight=np.ones(12))


@pytest.mark.parametrize("family", [LASDP, ILASDP])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "score", "bic", "aic"])
def test_not_fitted(family, method):
    with pytest.raises(NotFittedError, match="instance is not fitted yet"):
        getattr(family(), method)(X)
    with pytest.raises(ValueError, match="X has 2 features"):
        getattr(family().fit(X), method)(X[:, :2])


@pytest.mark.parametrize("solver", ["admm", "cvxpy"])
def test_dense_solvers_refuse_much_memory(solver):
    sentence = f"solver='{solver}' with n_samples=12 .* allowed by memory_limit=1000: "
    with pytest.raises(MemoryError, match=sentence + "choose solver='low_rank'"):
        LASDP(solver=solver, memory_limit=1000).fit(X)


def test_without_cvxpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cvxpy", None)
    with pytest.raises(
        ImportError, match=r"needs the package cvxpy: .*skextras\[sdp\]"
    ):
        LASDP(solver="cvxpy").fit(X)


def test_covariances_that_stay_must_be_given():
    with pytest.raises(ValueError, match="update_covariances=False needs covariances"):
        ILASDP(update_covariances=False).fit(X)


def test_clusters_that_cannot_be_so_large():
    sentence = "min_cluster_size=7 times n_clusters=2 must be <= n_samples=12"
    with pytest.raises(ValueError, match=sentence):
        ILASDP(min_cluster_size=7).fit(X)
    kept = ILASDP(
        min_cluster_size=7, covariances_init=EYES, update_covariances=False
    ).fit(X)
    assert kept.n_iter_ == 1


def test_solver_that_does_not_converge():
    sentence = "LASDP did not reach tol=1e-09 in 3 iterations"
    with pytest.warns(ConvergenceWarning, match=sentence):
        model = LASDP(covariances=EYES, tol=1e-9, max_iter=3, random_state=0).fit(X)
    assert not model.converged_


def test_iterations_that_do_not_converge():
    sentence = "ILASDP did not converge: labels still change after max_iter=1"
    labels = np.arange(12) % 3
    with pytest.warns(ConvergenceWarning, match=sentence):
        model = ILASDP(3, init=labels, max_iter=1, random_state=2).fit(X)
    assert not model.converged_


#: A cluster of few samples inside a large one, and labels that share it out.
SPREAD = (
    np.random.default_rng(1).normal(size=(100, 2))
    * np.repeat([4, 0.2], [75, 25])[:, None]
)
SHRINKING = {"init": np.arange(100) // 50, "refine": None, "random_state": 0}


@pytest.mark.jit
def test_cluster_that_becomes_too_small():
    """The iterate before it is kept."""
    sentence = r"cluster \d fell to \d+ samples, below min_cluster_size=30, in"
    with pytest.warns(ConvergenceWarning, match=sentence):
        model = ILASDP(2, **SHRINKING, min_cluster_size=30).fit(SPREAD)
    before = ILASDP(2, **SHRINKING, max_iter=model.n_iter_)
    with pytest.warns(ConvergenceWarning, match="labels still change"):
        before.fit(SPREAD)
    np.testing.assert_array_equal(model.labels_, before.labels_)


@pytest.mark.jit
def test_cluster_that_becomes_too_small_in_em():
    sentence = r"EM stopped in iteration \d+, before a cluster weighs less than min_"
    params = {**SHRINKING, "refine": "em", "covariance_type": "spherical"}
    with pytest.warns(ConvergenceWarning, match=sentence):
        model = ILASDP(2, **params, min_cluster_size=45, max_iter=1).fit(SPREAD)
    assert not model.converged_
    np.testing.assert_allclose(model.membership_.sum(axis=1), 1.0)
