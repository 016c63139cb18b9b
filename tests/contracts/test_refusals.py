"""What is refused is refused in one sentence, and nothing is warned of before."""

import warnings

import numpy as np
import pytest

from skextras.cluster import (
    CLARA,
    CLARANS,
    ILASDP,
    LASDP,
    KMedoids,
    MedoidSilhouette,
    SDPKMeans,
    fasterpam,
    medoid_silhouette_score,
)

ESTIMATORS = (CLARA, CLARANS, ILASDP, LASDP, KMedoids, MedoidSilhouette, SDPKMeans)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_no_warning_before_a_refusal(kind):
    X = np.array([[np.inf, -np.inf], [1.0, 2.0], [3.0, 4.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="infinity"):
            kind(2).fit(X)


def test_numbers_beyond_double_precision():
    D = np.full((3, 3), np.longdouble("1e400"))
    if not np.isfinite(D).all():
        pytest.skip("long double is double here")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="distances must be finite"):
            fasterpam(D, 2)


@pytest.mark.parametrize(
    "function", [medoid_silhouette_score, lambda D: fasterpam(D, 1)]
)
def test_ragged_rows(function):
    with pytest.raises(ValueError, match="distances must be a matrix, and its rows"):
        function([[1.0, 2.0], [3.0]])
