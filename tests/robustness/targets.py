"""The table of targets: every public estimator and function of the package."""

from functools import partial

import numpy as np

from skextras import cluster, mixture, neighbors, preprocessing, semi_supervised
from tests.problems import JIT
from tests.robustness import (
    hold_density,
    hold_estimators,
    hold_medoids,
    hold_mixture,
    hold_sdp,
    inputs,
    spaces,
)
from tests.robustness.messages import Finding
from tests.robustness.params import one_of
from tests.robustness.runner import Target
from tests.robustness.values import shape, values


def _draw(kind, max_n, **options):
    def draw(rng, hostile):
        return kind(rng, max_n, hostile=hostile, **options)

    return draw


def _to_medoids(rng, hostile):
    array, kind = values(rng, *shape(rng, 30, 6))
    return inputs.dressed(rng, abs(array), kind, hostile=hostile)


def _display(X, **options):
    from matplotlib.figure import Figure

    silhouette = np.asarray(X, dtype=float)[:, 0]
    path = cluster.MedoidPath(
        np.arange(len(silhouette)) + 1, silhouette, silhouette, []
    )
    ax = Figure().subplots()
    drawn = cluster.MedoidPathDisplay.from_path(path, ax=ax, **options)
    x, y = drawn.line_.get_data()
    return np.asarray(x), np.asarray(y)


def _with_targets(name, target, module=neighbors, method="predict"):
    """Return a function that fits an estimator to rows and targets, and predicts.

    Without a method, the labels of the rows are what it returns.
    """

    def call(X, **options):
        n = (*getattr(X, "shape", (len(X) if isinstance(X, list) else 2,)), 2)[0]
        fitted = getattr(module, name)(**options).fit(X, target(n))
        return fitted.labels_ if method is None else getattr(fitted, method)(X)

    return call


def _finite(case, outcome):
    if case.given.plain.shape[0] != len(outcome.value):
        yield Finding("predict: shape", str(outcome.value.shape))
    elif outcome.value.dtype.kind == "f" and not np.isfinite(outcome.value).all():
        yield Finding("predict: not finite", str(outcome.value[:4]))


def _columns(rng, hostile):
    array, kind = values(rng, int(rng.integers(1, 20)), 1)
    return inputs.Given(array, array, array, True, kind)


_ROWS, _SQUARES = partial(_draw, inputs.rows), partial(_draw, inputs.square)
_KERNELS = partial(_draw, inputs.square, kernel=True)
_N = 40 if JIT else 12  # loops that are not compiled take their time
_ESTIMATOR = (hold_estimators.methods, hold_estimators.same_labels)
_MEDOIDS = (
    hold_medoids.shapes, hold_medoids.sums, hold_medoids.optimum, *_ESTIMATOR
)  # fmt: skip
_SILHOUETTE = (*_MEDOIDS, hold_medoids.silhouettes)
_SDP = (hold_sdp.sdp_kmeans, *_ESTIMATOR)


def _of_rows_and_squares(name, holds, max_n=_N):
    """Return two targets for what takes rows, or a square of dissimilarities."""
    call, space = getattr(cluster, name), spaces.SPACES[name]
    first = ("n_clusters_range",) if name == "k_path" else ()
    return {
        name: Target(call, _ROWS(max_n), space, holds, True, first),
        f"{name}-square": Target(
            call, _SQUARES(max_n), {**space, **spaces.SQUARE}, holds, True, first
        ),
    }


def _target(name, draw, *holds, module=cluster, weight=False, first=()):
    space = spaces.SPACES.get(name, {})
    return {name: Target(getattr(module, name), draw, space, holds, weight, first)}


#: A new family adds a line for each of its estimators and functions.
TARGETS = {
    **_of_rows_and_squares("KMedoids", _MEDOIDS),
    **_of_rows_and_squares("CLARA", _MEDOIDS, 60),
    **_of_rows_and_squares("CLARANS", _MEDOIDS),
    **_of_rows_and_squares("MedoidSilhouette", _SILHOUETTE),
    **_of_rows_and_squares("k_path", (hold_medoids.path_result,)),
    **_target(
        "fasterpam", _SQUARES(_N), hold_medoids.fasterpam_result, weight=True,
        first=("medoids",),
    ),
    **_target("medoid_silhouette_samples", _to_medoids, hold_medoids.samples_result),
    **_target(
        "medoid_silhouette_score", _to_medoids, hold_medoids.samples_result, weight=True
    ),
    **_target("SDPKMeans", _ROWS(16), *_SDP, hold_sdp.better_than_kmeans),
    "SDPKMeans-kernel": Target(
        cluster.SDPKMeans, _KERNELS(14), spaces.KERNEL, _SDP
    ),
    **_target(
        "certify_kmeans", _ROWS(16), hold_sdp.certificate, first=("labels",)
    ),
    **_target(
        "kmeans_lower_bound", _ROWS(16), hold_sdp.certificate, first=("n_clusters",)
    ),
    **_target("LASDP", _ROWS(14), hold_sdp.mixture, hold_sdp.lasdp, *_ESTIMATOR),
    **_target("ILASDP", _ROWS(14), hold_sdp.mixture, *_ESTIMATOR),
    **_target(
        "KernelDensity", _ROWS(_N), hold_density.methods, hold_density.sums,
        module=neighbors, weight=True,
    ),
    **_target(
        "critical_bandwidths", _ROWS(_N), hold_density.critical, module=neighbors
    ),
    "ConditionalKernelDensity": Target(
        _with_targets("ConditionalKernelDensity", lambda n: np.arange(n) % 7 / 3),
        _ROWS(_N), spaces.CONDITIONAL, (_finite,),
    ),
    "KernelDensityClassifier": Target(
        _with_targets("KernelDensityClassifier", lambda n: np.arange(n) % 3),
        _ROWS(_N), spaces.CLASSIFIER, (_finite,),
    ),
    **_target(
        "GaussianMixture", _ROWS(_N), hold_mixture.methods, hold_mixture.no_worse,
        module=mixture,
    ),
    "SemiSupervisedGaussianMixture": Target(
        _with_targets(
            "SemiSupervisedGaussianMixture", lambda n: np.arange(n) % 4 - 1, mixture
        ),
        _ROWS(_N), spaces.SEMI_SUPERVISED, (_finite,),
    ),
    "GaussianMixtureDiscovery": Target(
        _with_targets(
            "GaussianMixtureDiscovery", lambda n: np.arange(n) % 4 - 1, mixture
        ),
        _ROWS(_N), spaces.DISCOVERY, (_finite,),
    ),
    "SemiSupervisedKMeans": Target(
        _with_targets(
            "SemiSupervisedKMeans", lambda n: np.arange(n) % 4 - 1, semi_supervised
        ),
        _ROWS(_N), spaces.SEMI_KMEANS, (_finite,),
    ),
    "NCDSpectralClustering": Target(
        _with_targets(
            "NCDSpectralClustering", lambda n: np.arange(n) % 4 - 1, semi_supervised,
            None,
        ),
        _ROWS(_N), spaces.SPECTRAL, (_finite,),
    ),
    "LaplacianPrototypeClassifier": Target(
        _with_targets(
            "LaplacianPrototypeClassifier", lambda n: np.arange(n) % 4 - 1,
            semi_supervised,
        ),
        _ROWS(_N), spaces.PROTOTYPES, (_finite,),
    ),
    "WithinClassWhitener": Target(
        _with_targets(
            "WithinClassWhitener", lambda n: np.arange(n) % 4 - 1, preprocessing,
            "transform",
        ),
        _ROWS(_N), {"shrinkage": one_of("auto", 0, 1, 0.1)}, (_finite,),
    ),
    "MedoidPathDisplay": Target(
        _display, _columns, spaces.DISPLAY, (hold_sdp.display,)
    ),
}  # fmt: skip
