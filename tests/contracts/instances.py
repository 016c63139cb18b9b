"""One list of instances a family: what every contract is asked of.

Left out: ``metric="precomputed"``, since ``check_clustering`` feeds 2-column matrices,
and ``init="first"``, which by its meaning depends on the order of rows.
"""

import re
from inspect import signature

import numba
import numpy as np
from sklearn.utils import get_tags

from skextras.cluster import (
    CLARA,
    CLARANS,
    ILASDP,
    LASDP,
    KMedoids,
    MedoidSilhouette,
    SDPKMeans,
)
from skextras.mixture import (
    GaussianMixture,
    GaussianMixtureDiscovery,
    SemiSupervisedGaussianMixture,
)
from skextras.neighbors import (
    ConditionalKernelDensity,
    KernelDensity,
    KernelDensityClassifier,
)
from skextras.preprocessing import WithinClassWhitener
from skextras.semi_supervised import (
    LaplacianPrototypeClassifier,
    NCDSpectralClustering,
    SemiSupervisedKMeans,
)


def taxicab(x, y):
    """Sum up the steps along the axes; also for rows of a sparse matrix."""
    return float(abs(x - y).sum())


@numba.njit
def compiled_taxicab(x, y):
    return np.abs(x - y).sum()


FAMILIES = {
    "density": [
        KernelDensity(),
        KernelDensity(kernel="epanechnikov", bandwidth=4.0),
        KernelDensity(kernel="exponential", algorithm="brute"),
        KernelDensity(bandwidth="loo", n_jobs=2),
        KernelDensity(adaptive="abramson", bandwidth=1.5, algorithm="gemm"),
        KernelDensity(metric="manhattan"),
        KernelDensityClassifier(),
        KernelDensityClassifier(bandwidth=1.0, shared=True, kernel="triweight"),
        ConditionalKernelDensity(),
        ConditionalKernelDensity(2.0, 0.5, n_jobs=2),
    ],
    "k_medoids": [
        KMedoids(),
        KMedoids(n_clusters=1),
        KMedoids(metric="manhattan"),
        KMedoids(metric="cosine"),
        KMedoids(metric="sqeuclidean"),
        KMedoids(metric="chebyshev"),
        KMedoids(metric="minkowski", metric_params={"p": 3}),
        KMedoids(metric=compiled_taxicab),
        KMedoids(metric="gower"),
        KMedoids(min_cluster_size=1),
        KMedoids(init="build"),
        KMedoids(init="k-medoids++"),
        CLARA(),
        CLARA(method="fasterpam", init="random", independent=True, n_jobs=2),
        CLARANS(),
        CLARANS(method="clarans", init="lab", n_init=1, n_jobs=2),
        KMedoids(memory_limit=100_000),
        KMedoids(method="onebatch"),
        KMedoids(method="fastclara"),
        KMedoids(method="fastclarans", n_clusters=1),
        CLARA(metric="gower"),
        MedoidSilhouette(),
        MedoidSilhouette("auto", n_jobs=2),
        MedoidSilhouette(metric="manhattan", method="dynmsc", n_init=2, init="build"),
        KMedoids(init="lab", method="pam"),
        KMedoids(init="heuristic", method="alternate"),
        KMedoids(n_init=3, n_jobs=2),
        KMedoids(metric=taxicab),
    ],
    "mixture": [
        GaussianMixture(random_state=0),
        GaussianMixture(2, covariance_type="diag", random_state=0),
        GaussianMixture(2, covariance_type="tied", init_params="random_from_data"),
        GaussianMixture(missing="ignore"),
        SemiSupervisedGaussianMixture(),
        SemiSupervisedGaussianMixture(prior="empirical", n_jobs=2),
        SemiSupervisedGaussianMixture(covariance_type="spherical", weights="all"),
        GaussianMixtureDiscovery(n_init=2, random_state=0),
        GaussianMixtureDiscovery(
            covariance_type="diag", novelty="typicality", n_init=1, random_state=0
        ),
    ],
    "semi_supervised": [
        WithinClassWhitener(),
        SemiSupervisedKMeans(random_state=0),
        SemiSupervisedKMeans(update_known=False, normalize=True),
        NCDSpectralClustering(random_state=0),
        NCDSpectralClustering(affinity="nearest_neighbors", random_state=0),
        LaplacianPrototypeClassifier(),
    ],
    "sdp": [
        SDPKMeans(random_state=0),
        SDPKMeans(n_clusters=3, solver="low_rank", certificate="quick", random_state=0),
        SDPKMeans(n_clusters=2, rounding="denoise", polish=False, certificate=None),
        SDPKMeans(n_clusters=1, certificate="blocks"),
        LASDP(),
        LASDP(n_clusters=1),
        LASDP(solver="admm", covariance_type="diag", trace="sum", tol=0.1),
        LASDP(init="ward", weights="estimated"),
        ILASDP(),
        ILASDP(refine=None, covariance_type="tied"),
        ILASDP(covariance_update="hard", init="k-means++", weights="estimated"),
        ILASDP(covariance_type="spherical", anneal=True, n_init=1, rank=2),
    ],
}
ESTIMATORS = [each for family in FAMILIES.values() for each in family]
CLASSES = {type(estimator): estimator for estimator in reversed(ESTIMATORS)}.values()
KINDS = [type(estimator) for estimator in CLASSES]
#: Those of which ``fit`` takes weights, and counts a row as often as its weight.
WEIGHTED = [
    each for each in ESTIMATORS if "sample_weight" in signature(each.fit).parameters
]
_SEMI_SUPERVISED = (
    GaussianMixtureDiscovery, LaplacianPrototypeClassifier, NCDSpectralClustering,
    SemiSupervisedGaussianMixture, SemiSupervisedKMeans, WithinClassWhitener,
)  # fmt: skip
#: Those to which the order of the rows does not matter.
UNORDERED = FAMILIES["k_medoids"]


def arguments(estimator, X):
    """Return what ``fit`` takes: rows, and targets if it needs them."""
    if isinstance(getattr(estimator, "estimator", estimator), _SEMI_SUPERVISED):
        digits = np.floor(abs(997 * np.asarray(X, dtype=float)[:, 0])).astype(int)
        return X, np.where(digits % 2, -1, digits // 2 % 2)  # by the rows themselves
    tags = get_tags(estimator)
    if not tags.target_tags.required:
        return (X,)
    rows = np.asarray(X)
    target = rows[:, 0] + rows[:, -1]
    is_classifier = tags.estimator_type == "classifier"
    return X, (target > np.median(target)).astype(int) if is_classifier else target


def name_of(estimator):
    """Name an instance in the same way in every process."""
    return re.sub(r"<function (\w+) at \w+>", r"\1", " ".join(repr(estimator).split()))
