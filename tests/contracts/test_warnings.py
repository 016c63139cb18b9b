"""Every warning points to the line of the user's that called."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skextras
from skextras.cluster import (
    CLARA,
    CLARANS,
    ILASDP,
    LASDP,
    KMedoids,
    MedoidSilhouette,
    SDPKMeans,
    certify_kmeans,
    fasterpam,
    k_path,
    kmeans_lower_bound,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
FAR = np.r_[X[:30], 9 + X[30:]]
FEW = np.repeat(X[:2], 6, axis=0)
D = np.abs(X[:, :1] - X[:, 0])
DIAG = {"covariance_type": "diag", "random_state": 0}
#: What is called, and a part of what it then warns of. Each stands on one line.
CASES = {
    "KMedoids passes": (lambda: KMedoids(8, max_iter=1).fit(X), "max_iter=1"),
    "KMedoids few rows": (lambda: KMedoids(3).fit(FEW), "Only 2 distinct"),
    "KMedoids sizes": (
        lambda: KMedoids(2, min_cluster_size=30, max_iter=1).fit(X),
        "min_cluster_size|max_iter",
    ),
    "KMedoids fit_predict": (lambda: KMedoids(3).fit_predict(FEW), "Only 2 distinct"),
    "KMedoids transform": (lambda: KMedoids(3).fit_transform(FEW), "Only 2 distinct"),
    "KMedoids of booleans": (
        lambda: KMedoids(3, metric="jaccard", n_jobs=2).fit(np.abs(X)),
        "compares booleans",
    ),
    "predict of booleans": (
        lambda: KMedoids(2, metric="jaccard").fit(X > 0).predict(np.abs(X)),
        "compares booleans",
    ),
    "onebatch": (
        lambda: KMedoids(8, method="onebatch", max_iter=1).fit(X),
        "max_iter=1",
    ),
    "Pipeline": (
        lambda: make_pipeline(StandardScaler(), KMedoids(3)).fit(FEW),
        "Only 2 distinct",
    ),
    "GridSearchCV": (
        lambda: GridSearchCV(KMedoids(), {"n_clusters": [4]}, cv=2).fit(FEW),
        "Only 2 distinct",
    ),
    "CLARA passes": (
        lambda: CLARA(8, init="random", max_iter=1, n_sampling_iter=1).fit(X),
        "max_iter=1",
    ),
    "CLARA few rows": (lambda: CLARA(3).fit(FEW), "Only 2 distinct"),
    "CLARANS few rows": (lambda: CLARANS(3).fit(FEW), "Only 2 distinct"),
    "MedoidSilhouette few rows": (
        lambda: MedoidSilhouette(3).fit(FEW),
        "Only 2 distinct",
    ),
    "MedoidSilhouette passes": (
        lambda: MedoidSilhouette(8, max_iter=1, random_state=0).fit(X),
        "max_iter=1",
    ),
    "MedoidSilhouette of one": (lambda: MedoidSilhouette(1).fit(X), "undefined"),
    "fasterpam": (lambda: fasterpam(D, 8, max_iter=1), "max_iter=1"),
    "k_path": (lambda: k_path(X, [7, 8], max_iter=1), "max_iter=1"),
    "SDPKMeans solver": (lambda: SDPKMeans(3, max_iter=3).fit(X), "3 iterations"),
    "SDPKMeans few rows": (lambda: SDPKMeans(3).fit(FEW), "distinct"),
    "certify_kmeans": (
        lambda: certify_kmeans(X, X[:, 0] > 0, method="sdp", max_iter=3),
        "3 iterations",
    ),
    "kmeans_lower_bound": (
        lambda: kmeans_lower_bound(X, 3, method="sdp", max_iter=3),
        "3 iterations",
    ),
    "LASDP solver": (
        lambda: LASDP(2, max_iter=2, tol=1e-9, **DIAG).fit(X),
        "reach tol",
    ),
    "LASDP few rows": (lambda: LASDP(3, **DIAG).fit(FEW), "distinct"),
    "ILASDP iterations": (
        lambda: ILASDP(2, init=np.arange(60) % 2, max_iter=1, **DIAG).fit(X),
        "did not converge",
    ),
    "ILASDP few rows": (lambda: ILASDP(3, **DIAG).fit(FEW), "distinct"),
}


def provoke(name):
    """Call; return what was warned of, of the case or not."""
    call, sentence = CASES[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert any(re.search(sentence, str(found.message)) for found in caught)
    return call, caught


@pytest.mark.parametrize("name", CASES)
def test_the_line_is_the_user_s(name):
    call, caught = provoke(name)
    first = call.__code__.co_firstlineno
    for found in caught:
        assert Path(found.filename) == Path(__file__), found
        assert found.lineno == first, found


@pytest.mark.filterwarnings("default")
def test_too_many_samples_for_cvxpy(monkeypatch):
    pytest.importorskip("cvxpy")
    monkeypatch.setattr("skextras.cluster._sdp._stated.LARGEST", 5)
    with pytest.warns(UserWarning, match="n_samples=12") as caught:
        LASDP(2, solver="cvxpy", **DIAG).fit(FAR[::5])
    assert Path(caught[0].filename) == Path(__file__)


def test_the_default_filter_shows_the_second_estimator(tmp_path):
    """Python shows equal warnings of one line once: the lines must differ."""
    script = tmp_path / "script.py"
    script.write_text(
        "from skextras.cluster import KMedoids\n"
        "X = [[0.0], [0.0], [1.0], [1.0]]\n"
        "KMedoids(3).fit(X)\n"
        "KMedoids(3).fit(X)\n"
    )
    run = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True
    )
    shown = re.findall(r"script\.py:(\d+): ConvergenceWarning", run.stderr)
    assert shown == ["3", "4"]


def test_only_one_place_warns():
    for path in Path(skextras.__file__).parent.rglob("*.py"):
        if path.name != "_fitting.py":
            assert not re.search(r"warnings\.warn\b|stacklevel", path.read_text()), path
