"""SDPKMeans: the three solvers agree, and the result is what it says."""

import pickle
import warnings
from functools import partial

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csc_array, csr_array
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, euclidean_distances
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skextras.cluster import SDPKMeans, certify_kmeans
from skextras.cluster._sdp import _admm, _stated
from skextras.cluster._sdp._kmeans_relaxation import solve_by_parts
from skextras.cluster._sdp._points import Points
from tests.cluster.sdp.problems import mixture
from tests.naive import sdp as naive

pytestmark = [
    pytest.mark.usefixtures("one_blas_thread"),  # as in fit
    pytest.mark.jit,
]

SOLVERS = ["admm", "low_rank", "cvxpy"]


@pytest.mark.parametrize("seed", range(3))
def test_admm_equals_cvxpy(seed):
    X, _ = mixture([20, 40, 60][seed], 3, 3, seed=seed)
    points = Points(X)
    reference = _stated.solve_kmeans(points, 3, None)
    assert reference.converged
    assert reference.infeasibility < 1e-4
    solution = _admm.solve(points, 3, tol=1e-5, max_iter=3000)
    np.testing.assert_allclose(solution.bound, reference.value, rtol=1e-4)
    Z = reference.memberships.factor() @ reference.memberships.factor().T
    np.testing.assert_allclose(np.trace(Z), 3, rtol=1e-3)
    np.testing.assert_allclose(Z.sum(axis=1), 1, atol=1e-3)


def test_clarabel_equals_scs():
    points = Points(mixture(18, 2, 3)[0])
    values = [
        _stated.solve_kmeans(points, 2, {"solver": solver}).value
        for solver in ("SCS", "CLARABEL")
    ]
    np.testing.assert_allclose(*values, rtol=1e-5)


@pytest.mark.parametrize(("n", "d"), [(100, 4), (300, 4), (60, 90)])
def test_low_rank_equals_admm(n, d):
    X, _ = mixture(n, 3, 4, d=d)
    points = Points(X)
    admm = _admm.solve(points, 3, tol=1e-5, max_iter=2000)
    bound = admm.bound
    for seed in range(5):
        rng = np.random.RandomState(seed)
        solution = solve_by_parts(
            points, 3, 12, n_init=5, tol=1e-4, max_iter=5000, rng=rng
        )
        assert solution.converged
        np.testing.assert_allclose(solution.value, bound, rtol=3e-4)
        factor = solution.memberships.factor()
        assert factor.min() >= 0
        np.testing.assert_allclose(factor @ factor.sum(axis=0), 1)
        trace = (factor**2).sum()
        assert abs(trace - 3) <= 3e-4
        assert solution.infeasibility == pytest.approx(abs(trace / 3 - 1), abs=1e-12)


def test_low_rank_of_a_kernel():
    """That of points gives the same; and one that is not positive semidefinite."""
    X, _ = mixture(80, 3, 3)
    options = {"n_init": 5, "tol": 1e-5, "max_iter": 5000}
    solve = partial(solve_by_parts, n_clusters=3, rank=12, **options)
    values = []
    for points in (Points(X), Points(gram=X @ X.T)):
        solution = solve(points, rng=np.random.RandomState(0))
        values.append(solution.value * points.scale)
    np.testing.assert_allclose(*values, rtol=1e-4)
    noise = np.random.default_rng(0).normal(size=(80, 80))
    points = Points(gram=X @ X.T + noise + noise.T)
    assert np.linalg.eigvalsh(points.gram())[0] < -0.1 / points.scale
    solution = solve(points, rng=np.random.RandomState(0))
    Z = solution.memberships.factor() @ solution.memberships.factor().T
    value = points.total - np.sum(points.gram() * Z)
    np.testing.assert_allclose(solution.value, value, rtol=1e-4)
    admm = _admm.solve(points, 3, tol=1e-5, max_iter=3000)
    bound = admm.bound
    assert bound <= solution.value * (1 + 1e-4)
    np.testing.assert_allclose(solution.value, bound, rtol=2e-2)


@pytest.mark.parametrize("solver", SOLVERS)
def test_separated_clusters_are_recovered_and_proven(solver):
    X, labels = mixture(60, 3, 12)
    model = SDPKMeans(3, solver=solver, random_state=0).fit(X)
    assert adjusted_rand_score(model.labels_, labels) == 1
    assert model.certified_
    assert model.gap_ <= 1e-6
    assert model.solver_ == solver
    np.testing.assert_allclose(model.inertia_, naive.inertia(X, labels))
    np.testing.assert_allclose(model.relaxed_inertia_, model.inertia_, rtol=1e-2)
    Z = model.membership_factor_ @ model.membership_factor_.T
    expected = (labels[:, None] == labels) / 20
    np.testing.assert_allclose(Z, expected, atol=5e-3)
    assert 0 <= model.infeasibility_ <= 2e-3
    assert model.n_iter_ > 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_attributes(solver):
    X, _ = mixture(60, 3, 3)
    model = SDPKMeans(3, solver=solver, random_state=0).fit(X)
    reference = KMeans(3, n_init=20, random_state=0).fit(X)
    assert model.lower_bound_ <= reference.inertia_
    assert model.inertia_ <= reference.inertia_ * 1.02
    assert model.certificate_.lower_bound == model.lower_bound_
    gap = (model.inertia_ - model.lower_bound_) / model.inertia_
    assert model.gap_ == gap > 0
    np.testing.assert_allclose(model.inertia_, naive.inertia(X, model.labels_))
    for a in range(3):
        mean = X[model.labels_ == a].mean(axis=0)
        np.testing.assert_allclose(model.cluster_centers_[a], mean)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    distances = euclidean_distances(X, model.cluster_centers_)
    np.testing.assert_allclose(model.transform(X), distances)


@pytest.mark.parametrize("solver", ["admm", "low_rank"])
def test_kernel_of_inner_products_is_the_same_problem(solver):
    X, _ = mixture(60, 3, 6)
    rows = SDPKMeans(3, solver=solver, random_state=0).fit(X)
    model = SDPKMeans(3, affinity="precomputed", solver=solver, random_state=0)
    model.fit(X @ X.T)
    assert adjusted_rand_score(model.labels_, rows.labels_) == 1
    np.testing.assert_allclose(model.inertia_, rows.inertia_)
    np.testing.assert_allclose(model.lower_bound_, rows.lower_bound_, rtol=1e-3)
    assert model.cluster_centers_ is None
    assert model.__sklearn_tags__().input_tags.pairwise
    for name in ("predict", "transform", "fit_transform", "score"):
        assert not hasattr(clone(model), name)
        assert not hasattr(model, name)
        with pytest.raises(AttributeError) as error:
            getattr(model, name)(X @ X.T)
        assert "'precomputed' has no cluster centers" in str(error.value.__cause__)


def test_kernel_that_is_not_linear():
    """Two rings: K-means cannot part them, and a kernel can."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    X = np.vstack([ring, 5 * ring])
    kernel = np.exp(-euclidean_distances(X, squared=True) / 4)
    inner = np.repeat([0, 1], 40)
    kernel = kernel + 0.5 * np.equal.outer(inner, inner)
    model = SDPKMeans(2, affinity="precomputed", random_state=0).fit(kernel)
    assert adjusted_rand_score(model.labels_, inner) == 1


def test_rounding_and_polish():
    X, labels = mixture(90, 3, 4, seed=1)
    inertia = {}
    for rounding in ("spectral", "denoise", "best"):
        for polish in (False, True):
            model = SDPKMeans(3, rounding=rounding, polish=polish, random_state=0)
            inertia[rounding, polish] = model.fit(X).inertia_
            assert adjusted_rand_score(model.labels_, labels) > 0.7
        assert inertia[rounding, True] <= inertia[rounding, False]
    for polish in (False, True):
        assert inertia["best", polish] <= inertia["spectral", polish]
        assert inertia["best", polish] <= inertia["denoise", polish]


def test_certificates():
    X = load_iris().data
    gap = {
        name: SDPKMeans(3, certificate=name, block_size=50, random_state=0).fit(X).gap_
        for name in ("auto", "quick", "sdp", "blocks")
    }
    assert gap["auto"] == gap["sdp"] < gap["blocks"] < gap["quick"]
    model = SDPKMeans(3, certificate=None, random_state=0).fit(X)
    assert model.certificate_ is None
    assert np.isnan([model.lower_bound_, model.gap_]).all()
    assert model.certified_ is False


def test_translation_and_rotation():
    X, _ = mixture(80, 3, 5)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    first, moved = (
        SDPKMeans(3, random_state=0).fit(rows) for rows in (X, X @ turn - 50)
    )
    np.testing.assert_allclose(first.inertia_, moved.inertia_)
    np.testing.assert_allclose(first.lower_bound_, moved.lower_bound_, rtol=2e-4)


def test_auto_solver(monkeypatch):
    X, _ = mixture(50, 2, 8)
    assert SDPKMeans(2).fit(X).solver_ == "admm"
    monkeypatch.setattr("skextras.cluster._sdp._settings._DENSE", 40)
    model = SDPKMeans(2, random_state=0).fit(X)
    assert model.solver_ == "low_rank"
    assert model.membership_factor_.shape == (50, 8)
    assert SDPKMeans(2, rank=3).fit(X).membership_factor_.shape == (50, 3)


def test_few_distinct_points():
    X = np.repeat(np.arange(3.0)[:, None], 4, axis=0)
    with pytest.warns(ConvergenceWarning, match="only 3 distinct points for n_cl"):
        model = SDPKMeans(5, random_state=0).fit(X)
    assert model.inertia_ == 0
    assert model.certified_
    with pytest.warns(
        ConvergenceWarning, match="only 1 distinct point for n_clusters=2; 1 cluster is"
    ):
        model = SDPKMeans(2).fit(np.ones((6, 2)))
    assert model.inertia_ == model.lower_bound_ == 0


def test_each_point_a_cluster():
    X = np.arange(10.0).reshape(5, 2)
    model = SDPKMeans(5).fit(X)
    assert model.certified_
    assert model.inertia_ == 0
    assert len(set(model.labels_)) == 5
    one = SDPKMeans(1).fit(X)
    assert one.certified_
    np.testing.assert_allclose(one.inertia_, 80)
    np.testing.assert_allclose(one.membership_factor_ @ one.membership_factor_.T, 0.2)


def test_not_converged():
    X, _ = mixture(60, 3, 2)
    for solver in ("admm", "low_rank"):
        model = SDPKMeans(3, solver=solver, max_iter=3, random_state=0)
        with pytest.warns(ConvergenceWarning, match="converge in 3 iterations"):
            model.fit(X)
        assert model.n_iter_ == 3
        assert model.lower_bound_ <= model.inertia_


def test_inside_scikit_learn():
    X = load_iris().data
    pipeline = make_pipeline(StandardScaler(), SDPKMeans(3, random_state=0))
    assert len(set(pipeline.fit_predict(X))) == 3
    grid = {"n_clusters": [2, 3]}
    search = GridSearchCV(
        SDPKMeans(random_state=0),
        grid,
        cv=3,
        scoring=lambda model, X, y=None: -model.transform(X).min(axis=1).sum(),
    )
    assert search.fit(X).best_params_ == {"n_clusters": 3}
    model = SDPKMeans(3, random_state=0).fit(X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    again = clone(model).fit(X)
    np.testing.assert_array_equal(again.labels_, model.labels_)
    assert again.lower_bound_ == model.lower_bound_
    single = SDPKMeans(3, random_state=0).fit(X.astype(np.float32))
    assert single.cluster_centers_.dtype == np.float32
    np.testing.assert_allclose(single.lower_bound_, model.lower_bound_, rtol=1e-4)
    certificate = certify_kmeans(X, model.labels_)
    np.testing.assert_allclose(certificate.gap, model.gap_, atol=1e-3)


SENTENCES = [
    ({"n_clusters": 13}, {}, "n_samples=12 must be >= n_clusters=13"),
    ({"n_clusters": 0}, {}, "'n_clusters' parameter .* Got 0"),
    ({"affinity": "rbf"}, {}, "'affinity' parameter .*'linear'.* Got 'rbf'"),
    ({"solver": "scs"}, {}, "'solver' parameter .*'low_rank'.* Got 'scs'"),
    ({"rank": 0}, {}, "'rank' parameter .* Got 0"),
    ({"tol": 0}, {}, "'tol' parameter .* Got 0"),
    ({"certificate": "exact"}, {}, "'certificate' parameter .* Got 'exact'"),
    ({}, {"X": np.full((12, 3), np.nan)}, "Input X contains NaN"),
    ({}, {"X": np.full((12, 3), np.inf)}, "Input X contains infinity"),
    ({}, {"X": np.eye(12) * 1e200}, "beyond the range of float64"),
    (
        {"affinity": "precomputed"},
        {},
        r"precomputed X must be square, got the shape \(12, 3\)",
    ),
    (
        {"affinity": "precomputed"},
        {"X": np.triu(np.ones((12, 12)))},
        r"must be symmetric, got 1\.0 at row 0, column 1, and 0\.0 at row 1, column 0",
    ),
    (
        {"affinity": "precomputed", "certificate": "blocks"},
        {"X": np.eye(12)},
        "certificate='blocks' needs points",
    ),
    (
        {"solver": "cvxpy"},
        {"X": np.ones((301, 1))},
        "solver='cvxpy' takes at most 300 samples, got 301: choose 'admm'",
    ),
    (
        {"certificate": "blocks", "block_size": 3},
        {},
        "block_size=3 must exceed the number of clusters, 3",
    ),
]


@pytest.mark.parametrize(("params", "data", "sentence"), SENTENCES)
def test_bad_input(params, data, sentence):
    model = SDPKMeans(**{"n_clusters": 3, **params})
    with pytest.raises(ValueError, match=sentence):
        model.fit(**{"X": np.arange(36.0).reshape(12, 3), **data})
    assert set(vars(model)) == set(model.get_params())


def test_too_little_memory():
    X, _ = mixture(200, 3, 4)
    sentence = "1 MB are allowed by memory_limit=1000000: choose solver='low_rank', or"
    with pytest.raises(MemoryError, match=sentence):
        SDPKMeans(3, memory_limit=1_000_000).fit(X)
    options = {"certificate": "quick", "memory_limit": 1_000_000, "random_state": 0}
    SDPKMeans(3, solver="low_rank", **options).fit(X)


def test_cvxpy_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cvxpy", None)
    X, _ = mixture(30, 3, 4)
    with pytest.raises(
        ImportError, match=r"install .skextras\[sdp\]., or choose solver"
    ):
        SDPKMeans(3, solver="cvxpy").fit(X)


def test_weights_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        SDPKMeans(2).fit(np.eye(4), sample_weight=np.ones(4))


def test_the_input_is_not_changed():
    X, _ = mixture(40, 2, 4)
    kernel = X @ X.T
    for data, affinity in ((X, "linear"), (kernel, "precomputed")):
        before = data.copy()
        SDPKMeans(2, affinity=affinity).fit(data)
        np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize("form", [csr_array, csc_array, coo_matrix])
@pytest.mark.parametrize("solver", ["admm", "low_rank"])
def test_sparse_X_is_the_dense_one(form, solver):
    X, _ = mixture(60, 3, 5, d=8)
    X[np.abs(X) < 0.5] = 0
    sparse = form(X)
    model = SDPKMeans(3, solver=solver, random_state=0).fit(sparse)
    dense = SDPKMeans(3, solver=solver, random_state=0).fit(X)
    np.testing.assert_array_equal(model.labels_, dense.labels_)
    assert model.lower_bound_ == dense.lower_bound_
    np.testing.assert_array_equal(model.predict(sparse), dense.predict(X))
    np.testing.assert_allclose(model.transform(sparse), dense.transform(X))


def test_sparse_X_that_is_too_large():
    X = csr_array((300, 1_000_000))
    with pytest.raises(MemoryError, match=r"1000000\), made dense, takes 2.4 GB and"):
        SDPKMeans(3, solver="low_rank").fit(X)


def test_sparse_kernels_are_refused():
    with pytest.raises(TypeError, match="dense data is required"):
        SDPKMeans(2, affinity="precomputed").fit(csr_array(np.eye(5)))


def test_rank_that_is_too_small():
    with pytest.raises(ValueError, match="rank=2 must be >= n_clusters=3: fewer"):
        SDPKMeans(3, rank=2).fit(mixture(20, 3, 5)[0])


@pytest.mark.parametrize("solver", SOLVERS)
def test_membership_matrix(solver):
    X, _ = mixture(45, 3, 3)
    model = SDPKMeans(3, solver=solver, random_state=0).fit(X)
    Z = model.membership_matrix()
    np.testing.assert_allclose(Z, Z.T)
    np.testing.assert_allclose(Z.sum(axis=1), 1, atol=2e-3)
    np.testing.assert_allclose(np.trace(Z), 3, rtol=2e-3)
    X = X - X.mean(axis=0)
    value = np.vdot(X, X) - np.vdot(X @ X.T, Z)
    np.testing.assert_allclose(value, model.relaxed_inertia_, rtol=1e-2)
    with pytest.raises(MemoryError, match=r"Z of 45 points takes 0.0162 MB and"):
        model.set_params(memory_limit=1000).membership_matrix()


@pytest.mark.parametrize("far", [1e2, 1e3])
def test_low_rank_of_a_far_point(far):
    """It has a cluster of its own; the others share what is left."""
    X, _ = mixture(60, 3, 12)
    X[0] += far
    model = SDPKMeans(4, solver="low_rank", random_state=0).fit(X)
    assert np.sum(model.labels_ == model.labels_[0]) == 1
    assert model.certified_


@pytest.mark.parametrize("solver", ["admm", "low_rank"])
def test_single_precision(solver):
    """Computed as the same numbers in double precision; centres and distances not."""
    X = (load_iris().data + 100).astype(np.float32)
    single, double = (
        SDPKMeans(3, solver=solver, random_state=0).fit(X.astype(dtype))
        for dtype in (np.float32, np.float64)
    )
    assert single.lower_bound_ == double.lower_bound_
    assert single.inertia_ == double.inertia_
    assert single.cluster_centers_.dtype == np.float32
    np.testing.assert_array_equal(
        single.cluster_centers_, double.cluster_centers_.astype(np.float32)
    )
    assert single.transform(X).dtype == np.float32
    np.testing.assert_array_equal(single.predict(X), single.labels_)


def test_score_is_that_of_kmeans():
    X, _ = mixture(60, 3, 3)
    model = SDPKMeans(3, random_state=0).fit(X)
    np.testing.assert_allclose(model.score(X), -model.inertia_)
    new, _ = mixture(20, 3, 3, seed=1)
    expected = KMeans(3, init=model.cluster_centers_, n_init=1, max_iter=1).fit(X)
    expected.cluster_centers_ = model.cluster_centers_
    np.testing.assert_allclose(model.score(new), expected.score(new))
    search = GridSearchCV(SDPKMeans(random_state=0), {"n_clusters": [2, 3]}, cv=2)
    assert search.fit(X).best_params_ == {"n_clusters": 3}


@pytest.mark.parametrize("offset", [1e8, 1e12])
def test_points_far_from_0(offset):
    X = np.round(mixture(60, 3, 3)[0] * 2**10)
    model = SDPKMeans(3, random_state=0).fit(X + offset)
    plain = SDPKMeans(3, random_state=0).fit(X)
    np.testing.assert_array_equal(model.labels_, plain.labels_)
    np.testing.assert_array_equal(model.predict(X + offset), model.labels_)
    np.testing.assert_allclose(model.lower_bound_, plain.lower_bound_, rtol=1e-9)
    np.testing.assert_allclose(
        model.transform(X + offset), plain.transform(X), rtol=0.1
    )


def test_constant_points_are_equal():
    with pytest.warns(ConvergenceWarning, match="only 1 distinct") as record:
        model = SDPKMeans(3, solver="low_rank").fit(np.full((60, 2), 0.1))
    assert len(record) == 1
    assert model.inertia_ == 0
    assert model.certified_


@pytest.mark.parametrize("solver", ["admm", "low_rank"])
def test_indefinite_kernels_are_certified_by_their_bound(solver):
    """The best of all labels, by brute force, is not undercut; others do not pass."""
    X = np.random.default_rng(0).normal(size=(8, 2))
    X -= X.mean(axis=0)
    gram = X @ X.T - np.eye(8)
    options = {"affinity": "precomputed", "solver": solver, "polish": False}
    best = naive.inertias(X, 3).min() - (8 - 3)
    assert best < 0
    for seed in range(8):
        model = SDPKMeans(3, random_state=seed, **options).fit(gram)
        assert model.lower_bound_ <= best + 1e-9
        if model.certified_:
            assert model.inertia_ <= best + 2e-6 * abs(best)
        assert model.gap_ >= 0


def test_distances_are_not_a_kernel():
    D = euclidean_distances(mixture(30, 3, 3)[0])
    with pytest.raises(ValueError, match=r"not a kernel.*give -D\*\*2 / 2"):
        SDPKMeans(3, affinity="precomputed").fit(D)


def test_equal_eigenvalues():
    for model in (SDPKMeans(3), SDPKMeans(3, affinity="precomputed")):
        model.set_params(random_state=0).fit(np.eye(60))
        np.testing.assert_allclose(model.lower_bound_, 57)
        assert model.certified_


@pytest.mark.filterwarnings("ignore:SDPKMeans stalled")
@pytest.mark.parametrize("affinity", ["linear", "precomputed"])
def test_relaxed_inertia_where_the_solver_stalls(affinity):
    """It was 190 times the inertia; the Z of the labels is feasible, and better."""
    X, _ = make_blobs(60, centers=4.0 ** np.arange(2, 7)[:, None], random_state=0)
    data = X if affinity == "linear" else (X - X.mean(axis=0)) @ (X - X.mean(axis=0)).T
    model = SDPKMeans(5, affinity=affinity, random_state=0).fit(data)
    assert model.lower_bound_ <= model.relaxed_inertia_ <= model.inertia_
    assert model.infeasibility_ == 0
    Z = model.membership_matrix()
    together = model.labels_[:, None] == model.labels_
    np.testing.assert_allclose(Z, together / together.sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("solver", ["admm", "low_rank"])
@pytest.mark.parametrize("certificate", ["auto", None])
def test_relaxed_inertia_lies_between_bound_and_inertia(solver, certificate):
    options = {"solver": solver, "certificate": certificate, "max_iter": 20}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(12, 2)) + 4.0 ** rng.integers(0, 6, (12, 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = SDPKMeans(3, random_state=0, **options).fit(X)
        assert model.relaxed_inertia_ <= model.inertia_
        assert certificate is None or model.lower_bound_ <= model.relaxed_inertia_
