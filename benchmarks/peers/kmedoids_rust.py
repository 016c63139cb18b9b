"""The package ``kmedoids``: FasterPAM in Rust."""


def fasterpam(D, medoids, n_cpu=-1):
    """Swap from given medoids; on one thread, candidates come in natural order."""
    import kmedoids

    return kmedoids.fasterpam(D, medoids, max_iter=300, n_cpu=n_cpu)


def fastpam1(D, medoids):
    """Swap from given medoids, the best swap of all in each pass."""
    import kmedoids

    return kmedoids.fastpam1(D, medoids, max_iter=10_000)


def pam(D, medoids):
    """Swap from given medoids as published: each swap judged by its definition."""
    import kmedoids

    return kmedoids.pam(D, medoids, max_iter=10_000)


def build(D, k):
    """BUILD alone: the swap phase with no passes."""
    import kmedoids

    return kmedoids.pam_build(D, k).medoids


def fit(X, k):
    """Fit the estimator by its default call from features."""
    import kmedoids

    model = kmedoids.KMedoids(k, metric="euclidean", random_state=0).fit(X)
    return model.cluster_centers_


def fastermsc(D, medoids):
    """Swap from given medoids in natural order; return the average."""
    import kmedoids

    return kmedoids.fastermsc(D, medoids, max_iter=300).loss


def dynmsc(D, medoids):
    """Go down from given medoids to two; return the best average."""
    import kmedoids

    return kmedoids.dynmsc(D, medoids, minimum_k=2, max_iter=300).loss
