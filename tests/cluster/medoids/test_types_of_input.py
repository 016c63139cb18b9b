"""Numbers of all types, byte orders and layouts give the same result."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skextras.cluster import (
    CLARA,
    CLARANS,
    KMedoids,
    MedoidSilhouette,
    fasterpam,
    k_path,
    medoid_silhouette_samples,
    medoid_silhouette_score,
)
from tests.problems import assert_same_fit

METHODS = ("fasterpam", "pam", "alternate", "onebatch", "fastclara", "fastclarans")
FAMILY = [
    *(KMedoids(method=method, memory_limit=10**9) for method in METHODS),
    KMedoids(memory_limit=150**2 + 150 * 3 * 8),
    KMedoids(method="pam", min_cluster_size=7, fixed_medoids=[3]),
    CLARA(n_sampling=70),
    CLARA(method="fasterpam", independent=True),
    CLARANS(method="clarans"),
    CLARANS(max_neighbors=200),
    MedoidSilhouette(),
    MedoidSilhouette(method="dynmsc", max_clusters=6),
]
#: One for each way to read the data.
READERS = [KMedoids(), FAMILY[6], KMedoids(method="alternate"), CLARANS()]
#: Numbers small enough for every type.
FEW = {"n_clusters": 3, "n_init": 2, "max_iter": 20, "n_sampling_iter": 3, "n_jobs": 1}


def points(n=150):
    """Return small integers, which all types hold."""
    return np.random.default_rng(0).integers(0, 100, (n, 3)).astype(float)


@pytest.mark.jit
@pytest.mark.parametrize("kind", [np.uint8, np.uint64])
@pytest.mark.parametrize("model", FAMILY, ids=repr)
def test_numpy_integers_as_parameters(model, kind):
    few = {name: value for name, value in FEW.items() if name in model.get_params()}
    model = clone(model).set_params(random_state=0, **few)
    plain = clone(model).fit(points())
    for name, value in plain.get_params().items():
        fits = isinstance(value, int) and not isinstance(value, bool)
        if fits and value <= np.iinfo(kind).max:
            model.set_params(**{name: kind(value)})
    assert_same_fit(model.fit(points()), plain)


@pytest.mark.jit
def test_numpy_integers_where_products_overflow():
    """50 000 times 50 000 points is more than 32 bits; 40 times 8, more than 8."""
    X = np.random.default_rng(0).normal(size=(50_000, 2)).astype(np.float32)
    options = {"method": "onebatch", "max_iter": 1, "random_state": 0}
    model = KMedoids(np.int32(3), **options)
    with pytest.warns(UserWarning, match="max_iter=1"):
        assert np.isfinite(model.fit(X).inertia_)
    X = points()
    for kind in (np.uint8, np.int8):
        for make in (CLARA, CLARANS, KMedoids):
            one = make(kind(100), random_state=0).fit(X)
            assert_same_fit(one, make(100, random_state=0).fit(X))


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64, object, ">i8"])
def test_numpy_integers_in_functions(kind):
    X = points(60)
    D = abs(X[:, None] - X).sum(axis=2)
    one = np.dtype(kind).type if kind not in (object, ">i8") else int
    start, order = np.array([3, 1, 8], kind), np.arange(59, -1, -1).astype(kind)
    for medoids, same in [(start, [3, 1, 8]), (one(3), 3)]:
        result = fasterpam(
            D, medoids, max_iter=one(90), order=order, random_state=0,
            sample_weight=np.arange(1, 61).astype(kind),
        )  # fmt: skip
        expected = fasterpam(
            D, same, order=np.arange(59, -1, -1), random_state=0,
            sample_weight=np.arange(1.0, 61),
        )  # fmt: skip
        np.testing.assert_equal(result._asdict(), expected._asdict())
    if kind is not object:
        path = k_path(X, np.array([2, 5], kind), max_iter=one(90), random_state=0)
        expected = k_path(X, [2, 5], max_iter=90, random_state=0)
        np.testing.assert_equal(path._asdict(), expected._asdict())
    to_medoids = D[:, start.astype(int)]
    score = medoid_silhouette_score(to_medoids.astype(kind))
    assert score == medoid_silhouette_score(to_medoids)
    samples = medoid_silhouette_samples(to_medoids.astype(kind))
    np.testing.assert_array_equal(samples, medoid_silhouette_samples(to_medoids))


def as_memory_map(X, folder):
    path = folder / f"{X.shape}.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def read_only(X, folder):
    X = X.copy()
    X.flags.writeable = False
    return X


FORMS = {
    "big-endian": lambda X, _: X.astype(">f8"),
    "big-endian frame": lambda X, _: pd.DataFrame(X.astype(">f8")),
    "float16": lambda X, _: X.astype(np.float16),
    "longdouble": lambda X, _: X.astype(np.longdouble),
    "uint8": lambda X, _: X.astype(np.uint8),
    "big-endian integers": lambda X, _: X.astype(">i2"),
    "objects": lambda X, _: X.astype(int).astype(object),
    "lists": lambda X, _: X.tolist(),
    "read only": read_only,
    "memory map": as_memory_map,
    "Fortran": lambda X, _: np.asfortranarray(X),
    "view": lambda X, _: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "turned": lambda X, _: X[::-1, ::-1].copy()[::-1, ::-1],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("metric", ["euclidean", "precomputed"])
@pytest.mark.parametrize("model", READERS, ids=repr)
def test_forms_of_the_data(model, metric, form, tmp_path):
    X, weight = points(), np.random.default_rng(1).integers(1, 9, 150).astype(float)
    if metric == "precomputed":
        X = abs(X[:, None] - X).max(axis=2)
    model = clone(model).set_params(n_clusters=3, metric=metric, random_state=0)
    plain = clone(model).fit(X, sample_weight=weight)
    data = FORMS[form](X, tmp_path)
    shares = FORMS[form](weight[:, None], tmp_path)
    if isinstance(shares, list):
        shares = [share for (share,) in shares]
    else:
        shares = np.ravel(shares)
    model.fit(data, sample_weight=shares)
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(model.predict(data), plain.labels_)
    np.testing.assert_array_equal(model.transform(data), plain.transform(X))
    score = model.score(data, sample_weight=shares)
    assert score == plain.score(X, sample_weight=weight)


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_start(form, tmp_path):
    X, index = points(), np.array([5, 1, 77])
    plain = KMedoids(3, init=index, random_state=0).fit(X)
    rows = KMedoids(3, init=FORMS[form](X[index], tmp_path), random_state=0).fit(X)
    assert_same_fit(rows, plain)
    kind = {"big-endian": ">i4", "uint8": np.uint8, "objects": object}.get(form, int)
    one = KMedoids(3, init=index.astype(kind), random_state=0).fit(X)
    assert_same_fit(one, plain)


def test_single_precision_of_any_byte_order_stays_single():
    X = points()
    for form in (X.astype(">f4"), pd.DataFrame(X.astype(">f4"))):
        model = CLARANS(3, random_state=0).fit(form)
        assert model.distances_.dtype == model.transform(form).dtype == np.float32
        assert_same_fit(model, CLARANS(3, random_state=0).fit(X.astype(np.float32)))
    D = abs(X[:, None] - X).max(axis=2)
    result = fasterpam(D.astype(">f4"), 3, random_state=0)
    assert result.loss == fasterpam(D.astype("<f4"), 3, random_state=0).loss
    assert medoid_silhouette_samples(D[:, :3].astype(">f4")).dtype == np.float32
