"""KernelDensity: values, engines, kernels, weights."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity as Reference
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skextras.neighbors import KDERegimeWarning, KernelDensity
from tests.naive.density import PROFILES, log_density

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Q = np.r_[1.5 * RNG.normal(size=(50, 3)), 40 * RNG.normal(size=(5, 3))]
ENGINES = ("grid", "tile", "gemm", "brute")


@pytest.mark.parametrize("algorithm", ENGINES)
@pytest.mark.parametrize("h", [0.05, 0.5, 1.0, 4.0])
def test_engines_agree(algorithm, h):
    model = KernelDensity(bandwidth=h, algorithm=algorithm, rtol=1e-10)
    if algorithm == "grid" and h < 0.1:
        with pytest.raises(ValueError, match="more than 2"):
            model.fit(X)
        return
    model.fit(X)
    np.testing.assert_allclose(
        model.score_samples(Q), log_density(X, Q, h), rtol=1e-11, atol=1e-9
    )
    assert model.algorithm_ == algorithm


@pytest.mark.parametrize("h", [0.1, 0.5, 1.0, 4.0])
def test_thirty_digits_say_the_same(h):
    """Sums of 30 decimals, of pixels, whose squared distances are whole numbers."""
    digits = load_digits().data
    for columns, algorithms in (
        (np.arange(64), ("tile", "gemm", "brute")),
        ([20, 44], ("tile", "gemm", "brute", "grid")),
    ):
        rows, queries = digits[:-20:5][:, columns], digits[-4:][:, columns]
        expected = [_precise(rows, query, h) for query in queries]
        for algorithm in algorithms:
            model = KernelDensity(
                bandwidth=h, algorithm=algorithm, rtol=1e-11, regime_check=False
            ).fit(rows)
            found = model.score_samples(queries)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def _precise(rows, query, h):
    squares = ((rows - query) ** 2).sum(axis=1)
    with localcontext() as context:
        context.prec = 30
        h, d = Decimal(h), rows.shape[1]
        total = sum((-Decimal(one) / (2 * h * h)).exp() for one in squares)
        two_pi = 2 * Decimal("3.14159265358979323846264338328")
        log = (total / len(rows)).ln() - d * h.ln() - Decimal(d) / 2 * two_pi.ln()
    return float(log)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_grid_error_is_what_it_says(d):
    """At all places between items of the grid: on queries that it does not hand on."""
    rows = RNG.normal(size=(200, d))
    queries = 1.3 * RNG.normal(size=(400, d))
    model = KernelDensity(bandwidth=0.3, algorithm="grid").fit(rows)
    engine = model._density.engine
    axes = [np.linspace(-2, 2, 7)] * d
    values = engine.on_axes([axis / 0.3 for axis in axes])
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, d)
    mesh = mesh + model._density.offset
    exact = np.exp(log_density(rows, mesh, 0.3) - model._density.log_const)
    assert abs(values.ravel() - exact).max() < engine.error
    rim = 0.3 * 0.999 * engine.margin  # windows end just before the grid does
    ends = [(rows[:, a].min() - rim, rows[:, a].max() + rim) for a in range(d)]
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, d)
    assert (engine.sum(model._density._scaled(corners), rtol=1e-8).log_sum < 0).all()
    expected = log_density(rows, queries, 0.3)
    np.testing.assert_allclose(model.score_samples(queries), expected, atol=2e-8)


@pytest.mark.parametrize("rtol", [1e-3, 1e-8])
@pytest.mark.parametrize("algorithm", ["tile", "gemm"])
def test_no_more_than_the_share_is_left_out(algorithm, rtol):
    """Clusters of many sizes: tiles are passed over, small terms in single precision.

    rtol is of the density, and one half more is left for the rounding of both sides.
    """
    rng = np.random.default_rng(5)
    middles = 40 * rng.normal(size=(12, 16))
    rows = (middles[:, None] + rng.normal(size=(12, 300, 16))).reshape(-1, 16)
    queries = np.r_[middles, middles[:6] + rng.normal(size=(6, 16)), middles[:4] / 2]
    weight = rng.exponential(size=len(rows)) ** 3
    for h in (0.5, 2.0, 9.0):
        model = KernelDensity(
            bandwidth=h, algorithm=algorithm, rtol=rtol, regime_check=False
        )
        for w in (None, weight):
            expected = log_density(rows, queries, h, weight=w)
            found = model.fit(rows, sample_weight=w).score_samples(queries)
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1.5 * rtol)
        widths = h * rng.uniform(0.8, 1.2, size=len(rows))
        found = model.set_params(bandwidth=widths).fit(rows).score_samples(queries)
        r2 = cdist(queries, rows, "sqeuclidean") / widths**2
        logs = -r2 / 2 - 16 * np.log(widths * np.sqrt(2 * np.pi))
        expected = logsumexp(logs, axis=1) - np.log(len(rows))
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1.5 * rtol)
        left_out = model.loo_score_samples()[:: len(rows) // 20]
        r2 = cdist(rows[:: len(rows) // 20], rows, "sqeuclidean") / widths**2
        logs = -r2 / 2 - 16 * np.log(widths * np.sqrt(2 * np.pi))
        own = np.arange(0, len(rows), len(rows) // 20)
        logs[np.arange(len(own)), own] = -np.inf
        expected = logsumexp(logs, axis=1) - np.log(len(rows) - 1)
        np.testing.assert_allclose(left_out, expected, rtol=1e-12, atol=1.5 * rtol)


@pytest.mark.parametrize("kernel", PROFILES)
@pytest.mark.parametrize("d", [1, 2, 6, 20])
def test_kernels(kernel, d):
    rows, queries = RNG.normal(size=(150, d)), RNG.normal(size=(40, d))
    h = 0.9 * np.sqrt(d)
    model = KernelDensity(bandwidth=h, kernel=kernel, regime_check=False).fit(rows)
    expected = log_density(rows, queries, h, kernel)
    found = model.score_samples(queries)
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    some = np.isfinite(expected)
    np.testing.assert_allclose(found[some], expected[some], rtol=1e-7)


@pytest.mark.parametrize("kernel", ["gaussian", "tophat", "epanechnikov",
                                    "exponential", "linear"])  # fmt: skip
def test_scikit_learn_where_it_is_right(kernel):
    ours = KernelDensity(bandwidth=0.8, kernel=kernel).fit(X)
    theirs = Reference(bandwidth=0.8, kernel=kernel, rtol=1e-10).fit(X)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), 1e-7)
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-7)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(80, -8818.880353), (90, -8741.717864), (400, -6277.566518), (1600, -4945.796110)],
)
@pytest.mark.parametrize("algorithm", ["auto", "tile", "gemm"])
def test_digits(n, expected, algorithm):
    """scikit-learn: -7472.9 for n = 90."""
    rows = load_digits().data
    model = KernelDensity(algorithm=algorithm, regime_check=False).fit(rows[:n])
    assert model.score(rows[-20:]) == pytest.approx(expected, abs=1e-6)


@given(weight=st.lists(st.integers(0, 4), min_size=20, max_size=20))
def test_weights_equal_repetitions(weight):
    weight = np.array([*weight, 1])
    one = KernelDensity(bandwidth=0.7).fit(X[:21], sample_weight=weight)
    other = KernelDensity(bandwidth=0.7).fit(np.repeat(X[:21], weight, axis=0))
    np.testing.assert_allclose(one.score_samples(Q), other.score_samples(Q), 1e-9)
    third = KernelDensity(bandwidth=0.7).fit(X[:21], sample_weight=weight * 1e-9)
    np.testing.assert_allclose(one.score_samples(Q), third.score_samples(Q), 1e-9)


def test_leave_one_out_is_deletion():
    weight = RNG.uniform(0, 2, 40)
    weight[3] = 0
    for kernel in ("gaussian", "exponential", "epanechnikov"):
        model = KernelDensity(bandwidth=1.5, kernel=kernel)
        found = model.fit(X[:40], sample_weight=weight).loo_score_samples()
        for i in range(40):
            rest = np.arange(40) != i
            alone = KernelDensity(bandwidth=1.5, kernel=kernel)
            alone.fit(X[:40][rest], sample_weight=weight[rest])
            np.testing.assert_allclose(alone.score_samples(X[i : i + 1])[0], found[i])


def test_widths_of_features_matrix_and_samples():
    widths = np.array([0.4, 0.9, 2.0])
    one = KernelDensity(bandwidth=widths).fit(X)
    other = KernelDensity(bandwidth=np.diag(widths**2)).fit(X)
    expected = log_density(X / widths, Q / widths, 1.0) - np.log(widths).sum()
    np.testing.assert_allclose(one.score_samples(Q), expected, rtol=1e-9)
    np.testing.assert_allclose(other.score_samples(Q), expected, rtol=1e-9)
    each = RNG.uniform(0.5, 2, len(X))
    model = KernelDensity(bandwidth=each).fit(X)
    parts = [log_density(x[None], Q, h) for x, h in zip(X, each, strict=True)]
    np.testing.assert_allclose(
        model.score_samples(Q), np.logaddexp.reduce(parts) - np.log(len(X)), rtol=1e-9
    )


def test_far_tiny_huge_and_many_features():
    model = KernelDensity(bandwidth=0.1).fit(X)
    assert np.isfinite(model.score_samples([[1e5, 0, 0], [-1e7, 3, 9]])).all()
    for h in (1e-8, 1e8):
        assert np.isfinite(KernelDensity(bandwidth=h).fit(X).score_samples(Q)).all()
    wide = RNG.normal(size=(5, 1500))
    assert np.isfinite(KernelDensity().fit(wide).score_samples(wide)).all()
    one = KernelDensity(bandwidth=1e-5).fit(np.zeros((1000, 1)))
    assert one.score_samples([[0.0]])[0] == pytest.approx(
        np.log(1e5 / np.sqrt(2 * np.pi))
    )
    assert KernelDensity().fit([[1.0]]).score_samples([[1.0]])[0] == pytest.approx(
        -0.918938533
    )


def test_compact_kernels_reach_nothing_far_away():
    model = KernelDensity(kernel="tophat", bandwidth=0.5).fit(X)
    assert model.score_samples([[99.0, 0, 0]])[0] == -np.inf
    search = GridSearchCV(
        KernelDensity(kernel="tophat"), {"bandwidth": [0.01, 3.0, 5.0]}
    ).fit(X)
    assert search.best_params_["bandwidth"] == 3.0
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


@pytest.mark.parametrize("kernel", PROFILES)
def test_samples_follow_the_law(kernel):
    """Their projections on an axis, by moments: 5 standard errors of 20 000 draws."""
    rows = RNG.normal(size=(30, 2)) * [1, 3]
    model = KernelDensity(bandwidth=1.3, kernel=kernel).fit(rows)
    draws = model.sample(20_000, random_state=0)
    spread = model._density.sample.profile.std(2) * 1.3
    for a in range(2):
        var = rows[:, a].var() + spread**2
        assert abs(draws[:, a].mean() - rows[:, a].mean()) < 5 * np.sqrt(var / 20_000)
        assert draws[:, a].var() == pytest.approx(var, rel=0.06)
    np.testing.assert_array_equal(draws, model.sample(20_000, random_state=0))


def test_haversine():
    rows = RNG.uniform([-1.5, -3], [1.5, 3], size=(60, 2))
    ours = KernelDensity(metric="haversine", bandwidth=0.3).fit(rows)
    theirs = Reference(metric="haversine", bandwidth=0.3, rtol=1e-9).fit(rows)
    np.testing.assert_allclose(
        ours.score_samples(rows), theirs.score_samples(rows), rtol=1e-6
    )
    with pytest.warns(UserWarning, match="latitude is 45"):
        KernelDensity(metric="haversine").fit([[45.0, 9.0], [44.0, 8.0]])


def test_float32_and_pipeline():
    model = KernelDensity(bandwidth=0.5).fit(X.astype(np.float32))
    assert model.score_samples(Q.astype(np.float32)).dtype == np.float32
    assert model.sample(3, 0).dtype == np.float32
    pipe = make_pipeline(StandardScaler(), KernelDensity(bandwidth="scott")).fit(X)
    assert np.isfinite(pipe.score_samples(X)).all()


def test_outliers():
    model = KernelDensity(bandwidth=0.5, contamination=0.1).fit(X)
    assert (model.predict(X) == -1).sum() == 30
    assert model.predict([[30.0, 0, 0]])[0] == -1


def test_few_deciding_samples_are_told_of():
    rows = RNG.normal(size=(2000, 30))
    with pytest.warns(KDERegimeWarning, match=r"h=0\.3 is below the condensation"):
        model = KernelDensity(bandwidth=0.3).fit(rows)
    assert model.regime_ == "condensed"
    assert model.n_effective_ < 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bandwidth": -1.0}, "bandwidth"),
        ({"bandwidth": [1.0, 0.0, 1.0]}, "above 0, got 0"),
        ({"bandwidth": np.ones(7)}, r"shape \(7,\) for 300 samples of 3 features"),
        ({"bandwidth": np.ones((3, 3))}, "positive definite"),
        ({"bandwidth": "isj"}, "one continuous feature, got 3"),
        ({"algorithm": "grid", "kernel": "tophat"}, 'needs kernel="gaussian"'),
        ({"metric_params": {"p": 3}}, "metric_params"),
        ({"boundary": {9: (0, 1)}}, "names the feature 9"),
        ({"boundary": {0: (1, 0)}}, "low < high"),
        ({"boundary": {0: (0, 1)}}, "outside the boundary"),
        ({"boundary": {0: (-9, 9, "linear")}, "kernel": "cosine"}, "linear"),
        ({"categorical_features": [5]}, "categorical_features lists 5"),
        ({"ordinal_features": [0]}, "by integers"),
        ({"bandwidth": "loo-full", "kernel": "cosine"}, "loo-diag"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        KernelDensity(**options).fit(X)


@pytest.mark.parametrize("rule", ["scott", "loo", "loo-diag", "lscv", "nrd0"])
def test_rules_refuse_constant_samples(rule):
    with pytest.raises(ValueError, match=r"is constant|All samples are equal"):
        KernelDensity(bandwidth=rule).fit(np.ones((9, 2)))
    with pytest.raises(ValueError, match="at least 2 samples"):
        KernelDensity(bandwidth=rule).fit([[1.0, 2.0]])
