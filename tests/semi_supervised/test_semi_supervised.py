"""Clusters, coordinates, folds and searches where some rows are labelled."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skextras.metrics import make_gcd_scorer
from skextras.mixture import SemiSupervisedGaussianMixture
from skextras.model_selection import (
    KnownClassKFold,
    KnownClassSearchCV,
    SemiSupervisedKFold,
)
from skextras.preprocessing import WithinClassWhitener
from skextras.semi_supervised import SemiSupervisedKMeans

RNG = np.random.default_rng(0)
MIDDLES = np.array([[0, 0, 0], [7, 7, 0], [0, 8, 0], [8, 0, 5]])
X = (MIDDLES[:, None] + RNG.normal(size=(4, 60, 3))).reshape(-1, 3)
TRUE = np.repeat(np.arange(4), 60)
PARTLY = np.where((np.arange(240) % 2 == 0) & (TRUE < 3), TRUE, -1)


def test_centers_are_means_and_labelled_rows_stay():
    y = PARTLY.copy()
    y[TRUE == 1] = np.where(y[TRUE == 1] >= 0, 0, -1)  # wrong on purpose
    model = SemiSupervisedKMeans(1, random_state=0, tol=0).fit(X, y)
    labelled = y >= 0
    assert (model.labels_[labelled] == y[labelled]).all()
    for k, name in enumerate(model.classes_):
        mean = X[model.labels_ == name].mean(axis=0)
        np.testing.assert_allclose(model.cluster_centers_[k], mean)
    away = X - model.cluster_centers_[np.searchsorted(model.classes_, model.labels_)]
    assert model.inertia_ == pytest.approx((away**2).sum())


def test_without_labels_it_is_kmeans():
    ours = SemiSupervisedKMeans(4, random_state=0).fit(X)
    theirs = KMeans(4, n_init=10, random_state=0).fit(X)
    assert ours.inertia_ == pytest.approx(theirs.inertia_)
    assert ours.score(X) == pytest.approx(-theirs.inertia_)


def test_novel_clusters():
    model = SemiSupervisedKMeans(1, random_state=0).fit(X, PARTLY)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2, 3])
    assert (model.predict(X) == TRUE).mean() > 0.99
    assert model.transform(X).argmin(axis=1).tolist() == model.predict(X).tolist()
    assert make_gcd_scorer()(model, X, TRUE) > 0.99


def test_known_centers_may_stay():
    model = SemiSupervisedKMeans(1, update_known=False, random_state=0).fit(X, PARTLY)
    for k in range(3):
        mean = X[k == PARTLY].mean(axis=0)
        np.testing.assert_allclose(model.cluster_centers_[k], mean)


def test_weights_are_repetitions():
    weight = np.random.default_rng(1).integers(1, 4, size=240)
    rows = np.repeat(np.arange(240), weight)
    one = SemiSupervisedKMeans().fit(X, PARTLY, sample_weight=weight)
    two = SemiSupervisedKMeans().fit(X[rows], PARTLY[rows])
    np.testing.assert_allclose(one.cluster_centers_, two.cluster_centers_)


def test_angles():
    rows = X + 20
    one = SemiSupervisedKMeans(1, normalize=True, random_state=0).fit(rows, PARTLY)
    scale = np.random.default_rng(2).uniform(0.1, 10, size=(240, 1))
    two = SemiSupervisedKMeans(1, normalize=True, random_state=0)
    two.fit(rows * scale, PARTLY)
    np.testing.assert_allclose(one.cluster_centers_, two.cluster_centers_)


def test_whitened_classes_have_covariance_one():
    root = np.array([[3.0, 1, 0], [0, 0.1, 0.05], [0, 0, 20]])
    rows = X @ root
    model = WithinClassWhitener(shrinkage=0).fit(rows, PARTLY)
    Z = model.transform(rows)
    within = np.zeros((3, 3))
    for c in range(3):
        away = Z[c == PARTLY] - Z[c == PARTLY].mean(axis=0)
        within += away.T @ away
    np.testing.assert_allclose(within / (90 - 3), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(model.inverse_transform(Z), rows)
    moved = PARTLY.copy()
    moved[np.flatnonzero(PARTLY < 0)] = -1
    far = rows.copy()
    far[PARTLY < 0] *= 100  # unlabelled rows do not count
    other = WithinClassWhitener(shrinkage=0).fit(far, moved)
    np.testing.assert_allclose(other.covariance_, model.covariance_)
    whole = WithinClassWhitener(shrinkage=0).fit(rows)
    np.testing.assert_allclose(np.cov(whole.transform(rows).T), np.eye(3), atol=1e-8)


def test_units_do_not_matter_to_whitened_distances():
    units = np.array([1e3, 1.0, 1e-3])
    one = WithinClassWhitener().fit(X, PARTLY)
    two = WithinClassWhitener().fit(X * units, PARTLY)
    a, b = one.transform(X), two.transform(X * units)
    expected = ((a[:, None] - a) ** 2).sum(axis=2)
    np.testing.assert_allclose(((b[:, None] - b) ** 2).sum(axis=2), expected, atol=1e-7)


def test_folds_of_labelled_rows():
    seen = []
    for train, test in SemiSupervisedKFold(3).split(X, PARTLY):
        assert np.isin(np.flatnonzero(PARTLY < 0), train).all()
        assert (PARTLY[test] >= 0).all()
        assert len(np.intersect1d(train, test)) == 0
        seen.extend(test)
    assert sorted(seen) == np.flatnonzero(PARTLY >= 0).tolist()
    for masked, test in SemiSupervisedKFold(3).split_masked(X, PARTLY):
        assert (masked[test] == -1).all()
        kept = np.setdiff1d(np.arange(240), test)
        np.testing.assert_array_equal(masked[kept], PARTLY[kept])
    scores = cross_val_score(
        KNeighborsClassifier(), X, PARTLY, cv=SemiSupervisedKFold(3)
    )
    assert len(scores) == 3


@pytest.mark.parametrize("shuffle", [False, True])
def test_folds_of_classes(shuffle):
    splitter = KnownClassKFold(3, shuffle=shuffle, random_state=0)
    assert splitter.get_n_splits(X, PARTLY) == 3
    hidden = []
    for masked, test in splitter.split_masked(X, PARTLY):
        names = np.unique(PARTLY[test])
        assert len(names) == 1
        np.testing.assert_array_equal(test, np.flatnonzero(names[0] == PARTLY))
        assert set(masked) == {-1, 0, 1, 2} - set(names)
        hidden.extend(names)
    assert sorted(hidden) == [0, 1, 2]
    text = np.array(["a", "b", "a", "b"])
    assert [m.tolist() for m, _ in KnownClassKFold(2).split_masked(text, text)] == [
        [-1, "b", -1, "b"], ["a", -1, "a", -1]
    ]  # fmt: skip


def test_search_finds_parameters_without_novel_labels():
    rng = np.random.default_rng(3)
    true = np.repeat(np.arange(7), 40)
    X = 12 * rng.normal(size=(7, 3))[true] + rng.normal(size=(280, 3))
    y = np.where((np.arange(280) % 2 == 0) & (true < 6), true, -1)
    mixture = SemiSupervisedGaussianMixture(prior="empirical", n_init=5, random_state=0)
    model = make_pipeline(WithinClassWhitener(), mixture)
    grid = {"semisupervisedgaussianmixture__n_novel": [1, 3, 6]}
    search = KnownClassSearchCV(model, grid).fit(X, y)
    # in each fold, one class is novel and two are hidden
    assert search.best_params_ == {"semisupervisedgaussianmixture__n_novel": 3}
    assert search.best_score_ > 0.9
    results = search.cv_results_
    folds = np.stack([results[f"split{k}_test_score"] for k in range(3)])
    np.testing.assert_allclose(results["mean_test_score"], folds.mean(axis=0))
    assert results["rank_test_score"][search.best_index_] == 1
    assert len(search.predict(X)) == 280
    assert search.predict_proba(X).shape == (280, 9)
    assert not hasattr(search, "transform")


def test_search_tells_of_failed_fits():
    model, grid = SemiSupervisedKMeans(random_state=0), {"n_novel": [1, 1000]}
    with pytest.warns(FitFailedWarning, match="2 of 4 fits failed"):
        search = KnownClassSearchCV(model, grid).fit(X, PARTLY)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_params_ == {"n_novel": 1}
    with pytest.raises(ValueError, match="n_novel=1000 is more than"):
        KnownClassSearchCV(model, grid, error_score="raise").fit(X, PARTLY)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SemiSupervisedKMeans().fit(X), "y labels no row"),
        (lambda: SemiSupervisedKMeans(300).fit(X), "n_novel=300 is more than"),
        (lambda: WithinClassWhitener().fit(X[:4], [0, 1, -1, -1]), "y must label more"),
        (lambda: list(KnownClassKFold(4).split(X, PARTLY)), "n_splits must be"),
        (lambda: list(KnownClassKFold().split(X, 0 * TRUE)), "at least 2 classes"),
        (lambda: KnownClassSearchCV(None, {}, cv=3).fit(X, PARTLY), "split_masked"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("kind", ["list", "pandas", "polars"])
def test_searches_take_tables_of_every_kind(kind):
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(5), 20)
    X = 20 * rng.normal(size=(5, 3))[truth] + rng.normal(size=(100, 3))
    y = np.where(truth < 4, truth, -1)
    table = X.tolist()
    if kind != "list":
        library = pytest.importorskip(kind)
        table = library.DataFrame({f"f{a}": x for a, x in enumerate(X.T)})
    search = KnownClassSearchCV(SemiSupervisedKMeans(random_state=0), {"n_novel": [3]})
    assert search.fit(table, y).best_score_ > 0.9
