"""Densities that follow from a fitted one: marginal, conditional, of fewer samples."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skextras._validation import check_number, in_words
from skextras.neighbors._density import _calculus, _inputs
from skextras.neighbors._density import _tile_kernels as kernels
from skextras.neighbors._density._density import Density
from skextras.neighbors._density._diagnosis import Diagnosis


class CompressedSamples(NamedTuple):
    """Weighted samples that stand for all.

    Attributes
    ----------
    indices : ndarray of shape (n_kept,)
        Rows of the training set.
    sample_weight : ndarray of shape (n_kept,)
        Their weights, which sum up to 1.
    max_error : float
        Largest difference of the two densities at the training samples, over the
        largest density there.
    """

    indices: np.ndarray
    sample_weight: np.ndarray
    max_error: float


class DerivedDensities(Diagnosis):
    """Methods that return other densities."""

    def marginal(self, features):
        """Return the density of some of the features.

        Parameters
        ----------
        features : array-like of int or str
            Numbers or names of the features that are kept.

        Returns
        -------
        density : KernelDensity
            Fitted estimator of these features, in their order in X.
        """
        check_is_fitted(self)
        kept = self._places(features, "features")
        dropped = np.setdiff1d(self._continuous, kept)
        if len(dropped):
            self._refuse_product("marginal")
        return self._of_features(kept, self._density.sample.weight)

    def conditional(self, given):
        """Return the density of the other features, given values of some.

        Parameters
        ----------
        given : dict
            From numbers or names of features to their values.

        Returns
        -------
        density : KernelDensity
            Fitted estimator of the features that are not given. Its samples are those
            of this one, weighted by how near they are to what is given.
        """
        check_is_fitted(self)
        if not isinstance(given, dict) or not given:
            raise ValueError(
                "given must be a dict from features to their values, got "
                f"{in_words(given)}."
            )
        places = [int(self._places([key], "given")[0]) for key in given]
        values = np.array([
            self._levels[a].numbers([given[key]], key)[0] if a in self._levels
            else given[key] for a, key in zip(places, given, strict=True)
        ], dtype=np.float64)  # fmt: skip
        if values.shape != (len(places),) or not np.isfinite(values).all():
            raise ValueError(f"given must hold finite numbers, got {in_words(given)}.")
        order = np.argsort(places)
        places, values = np.array(places)[order], values[order]
        kept = np.setdiff1d(np.arange(self.n_features_in_), places)
        if np.isin(places, self._continuous).any():
            self._refuse_product("conditional")
        weight = self._weights_given(places, values)
        return self._of_features(kept, weight, (places, values))

    def compress(self, n_samples):
        """Choose few weighted samples of about the same density, by herding [1]_.

        Each sample is where the density is farthest above that of those chosen before;
        their weights are then fitted. Time is that of the log densities of all samples,
        and ``n_samples`` passes over the samples.

        Parameters
        ----------
        n_samples : int
            Number of samples that are kept, at most.

        Returns
        -------
        compressed : CompressedSamples
            Named tuple with ``indices``, ``sample_weight`` and ``max_error``.

        References
        ----------
        .. [1] Y. Chen, M. Welling and A. Smola, "Super-samples from kernel herding",
           UAI 2010.
        """
        check_is_fitted(self)
        density = self._density
        self._refuse_for("compress", categories=True, balloon=True, metric=True)
        if density.scale.per_sample is not None or density.sample.boundaries.any:
            raise ValueError(
                "compress needs kernels that are equally wide, and no boundary."
            )
        n = check_number(n_samples, "n_samples", 1, len(density.sample.X))
        chosen, weight, error = _herd(density, n, self.rtol, self.n_jobs)
        return CompressedSamples(np.flatnonzero(self._kept)[chosen], weight, error)

    def _places(self, features, parameter):
        """Return numbers of features that are listed, ascending."""
        names = _inputs.names_of(self)
        places = _inputs.features(features, parameter, names)
        if not places:
            raise ValueError(f"{parameter} lists no feature: name at least one.")
        return np.array(places)

    def _refuse_product(self, what):
        """Raise unless the kernel is a product, of which factors can be taken."""
        self._refuse_for(what, metric=True, balloon=True, linear=True)
        sample = self._density.sample
        if sample.profile.name != "gaussian" and sample.X.shape[1] > 1:
            raise ValueError(
                f'{what} needs kernel="gaussian": kernel="{sample.profile.name}" is '
                "no product over features."
            )

    def _weights_given(self, places, values):
        """Return the weights of the samples for what is given."""
        density = self._density
        sample, categories = density.sample, density.categories
        logs = np.log(sample.weight / sample.weight.max())
        columns = np.isin(self._continuous, places)
        if columns.any():
            at = values[np.isin(places, self._continuous)][None]
            bounds = sample.boundaries.part(np.flatnonzero(columns))
            if bounds.outside(at).any():
                raise ValueError(
                    f"given={in_words(values.tolist())} lies outside the boundaries."
                )
            part = sample._replace(
                X=sample.X[:, columns], boundaries=bounds, codes=None
            )
            logs = logs + _log_kernels(Density(part, density.scale.part(columns)), at)
        if categories is not None and np.isin(self._categorical, places).any():
            group = np.full(len(self._categorical), np.nan)
            known = np.isin(self._categorical, places)
            for a in np.flatnonzero(known):
                group[a] = values[places == self._categorical[a]][0]
            logs = logs + categories.part(known).log_weights(group[known])
        top = logs.max()
        if not np.isfinite(top):
            raise ValueError(
                f"No sample is in reach of given={in_words(values.tolist())}: its "
                "density is 0."
            )
        return np.exp(logs - top)

    def _of_features(self, kept, weight, given=None):
        """Return a fitted estimator of some features, with these weights."""
        density = self._density
        sample, scale = density.sample, density.scale
        columns = np.isin(self._continuous, kept)
        rows, bandwidth = sample.X[:, columns], None
        if scale.factor is None:
            bandwidth = scale.widths[columns]
            if scale.per_sample is not None:
                bandwidth = (scale.widths[0] * scale.per_sample)[:, None]
        else:
            whole = scale.factor @ scale.factor.T
            bandwidth = whole[np.ix_(columns, columns)]
            if given is not None and not columns.all():
                rows, bandwidth = _moved(sample.X, whole, columns, given[1])
        codes = None
        table = np.empty((len(rows), len(kept)))
        continuous = np.isin(kept, self._continuous)
        table[:, continuous] = rows
        if density.categories is not None:
            part = np.isin(self._categorical, kept)
            codes = density.categories.part(part)
            table[:, np.searchsorted(kept, self._categorical[part])] = codes.codes
        params = self._params_of(kept, codes)
        if not columns.any():
            bandwidth = 1.0
        model = clone(self).set_params(
            bandwidth=bandwidth, regime_check=False, **params
        )
        model.fit(table.astype(self._dtype), sample_weight=weight)
        model._levels = {
            int(np.searchsorted(kept, a)): level
            for a, level in self._levels.items() if a in kept
        }  # fmt: skip
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_[kept]
        return model

    def _params_of(self, kept, codes):
        """Return the parameters that list features, for some of them."""
        bounds, place = self._density.sample.boundaries, {}
        for number, a in enumerate(self._continuous):
            if a in kept and bounds.kinds[number] is not None:
                low, high = bounds.low[number], bounds.high[number]
                place[int(np.searchsorted(kept, a))] = (
                    float(low), float(high), bounds.kinds[number]
                )  # fmt: skip
        params = {"boundary": place or None, "adaptive": None}
        params |= dict.fromkeys(
            ("categorical_features", "ordinal_features", "categorical_bandwidth")
        )
        if codes is not None and len(codes.ordered):
            numbers = np.searchsorted(
                kept, self._categorical[np.isin(self._categorical, kept)]
            )
            params["categorical_features"] = numbers[~codes.ordered].tolist() or None
            params["ordinal_features"] = numbers[codes.ordered].tolist() or None
            params["categorical_bandwidth"] = codes.widths.tolist()
        return params


def _log_kernels(density, at):
    """Log of the kernels of all samples at one row, images summed up."""
    points = density.points
    Z = density._scaled(density.sample.boundaries.flat(at))
    x = ((points.rows - Z) ** 2).sum(axis=1) * points.scale
    with np.errstate(divide="ignore"):
        terms = points.log_weight + _calculus.log_profile(density.sample.profile, x)
    weight = np.log(density.sample.weight / density.sample.weight.max())
    total = np.full(len(weight), -np.inf)
    np.logaddexp.at(total, points.owner, terms)
    return total - weight


def _moved(X, whole, kept, values):
    """Return rows and covariance of normal kernels, given values of other features."""
    cross = whole[np.ix_(kept, ~kept)]
    slope = cho_solve(cho_factor(whole[np.ix_(~kept, ~kept)]), cross.T).T
    rows = X[:, kept] + (values - X[:, ~kept]) @ slope.T
    return rows, whole[np.ix_(kept, kept)] - slope @ cross.T


def _herd(density, n, rtol, n_jobs):
    """Return chosen points, their weights, and the error at all points."""
    points, code = density.points, density.sample.profile.code
    answer = density.engine.sum(points.rows, rtol=rtol, n_jobs=n_jobs)
    share = np.exp(points.log_weight)
    goal = np.exp(answer.log_sum) / share.sum()
    sums, chosen = np.zeros(len(goal)), []
    columns = []
    for t in range(n):
        rest = goal - sums / (t + 1)
        rest[chosen] = -np.inf
        i = int(np.argmax(rest))
        x = ((points.rows - points.rows[i]) ** 2).sum(axis=1)
        values = kernels.profile_values(x, code)
        sums += values
        chosen.append(i)
        columns.append(values[chosen])
    gram = np.eye(n)
    for t, column in enumerate(columns):
        gram[t, : t + 1] = gram[: t + 1, t] = column
    root = np.linalg.cholesky(gram + 1e-10 * np.trace(gram) / n * np.eye(n))
    weight = nnls(root.T, np.linalg.solve(root, goal[chosen]))[0]
    weight = weight / weight.sum() if weight.sum() > 0 else np.full(n, 1 / n)
    total = np.zeros(len(goal))
    for i, w in zip(chosen, weight, strict=True):
        if w > 0:
            x = ((points.rows - points.rows[i]) ** 2).sum(axis=1)
            total += w * kernels.profile_values(x, code)
    return np.array(chosen), weight, float(abs(total - goal).max() / goal.max())
