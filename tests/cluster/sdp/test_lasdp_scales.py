"""Gaussian clusters of unequal scale, shape and size: what is easy must be right."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import special_ortho_group
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from skextras._gaussian._frame import make_frame
from skextras.cluster import ILASDP, LASDP
from skextras.cluster._sdp._hard_labels import (
    hard_objective,
    hard_terms,
    improve,
    label_terms,
    label_value,
)
from skextras.cluster._sdp._lasdp_relaxation import solve
from skextras.cluster._sdp._low_rank import label_parts, solve_low_rank
from skextras.cluster._sdp._low_rank_kernels import minimize
from skextras.cluster._sdp._program import make_problem
from tests.naive import sdp as naive

pytestmark = pytest.mark.jit

#: Seeds of draws that random starts of the relaxation get wrong.
HARD = [0, 1, 4, 5, 6, 10, 12, 13, 15, 16, 17, 18]


def draw(seed, most=150):
    """Draw two to four Gaussians: scales 0.02 to 1, axes up to 7 : 1, any sizes."""
    rng = np.random.default_rng(seed)
    n_clusters, d = int(rng.integers(2, 5)), int(rng.choice([1, 2, 2, 2, 3, 5, 10]))
    sizes = rng.integers(20, most, n_clusters)
    scales = np.exp(rng.uniform(np.log(0.02), 0, n_clusters))
    scales[rng.integers(n_clusters)] = 1
    gap, X = rng.uniform(4, 16), []
    for k, size in enumerate(sizes):
        axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
        spread = np.exp(rng.uniform(0, np.log(7), d))
        mean = rng.normal(size=d)
        length = gap * (k > 0) * rng.uniform(0.7, 1.3)
        mean *= length / (np.linalg.norm(mean) if d > 1 else 1.0)
        noise = rng.normal(size=(size, d)) * spread / spread.max()
        X.append(mean + scales[k] * noise @ axes.T)
    return np.vstack(X), np.repeat(np.arange(n_clusters), sizes), n_clusters


def is_easy(X, y, n_clusters):
    """Tell if one of scikit-learn's estimators finds the clusters."""
    for model in (KMeans, GaussianMixture):
        found = model(n_clusters, n_init=10, random_state=0).fit_predict(X)
        if adjusted_rand_score(y, found) == 1:
            return True
    return False


def assert_found(X, y, n_clusters, seed=0, **params):
    model = ILASDP(n_clusters, random_state=seed, **params).fit(X)
    assert adjusted_rand_score(y, model.labels_) == 1
    assert model.converged_


@pytest.mark.parametrize("seed", HARD)
def test_easy_clusters_are_found(seed):
    assert_found(*draw(seed, most=40))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_200_easy_draws():
    missed, n_easy, seed = [], 0, 0
    while n_easy < 200:
        X, y, n_clusters = draw(seed)
        if is_easy(X, y, n_clusters):
            n_easy += 1
            found = ILASDP(n_clusters, random_state=0).fit(X).labels_
            if adjusted_rand_score(y, found) < 1:
                missed.append(seed)
        seed += 1
    assert missed == []


def two(n, gap, width, seed):
    rng = np.random.default_rng(seed)
    X = np.vstack([rng.normal(0, 1, (n[0], 2)), rng.normal(gap, width, (n[1], 2))])
    return X, np.repeat([0, 1], n), 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("n", "gap", "width"), [((60, 60), 16, 0.3), ((60, 60), 12, 0.2)]
)
def test_a_dense_cluster_beside_a_wide_one(n, gap, width, seed):
    assert_found(*two(n, gap, width, seed))


def test_sizes_that_differ():
    """With equal weights, the few samples take rows of the many."""
    X, y, _ = two((290, 10), 8, 0.2, 0)
    assert_found(X, y, 2)
    assert_found(X, y, 2, init=y)


def cigars():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2)) * [20, 1]
    X[100:, 1] += 10
    return X, np.repeat([0, 1], 100)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_units_and_rotations_do_not_matter(covariance_type):
    X, y = cigars()
    turn = special_ortho_group.rvs(2, random_state=0)
    for other in (X, X @ turn, X * [1, 1000], X @ turn * [1000, 1] @ turn, 5 + X / 1e6):
        assert_found(other, y, 2, covariance_type=covariance_type)


@pytest.mark.parametrize("n_features", [1, 10])
def test_features_one_and_ten(n_features):
    rng = np.random.default_rng(n_features)
    y = np.repeat([0, 1, 2], [40, 25, 60])
    scale = np.array([1, 0.05, 0.3])[y, None]
    X = 12.0 * y[:, None] + scale * rng.normal(size=(125, n_features))
    assert_found(X, y, 3)
    assert_found(1000 * X, y, 3)


@pytest.mark.parametrize("trace", ["each", "sum"])
@pytest.mark.parametrize("seed", range(3))
def test_known_covariances_of_unequal_scale(trace, seed):
    X, y, _ = two((200, 100), 8, 0.2, 0)
    given = np.stack([np.eye(2), 0.04 * np.eye(2)])
    model = LASDP(covariances=given, trace=trace, random_state=seed).fit(X)
    np.testing.assert_array_equal(model.labels_, y)
    truth = hard_objective(X, y, given, np.zeros(2))
    assert model.objective_ >= truth - 1e-9 * abs(truth)


def test_solver_keeps_the_objective_of_labels():
    """The labels of the truth are better than what random starts reach."""
    X, y, _ = two((200, 100), 8, 0.2, 0)
    problem = make_problem(X, np.stack([np.eye(2), 0.04 * np.eye(2)]), np.zeros(2))
    options = {
        "solver": "low_rank", "rank": 4, "trace": "each", "tol": 1e-2, "max_iter": 5000,
        "memory_limit": None, "n_init": 2,
    }  # fmt: skip
    value = label_value(problem, y)
    for labels in (None, y):
        rng = np.random.RandomState(0)
        solution = solve(problem, rng=rng, labels=labels, **options)
        assert (solution.value >= value) == (labels is not None)


def test_label_parts_are_feasible_and_have_the_objective():
    X, y, _ = two((12, 8), 3, 0.5, 0)
    given = np.stack([np.eye(2), 0.04 * np.eye(2)])
    problem = make_problem(X, given, np.log([0.6, 0.4]))
    Z = naive.lasdp_relaxed(label_parts(y, 2, 3, 1.0, None))
    np.testing.assert_allclose(np.trace(Z, axis1=1, axis2=2), 1)
    value = hard_objective(X, y, given, np.log([0.6, 0.4]))
    np.testing.assert_allclose(label_value(problem, y), value)
    np.testing.assert_allclose(np.vdot(problem.matrices(), Z), value)
    terms = hard_terms(X, y, given, np.log([0.6, 0.4]))
    np.testing.assert_allclose(label_terms(problem, y), terms)
    labels, found = improve(problem, np.arange(20) % 2)
    assert found >= label_value(problem, np.arange(20) % 2)
    np.testing.assert_allclose(label_value(problem, labels), found)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_frames(covariance_type):
    X = draw(3)[0] * 1e30
    X = np.hstack([X, np.ones((len(X), 1))])  # a constant feature
    frame = make_frame(X, covariance_type)
    inside = frame.coordinates(X)
    np.testing.assert_allclose(frame.means(inside), X, rtol=1e-6)
    if covariance_type == "full":
        np.testing.assert_allclose(np.cov(inside.T, bias=True)[1:, 1:],
                                   np.eye(X.shape[1] - 1), atol=1e-6)  # fmt: skip
    given = np.cov(X.T)[None] + 1e50 * np.eye(X.shape[1])
    back = frame.covariances(frame.covariances_inside(given))
    np.testing.assert_allclose(back, given, rtol=1e-6, atol=1e40)
    log_det = np.linalg.slogdet(frame.root)[1]
    np.testing.assert_allclose(frame.log_det, log_det)


@pytest.mark.parametrize("family", [LASDP, ILASDP])
@pytest.mark.parametrize("scale", [1e-140, 1e-60, 1e60, 1e140])
def test_any_scale(family, scale):
    X, y, _ = two((40, 30), 16, 0.3, 0)
    model = family(random_state=0).fit(scale * X)
    assert adjusted_rand_score(y, model.labels_) == 1
    assert adjusted_rand_score(y, model.predict(scale * X)) == 1
    assert np.isfinite(model.objective_)


@pytest.mark.parametrize("solver", ["low_rank", "admm"])
def test_differences_that_have_no_square(solver):
    X = two((20, 20), 8, 1, 0)[0]
    for family in (LASDP, ILASDP):
        with pytest.raises(ValueError, match=r"X\[:, 0\] varies by .* multiply X"):
            family(solver=solver).fit(1e-162 * X)
    given = np.stack([np.eye(2), 1e-300 * np.eye(2)])
    with pytest.raises(ValueError, match="covariances holds variances down to"):
        LASDP(covariances=given, solver=solver).fit(X)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64])
@pytest.mark.parametrize("family", [LASDP, ILASDP])
def test_numbers_of_numpy(family, kind):
    X, y, n_clusters = draw(1, most=40)
    limit = "max_iter" if family is LASDP else "solver_max_iter"
    plain = {"n_clusters": n_clusters, "rank": 3, "n_init": 2, limit: 200}
    typed = {name: kind(value) for name, value in plain.items()}
    here = family(**plain, init=y, random_state=0).fit(X)
    there = family(**typed, init=y.astype(kind), random_state=0).fit(X)
    np.testing.assert_array_equal(here.membership_, there.membership_)


INTERRUPT = """
import os, signal, threading
import numpy as np
from skextras.cluster import LASDP, SDPKMeans
X = np.random.default_rng(0).normal(size=(3000, 20))
threading.Timer(8.0, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    {model}.fit(X)
except BaseException as error:
    print(type(error).__name__)
"""
LONG = {
    "LASDP": "LASDP(8, init=np.arange(3000) % 8, tol=1e-15, max_iter=10**6, n_init=1)",
    "SDPKMeans": "SDPKMeans(8, solver='low_rank', tol=1e-15, max_iter=10**6)",
}


@pytest.mark.slow
@pytest.mark.parametrize("model", LONG)
def test_an_interrupt_inside_a_kernel_is_one(model):
    """Returned arrays are wrapped by Python code, where it became a SystemError."""
    command = [sys.executable, "-W", "ignore", "-c"]
    command.append(INTERRUPT.format(model=LONG[model]))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout == "KeyboardInterrupt\n", done.stderr


def test_no_kernel_returns_an_array():
    """An interrupt while numba wraps one becomes a SystemError, an Exception."""
    X, y, _ = two((12, 8), 3, 0.5, 0)
    problem = make_problem(X, np.stack([np.eye(2), 0.04 * np.eye(2)]), np.zeros(2))
    parts = label_parts(y, 2, 2, 0.8, np.random.default_rng(0))
    solve_low_rank(problem, parts, trace="each", tol=1e-2, max_iter=20)
    for signature in getattr(minimize, "nopython_signatures", ()):
        assert str(signature.return_type).startswith(("int", "uint"))


def test_means_lie_within_the_samples():
    X = np.zeros((9, 4))
    X[[1, 2, 4], 0] = 0.5737451018099992, -1.3910421168269451, 1.608912763083196
    X[6, 2] = -0.8886384299250297
    X[[2, 4, 6, 7], 3] = -1.820683959784742, -0.4173889, 0.4378774, -0.0291580
    model = ILASDP(2, init="ward", n_init=1, solver_tol=0.01, random_state=2).fit(X)
    assert (model.means_[:, 1] == 0).all()


def test_samples_far_from_all_means_have_probabilities():
    X = np.full((5, 2), 1e300)
    given = np.repeat(1e-290 * np.eye(2)[None], 2, axis=0)
    with pytest.warns(ConvergenceWarning, match="distinct rows"):
        model = LASDP(2, covariances=given, random_state=0).fit(X)
    probabilities = model.predict_proba([[1.0, 2.0], [-1e300, 0]])
    np.testing.assert_array_equal(probabilities, 0.5)  # both means are there
