"""Boundaries, categories, and densities that follow from others."""

import numpy as np
import pytest

from skextras.neighbors import KernelDensity

I = np.arange(40)  # noqa: E741
x = 2 * np.sin(1.7 * I) + 0.1 * I
y = 3 * np.cos(0.9 * I) + 0.5 * x
XY = np.column_stack([x, y])
THREE = np.array([[0.1], [0.4], [0.9]])
KINDS = ("reflect", "renormalise", "transform", "periodic")


def density(X, queries, **options):
    return np.exp(KernelDensity(**options).fit(X).score_samples(queries))


def test_values():
    at = [[0.0], [0.25], [0.5], [1.0]]
    found = density(THREE, at, bandwidth=0.2, boundary={0: (0, 1)})
    expected = [1.353574615721, 1.154430040636, 0.781545080119, 1.188377555414]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    kind = {0: (0, 1, "renormalise")}
    found = density(THREE, at, bandwidth=0.2, boundary=kind)
    expected = [0.940850558, 1.245031098, 0.861541626, 0.856212242]
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    circle = [(-np.pi, np.pi, "periodic")]
    two = [[-3.1], [3.1]]
    found = density(two, [[np.pi]], bandwidth=0.1, boundary=circle)
    np.testing.assert_allclose(found, 3.658850833369, rtol=1e-10)
    found = density(two, [[0], [1], [np.pi]], bandwidth=3, boundary=circle)
    expected = [0.155621902697, 0.157246028599, 0.162687993149]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_linear_at_the_edge_of_an_exponential_law():
    """1 is the truth; reflection is 14 % low at such a bandwidth."""
    rows = np.random.default_rng(0).exponential(size=(100_000, 1))
    at, h = [[0.0]], 0.15
    low = density(rows, at, bandwidth=h, boundary={0: (0, None)})[0]
    line = density(rows, at, bandwidth=h, boundary={0: (0, None, "linear")})[0]
    assert low < 0.91
    assert line == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("h", [0.05, 0.3, 2.0, [0.1, 0.3, 0.6]])
@pytest.mark.parametrize("ends", [(0, 1), (0, None), (None, 1)])
def test_samples_with_a_linear_boundary(h, ends):
    """Shares of 40 000 draws below 9 values, by numerical integration."""
    bandwidth = np.array(h) if isinstance(h, list) else h
    model = KernelDensity(bandwidth=bandwidth, boundary={0: (*ends, "linear")})
    draws = model.fit(THREE).sample(40_000, random_state=0)[:, 0]
    low, high = (-30 if ends[0] is None else 0), (30 if ends[1] is None else 1)
    axis = np.linspace(low, high, 60_001)
    mass = np.exp(model.score_samples(axis[:, None])).cumsum()
    for q in np.linspace(0, 1, 11)[1:-1]:
        share = np.interp(q, axis, mass) / mass[-1]
        assert (draws <= q).mean() == pytest.approx(share, abs=0.01)


def test_samples_with_two_linear_boundaries_and_a_category():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.exponential(size=(60, 2)), rng.integers(0, 3, 60)])
    line = (0, None, "linear")
    model = KernelDensity(
        bandwidth=0.4, boundary={0: line, 1: line}, categorical_features=[2],
        categorical_bandwidth=0.2,
    ).fit(X)  # fmt: skip
    draws = model.sample(20_000, random_state=0)
    axis = np.linspace(0, 8, 81)
    table = np.stack(np.meshgrid(axis, axis, [0, 1, 2], indexing="ij"), axis=-1)
    mass = np.exp(model.score_samples(table.reshape(-1, 3))).reshape(table.shape[:3])
    mass[[0, -1]] /= 2
    mass[:, [0, -1]] /= 2
    mass /= mass.sum()
    shares = np.bincount(draws[:, 2].astype(int), minlength=3) / len(draws)
    np.testing.assert_allclose(shares, mass.sum(axis=(0, 1)), atol=0.015)
    means = [np.tensordot(mass.sum(axis=(1, 2)), axis, 1),
             np.tensordot(mass.sum(axis=(0, 2)), axis, 1)]  # fmt: skip
    np.testing.assert_allclose(draws[:, :2].mean(axis=0), means, atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("h", [0.05, 0.3, 2.0])
def test_mass_is_one(kind, h):
    model = KernelDensity(bandwidth=h, boundary=[(0, 1, kind)]).fit(THREE)
    axis = np.linspace(0, 1, 40_001)[:, None]
    values = np.exp(model.score_samples(axis))
    if kind == "transform":
        axis = 1 / (1 + np.exp(-np.linspace(-30, 30, 40_001)))
        values = np.exp(model.score_samples(axis[:, None]))
        assert np.trapezoid(values, axis) == pytest.approx(1, abs=1e-4)
        return
    assert np.trapezoid(values, axis[:, 0]) == pytest.approx(1, abs=1e-6)
    assert model.score_samples([[1.5]])[0] == -np.inf or kind == "periodic"
    draws = model.sample(4000, random_state=0)
    assert ((draws >= 0) & (draws <= 1)).all()
    for q in (0.2, 0.5, 0.8):  # three standard errors of the share
        assert model.cdf([[q]])[0] == pytest.approx((draws <= q).mean(), abs=0.025)


def test_two_features_and_leave_one_out():
    bounds = [(-5, 8), (-9, 10, "periodic")]
    model = KernelDensity(bandwidth=[0.8, 1.1], boundary=bounds).fit(XY)
    found = model.loo_score_samples()
    for i in (0, 7, 39):
        rest = np.delete(XY, i, axis=0)
        alone = KernelDensity(bandwidth=[0.8, 1.1], boundary=bounds).fit(rest)
        assert alone.score_samples(XY[i : i + 1])[0] == pytest.approx(found[i])


def test_rules_on_a_circle():
    rng = np.random.default_rng(0)
    angle = rng.normal(0, 0.3, size=(500, 1))
    turned = np.mod(angle + np.pi + np.pi, 2 * np.pi) - np.pi
    circle = {0: (-np.pi, np.pi, "periodic")}
    for rule in ("scott", "sheather-jones", "isj", "loo", "lscv", "nrd0"):
        one = KernelDensity(bandwidth=rule).fit(angle)
        other = KernelDensity(bandwidth=rule, boundary=circle).fit(turned)
        assert other.bandwidth_ == pytest.approx(one.bandwidth_, rel=0.02)


def test_categories():
    table = np.column_stack([x, I % 3])
    options = {"categorical_features": [1], "categorical_bandwidth": 0.2}
    model = KernelDensity(bandwidth=0.4, **options).fit(table)
    found = np.exp(model.score_samples([[0, 0], [0, 1]]))
    np.testing.assert_allclose(found, [0.058668134, 0.0297264141], rtol=1e-8)
    both = KernelDensity(bandwidth=0.7, categorical_features=[2], ordinal_features=[3])
    table = np.column_stack([x, y, I % 3, I % 4])
    both.fit(table)
    whole = both.score_samples([[0.0, 0, 1, 1]])
    part = both.marginal([0, 2]).score_samples([[0.0, 1]])
    given = both.conditional({0: 0.0, 2: 1}).score_samples([[0.0, 1]])
    np.testing.assert_allclose(whole - part, given, rtol=1e-9)
    assert set(both.sample(200, 0)[:, 2]) <= {0.0, 1.0, 2.0}
    mass = [both.marginal([2]).score_samples([[c]])[0] for c in range(3)]
    assert np.exp(mass).sum() == pytest.approx(1)


def test_repeated_rows_with_categories():
    table = np.column_stack([x + 3 * (I % 3), I % 3])
    options = {"bandwidth": "loo", "categorical_features": [1]}
    model = KernelDensity(**options, categorical_bandwidth=0.2)
    weight = np.r_[np.full(7, 2.0), np.ones(33)]
    expected = model.fit(table, sample_weight=weight).bandwidth_
    found = model.fit(np.r_[table, table[:7]]).bandwidth_
    assert found == pytest.approx(expected, rel=1e-9)


def test_widths_of_categories_are_the_likeliest():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 3, 200)
    table = np.column_stack([3 * code + rng.normal(size=200), code])
    model = KernelDensity(bandwidth=0.6, categorical_features=[1]).fit(table)
    assert model.categorical_bandwidth_[0] < 0.05
    noise = np.column_stack([table[:, 0], rng.integers(0, 3, 200)])
    other = KernelDensity(bandwidth=0.6, categorical_features=[1]).fit(noise)
    assert other.categorical_bandwidth_[0] > 0.5


def test_cdf_and_conditional():
    model = KernelDensity(bandwidth=[0.4, 0.5]).fit(XY)
    found = model.cdf([[0, 0], [1, 1]])
    np.testing.assert_allclose(found, [0.0787251923, 0.1718149166], rtol=1e-8)
    for value, expected in ((0, 0.0278550548), (1, 0.013191105)):
        given = model.conditional({0: value}).score_samples([[value]])
        assert np.exp(given[0]) == pytest.approx(expected, rel=1e-7)
    H = np.array([[1, 0.5], [0.5, 2]])
    model = KernelDensity(bandwidth=H).fit(XY)
    whole = model.score_samples([[0.3, 1.0]])
    part = model.marginal([0]).score_samples([[0.3]])
    given = model.conditional({0: 0.3}).score_samples([[1.0]])
    np.testing.assert_allclose(whole - part, given, rtol=1e-9)
    with pytest.raises(ValueError, match="cdf is not known"):
        model.cdf(XY)


@pytest.mark.parametrize("kernel", ["gaussian", "cosine", "quartic", "exponential"])
@pytest.mark.parametrize("boundary", [None, [(-6, 9), None]])
def test_gradient(kernel, boundary):
    model = KernelDensity(bandwidth=2.0, kernel=kernel, boundary=boundary, rtol=1e-13)
    model.fit(XY)
    at = XY[:5] + 0.1
    found = model.gradient(at)
    for a, step in enumerate(1e-6 * np.eye(2)):
        rise = model.score_samples(at + step) - model.score_samples(at - step)
        np.testing.assert_allclose(found[:, a], rise / 2e-6, atol=1e-7)


def test_levels():
    one = KernelDensity().fit(np.zeros((1, 2)))
    assert one.density_level(0.68) == pytest.approx(0.0509295817894, rel=1e-10)
    one = KernelDensity().fit(np.zeros((1, 1)))
    assert one.density_level(0.95) == pytest.approx(0.058445069805, rel=1e-10)
    for rows in (XY, XY[:, :1]):
        model = KernelDensity(bandwidth=0.7).fit(rows)
        draws = model.sample(20_000, random_state=1)
        for share in (0.3, 0.9):  # four standard errors of the share
            assert model.in_region(draws, share).mean() == pytest.approx(
                share, abs=0.013
            )
    two = KernelDensity().fit([[0.0, 0.0], [1e-9, 0.0]])  # by the grid
    assert two.density_level(0.68) == pytest.approx(0.0509295817894, rel=5e-4)


def test_grid_is_what_samples_are():
    model = KernelDensity(bandwidth=0.7).fit(XY)
    axes, values = model.evaluate_grid((30, 20))
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    expected = np.exp(model.score_samples(mesh)).reshape(30, 20)
    np.testing.assert_allclose(values, expected, atol=1e-13)
    wide = model.evaluate_grid(40, [[-90, 90], [-90, 90]])
    assert np.isfinite(wide.density).all()


def test_adaptive():
    rows = np.random.default_rng(0).standard_t(2, size=(400, 1))
    model = KernelDensity(bandwidth=0.3, adaptive="abramson").fit(rows)
    axis = np.linspace(-400, 400, 400_001)
    mass = np.trapezoid(np.exp(model.score_samples(axis[:, None])), axis)
    assert mass == pytest.approx(1, abs=2e-3)
    factors = model.bandwidth_factors_
    assert factors[np.argmax(abs(rows))] == pytest.approx(factors.max())
    balloon = KernelDensity(bandwidth=0.3, adaptive="balloon").fit(rows)
    assert np.isfinite(balloon.score_samples([[1e4]])).all()


def test_compress():
    rows = np.random.default_rng(0).normal(size=(2000, 2))
    model = KernelDensity(bandwidth=0.5).fit(rows)
    small = model.compress(100)
    other = KernelDensity(bandwidth=0.5)
    other.fit(rows[small.indices], sample_weight=small.sample_weight)
    error = abs(np.exp(other.score_samples(rows)) - np.exp(model.score_samples(rows)))
    top = np.exp(model.score_samples(rows)).max()
    assert error.max() / top == pytest.approx(small.max_error, rel=1e-3)
    assert small.max_error < 0.05
