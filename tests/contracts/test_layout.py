"""The arrangement of X in memory changes no bit."""

import numpy as np
import pytest
from sklearn.base import clone

from skextras.cluster import (
    CLARA,
    CLARANS,
    ILASDP,
    LASDP,
    KMedoids,
    MedoidSilhouette,
    SDPKMeans,
)


@pytest.mark.parametrize(
    "estimator",
    [
        KMedoids(3, random_state=0),
        CLARA(3, random_state=0),
        CLARANS(3, random_state=0),
        MedoidSilhouette(3, random_state=0),
        SDPKMeans(3, random_state=0),
        LASDP(1, covariance_type="diag", random_state=0),
        LASDP(3, random_state=0),
        ILASDP(3, random_state=0),
    ],
    ids=lambda estimator: " ".join(repr(estimator).split()),
)
def test_layout_changes_no_bit(estimator):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3)) + 8 * rng.integers(0, 3, (30, 1))
    fitted = [clone(estimator).fit(rows) for rows in (X, np.asfortranarray(X))]
    one, other = (vars(model) for model in fitted)
    for name, value in one.items():
        if name.endswith("_") and isinstance(value, float | int | np.ndarray):
            np.testing.assert_array_equal(value, other[name], err_msg=name)
    for name in ("predict", "transform", "predict_proba"):
        if hasattr(estimator, name):
            results = [
                getattr(fitted[0], name)(rows) for rows in (X, np.asfortranarray(X))
            ]
            np.testing.assert_array_equal(*results, err_msg=name)
