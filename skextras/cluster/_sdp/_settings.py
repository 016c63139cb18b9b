"""Parameters of SDPKMeans as plain numbers, checked against the data."""

from dataclasses import dataclass
from numbers import Integral

from skextras.cluster._sdp._bounds import check_dense
from skextras.cluster._sdp._options import BoundOptions
from skextras.cluster._sdp._stated import LARGEST

_DENSE = 1000  # points up to which "auto" takes n x n matrices


@dataclass
class Settings:
    """What a fit of ``n_samples`` points does. Integers are Python's: none overflow."""

    n_samples: int
    n_clusters: int
    precomputed: bool
    solver: str
    rank: int
    n_init: int
    max_iter: int
    tol: float
    certificate: str | None
    bounds: BoundOptions

    @classmethod
    def of(cls, params, n_samples):
        """Choose what is "auto" or None; raise for what cannot be.

        ``params`` are the parameters of the estimator, each valid by itself.
        """
        params = {
            name: int(value)
            if isinstance(value, Integral) and not isinstance(value, bool)
            else value
            for name, value in params.items()
        }
        k, n, solver = params["n_clusters"], n_samples, params["solver"]
        if n < k:
            raise ValueError(
                f"n_samples={n} must be >= n_clusters={k}: give more samples or "
                "ask for fewer clusters."
            )
        if solver == "auto":
            solver = "admm" if n <= _DENSE else "low_rank"
        rank, n_init = params["rank"], params["n_init"]
        if rank is not None and rank < k:
            raise ValueError(
                f"rank={rank} must be >= n_clusters={k}: fewer columns cannot have "
                "that trace."
            )
        names = "max_iter", "block_size", "memory_limit", "n_jobs"
        settings = cls(
            n_samples=n,
            n_clusters=k,
            precomputed=params["affinity"] == "precomputed",
            solver=solver,
            rank=rank or (4 if n <= 2000 else 2) * k,
            n_init=(5 if n <= 5000 else 1) if n_init == "auto" else n_init,
            max_iter=params["max_iter"],
            tol=float(params["tol"]),
            certificate=params["certificate"],
            bounds=BoundOptions(float(params["tol"]), **{a: params[a] for a in names}),
        )
        settings.check()
        return settings

    def check(self):
        """Raise if so many points cannot be worked on in this way."""
        n, precomputed = self.n_samples, self.precomputed
        if self.solver == "cvxpy" and n > LARGEST:
            raise ValueError(
                f"solver='cvxpy' takes at most {LARGEST} samples, got {n}: "
                "choose 'admm', which solves the same program."
            )
        if self.solver != "low_rank" or precomputed:
            way_out = (
                "give fewer samples" if precomputed else "choose solver='low_rank'"
            )
            check_dense(n, self.bounds.memory_limit, way_out)
        if precomputed and self.certificate in ("quick", "blocks", "monte-carlo"):
            raise ValueError(
                f"certificate={self.certificate!r} needs points, and "
                "affinity='precomputed' has none: choose 'auto' or 'sdp'."
            )
        if self.certificate is not None:
            options = self.n_samples, self.n_clusters
            self.bounds.check(self.certificate, *options, name="certificate")

    @property
    def n_steps(self):
        """Steps of the progress: those of the solver, rounding and certificate."""
        return 1 + (self.n_init if self.solver == "low_rank" else 1)
