"""What a fitted density rests on."""

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skextras._fitting import warn
from skextras.neighbors._density import _inputs, _regimes
from skextras.neighbors._density._base import BaseDensity
from skextras.neighbors._density._regimes import KDERegimeWarning
from skextras.neighbors._density._rules import effective_size

_LOOK = 200  # samples that tell if a closer look at the regime is worth while
_FEW = 3  # effective samples below which kernels that are not normal are condensed
_FIELDS = (
    "log_density", "n_effective", "entropy", "nearest_weight", "tail_index",
    "std_log_density",
)  # fmt: skip


class Diagnosis(BaseDensity):
    """Methods that tell how many samples a density rests on."""

    def diagnose(self, X):
        """Tell what the density at each row of X rests on.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Points.

        Returns
        -------
        records : ndarray of shape (n_samples,)
            Structured array. ``log_density``; ``n_effective``: number of samples that
            the sum is made of, 1 over the sum of squared weights; ``entropy`` of the
            weights in nats; ``nearest_weight``: share of the largest term;
            ``tail_index``: (h / h_G)^2 of the point, NaN unless the kernel is
            "gaussian"; ``regime``: "clt", "heavy_tailed" or "condensed";
            ``std_log_density``: standard error of the log density, NaN unless the
            regime is "clt".
        """
        check_is_fitted(self)
        X = _inputs.check_X(self, X, reset=False)
        answer = self._answer(X, all_terms=True)
        rows, _ = _inputs.split(self, X)
        fields = [(name, np.float64) for name in _FIELDS]
        out = np.empty(len(X), dtype=[*fields, ("regime", "U12")])
        out["log_density"] = answer.log_sum
        with np.errstate(divide="ignore", invalid="ignore"):
            out["n_effective"] = np.where(
                np.isfinite(answer.log_sum), 1 / answer.concentration, 0.0
            )
        out["entropy"], out["nearest_weight"] = answer.entropy, answer.largest
        out["tail_index"] = self._tail_indices(rows)
        is_few = out["n_effective"] < _FEW
        index = np.where(
            np.isnan(out["tail_index"]), np.where(is_few, 0.0, 9.0), out["tail_index"]
        )
        out["regime"] = [_regimes.regime(value) for value in index]
        n = effective_size(self._density.sample.weight)
        with np.errstate(invalid="ignore"):
            error = np.sqrt(np.maximum(answer.concentration - 1 / n, 0))
        out["std_log_density"] = np.where(out["regime"] == "clt", error, np.nan)
        return out

    def _tail_indices(self, rows):
        """Return (h / h_G)^2 at rows, from their nearest samples."""
        density = self._density
        sample = density.sample
        n = len(sample.X)
        if n < 10 or sample.profile.name != "gaussian" or sample.metric != "euclidean":
            return np.full(len(rows), np.nan)
        if sample.X.shape[1] == 0 or len(rows) == 0:
            return np.full(len(rows), np.nan)
        flat = density._scaled(sample.boundaries.flat(sample.X))
        k = _regimes.n_neighbors(n)
        search = NearestNeighbors(n_neighbors=min(k + 2, n)).fit(flat)
        with np.errstate(invalid="ignore", divide="ignore"):
            queries = density._scaled(sample.boundaries.flat(rows))
        is_finite = np.isfinite(queries).all(axis=1)
        glass = np.full(len(rows), np.nan)
        if is_finite.any():
            distances = search.kneighbors(queries[is_finite])[0]
            first = distances[:, :1] == 0  # the query itself does not count
            distances = np.where(first, distances[:, 1:], distances[:, :-1])
            glass[is_finite] = _regimes.of_neighbors(distances**2)
        with np.errstate(divide="ignore"):
            return 1 / glass**2

    @property
    def critical_bandwidths_(self):
        """Bandwidths between the regimes.

        In units of ``bandwidth_`` if that is not one number: see
        ``critical_bandwidths``. None unless the kernel is normal.
        """
        return self._critical()[0]

    def _critical(self):
        """Return the critical bandwidths, and the tail index."""
        check_is_fitted(self)
        return self._once("critical", self._find_critical)

    def _find_critical(self):
        density = self._density
        sample, scale = density.sample, density.scale
        plain = sample.profile.name == "gaussian" and sample.metric == "euclidean"
        X = sample.X
        if not plain or X.shape[1] == 0 or len(X) < 10 or (X[0] == X).all():
            return None, np.nan
        flat = sample.boundaries.around(X, sample.weight)
        is_one = scale.factor is None and np.ptp(scale.widths) == 0
        unit = float(scale.widths[0]) if is_one else 1.0
        rows = flat if is_one else scale.divide(flat)
        found = _regimes.bandwidths(
            rows, "participation", check_random_state(0), n_jobs=self.n_jobs
        )
        return found, float((found["glass"] / unit) ** -2.0)

    @property
    def tail_index_(self):
        """Tail index (h / h_G)^2 of the weights; NaN unless the kernel is normal."""
        return self._critical()[1]

    @property
    def n_effective_(self):
        """Median number of samples that the density at another sample rests on."""
        check_is_fitted(self)
        size = _regimes.n_queries(len(self._density.sample.X))
        return self._once("n_effective", lambda: self._median_effective(size))

    def _median_effective(self, n):
        density = self._density
        sample = density.sample
        if len(sample.X) < 2:
            return 1.0
        own = check_random_state(0).permutation(len(sample.X))[:n]
        codes = None if sample.codes is None else sample.codes[own]
        answer = density.sums(
            sample.X[own], codes, rtol=1e-3, own=own, all_terms=True, n_jobs=self.n_jobs
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            size = 1 / answer.concentration
        return float(np.median(np.where(np.isfinite(size), size, 0.0)))

    @property
    def regime_(self):
        """Regime of the bandwidth: "clt", "heavy_tailed" or "condensed"."""
        index = self.tail_index_
        if np.isnan(index):
            return "condensed" if self.n_effective_ < _FEW else "clt"
        return _regimes.regime(index)

    def _tell_of_regime(self):
        """Warn if few samples decide a typical density."""
        sample = self._density.sample
        n, d = len(sample.X), sample.X.shape[1]
        if not self.regime_check or n < 10 or sample.profile.name != "gaussian":
            return
        if sample.metric != "euclidean" or d <= 3 or self._density.balloon is not None:
            return
        effective = self._median_effective(_LOOK)
        if effective >= _FEW or not self.tail_index_ <= 1:
            return
        found = self.critical_bandwidths_
        unit = "" if np.ptp(self._density.scale.sides()) == 0 else " in its own units"
        h = found["glass"] * np.sqrt(self.tail_index_)
        warn(
            f"h={h:.3g}{unit} is below the condensation bandwidth {found['glass']:.3g} "
            f"(n={n}, d={d}): a typical density is decided by {effective:.2g} training "
            "samples, and ranks are those of nearest neighbors. Reduce the dimension, "
            "use more data, or read n_effective_; regime_check=False keeps quiet.",
            KDERegimeWarning,
        )
