"""The package ``kmedoids``: FasterPAM in Rust."""

import kmedoids


def fasterpam(D, medoids, n_cpu=-1):
    """Swap from given medoids; on one thread, candidates come in natural order."""
    return kmedoids.fasterpam(D, medoids, max_iter=300, n_cpu=n_cpu)


def fastpam1(D, medoids):
    """Swap from given medoids, the best exchange of all in each pass."""
    return kmedoids.fastpam1(D, medoids, max_iter=10_000).loss


def build(D, k):
    """BUILD alone: the swap phase with no passes."""
    return kmedoids.pam_build(D, k).medoids


def fit(X, k):
    """Fit the estimator by its default call from features."""
    model = kmedoids.KMedoids(k, metric="euclidean", random_state=0).fit(X)
    return model.cluster_centers_


def fastermsc(D, medoids):
    """Swap from given medoids in natural order; return the average."""
    return kmedoids.fastermsc(D, medoids, max_iter=300).loss


def dynmsc(D, medoids):
    """Go down from given medoids to two; return the best average."""
    return kmedoids.dynmsc(D, medoids, minimum_k=2, max_iter=300).loss
