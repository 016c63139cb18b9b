"""ConditionalKernelDensity, KernelDensityClassifier and regimes."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skextras.neighbors import (
    ConditionalKernelDensity,
    KernelDensity,
    KernelDensityClassifier,
    critical_bandwidths,
    gaussian_critical_bandwidth,
)

I = np.arange(40)  # noqa: E741
x = 2 * np.sin(1.7 * I) + 0.1 * I
y = 3 * np.cos(0.9 * I) + 0.5 * x
MODEL = ConditionalKernelDensity(0.4, 0.5).fit(x[:, None], y)


def test_values():
    at, target = [[0.0], [1.0]], [0.0, 1.0]
    found = np.exp(MODEL.score_samples(at, target))
    np.testing.assert_allclose(found, [0.0278550548, 0.013191105], rtol=1e-8)
    np.testing.assert_allclose(
        MODEL.predict(at), [0.5653477576, 0.0209866032], rtol=1e-8
    )
    median = [1.756134999321, -1.080943356836]
    np.testing.assert_allclose(MODEL.predict_quantile(at), median, rtol=1e-10)
    found = MODEL.cdf(at, target)
    np.testing.assert_allclose(found, [0.4694119655, 0.5489217873], rtol=1e-8)


def test_far_away():
    far = [[1e6], [-1e9]]
    assert np.isfinite(MODEL.predict(far)).all()
    assert np.isfinite(MODEL.score_samples(far, [0.0, 1.0])).all()
    np.testing.assert_allclose(MODEL.n_effective(far), 1)
    assert np.isfinite(MODEL.predict_quantile(far, [0.1, 0.9])).all()


def test_samples_follow_the_law():
    draws = MODEL.sample([[1.0]], 20_000, random_state=0)[0]
    for q in (-3.0, 0.0, 2.0):
        assert MODEL.cdf([[1.0]], [q])[0] == pytest.approx(
            (draws <= q).mean(), abs=0.015
        )


def test_bandwidths_are_the_likeliest():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(200, 2))
    target = X[:, 0] ** 2 + rng.normal(scale=0.3, size=200)
    model = ConditionalKernelDensity().fit(X, target)
    assert model.bandwidth_x_[1] > 3 * model.bandwidth_x_[0]  # it does not matter

    def score(wx, wy):
        both = KernelDensity(bandwidth=[*wx, *wy]).fit(np.c_[X, target])
        alone = KernelDensity(bandwidth=wx).fit(X)
        return (both.loo_score_samples() - alone.loo_score_samples()).mean()

    best = score(model.bandwidth_x_, model.bandwidth_y_)
    assert best == pytest.approx(model.loo_score_, abs=1e-6)
    for factor in (0.9, 1.1):
        assert best >= score(model.bandwidth_x_ * factor, model.bandwidth_y_) - 1e-9
        assert best >= score(model.bandwidth_x_, model.bandwidth_y_ * factor) - 1e-9


def test_in_searches_and_pipelines():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    search = GridSearchCV(
        ConditionalKernelDensity(), {"bandwidth_y": [0.3, 1.0]}, cv=3
    ).fit(X, X[:, 0])
    assert np.isfinite(search.best_score_)
    pipe = make_pipeline(StandardScaler(), ConditionalKernelDensity(0.5, 0.5))
    assert np.isfinite(pipe.fit(X, X).predict(X)).all()
    with pytest.raises(ValueError, match="needs one target, got 2"):
        pipe[-1].predict_quantile(X)
    with pytest.raises(ValueError, match=r"y must have shape \(100, 2\)"):
        pipe[-1].score_samples(X, X[:, 0])


def test_integer_targets_do_not_end_in_bandwidth_0():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 1))
    target = rng.integers(0, 3, 100).astype(float)
    assert ConditionalKernelDensity().fit(X, target).bandwidth_y_[0] > 0.2


def test_classifier():
    X, target = load_iris(return_X_y=True)
    for bandwidth in ("loo", "silverman", "loo-diag"):
        model = KernelDensityClassifier(bandwidth)
        assert cross_val_score(model, X, target).mean() > 0.93
    model = KernelDensityClassifier(priors=[1, 0, 1]).fit(X, target)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert 1 not in model.predict(X)
    logs = np.array([d.score_samples(X[:5]) for d in model.densities_])
    share = np.exp(logs[0]) / (np.exp(logs[0]) + np.exp(logs[2]))
    np.testing.assert_allclose(model.predict_proba(X[:5])[:, 0], share, rtol=1e-9)
    assert model.n_effective(X[:5]).shape == (5, 3)
    far = KernelDensityClassifier(0.1, kernel="tophat").fit(X, target)
    np.testing.assert_allclose(far.predict_proba([[99.0] * 4]), far.priors_[None])
    with pytest.warns(UserWarning, match="too few distinct samples"):
        KernelDensityClassifier().fit(np.r_[X, X[:1]], [*target, 9])


@pytest.mark.parametrize(("n", "d"), [(2000, 10), (2000, 30), (5000, 60), (20_000, 20)])
def test_critical_bandwidths(n, d):
    X = np.random.default_rng(0).normal(size=(n, d))
    theory = gaussian_critical_bandwidth(n, np.eye(d))
    for method in ("participation", "gaussian", "nn"):
        found = critical_bandwidths(X, method)
        assert found["glass"] == pytest.approx(theory, rel=0.15)
        assert found["clt"] == pytest.approx(np.sqrt(2) * found["glass"])


def test_regimes():
    X = np.random.default_rng(0).normal(size=(2000, 30))
    glass = gaussian_critical_bandwidth(2000, np.eye(30))
    for factor, name in ((0.6, "condensed"), (1.2, "heavy_tailed"), (2.0, "clt")):
        model = KernelDensity(bandwidth=factor * glass, regime_check=False).fit(X)
        assert model.regime_ == name
    record = model.diagnose(X[:5] + 0.1)
    np.testing.assert_allclose(record["log_density"], model.score_samples(X[:5] + 0.1))
    assert (record["n_effective"] > 3).all()
    assert np.isfinite(record["std_log_density"]).any()


def test_diagnosis_is_that_of_the_weights():
    X = np.random.default_rng(0).normal(size=(100, 3))
    weight = np.random.default_rng(1).uniform(size=100)
    model = KernelDensity(bandwidth=0.7).fit(X, sample_weight=weight)
    at = X[:4] + 0.2
    terms = weight * np.exp(-((at[:, None] - X) ** 2).sum(axis=2) / 2 / 0.49)
    shares = terms / terms.sum(axis=1, keepdims=True)
    record = model.diagnose(at)
    np.testing.assert_allclose(record["n_effective"], 1 / (shares**2).sum(axis=1))
    np.testing.assert_allclose(record["nearest_weight"], shares.max(axis=1))
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1)
    np.testing.assert_allclose(record["entropy"], entropy, rtol=1e-6)
