"""What the parameters of every estimator and function may be."""

import numpy as np

from tests.contracts.instances import compiled_taxicab
from tests.robustness.params import Drawn, ints, one_of


def taxicab(x, y):
    """Sum up the steps along the axes; also for rows of a sparse matrix."""
    with np.errstate(over="ignore"):  # the user's function may warn: not our matter
        return float(abs(x - y).sum())


_SEED = one_of(0, 0, 1, np.int64(2), None)
_JOBS = one_of(None, None, 1, 2, -1)
_K = ints(1, 5)
_METRIC = one_of(
    *("euclidean",) * 8, "sqeuclidean", "sqeuclidean", "manhattan", "manhattan",
    "cosine", "cosine", "l1", "l2", "cityblock", "chebyshev", "minkowski", "canberra",
    "braycurtis", "correlation", "hamming", "jaccard", "dice", "rogerstanimoto",
    "russellrao", "sokalsneath", "yule", "haversine", "mahalanobis", "seuclidean",
    "nan_euclidean", "gower", "gower", taxicab, compiled_taxicab, "no such",
)  # fmt: skip
_PARAMS = one_of(
    *(None,) * 40, {}, {"p": 3}, {"p": 0.5}, {"p": np.inf}, {"V": [1.0, 2.0]},
    {"VI": np.eye(2)}, {"w": [1, 2]}, {"categorical_features": [0]}, {"ranges": [1.0]},
    {"weights": [0.0, 1.0]}, {"squared": True}, {"missing_distance": 7}, {1: 2},
    {"n_jobs": 2}, {"metric": "l1"},
)  # fmt: skip
_STARTS = ("random", "build", "k-medoids++", "lab", "heuristic")
_INIT = one_of(
    *_STARTS, *_STARTS, "first", [0, 1], [1, 0, 2], np.array([2, 1], dtype=np.uint8),
    [0, 0], [-1, 2], Drawn(lambda rng, n, p: rng.normal(size=(2, p))),
    Drawn(lambda rng, n, p: rng.permutation(n)[:2]), [[0.0, 1.0]], [np.nan, 1.0],
)  # fmt: skip
_METHOD = one_of(
    "auto", "auto", "fasterpam", "pam", "fastpam1", "alternate", "onebatch",
    "fastclara", "fastclarans",
)  # fmt: skip
_COMMON = {
    "n_clusters": _K, "metric": _METRIC, "metric_params": _PARAMS, "n_jobs": _JOBS,
    "random_state": _SEED,
}  # fmt: skip
_KMEDOIDS = {
    **_COMMON,
    "method": _METHOD,
    "init": _INIT,
    "n_init": ints(1, 2),
    "max_iter": one_of(300, 300, 300, 1, 2),
    "fixed_medoids": one_of(*(None,) * 12, [0], [0, 1], [1, 1], [99], [0.5]),
    "min_cluster_size": one_of(*(None,) * 12, 1, 2, 2.5, 50, 1e-300, np.float32(2)),
    "memory_limit": one_of(*(None,) * 6, 1, 300, 10_000, 0.5, np.int64(10**6), 1e-12),
    "warm_start": one_of(False, False, False, True),
}
_SILHOUETTE = {
    **_COMMON,
    "n_clusters": one_of("auto", Drawn(_K), Drawn(_K), Drawn(_K)),
    "method": one_of("fastermsc", "dynmsc"),
    "init": _INIT,
    "n_init": ints(1, 2),
    "max_iter": one_of(300, 300, 1),
    "max_clusters": one_of(20, 5, 3, 2),
}
_CLARA = {
    **_COMMON,
    "method": one_of("pam", "fasterpam"),
    "init": one_of(*_STARTS),
    "max_iter": one_of(300, 300, 1),
    "n_sampling": one_of(None, None, 5, 10, 100),
    "n_sampling_iter": ints(1, 5),
    "independent": one_of(False, True),
}
_CLARANS = {
    **_COMMON,
    "method": one_of("clarans", "fastclarans"),
    "init": one_of(*_STARTS),
    "n_init": ints(1, 2),
    "max_neighbors": one_of(None, None, 1, 5, 100),
}
SQUARE = {
    "metric": one_of("precomputed"),
    "metric_params": one_of(
        *(None,) * 8,
        {"missing_distance": 100.0},
        {"missing_distance": np.inf},
        {"a": 1},
    ),
}
_SDP = {
    "n_clusters": _K,
    "solver": one_of(*("auto", "admm", "low_rank") * 10, "cvxpy"),
    "rank": one_of(None, None, 5, 8),
    "rounding": one_of("spectral", "spectral", "denoise"),
    "polish": one_of(True, True, False),
    "certificate": one_of(
        "auto", "auto", "quick", "sdp", "blocks", "monte-carlo", None
    ),
    "block_size": one_of(1000, 1000, 4),
    "n_init": one_of("auto", 1, 2),
    "max_iter": one_of(1000, 1000, 5, 1),
    "tol": one_of(1e-4, 1e-4, 1e-2, 0.5, 1e-6),
    "memory_limit": one_of(*(2_000_000_000,) * 5, 100),
    "solver_options": one_of(*(None,) * 5, {}, {"solver": "SCS"}),
    "n_jobs": _JOBS,
    "random_state": _SEED,
}
_BOUND = {
    "tol": one_of(1e-4, 1e-4, 1e-2, 1e-6),
    "max_iter": one_of(1000, 200, 1),
    "block_size": one_of(1000, 4),
    "sample_size": one_of(300, 4),
    "n_draws": one_of(3, 10),
    "confidence": one_of(0.99, 0.5),
    "memory_limit": one_of(*(2_000_000_000,) * 5, 100),
    "n_jobs": _JOBS,
    "random_state": _SEED,
}
_CERTIFICATE = one_of("auto", "auto", "quick", "sdp", "blocks", "monte-carlo")
_BOUND_OF = one_of("auto", "auto", "spectral", "sdp", "blocks", "monte-carlo")
_LABELS = one_of(
    Drawn(lambda rng, n, p: rng.integers(0, 3, n)),
    Drawn(lambda rng, n, p: rng.integers(0, 2, n).astype(np.uint8)),
    Drawn(lambda rng, n, p: rng.integers(0, 3, n).astype(str)),
    Drawn(lambda rng, n, p: np.arange(n)),
    Drawn(lambda rng, n, p: np.zeros((n, 1))),
    Drawn(lambda rng, n, p: list(range(n))),
    Drawn(lambda rng, n, p: rng.integers(0, 3, n) > 0),
    Drawn(lambda rng, n, p: np.full(n, np.nan)),
    Drawn(lambda rng, n, p: np.full(n, -1)),
    [0, 1, 0],
)
_GAUSSIAN = {
    "n_clusters": ints(1, 3),
    "init": one_of("sdp", "ward", "k-means++", Drawn(_LABELS)),
    "covariance_type": one_of("full", "tied", "diag", "spherical"),
    "covariances_init": one_of(
        *(None,) * 5,
        Drawn(lambda rng, n, p: np.eye(p) * np.ones((2, 1, 1))),
        Drawn(lambda rng, n, p: np.eye(p)),
        Drawn(lambda rng, n, p: rng.uniform(0.01, 100, 2)),
        Drawn(lambda rng, n, p: np.zeros((2, p, p))),
    ),
    "shrinkage": one_of("auto", 0, 0.5, 1, 1.0),
    "reg_covar": one_of(1e-6, 1e-6, 1e-3, 1e-12, 1e-300),
    "weights": one_of("uniform", "estimated"),
    "trace": one_of("each", "each", "sum"),
    "solver": one_of(*("auto", "auto", "low_rank", "admm") * 10, "cvxpy"),
    "rank": one_of(4, 1, 2),
    "solver_tol": one_of(1e-2, 1e-2, 1e-3, 0.5),
    "solver_max_iter": one_of(300, 300, 1),
    "n_init": one_of(1, 2),
    "memory_limit": one_of(*(2_000_000_000,) * 5, 100),
    "random_state": _SEED,
}
_OWN = {"covariances_init": "covariances", "solver_tol": "tol"}
_OWN["solver_max_iter"] = "max_iter"
_LASDP = {_OWN.get(name, name): space for name, space in _GAUSSIAN.items()}
_ALTERNATING = {
    **_GAUSSIAN,
    "update_covariances": one_of(True, True, False),
    "covariance_update": one_of("soft", "hard", "exact"),
    "anneal": one_of(False, True),
    "refine": one_of("em", None),
    "min_cluster_size": one_of(2, 1, 3.5),
    "max_iter": one_of(5, 2, 1),
    "tol": one_of(1e-4, 0),
}
_RANGE = one_of(
    [2], [1, 2, 3], range(1, 5), np.array([4, 2], dtype=np.uint8), [2, 2], []
)
_FUNCTION = {
    "medoids": one_of(
        1, 2, 3, np.uint8(2), [0, 1], [1, 0], np.array([2, 0], dtype=">i8")
    ),
    "max_iter": one_of(300, 300, 1),
    "order": one_of(
        *(None,) * 5, Drawn(lambda rng, n, p: rng.permutation(n)), [0, 1, 2]
    ),
    "assume_symmetric": one_of(False, False, True),
    "random_state": _SEED,
}
_PATH = {
    "n_clusters_range": _RANGE,
    **{name: _COMMON[name] for name in _COMMON if name != "n_clusters"},
    "init": _INIT,
    "max_iter": one_of(300, 1),
}
_DENSITY = {
    "bandwidth": one_of(
        *(1.0, 0.5, 3.0) * 3, 1e-3, 1e3, 2, np.float32(0.5), "scott", "silverman",
        "nrd0", "isj", "sheather-jones", "sheather-jones-dpi", "loo", "loo-diag",
        "loo-full", "lscv", "knn", "no rule", [1.0, 2.0], [[1.0, 0.0], [0.0, 2.0]],
        Drawn(lambda rng, n, p: rng.uniform(0.5, 2, p)),
        Drawn(lambda rng, n, p: rng.uniform(0.5, 2, n)),
        Drawn(lambda rng, n, p: np.eye(p) + 0.1),
    ),
    "algorithm": one_of(
        *("auto", "tile", "gemm", "brute") * 3, "grid", "kd_tree", "ball_tree"
    ),
    "kernel": one_of(
        *("gaussian",) * 6, "tophat", "epanechnikov", "exponential", "linear",
        "cosine", "quartic", "triweight",
    ),
    "metric": one_of(
        *("euclidean",) * 30, "manhattan", "chebyshev", "haversine", "cosine"
    ),
    "atol": one_of(0, 0, 1e-8),
    "rtol": one_of(1e-8, 1e-8, 0, 1e-4),
    "adaptive": one_of(*(None,) * 6, "abramson", "balloon"),
    "boundary": one_of(
        *(None,) * 20, {0: (0, np.inf)}, {9: (0, 1)}, {0: (1, 0)}, [None],
        *({0: (-1e3, 1e3, kind)} for kind in (
            "reflect", "periodic", "renormalise", "linear", "transform"
        )),
    ),
    "categorical_features": one_of(*(None,) * 20, [0], [1], [True, False], [9]),
    "ordinal_features": one_of(*(None,) * 20, [0], [1], []),
    "categorical_bandwidth": one_of(*(None,) * 20, 0.3, 0, 1, [0.1]),
    "contamination": one_of(0.1, 0.5, 0.01),
    "random_state": _SEED,
    "n_jobs": _JOBS,
}  # fmt: skip
_CRITICAL = {
    "method": one_of("participation", "entropy", "gaussian", "nn"),
    "random_state": _SEED,
}
_MIXTURE = {
    "covariance_type": one_of("full", "full", "tied", "diag", "spherical"),
    "tol": one_of(1e-3, 1e-3, 0, 1),
    "reg_covar": one_of("auto", "auto", "auto", 1e-6, 0, 1e3),
    "max_iter": one_of(100, 100, 1, 3),
    "n_init": ints(1, 2),
    "means_init": one_of(
        *(None,) * 8, Drawn(lambda rng, n, p: rng.normal(size=(2, p))), [[0.0]]
    ),
    "weights_init": one_of(*(None,) * 8, [0.5, 0.5], [1, 0], [0.1]),
    "precisions_init": one_of(
        *(None,) * 8, Drawn(lambda rng, n, p: np.tile(np.eye(p), (2, 1, 1)))
    ),
    "missing": one_of("error", "ignore"),
    "warm_start": one_of(False, False, True),
    "random_state": _SEED,
}
_GAUSSIAN_MIXTURE = {
    "n_components": one_of(1, 2, 2, 2, 3, np.uint8(2)),
    **_MIXTURE,
    "init_params": one_of(
        "kmeans", "kmeans", "k-means++", "random_from_data", "random"
    ),
}
SEMI_SUPERVISED = {
    "n_novel": one_of(0, 1, 2),
    "n_components_per_class": one_of(1, 1, 1, 2),
    **_MIXTURE,
    "prior": one_of(None, "empirical", "empirical", {}, {"mean": 0}),
    "prior_strength": one_of(1.0, 10, 1e3),
    "weights": one_of("unlabelled", "all"),
    "unlabelled_weight": one_of(1.0, 0.5, 0, 2),
    "freeze": one_of(*(None,) * 8, {"means": [0]}, {"weights": "all"}, {"x": 1}),
    "n_jobs": _JOBS,
}
DISCOVERY = {
    "n_novel": one_of(None, None, 0, 1, 2),
    "covariance_type": one_of("full", "full", "tied", "diag", "spherical"),
    "prior": one_of("empirical", "empirical", {}),
    "prior_strength": one_of(1.0, 10, 1e3),
    "concentration": one_of(1.0, 1e-3, 1e3),
    "zeta": one_of("auto", "auto", "cv", 1.0, 0.01),
    "novelty": one_of("label_rate", "typicality"),
    "over": one_of("auto", 1, 20),
    "min_cluster_size": one_of(6, 1, 100),
    "max_novel": one_of(None, 0, 1),
    "acceptance": one_of("greedy", "stochastic"),
    "weights": one_of("unlabelled", "all"),
    "freeze_known": one_of(False, False, True),
    "reg_covar": one_of("auto", "auto", 0, 1e-3),
    "max_iter": one_of(100, 1),
    "max_rounds": one_of(20, 0),
    "n_init": ints(1, 3),
    "warm_start": one_of(False, True),
    "random_state": _SEED,
    "n_jobs": _JOBS,
}
SPECTRAL = {
    "n_novel": one_of(0, 1, 2),
    "n_components": one_of(None, None, 1, 5),
    "affinity": one_of("rbf", "nearest_neighbors"),
    "min_similarity": one_of(0.1, 0.9, 1e-3),
    "n_neighbors": ints(1, 12),
    "update_known": one_of(True, False),
    "n_init": ints(1, 3),
    "n_jobs": _JOBS,
    "random_state": _SEED,
}
PROTOTYPES = {
    "smoothing": one_of(5.0, 0, 100),
    "temperature": one_of(10.0, 1e-3, 1e3),
    "n_neighbors": ints(1, 12),
    "update_prototypes": one_of(True, False),
    "max_iter": one_of(100, 1),
    "tol": one_of(1e-6, 0),
    "n_jobs": _JOBS,
}
SEMI_KMEANS = {
    "n_novel": one_of(0, 1, 2, np.int8(1)),
    "update_known": one_of(True, False),
    "normalize": one_of(False, False, True),
    "n_init": ints(1, 3),
    "max_iter": one_of(300, 1),
    "tol": one_of(1e-4, 0),
    "random_state": _SEED,
}
CONDITIONAL = {
    "bandwidth_x": one_of("loo", "scott", "silverman", 0.5, [1.0, 2.0], 1e-3),
    "bandwidth_y": one_of("loo", "scott", "silverman", 0.5, [1.0], 1e3),
    "random_state": _SEED,
    "n_jobs": _JOBS,
}
CLASSIFIER = {
    "bandwidth": one_of(1.0, 0.5, "scott", "loo", "silverman", [1.0, 2.0]),
    "kernel": _DENSITY["kernel"],
    "n_jobs": _JOBS,
}
KERNEL = {**_SDP, "affinity": one_of("precomputed")}
DISPLAY = {"line_kw": one_of(None, {}, {"color": "k"})}
#: By the name of an estimator or function.
SPACES = {
    "KMedoids": _KMEDOIDS,
    "CLARA": _CLARA,
    "CLARANS": _CLARANS,
    "MedoidSilhouette": _SILHOUETTE,
    "k_path": _PATH,
    "fasterpam": _FUNCTION,
    "SDPKMeans": _SDP,
    "certify_kmeans": {"labels": _LABELS, **_BOUND, "method": _CERTIFICATE},
    "kmeans_lower_bound": {"n_clusters": _K, **_BOUND, "method": _BOUND_OF},
    "LASDP": _LASDP,
    "ILASDP": _ALTERNATING,
    "GaussianMixture": _GAUSSIAN_MIXTURE,
    "KernelDensity": _DENSITY,
    "critical_bandwidths": _CRITICAL,
}
