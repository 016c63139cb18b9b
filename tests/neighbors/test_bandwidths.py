"""Rules for bandwidths: values of others, changes of units, rounded data."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import softmax
from scipy.stats import gaussian_kde, norm
from sklearn.model_selection import cross_val_score

from skextras.neighbors import KernelDensity

I = np.arange(40)  # noqa: E741
x = 2 * np.sin(1.7 * I) + 0.1 * I
y = 3 * np.cos(0.9 * I) + 0.5 * x
XY = np.column_stack([x, y])
RULES = ("scott", "silverman", "nrd0", "loo", "loo-diag", "loo-full", "lscv", "knn")
OF_ONE = ("isj", "sheather-jones", "sheather-jones-dpi")


def bandwidth(rule, X, **options):
    return (
        KernelDensity(bandwidth=rule, regime_check=False, **options).fit(X).bandwidth_
    )


def test_normal_reference():
    column = np.array([1.0, 1, 1, 1, 2])[:, None]
    assert bandwidth("scott", column) == pytest.approx(0.3241313193)
    assert bandwidth("silverman", column) == pytest.approx(0.3433276211)
    assert 0 < bandwidth("nrd0", column) < 1
    assert bandwidth("scott", x[:, None]) == pytest.approx(0.8731859792)
    assert bandwidth("silverman", x[:, None]) == pytest.approx(0.9248994069)
    weight = np.array([1.0, 2, 4, 8, 16])
    values = np.array([0.2, 13.5, 21, 75, 99])
    model = KernelDensity(bandwidth="scott").fit(values[:, None], sample_weight=weight)
    assert model.bandwidth_ == pytest.approx(33.5197, abs=1e-4)
    scipy = gaussian_kde(values, weights=weight)
    assert model.bandwidth_ == pytest.approx(np.sqrt(scipy.covariance[0, 0]))


@pytest.mark.parametrize(
    ("n", "solved", "direct"),
    [
        (50, 0.5611755824, 0.5569914557),
        (200, 0.4040431772, 0.4030667763),
        (1000, 0.2822314072, 0.2820454721),
    ],
)
def test_sheather_jones(n, solved, direct):
    column = norm.ppf((np.arange(1, n + 1) - 0.5) / n)[:, None]
    assert bandwidth("sheather-jones", column) == pytest.approx(solved, rel=1e-9)
    assert bandwidth("sheather-jones-dpi", column) == pytest.approx(direct, rel=5e-8)


def test_isj_of_mixtures():
    """Near the bandwidth of least asymptotic squared error."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(50_000, 1))
    assert bandwidth("isj", normal) == pytest.approx(0.1218, rel=0.1)
    two = np.r_[rng.normal(size=25_000), 6 + 0.5 * rng.normal(size=25_000)][:, None]
    assert bandwidth("isj", two) == pytest.approx(0.0798, rel=0.1)


def test_leave_one_out():
    model = KernelDensity(bandwidth="loo-diag").fit(XY)
    np.testing.assert_allclose(model.bandwidth_, [0.8791916249, 0.482099535], rtol=1e-7)
    assert model.loo_score_ * 40 == pytest.approx(-160.942356, abs=1e-6)
    model = KernelDensity(bandwidth="loo").fit(XY)
    assert model.bandwidth_ == pytest.approx(0.65915941, rel=1e-7)
    assert model.loo_score_ * 40 == pytest.approx(-163.80399744, abs=1e-6)
    assert model.loo_score_samples().mean() == pytest.approx(model.loo_score_)
    path = model.loo_path([model.bandwidth_, 0.5, 0.50001])
    assert abs(path["slope"][0]) < 1e-8
    slope = np.diff(path["log_likelihood"][1:]) / np.log(0.50001 / 0.5)
    assert path["slope"][1] == pytest.approx(slope[0], rel=1e-3)
    full = KernelDensity(bandwidth="loo-full").fit(XY)
    assert full.loo_score_ > KernelDensity(bandwidth="loo-diag").fit(XY).loo_score_


def test_least_squares():
    model = KernelDensity(bandwidth="lscv").fit(XY)
    np.testing.assert_allclose(
        model.bandwidth_, [0.4730264574, 0.2118093089], rtol=1e-7
    )
    assert model.loo_score_ == pytest.approx(-0.0369902796, abs=1e-9)


@pytest.mark.parametrize("rule", [*RULES, *OF_ONE])
@pytest.mark.parametrize("factor", [2.0**-40, 3.0, 1e8])
def test_units_do_not_matter(rule, factor):
    X = x[:, None] if rule in OF_ONE else XY
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = bandwidth(rule, X), bandwidth(rule, factor * X)
    np.testing.assert_allclose(other, factor * one, rtol=1e-5)


@pytest.mark.parametrize("rule", ["loo", "loo-diag", "lscv"])
def test_offsets_lose_nothing(rule):
    rows = np.round(XY * 1024) / 1024
    far = rows + np.array([500_000.0, 3_500_000.0])
    np.testing.assert_allclose(bandwidth(rule, far), bandwidth(rule, rows), rtol=1e-8)


@pytest.mark.parametrize("rule", ["isj", "sheather-jones", "loo"])
@pytest.mark.parametrize("unit", [0.01, 0.1, 0.5, 1.0])
def test_rounded_values(rule, unit):
    """The median of seven samples: rounding to a standard deviation loses much."""
    ratios = []
    for seed in range(7):
        column = np.random.default_rng(seed).normal(size=(1500, 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rounded = bandwidth(rule, np.round(column / unit) * unit)
        ratios.append(rounded / bandwidth(rule, column))
    assert 0.75 < np.median(ratios) < 1.25


def test_rounding_unit_is_told():
    column = np.random.default_rng(1).normal(size=(1500, 1))
    model = KernelDensity(bandwidth="loo").fit(column)
    assert not model.rounding_unit_
    rounded = KernelDensity(bandwidth="loo").fit(np.round(column, 1))
    np.testing.assert_allclose(rounded.rounding_unit_, [0.1])
    assert rounded.bandwidth_ == pytest.approx(0.279, rel=0.1)
    assert model.bandwidth_ == pytest.approx(0.279, rel=0.01)


def test_duplicates_count_as_one_sample():
    twice = np.r_[XY, XY, XY[:3]]
    weight = np.r_[np.full(3, 3.0), np.full(37, 2.0)]
    one = KernelDensity(bandwidth="loo").fit(twice)
    other = KernelDensity(bandwidth="loo").fit(XY, sample_weight=weight)
    assert one.bandwidth_ == pytest.approx(other.bandwidth_)


@pytest.mark.parametrize("kind", ["reflect", "renormalise", "linear", "transform"])
def test_likeliest_with_boundaries(kind):
    """The weights of these kernels depend on the bandwidth, too."""
    X = np.random.default_rng(3).exponential(size=(120, 1))
    options = {"boundary": {0: (0, np.inf, kind)}, "regime_check": False}
    best = KernelDensity(bandwidth="loo", **options).fit(X)

    def value(h):
        return KernelDensity(bandwidth=h, **options).fit(X).loo_score_samples().mean()

    assert best.loo_score_ == pytest.approx(value(best.bandwidth_), abs=1e-9)
    others = [value(best.bandwidth_ * factor) for factor in (0.8, 0.97, 1.03, 1.25)]
    assert best.loo_score_ > max(others)


def test_likeliest_of_many_samples():
    """The bandwidth comes from a part of them first, and then from all."""
    rng = np.random.default_rng(4)
    X = np.r_[rng.normal(size=(1500, 2)), rng.normal(4, 0.3, size=(1500, 2))]
    best = KernelDensity(bandwidth="loo").fit(X)

    def slope(h):
        squares = cdist(X, X, "sqeuclidean") / h**2
        np.fill_diagonal(squares, np.inf)
        weights = softmax(-squares / 2, axis=1)
        np.fill_diagonal(squares, 0)
        return np.einsum("ij,ij->i", weights, squares).mean() - 2

    step = 1e-6 * best.bandwidth_
    assert slope(best.bandwidth_ - step) > 0 > slope(best.bandwidth_ + step)
    scores = KernelDensity(bandwidth=best.bandwidth_).fit(X).loo_score_samples()
    assert best.loo_score_ == pytest.approx(scores.mean(), abs=1e-10)


def test_no_worse_than_a_search():
    rng = np.random.default_rng(3)
    X, new = rng.standard_t(5, size=(2, 400, 2))
    found = KernelDensity(bandwidth="loo").fit(X)
    grid = np.geomspace(0.1, 2, 20)
    scores = [cross_val_score(KernelDensity(bandwidth=h), X).mean() for h in grid]
    searched = KernelDensity(bandwidth=grid[np.argmax(scores)]).fit(X)
    assert found.score(new) > searched.score(new) - 2.0


@pytest.mark.parametrize("kernel", ["epanechnikov", "tophat", "exponential"])
def test_other_kernels(kernel):
    """Rules give kernels of one standard deviation; "loo" is the best of a ladder."""
    model = KernelDensity(bandwidth="scott", kernel=kernel).fit(XY)
    std = model._density.sample.profile.std(2)
    np.testing.assert_allclose(model.bandwidth_ * std, bandwidth("scott", XY))
    best = KernelDensity(bandwidth="loo", kernel=kernel).fit(XY)
    path = best.loo_path(best.bandwidth_ * np.geomspace(0.5, 2, 41))
    assert best.loo_score_ >= path["log_likelihood"].max() - 1e-3
