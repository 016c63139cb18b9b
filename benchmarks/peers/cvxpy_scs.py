"""The packages ``cvxpy`` and ``scs``: the LA-SDP as a conic program."""

from skextras.cluster import LASDP


def lasdp(X, covariances, eps):
    """Solve to the tolerance ``eps`` of SCS; return the objective."""
    model = LASDP(
        len(covariances),
        covariances=covariances,
        solver="cvxpy",
        tol=10 * eps,
        max_iter=100_000,
    )
    return model.fit(X).objective_
