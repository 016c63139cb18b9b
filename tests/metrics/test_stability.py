"""Tests of the stability of clusters under resampling."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from skextras.metrics import ClusterStabilityDisplay, cluster_stability

X, TRUTH = make_blobs(150, centers=3, cluster_std=0.4, random_state=0)


class Halves(ClusterMixin, BaseEstimator):
    """Rows below and above the median of the first feature."""

    def fit(self, X, y=None):
        x = np.asarray(X)[:, 0]
        self.labels_ = (x > np.median(x)).astype(int)
        return self


@pytest.mark.parametrize("scheme", ["bootstrap", "subsample", "jitter"])
def test_by_hand(scheme):
    """Two clusters whose border moves with the rows: sets, one by one."""
    rows = np.random.default_rng(0).normal(size=(40, 2))
    found = cluster_stability(
        Halves(), rows, n_resamples=7, scheme=scheme, jitter_scale=0.5, random_state=3
    )
    whole = Halves().fit(rows).labels_
    np.testing.assert_array_equal(found.labels, whole)
    seeds = np.random.RandomState(3).randint(np.iinfo(np.int32).max, size=7)
    for number, seed in enumerate(seeds):
        rng = np.random.RandomState(seed)
        chosen, new = np.arange(40), rows
        if scheme == "bootstrap":
            chosen = rng.randint(40, size=40)
            new = rows[chosen]
        elif scheme == "subsample":
            chosen = np.sort(rng.choice(40, 32, replace=False))
            new = rows[chosen]
        else:
            new = rows + rng.normal(size=(40, 2)) * 0.5 * rows.std(axis=0)
        labels = dict(zip(chosen, Halves().fit(new).labels_, strict=True))
        kept = sorted(labels)
        other = np.array([labels[row] for row in kept])
        rand = adjusted_rand_score(whole[kept], other)
        assert found.adjusted_rand[number] == pytest.approx(rand)
        for cluster in (0, 1):
            mine = {row for row in kept if whole[row] == cluster}
            best = 0.0
            for c in (0, 1):
                its = {row for row in kept if labels[row] == c}
                best = max(best, len(mine & its) / len(mine | its))
            assert found.jaccard[number, cluster] == pytest.approx(best)
    np.testing.assert_allclose(found.mean_jaccard, found.jaccard.mean(axis=0))


def test_clusters_far_apart_come_again():
    model = KMeans(3, n_init=10, random_state=0)
    for scheme in ("bootstrap", "subsample", "jitter"):
        found = cluster_stability(model, X, scheme=scheme, random_state=0)
        np.testing.assert_allclose(found.mean_jaccard, 1, atol=0.02)
        np.testing.assert_array_equal(found.n_clusters, 3)
    found = cluster_stability(KMeans(6, n_init=10), X, random_state=0)
    assert found.mean_jaccard.min() < 0.75


def test_noise_is_no_cluster():
    rows = np.r_[X, [[100, 100], [200, 200]]]
    found = cluster_stability(DBSCAN(0.8), rows, random_state=0)
    assert (found.labels[-2:] == -1).all()
    np.testing.assert_array_equal(found.clusters, [0, 1, 2])
    assert found.mean_jaccard.min() > 0.9
    with pytest.raises(ValueError, match="All rows are noise"):
        cluster_stability(DBSCAN(1e-9), X)


def test_a_cluster_whose_rows_are_not_drawn():
    rows = np.r_[np.random.default_rng(0).normal(size=(30, 1)), [[50.0]]]
    found = cluster_stability(
        KMeans(2, n_init=3, random_state=0), rows, scheme="subsample", random_state=0
    )
    lone = found.jaccard[:, found.labels[-1] == found.clusters][:, 0]
    assert set(lone[~np.isnan(lone)]) == {1.0}
    assert 0 < np.isnan(lone).sum() < 20
    assert found.mean_jaccard[found.labels[-1]] == 1


def test_results_do_not_depend_on_processes():
    model = KMeans(4, n_init=1, random_state=0)
    one, two = (cluster_stability(model, X, n_jobs=n, random_state=0) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["list", "pandas", "polars", "csr"])
def test_tables_of_every_kind(kind):
    model = KMeans(3, n_init=3, random_state=0)
    expected = cluster_stability(model, X, n_resamples=3, random_state=0)
    if kind == "list":
        table = X.tolist()
    elif kind == "csr":
        table = pytest.importorskip("scipy.sparse").csr_matrix(X)
        with pytest.raises(ValueError, match="jitter"):
            cluster_stability(model, table, scheme="jitter")
    else:
        table = pytest.importorskip(kind).DataFrame({"a": X[:, 0], "b": X[:, 1]})
        cluster_stability(model, table, n_resamples=2, scheme="jitter")
    found = cluster_stability(model, table, n_resamples=3, random_state=0)
    np.testing.assert_allclose(found.mean_jaccard, expected.mean_jaccard)


@pytest.mark.parametrize(("options", "message"), [
    ({"scheme": "permute"}, "scheme must be"),
    ({"n_resamples": 0}, "n_resamples must be"),
    ({"subsample_size": 1.0}, "subsample_size must be"),
    ({"jitter_scale": 0}, "jitter_scale must be"),
])  # fmt: skip
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        cluster_stability(KMeans(2), X, **options)


def test_picture():
    pytest.importorskip("matplotlib").use("agg")
    model = KMeans(3, n_init=3, random_state=0)
    display = ClusterStabilityDisplay.from_estimator(
        model, X, n_resamples=5, random_state=0
    )
    assert len(display.points_.get_offsets()) == 15
    assert "Rand index 1.00" in display.ax_.get_title()
