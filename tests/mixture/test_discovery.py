"""Tests of the discovery of classes: evidence, moves, and what is found."""

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.stats import kstest, multivariate_normal, norm
from sklearn.datasets import load_iris, make_blobs
from sklearn.metrics import adjusted_rand_score

from skextras.metrics import gcd_accuracy_score
from skextras.mixture import GaussianMixtureDiscovery
from skextras.mixture._mixtures._evidence import Evidence, Pieces, log_marginals
from skextras.mixture._mixtures._novelty import by_label_rate, by_typicality
from skextras.mixture._mixtures._prior import Prior
from skextras.mixture._mixtures._zeta import folds

KINDS = ("full", "tied", "diag", "spherical")


def clusters(n_each=60, n_known=3, n_novel=2, d=3, seed=0):
    """Return rows of clusters far apart, labels of half of the known, and the truth."""
    rng = np.random.default_rng(seed)
    k = n_known + n_novel
    corners = np.array(np.meshgrid(*[[0, 12]] * d)).reshape(d, -1).T
    middles = rng.permutation(corners)[:k]
    truth = np.repeat(np.arange(k), n_each)
    X = middles[truth] + rng.normal(size=(len(truth), d))
    y = np.where((truth < n_known) & (np.arange(len(truth)) % 2 == 0), truth, -1)
    return X, y, truth


def pieces_of(X, owner, n_pieces):
    return Pieces.of(X, np.ones(len(X)), owner, np.ones(len(X), bool), n_pieces)


def test_marginal_likelihood_by_integration():
    """One feature: the mean and the variance are integrated out by quadrature."""
    x, prior = np.array([0.3, 1.1, -0.4]), Prior(np.array([0.5]), 0.7, 4.0, np.eye(1))
    pieces = pieces_of(x[:, None], np.zeros(3, int), 1)
    found = log_marginals(pieces.size, pieces.mean, pieces.scatter, prior)[0]

    def density(mean, log_v):
        v = np.exp(log_v)
        # inverse gamma with shape nu / 2 and scale 1 / 2
        law = 0.5**2 / 1.0 * v**-3.0 * np.exp(-0.5 / v)
        law *= norm.pdf(mean, 0.5, np.sqrt(v / 0.7))
        return law * norm.pdf(x[:, None], mean, np.sqrt(v)).prod() * v

    value = dblquad(density, -8, 6, -15, 15, epsabs=1e-12, epsrel=1e-9)[0]
    assert found == pytest.approx(np.log(value), abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_marginal_likelihoods_are_densities(kind):
    """Given some rows, that of one more integrates to 1, by importance sampling."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9, 3))
    prior = Prior(np.zeros(3), 0.3, 7.0, 2.0 * np.eye(3))

    def value(rows):
        pieces = pieces_of(rows, np.zeros(len(rows), int), 1)
        return log_marginals(pieces.size, pieces.mean, pieces.scatter, prior, kind)[0]

    law = multivariate_normal(np.zeros(3), 4 * np.eye(3))
    draws = law.rvs(20_000, random_state=1)
    ratios = [np.exp(value(np.vstack([X, row])) - value(X) - law.logpdf(row))
              for row in draws[:4000]]  # fmt: skip
    error = np.std(ratios) / np.sqrt(len(ratios))
    assert np.mean(ratios) == pytest.approx(1, abs=5 * error)


def test_unions_have_the_moments_of_their_rows():
    rng = np.random.default_rng(1)
    X, owner = rng.normal(size=(30, 4)), rng.integers(0, 2, 30)
    two = pieces_of(X, owner, 2)
    union = two.take(np.array([0])).union(two.take(np.array([1])))
    whole = pieces_of(X, np.zeros(30, int), 1)
    for found, expected in zip(union, whole, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_evidence_tells_one_cluster_from_two():
    rng = np.random.default_rng(2)
    prior = Prior(np.zeros(2), 0.01, 6.0, 3.0 * np.eye(2))
    X = rng.normal(size=(200, 2))
    owner = (X[:, 0] > 0).astype(int)

    def gain(X, zeta):
        evidence = Evidence(prior, "full", zeta, tells_rates=False)
        two, novel = pieces_of(X, owner, 2), np.zeros(2, bool)
        one = pieces_of(X, np.zeros(200, int), 1)
        return evidence.terms(two, novel).sum() - evidence.terms(one, novel[:1])[0]

    apart = X + 5 * owner[:, None]
    assert gain(X, 1.0) < 0 < gain(apart, 1.0)


def test_a_share_of_the_rows_is_evidence():
    """The ratio is that of as many rows, each of a share of the weight."""
    prior = Prior(np.zeros(2), 0.01, 6.0, 3.0 * np.eye(2))
    X = np.random.default_rng(2).normal(size=(20, 2))
    pieces, novel = pieces_of(X, np.zeros(20, int), 1), np.zeros(1, bool)
    part = Evidence(prior, "full", 0.25, tells_rates=False).terms(pieces, novel)
    quarter = pieces._replace(size=pieces.size / 4, scatter=pieces.scatter / 4)
    whole = Evidence(prior, "full", 1.0, tells_rates=False).terms(quarter, novel)
    assert part == pytest.approx(4 * whole)
    known = Evidence(prior, "full", 0.25, tells_rates=False).terms(pieces, ~novel)
    all_of_them = Evidence(prior, "full", 1.0, tells_rates=False).terms(pieces, novel)
    assert known == pytest.approx(all_of_them)


def test_labelled_shares_are_evidence():
    """Clusters that lie on each other are two if only one of them is labelled."""
    prior = Prior(np.zeros(1), 0.1, 3.0, np.eye(1))
    evidence = Evidence(prior, "full", 1.0, tells_rates=True)
    empty = np.zeros((2, 1)), np.zeros((2, 1, 1))
    same = Pieces(np.full(2, 50.0), *empty, np.full(2, 25.0), np.full(2, 25.0))
    other = same._replace(labelled=np.array([50.0, 0]), free=np.array([0, 50.0]))
    novel = np.zeros(2, bool)
    assert evidence.objective(other, novel) > evidence.objective(same, novel) + 50


def test_rows_that_look_novel():
    X, y, truth = clusters()
    labels = np.where(y >= 0, y + 1, 0)
    novel, nearest = by_label_rate(X, labels, 1)
    np.testing.assert_array_equal(novel, truth >= 3)
    np.testing.assert_array_equal(nearest[truth < 3], truth[truth < 3])
    prior = Prior(X.mean(axis=0), 0.01, 6.0, 2.0 * np.eye(3))
    novel, nearest = by_typicality(X, np.ones(len(X)), labels, prior)
    assert novel[truth >= 3].all()
    assert novel[truth < 3].mean() < 0.1
    np.testing.assert_array_equal(nearest[truth < 3], truth[truth < 3])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("novelty", ["label_rate", "typicality"])
@pytest.mark.parametrize("n_novel", [None, 2])
def test_clusters_far_apart_are_found(kind, novelty, n_novel):
    X, y, truth = clusters()
    model = GaussianMixtureDiscovery(
        n_novel, covariance_type=kind, novelty=novelty, random_state=0
    ).fit(X, y)
    assert model.n_novel_classes_ == 2
    assert adjusted_rand_score(truth, model.labels_) == 1
    np.testing.assert_array_equal(model.labels_[y >= 0], y[y >= 0])
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    objectives = [entry["objective"] for entry in model.history_]
    assert (np.diff(objectives) > 0).all()
    assert model.n_novel_source_ == ("estimated" if n_novel is None else "given")
    assert repr(model).endswith(f"# 2 novel, {model.n_novel_source_}")


def test_iris():
    """One class of three is hidden; two of the others' rows are labelled."""
    X, truth = load_iris(return_X_y=True)
    for hidden in range(3):
        y = np.where((truth != hidden) & (np.arange(150) % 2 == 0), truth, -1)
        known = [c for c in range(3) if c != hidden]
        for n_novel in (None, 1):
            model = GaussianMixtureDiscovery(n_novel, random_state=0).fit(X, y)
            assert model.n_novel_classes_ == 1
            free = y == -1
            found = gcd_accuracy_score(
                truth[free], model.labels_[free], known, matching="pinned"
            )
            assert found.all > 0.93


def test_objective_rises_over_rounds():
    rng = np.random.default_rng(3)
    X = np.r_[rng.standard_t(3, size=(300, 2)), rng.standard_t(3, size=(300, 2)) + 4]
    y = np.where(np.arange(600) < 100, 0, -1)
    model = GaussianMixtureDiscovery(zeta=1.0, random_state=0, n_init=1).fit(X, y)
    objectives = [entry["objective"] for entry in model.history_]
    assert (np.diff(objectives) > 0).all()
    kinds = {move.kind for entry in model.history_ for move in entry["moves"]}
    assert kinds <= {"merge", "split"}
    assert all(entry["n_novel"] >= 0 for entry in model.history_)


def test_bits_do_not_depend_on_threads():
    X, y, _ = clusters(seed=4)
    X = X + 3 * np.random.default_rng(0).normal(size=X.shape)
    one, two = (
        GaussianMixtureDiscovery(n_jobs=n, random_state=0).fit(X, y) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.means_, two.means_)
    np.testing.assert_array_equal(one.covariances_, two.covariances_)
    assert one.zeta_scores_ == two.zeta_scores_


def test_order_and_units_of_rows_do_not_matter():
    X, y, _ = clusters(seed=5)
    model = GaussianMixtureDiscovery(random_state=0).fit(X, y)
    order = np.random.default_rng(0).permutation(len(X))
    units = np.array([1000.0, 1.0, 1e-3])
    other = GaussianMixtureDiscovery(random_state=0).fit(X[order] * units, y[order])
    assert adjusted_rand_score(model.labels_[order], other.labels_) == 1
    assert model.zeta_ == other.zeta_


def test_weights_are_repetitions():
    X, y, _ = clusters(seed=6)
    weight = np.random.default_rng(0).integers(1, 4, len(X))
    options = {"zeta": 0.5, "n_novel": 2, "random_state": 0, "tol": 1e-9}
    one = GaussianMixtureDiscovery(**options).fit(X, y, sample_weight=weight)
    rows = np.repeat(np.arange(len(X)), weight)
    two = GaussianMixtureDiscovery(**options).fit(X[rows], y[rows])
    np.testing.assert_allclose(one.weights_, two.weights_, rtol=1e-6)
    np.testing.assert_allclose(one.means_, two.means_, rtol=1e-6)
    zero = np.where(np.arange(len(X)) % 5 == 4, 0, 1)
    one = GaussianMixtureDiscovery(**options).fit(X, y, sample_weight=zero)
    two = GaussianMixtureDiscovery(**options).fit(X[zero > 0], y[zero > 0])
    np.testing.assert_allclose(one.means_, two.means_, rtol=1e-9)


def test_novel_classes_only():
    """All rows of known classes are labelled: the weights of these vanish."""
    X, _, truth = clusters()
    y = np.where(truth < 3, truth, -1)
    model = GaussianMixtureDiscovery(random_state=0, concentration=1e-6).fit(X, y)
    assert model.n_novel_classes_ == 2
    assert model.weights_[:3].sum() < 1e-4


def test_numbers_that_are_given():
    X, y, truth = clusters()
    for n_novel in (0, 1, 4):
        model = GaussianMixtureDiscovery(n_novel, random_state=0).fit(X, y)
        assert model.n_novel_classes_ == n_novel
    assert GaussianMixtureDiscovery(max_novel=1, random_state=0).fit(
        X, y
    ).n_novel_classes_ == 1  # fmt: skip
    few = np.where(truth < 3, truth, -1)
    few[-1], few[truth >= 3] = -1, np.r_[np.zeros(117), -np.ones(3)]
    model = GaussianMixtureDiscovery(3, random_state=0).fit(X, few)
    assert model.n_novel_classes_ == 3  # each of three rows is one


def test_without_labels_and_with_labels_of_all():
    X, _, truth = clusters(n_known=0, n_novel=4)
    model = GaussianMixtureDiscovery(random_state=0).fit(X)
    assert adjusted_rand_score(truth, model.labels_) == 1
    np.testing.assert_array_equal(model.classes_, np.arange(4))
    assert model.novelty_mask_.all()
    model = GaussianMixtureDiscovery(random_state=0).fit(X, truth)
    assert model.n_novel_classes_ == 0
    np.testing.assert_array_equal(model.labels_, truth)


def test_names_of_classes():
    X, y, _ = clusters()
    text = np.array(["ant", "bee", "cat"], dtype=object)
    named = np.array([-1 if code < 0 else text[code] for code in y], dtype=object)
    model = GaussianMixtureDiscovery(random_state=0).fit(X, named)
    assert model.classes_.tolist() == ["ant", "bee", "cat", "novel_0", "novel_1"]
    assert model.weights_[3] >= model.weights_[4]


def test_known_classes_that_stay():
    X, y, _ = clusters(n_each=40)
    X = X + 0.5 * (y == -1)[:, None]  # unlabelled rows of known classes have moved
    model = GaussianMixtureDiscovery(2, freeze_known=True, random_state=0).fit(X, y)
    prior = model.prior_
    for c in range(3):
        rows = X[y == c]
        kappa = prior["mean_precision"]
        mean = kappa * prior["mean"] + rows.sum(axis=0)
        np.testing.assert_allclose(model.means_[c], mean / (kappa + len(rows)))


def test_last_fit_is_where_a_warm_start_begins():
    X, y, truth = clusters()
    model = GaussianMixtureDiscovery(random_state=0, warm_start=True).fit(X, y)
    before = model.means_
    model.fit(X, y)
    assert not model.history_[0]["moves"]
    np.testing.assert_allclose(model.means_, before, atol=1e-2)
    with pytest.raises(ValueError, match="warm_start"):
        model.fit(X, np.where(y == 0, -1, y))
    assert adjusted_rand_score(truth, model.labels_) == 1


def test_stochastic_moves():
    X, y, truth = clusters()
    model = GaussianMixtureDiscovery(acceptance="stochastic", random_state=0)
    assert adjusted_rand_score(truth, model.fit(X, y).labels_) > 0.9


def test_zeta():
    X, y, _ = clusters()
    assert GaussianMixtureDiscovery(zeta=0.3).fit(X, y).zeta_ == 0.3
    model = GaussianMixtureDiscovery(zeta="cv", n_novel=2, random_state=0).fit(X, y)
    assert set(model.zeta_scores_) >= {model.zeta_}
    assert all(0 <= score <= 1 for score in model.zeta_scores_.values())
    with pytest.raises(ValueError, match='zeta="cv" hides known classes'):
        GaussianMixtureDiscovery(zeta="cv").fit(X, np.where(y == 0, 0, -1))
    for n in (2, 3, 5, 12):
        hidden = folds(n)
        assert set(np.concatenate(hidden)) == set(range(n))
        assert all(len(set(one)) == len(one) < n for one in hidden)


def test_novelty_by_posterior_and_by_density():
    X, y, truth = clusters(n_each=400)
    model = GaussianMixtureDiscovery(random_state=0).fit(X, y)
    np.testing.assert_allclose(
        model.novelty_score(X), model.predict_proba(X)[:, 3:].sum(axis=1)
    )
    far = np.full((1, 3), 1e6)
    assert model.novelty_score(far, by="density")[0] == 1
    assert model.novelty_score(model.means_[:1], by="density")[0] == 0
    own = model.novelty_score(X[truth < 3], by="density")
    assert kstest(own, "uniform").pvalue > 1e-3
    assert model.novelty_score(X[truth >= 3], by="density").min() > 0.999
    with pytest.raises(ValueError, match="by must be"):
        model.novelty_score(X, by="distance")


def test_many_rows_are_searched_in_part():
    X, truth = make_blobs(12_000, centers=4, cluster_std=0.3, random_state=0)
    y = np.where((truth < 2) & (np.arange(12_000) % 4 == 0), truth, -1)
    model = GaussianMixtureDiscovery(random_state=0, n_init=1).fit(X, y)
    assert adjusted_rand_score(truth, model.labels_) == 1
    assert len(model.labels_) == len(model.novelty_mask_) == 12_000


def test_features_that_are_constant_say_nothing():
    X, y, _ = clusters()
    X = X + 2 * np.random.default_rng(0).normal(size=X.shape)
    wide = np.column_stack([np.full(len(X), 7.0), X, np.zeros(len(X))])
    one = GaussianMixtureDiscovery(random_state=0).fit(X, y)
    two = GaussianMixtureDiscovery(random_state=0).fit(wide, y)
    assert one.n_novel_classes_ == two.n_novel_classes_ == 2
    assert adjusted_rand_score(one.labels_, two.labels_) > 0.99
    same = np.ones((40, 2))
    model = GaussianMixtureDiscovery(random_state=0).fit(same, np.r_[0, [-1] * 39])
    assert model.n_novel_classes_ == 0


def test_few_labels():
    """One label of each known class: its share among neighbours says nothing."""
    X, _, truth = clusters()
    y = np.full(len(X), -1)
    for c in range(3):
        y[np.flatnonzero(truth == c)[0]] = c
    model = GaussianMixtureDiscovery(random_state=0).fit(X, y)
    assert adjusted_rand_score(truth, model.labels_) > 0.99


def test_refusals_of_discovery():
    X, y, _ = clusters()
    with pytest.raises(ValueError, match="sample_weight is zero for all rows of class"):
        GaussianMixtureDiscovery().fit(X, y, sample_weight=(y != 0).astype(float))
    with pytest.raises(ValueError, match="n_novel=3 is more than max_novel=1"):
        GaussianMixtureDiscovery(3, max_novel=1).fit(X, y)
    with pytest.raises(ValueError, match="more than the number of unlabelled rows"):
        GaussianMixtureDiscovery(999).fit(X, y)
