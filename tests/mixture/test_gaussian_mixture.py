"""GaussianMixture: values, other units and offsets, missing values, threads."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Reference
from threadpoolctl import threadpool_limits

from skextras._gaussian import _components
from skextras._gaussian._components import Components
from skextras.mixture import GaussianMixture

TYPES = ("full", "tied", "diag", "spherical")
IRIS = load_iris().data


@pytest.mark.parametrize("kind", TYPES)
def test_same_optimum_as_scikit_learn(kind):
    options = {"covariance_type": kind, "tol": 1e-10, "max_iter": 2000}
    ours = GaussianMixture(3, reg_covar=1e-6, random_state=0, **options).fit(IRIS)
    theirs = Reference(
        3, means_init=ours.means_, weights_init=ours.weights_,
        precisions_init=ours.precisions_, **options,
    ).fit(IRIS)  # fmt: skip
    assert ours.score(IRIS) == pytest.approx(theirs.score(IRIS), abs=1e-9)
    assert ours.bic(IRIS) == pytest.approx(theirs.bic(IRIS), abs=1e-6)
    assert ours.aic(IRIS) == pytest.approx(theirs.aic(IRIS), abs=1e-6)
    for name in ("means_", "covariances_", "precisions_", "precisions_cholesky_"):
        one, two = getattr(ours, name), getattr(theirs, name)
        assert one.shape == two.shape
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)
    expected = theirs.predict_proba(IRIS)
    np.testing.assert_allclose(ours.predict_proba(IRIS), expected, atol=1e-4)
    assert ours.score(IRIS) >= Reference(3, **options).fit(IRIS).score(IRIS) - 1e-6


def parts(rng, n_components, d, spread):
    means = spread * rng.normal(size=(n_components, d))
    roots = np.tril(rng.normal(size=(n_components, d, d)), -1) / 2
    roots += np.eye(d) * rng.uniform(0.2, 3, size=(n_components, 1, d))
    return means, roots @ roots.transpose(0, 2, 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("spread", [0.3, 3.0, 30.0, 1e5])
def test_densities_are_those_of_the_formula(spread, dtype):
    """Near components, where all matter, and far ones, where few do."""
    rng = np.random.default_rng(1)
    means, covariances = parts(rng, 7, 5, spread)
    means = means.astype(dtype).astype(float)
    weights = rng.dirichlet(np.ones(7))
    model = GaussianMixture(
        7, weights_init=weights, means_init=means, max_iter=0,
        precisions_init=np.linalg.inv(covariances), random_state=0,
    )  # fmt: skip
    X = (means[rng.integers(0, 7, 5000)] + rng.normal(size=(5000, 5))).astype(dtype)
    model.fit(X)
    logs = np.stack([
        multivariate_normal(mean, covariance).logpdf(X.astype(float))
        for mean, covariance in zip(means, covariances, strict=True)
    ], axis=1) + np.log(weights)  # fmt: skip
    expected = logsumexp(logs, axis=1)
    rtol = 1e-9 if dtype == np.float64 else 2e-3 if spread < 1e5 else 1.0
    np.testing.assert_allclose(model.score_samples(X), expected, rtol=rtol, atol=rtol)
    shares = np.exp(logs - expected[:, None])
    found = model.predict_proba(X)
    if rtol < 1:
        np.testing.assert_allclose(found, shares, atol=10 * rtol)
    assert found.dtype == dtype


def test_moments_are_those_of_all_rows():
    """What is passed over does not change the sums."""
    rng = np.random.default_rng(2)
    means, covariances = parts(rng, 6, 4, 2.0)
    X = means[rng.integers(0, 6, 9000)] + rng.normal(size=(9000, 4))
    roots = np.linalg.inv(np.linalg.cholesky(covariances)).transpose(0, 2, 1)
    components = Components(means, roots, "full")
    weight, codes = rng.uniform(0.5, 2, size=9000), np.zeros(9000, dtype=np.intp)
    table = np.full((1, 6), -np.log(6)) + components.constants()
    squares = _components.Squares(components, X.dtype)

    def responsibilities(start, stop):
        return _components.posterior(squares, X[start:stop], table, codes[start:stop])

    found = [
        _components.moments(
            X, weight, codes, responsibilities, means, "full", n_jobs=n_jobs
        )
        for n_jobs in (1, 2)
    ]
    away = X[:, None] - means
    squares = np.einsum("nki,kij,nkj->nk", away, np.linalg.inv(covariances), away)
    logs = table - squares / 2
    log_sums = logsumexp(logs, axis=1)
    shares = np.exp(logs - log_sums[:, None]) * weight[:, None]
    assert found[0].log_likelihood == pytest.approx(weight @ log_sums, rel=1e-12)
    np.testing.assert_allclose(found[0].size, shares.sum(axis=0), rtol=1e-11)
    second = np.einsum("nk,nki,nkj->kij", shares, away, away)
    np.testing.assert_allclose(found[0].second, second, rtol=1e-9, atol=1e-9)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("factor", [1e-6, 1e-2, 3.0, 1e6])
def test_units_change_the_score_by_their_logarithm(kind, factor):
    model = GaussianMixture(3, covariance_type=kind, random_state=0)
    before = model.fit(IRIS).score(IRIS)
    after = model.fit(factor * IRIS).score(factor * IRIS)
    assert after == pytest.approx(before - 4 * np.log(factor), abs=1e-8)


def test_small_cluster_far_from_the_origin():
    rng = np.random.default_rng(3)
    X = np.r_[rng.normal(size=(300, 2)), 1e6 + 1e-3 * rng.normal(size=(200, 2))]
    model = GaussianMixture(2, random_state=0, reg_covar=0).fit(X)
    far = int(np.argmax(model.means_[:, 0]))
    expected = np.cov((X[300:] - 1e6).T, ddof=0)
    np.testing.assert_allclose(model.covariances_[far], expected, rtol=1e-9)
    np.testing.assert_allclose(model.means_[far], X[300:].mean(axis=0), rtol=1e-15)


def test_float32_has_no_negative_variance():
    X = np.array([[9999.0], [0.0]], dtype=np.float32)
    model = GaussianMixture(2, covariance_type="spherical", reg_covar=0.1).fit(X)
    np.testing.assert_allclose(model.covariances_, [0.1, 0.1])


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2])
def test_parallel_cigars(angle):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(600, 2))
    X[300:, 1] += 6
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X = X * [30, 1] @ turn
    labels = GaussianMixture(2, random_state=0).fit_predict(X)
    assert max(np.mean(labels[:300] == 0), np.mean(labels[:300] == 1)) > 0.99
    assert abs(labels[:300].mean() - labels[300:].mean()) > 0.98


def test_groups_on_the_smaller_of_two_scales():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 2)) * [1000, 1]
    X[200:, 1] += 8
    labels = GaussianMixture(2, random_state=0).fit_predict(X)
    assert abs(labels[:200].mean() - labels[200:].mean()) == 1


def test_equal_rows_are_no_end():
    """A component of equal rows is widened, and the warning names it."""
    rng = np.random.default_rng(6)
    X = np.r_[rng.normal(size=(100, 2)), np.full((10, 2), 9.0)]
    model = GaussianMixture(2, random_state=0).fit(X)
    assert sorted(np.bincount(model.predict(X))) == [10, 100]
    with pytest.warns(ConvergenceWarning, match="Components 1 collapsed|Components 0"):
        GaussianMixture(2, reg_covar=0, random_state=0).fit(X)


def test_far_rows():
    model = GaussianMixture(3, random_state=0).fit(IRIS)
    shares = model.predict_proba([[1e200] * 4, [1e10] * 4])
    np.testing.assert_allclose(shares[0], 1 / 3)
    assert np.isfinite(shares).all()
    assert np.isneginf(model.score_samples([[1e200] * 4]))


def test_missing_values_by_marginals():
    covariances = np.array([
        [[1, 0.5, 0], [0.5, 2, 0.3], [0, 0.3, 1]],
        [[1, 0, 0], [0, 1, 0.4], [0, 0.4, 1.5]],
    ])  # fmt: skip
    model = GaussianMixture(
        2, weights_init=[0.3, 0.7], means_init=[[0, 0, 0], [2, 1, -1]], max_iter=0,
        precisions_init=np.linalg.inv(covariances), missing="ignore",
    ).fit(np.random.default_rng(7).normal(size=(10, 3)))  # fmt: skip
    nan = np.nan
    rows = [[0, 1, nan], [nan, nan, 0.5], [1, 1, 1], [nan, nan, nan], [2, nan, -1]]
    expected = [-3.165322575534, -1.544933654416, -4.546071588846, 0, -2.355101273792]
    np.testing.assert_allclose(model.score_samples(rows), expected, atol=1e-11)
    shares = [0.642717836279, 0.495108829445, 0.506528945400, 0.3, 0.041305955149]
    np.testing.assert_allclose(model.predict_proba(rows)[:, 0], shares, atol=1e-11)


@pytest.mark.parametrize("kind", TYPES)
def test_em_with_missing_values(kind):
    """The likelihood never falls, and the law is found as if little were missing."""
    rng = np.random.default_rng(10)
    X = np.r_[rng.normal(size=(400, 3)), rng.normal(5, 1, size=(400, 3))]
    gone = rng.uniform(size=X.shape) < 0.2
    gone[:5] = True  # nothing is left of these
    options = {"covariance_type": kind, "random_state": 0, "tol": 1e-9}
    options |= {"max_iter": 500, "reg_covar": 0}
    model = GaussianMixture(2, missing="ignore", **options)
    model.fit(np.where(gone, np.nan, X))
    assert np.diff(model.lower_bounds_).min() > -1e-12
    order = np.argsort(model.means_[:, 0])
    assert abs(model.means_[order] - [[0] * 3, [5] * 3]).max() < 0.25
    with pytest.raises(ValueError, match="NaN"):
        GaussianMixture(2, **options).fit(np.where(gone, np.nan, X))
    whole = GaussianMixture(2, missing="ignore", **options).fit(X)
    plain = GaussianMixture(2, **options).fit(X)
    np.testing.assert_array_equal(whole.means_, plain.means_)


def test_missing_values_of_one_normal_law():
    """With the second value missing where the first is large: not the plain means."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=20_000)
    y = x + 0.5 * rng.normal(size=20_000)
    X = np.column_stack([x, np.where(x > 0, np.nan, y)])
    model = GaussianMixture(missing="ignore", tol=1e-10, max_iter=1000).fit(X)
    np.testing.assert_allclose(model.means_[0], 0, atol=0.03)
    expected = [[1, 1], [1, 1.25]]
    np.testing.assert_allclose(model.covariances_[0], expected, atol=0.05)


def test_threads_change_no_bit():
    X = np.random.default_rng(8).normal(size=(20_000, 3))
    fits = []
    for n in (1, 2):
        with threadpool_limits(n):
            fits.append(GaussianMixture(4, random_state=0, max_iter=5).fit(X))
    for name in ("means_", "covariances_", "weights_", "lower_bound_"):
        np.testing.assert_array_equal(*(getattr(fit, name) for fit in fits))


def test_one_component_is_the_normal_law():
    X = np.random.default_rng(9).normal(size=(7, 2))
    model = GaussianMixture(reg_covar=0).fit(X)
    np.testing.assert_allclose(model.covariances_[0], np.cov(X.T, ddof=0))
    logs = model.score_samples(X).sum()
    assert model.bic(X) == pytest.approx(-2 * logs + 5 * np.log(7))


def test_samples_follow_the_law():
    model = GaussianMixture(3, random_state=0).fit(IRIS)
    X, owner = model.sample(20_000)
    assert abs(np.bincount(owner) / 20_000 - model.weights_).max() < 0.02
    for k in range(3):
        away = X[owner == k] - model.means_[k]
        scale = np.sqrt(np.diag(model.covariances_[k]))
        assert abs(away.mean(axis=0) / scale).max() < 0.06  # 4 standard errors
        ratio = (away**2).mean(axis=0) / scale**2
        assert abs(ratio - 1).max() < 0.09


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 200}, "n_components=200 is more than"),
        ({"means_init": [[0.0]]}, "means_init must have the shape"),
        ({"weights_init": [1.0, 1.0]}, "weights_init must be at least 0 and sum to 1"),
        ({"precisions_init": np.zeros((2, 4, 4))}, "positive definite"),
    ],
)
def test_refusals(options, message):
    model = GaussianMixture(**{"n_components": 2, **options})
    with pytest.raises(ValueError, match=message):
        model.fit(IRIS)
    assert not hasattr(model, "means_")
