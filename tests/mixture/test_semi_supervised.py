"""SemiSupervisedGaussianMixture: values, labels, priors, what stays and what moves."""

import numpy as np
import pytest
from scipy.stats import invwishart, multivariate_normal
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from skextras.mixture import SemiSupervisedGaussianMixture as Mixture

TYPES = ("full", "tied", "diag", "spherical")
IRIS, SPECIES = load_iris(return_X_y=True)
RNG = np.random.default_rng(0)
MIDDLES = np.array([[0, 0], [6, 6], [0, 8]])
BLOBS = (MIDDLES[:, None] + RNG.normal(size=(3, 80, 2))).reshape(-1, 2)
TRUE = np.repeat([0, 1, 2], 80)
PARTLY = np.where((np.arange(240) % 2 == 0) & (TRUE < 2), TRUE, -1)


def test_all_rows_labelled():
    model = Mixture(reg_covar=0).fit(IRIS, SPECIES)
    assert model.covariances_[0][0, 0] == pytest.approx(0.121764, abs=1e-12)
    assert model.score(IRIS) == pytest.approx(-1.2194723240, abs=1e-10)
    assert (model.predict(IRIS) != SPECIES).sum() == 3
    other = QuadraticDiscriminantAnalysis(solver="eigen").fit(IRIS, SPECIES)
    np.testing.assert_allclose(model.means_, other.means_, rtol=1e-12)


def test_em_from_the_true_labels():
    model = Mixture(
        3, responsibilities_init=np.eye(3)[SPECIES], reg_covar=0, tol=1e-10,
        max_iter=1000,
    ).fit(IRIS)  # fmt: skip
    assert model.score(IRIS) == pytest.approx(-1.2012365142, abs=1e-9)


@pytest.mark.parametrize(
    ("share", "value", "weight"),
    [
        (0, -10.3139168551, 0.5),
        (0.5, -77.1249911013, 0.4649220054),
        (1, -129.7996410093, 0.4521885695),
    ],
)
def test_weight_of_unlabelled_rows(share, value, weight):
    X, y = IRIS[50:], np.full(100, -1)
    y[:10], y[50:60] = 1, 2
    model = Mixture(
        weights="all", unlabelled_weight=share, reg_covar=0, tol=1e-14, max_iter=5000
    ).fit(X, y)
    assert model.lower_bound_ * (20 + 80 * share) == pytest.approx(value, abs=1e-8)
    assert model.weights_[0] == pytest.approx(weight, abs=1e-6)


@pytest.mark.parametrize("prior", [None, "empirical"])
@pytest.mark.parametrize("weights", ["all", "unlabelled"])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("per_class", [1, 2])
def test_objective_never_falls(kind, weights, prior, per_class):
    rng = np.random.default_rng(1)
    X = (
        rng.normal(size=(300, 3))
        + 1.5 * rng.normal(size=(3, 3))[rng.integers(0, 3, 300)]
    )
    y = np.where(rng.uniform(size=300) < 0.3, rng.integers(0, 2, 300), -1)
    model = Mixture(
        2, covariance_type=kind, weights=weights, prior=prior, reg_covar=0, tol=0,
        n_components_per_class=per_class, max_iter=60, random_state=0,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(X, y, sample_weight=rng.uniform(0.5, 2, size=300))
    steps = np.diff(model.lower_bounds_)
    assert steps.min() >= -1e-9 * abs(np.array(model.lower_bounds_)).max()
    assert steps.max() > 0


def test_objective_is_the_log_posterior():
    """Written out with SciPy's densities, up to what no parameter changes."""
    prior = {
        "mean": [1.0, 2.0], "mean_precision": 0.5, "degrees_of_freedom": 6.0,
        "covariance": [[2.0, 0.3], [0.3, 1.0]],
    }  # fmt: skip
    options = {"prior": prior, "reg_covar": 0, "weights": "all"}
    options |= {"tol": 0, "random_state": 0}

    def written_out(model):
        value = 0.0
        for k in range(3):
            law = multivariate_normal(model.means_[k], model.covariances_[k])
            of_mean = multivariate_normal(prior["mean"], model.covariances_[k] / 0.5)
            scale = 3.0 * np.array(prior["covariance"])  # mean of the covariance
            value += of_mean.logpdf(model.means_[k])
            value += invwishart(6.0, scale).logpdf(model.covariances_[k])
            value += np.log(model.weights_[k]) / 3
            rows = k == PARTLY
            value += (law.logpdf(BLOBS[rows]) + np.log(model.weights_[k])).sum()
        return value + model.score_samples(BLOBS[PARTLY == -1]).sum()

    gaps = []
    for n in (1, 2, 5):
        with pytest.warns(UserWarning, match="did not converge"):
            model = Mixture(1, max_iter=n, **options).fit(BLOBS, PARTLY)
        with pytest.warns(UserWarning, match="did not converge"):
            later = Mixture(1, max_iter=n + 1, **options).fit(BLOBS, PARTLY)
        gaps.append(written_out(model) - 240 * later.lower_bounds_[-1])
    assert np.ptp(gaps) < 1e-8


def test_a_novel_class_is_found():
    model = Mixture(1, random_state=0).fit(BLOBS, PARTLY)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    np.testing.assert_array_equal(model.novel_classes_, [2])
    assert (model.predict(BLOBS) == TRUE).mean() > 0.99
    scores = model.novelty_score(MIDDLES)
    assert scores[2] > 0.999 > 0.001 > scores[:2].max()
    np.testing.assert_allclose(model.class_weights_, [0.25, 0.25, 0.5], atol=0.01)


def test_text_labels():
    names = np.array(["b", "a", "c"], dtype=object)[TRUE]
    y = np.where(PARTLY >= 0, names, -1)
    model = Mixture(1, random_state=0).fit(BLOBS, y)
    assert model.classes_.tolist() == ["a", "b", "novel_0"]
    found = model.fit_predict(BLOBS, y)
    assert (found[PARTLY >= 0] == names[PARTLY >= 0]).all()
    assert set(model.sample(50)[1]) <= {"a", "b", "novel_0"}
    with pytest.raises(ValueError, match="array of dtype object with the integer -1"):
        model.fit(BLOBS, y.astype(str))


def test_labelled_rows_stay():
    """Rows of a far class with a wrong label stay in it, and widen it."""
    y = PARTLY.copy()
    y[TRUE == 2] = 0
    model = Mixture(reg_covar=0).fit(BLOBS, y)
    rows = np.r_[BLOBS[y == 0]]
    assert model.means_[0][1] > 4  # between the two groups
    shares = model.predict_proba(BLOBS[y == -1])
    mass = len(rows) + shares[:, 0].sum()
    mean = (rows.sum(axis=0) + shares[:, 0] @ BLOBS[y == -1]) / mass
    np.testing.assert_allclose(model.means_[0], mean, atol=1e-2)


def test_weights_are_repetitions():
    weight = np.random.default_rng(2).integers(0, 4, size=240)
    rows = np.repeat(np.arange(240), weight)
    start = {"means_init": MIDDLES + 0.3, "tol": 1e-12, "max_iter": 500}
    for weights in ("all", "unlabelled"):
        one = Mixture(1, weights=weights, prior="empirical", **start)
        two = Mixture(1, weights=weights, prior="empirical", **start)
        one.fit(BLOBS, PARTLY, sample_weight=weight)
        two.fit(BLOBS[rows], PARTLY[rows])
        for name in ("weights_", "means_", "covariances_"):
            np.testing.assert_allclose(
                getattr(one, name), getattr(two, name), rtol=1e-7, atol=1e-9
            )


def test_order_of_rows_does_not_matter():
    order = np.random.default_rng(3).permutation(240)
    start = {"means_init": MIDDLES + 0.3, "tol": 1e-12, "max_iter": 500}
    one = Mixture(1, **start).fit(BLOBS, PARTLY)
    two = Mixture(1, **start).fit(BLOBS[order], PARTLY[order])
    np.testing.assert_allclose(one.means_, two.means_, rtol=1e-9)


def test_threads_change_no_bit():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(20_000, 3)), rng.integers(-1, 3, size=20_000)
    fits = [
        Mixture(1, n_jobs=n, random_state=0, max_iter=4, tol=10).fit(X, y)
        for n in (1, 2)
    ]
    for name in ("means_", "covariances_", "weights_", "lower_bound_"):
        np.testing.assert_array_equal(*(getattr(fit, name) for fit in fits))


def test_distributions_of_labels():
    """Certain ones are labels; equal ones say no more than that a class is known."""
    chances = np.full((240, 2), np.nan)
    labelled = PARTLY >= 0
    chances[labelled] = np.eye(2)[PARTLY[labelled]]
    few = np.full(240, -1)
    for c in (0, 1):  # so that the classes are known
        place = int(np.argmax(c == PARTLY))
        few[place], chances[place] = c, np.nan
    start = {"means_init": MIDDLES + 0.3, "tol": 1e-12, "max_iter": 500}
    for weights in ("all", "unlabelled"):
        one = Mixture(1, weights=weights, **start).fit(BLOBS, PARTLY)
        two = Mixture(1, weights=weights, **start)
        two.fit(BLOBS, few, label_distributions=chances)
        np.testing.assert_allclose(one.means_, two.means_, rtol=1e-9)
        np.testing.assert_allclose(one.weights_, two.weights_, rtol=1e-9)
    chances[labelled & (few < 0)] = 0.5
    three = Mixture(1, random_state=0).fit(BLOBS, few, label_distributions=chances)
    assert (three.predict(BLOBS) == TRUE).mean() > 0.99


def test_frozen_parameters_stay():
    start = {
        "weights_init": [0.2, 0.3, 0.5], "means_init": MIDDLES + 0.5,
        "precisions_init": np.tile(np.eye(2), (3, 1, 1)), "random_state": 0,
    }  # fmt: skip
    freeze = {"means": [0], "covariances": "all", "weights": [1]}
    model = Mixture(1, freeze=freeze, **start).fit(BLOBS, PARTLY)
    np.testing.assert_array_equal(model.means_[0], MIDDLES[0] + 0.5)
    assert abs(model.means_[1:] - MIDDLES[1:]).max() < 0.3
    np.testing.assert_allclose(model.covariances_, np.tile(np.eye(2), (3, 1, 1)))
    assert model.weights_[1] == pytest.approx(0.3)
    assert model.weights_.sum() == pytest.approx(1)


def test_several_components_of_a_class():
    y = np.where(TRUE == 2, 0, TRUE)  # class 0 is two groups
    y[::2] = -1
    one = Mixture(random_state=0).fit(BLOBS, y)
    two = Mixture(n_components_per_class=2, random_state=0).fit(BLOBS, y)
    assert two.component_classes_.tolist() == [0, 0, 1, 1]
    assert two.score(BLOBS) > one.score(BLOBS) + 0.3
    np.testing.assert_allclose(two.predict_proba(BLOBS).sum(axis=1), 1)


def test_known_classes_without_unlabelled_rows_get_no_weight():
    """All known rows are labelled: what is left is of the novel class."""
    y = np.where(TRUE < 2, TRUE, -1)
    model = Mixture(1, random_state=0).fit(BLOBS, y)
    np.testing.assert_allclose(model.class_weights_, [0, 0, 1], atol=1e-6)


def test_warm_start_goes_on():
    model = Mixture(1, warm_start=True, max_iter=1, tol=0, random_state=0)
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(BLOBS, PARTLY)
    first = model.lower_bound_
    with pytest.warns(UserWarning, match="did not converge"):
        model.set_params(max_iter=3).fit(BLOBS, PARTLY)
    assert model.lower_bounds_[0] >= first


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({}, None, "y labels no row"),
        ({"n_novel": 1}, np.zeros(240, int), "n_novel=1 is more than the number of"),
        ({}, np.full(240, -2), "y must have labels of at least 0"),
        ({}, np.full(240, 0.5), "y must have whole numbers as labels"),
        ({}, np.zeros(3), "y must have one label for each row"),
        (
            {"n_components_per_class": 90},
            PARTLY,
            "more than the labelled rows of class",
        ),
        ({"prior": {"mean": 1}}, PARTLY, "prior must be a dict with the keys"),
        ({"freeze": {"x": [0]}}, PARTLY, "freeze must have keys among"),
        ({"freeze": {"means": [7]}}, PARTLY, "numbers of components from"),
        ({"unlabelled_weight": 0, "n_novel": 2}, None, "leaves no row with a weight"),
        (
            {},
            np.array(["a", 1, -1] * 80, dtype=object),
            "labels of one type beside -1",
        ),
    ],
)
def test_refusals(options, y, message):
    model = Mixture(**options)
    with pytest.raises(ValueError, match=message):
        model.fit(BLOBS, y)
    assert not hasattr(model, "means_")
