"""Kernel density of weighted rows: what all estimators of this room ask, on arrays."""

from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from skextras.neighbors._density import _choice, _engines, _linear
from skextras.neighbors._density._boundaries import Boundaries
from skextras.neighbors._density._profiles import Profile

_FAR = {"gaussian": 8.6, "exponential": 37.0}  # bandwidths beyond which a kernel is 0
_FEW = 4096  # rows that tell the middle of all
_FARTHEST = 1e150  # bandwidths: squares of what is farther overflow


class Sample(NamedTuple):
    """Training rows of positive weight, as they were given, and what they mean.

    ``codes`` has the columns of categories, which are not among those of ``X``.
    """

    X: np.ndarray
    weight: np.ndarray
    profile: Profile
    boundaries: Boundaries
    metric: str = "euclidean"
    metric_params: dict | None = None
    codes: np.ndarray | None = None

    def take(self, rows):
        """Return some of the rows."""
        codes = None if self.codes is None else self.codes[rows]
        return self._replace(X=self.X[rows], weight=self.weight[rows], codes=codes)


class Balloon:
    """Factors of the bandwidth at queries: distances of their k-th nearest points.

    k is the root of the number of points, and the geometric mean of the factors of the
    points is 1.
    """

    def __init__(self, rows):
        self.k = max(1, round(np.sqrt(len(rows))))
        self.search = NearestNeighbors(n_neighbors=min(self.k, len(rows))).fit(rows)
        own = self._distances(rows, skip=len(rows) > 1)
        self.least = own[own > 0].min(initial=1.0)
        self.middle = np.exp(np.log(np.maximum(own, self.least)).mean())

    def _distances(self, rows, *, skip):
        k = min(self.k + skip, self.search.n_samples_fit_)
        return self.search.kneighbors(rows, k)[0][:, -1]

    def factors(self, rows, *, skip=False):
        """Return the factors; ``skip`` passes over the queries themselves."""
        if len(rows) == 0:
            return np.ones(0)
        distances = self._distances(rows, skip=skip)
        return np.maximum(distances, self.least) / self.middle


class Density:
    """Sum of kernels around the rows of a sample, divided by what it integrates to.

    ``categories`` gives the log weights of the rows for queries of other categories,
    ``order`` is that of a k-d tree of the points, if it is known.
    """

    def __init__(
        self, sample, scale, *, algorithm="auto", categories=None, balloon=False,
        order=None, n_jobs=None,
    ):  # fmt: skip
        self.sample, self.scale, self.categories = sample, scale, categories
        self.known = {}  # what was asked of it, and takes long
        X, bounds, d = sample.X, sample.boundaries, sample.X.shape[1]
        log_weight = np.log(sample.weight) - np.log(sample.weight.max())
        self.log_const = -np.log(np.sum(sample.weight / sample.weight.max()))
        if d > 0:
            self.log_const -= sample.profile.log_volume(d) + scale.log_det
        factors = np.ones(len(X))
        if scale.per_sample is not None:
            factors = scale.per_sample
            log_weight = log_weight - d * np.log(factors)
        flat = bounds.flat(X)
        if bounds.of("renormalise"):
            widths = scale.sides()[:, None] * factors
            log_weight = log_weight - bounds.log_mass(flat, widths)
        reach = np.zeros(d)  # of images
        if bounds.of("reflect", "periodic"):
            far = _FAR.get(sample.profile.name, 1.0)
            reach = far * scale.sides() * factors.max()
        rows, owner = bounds.images(flat, reach)
        some = flat[:: -(-len(flat) // _FEW)]  # enough for a middle
        self.offset = np.median(some, axis=0) if sample.metric == "euclidean" else 0.0
        self.points = _engines.Points(
            self._scaled(rows), log_weight[owner], factors[owner] ** -2.0, owner
        )
        if sample.metric == "euclidean" and (abs(self.points.rows) >= _FARTHEST).any():
            raise ValueError(
                f"X has rows more than {_FARTHEST:.0e} times the bandwidth from the "
                "others, a distance that cannot be squared: leave them out, or give a "
                "larger bandwidth."
            )
        self.engine = _choice.engine(
            self.points, sample, scale, algorithm, all_pairs=balloon, order=order,
            n_jobs=n_jobs,
        )  # fmt: skip
        self.balloon = Balloon(self.points.rows) if balloon else None

    def _scaled(self, flat):
        if self.sample.metric != "euclidean":
            return flat
        with np.errstate(over="ignore"):
            return np.clip(self.scale.divide(flat - self.offset), -_FARTHEST, _FARTHEST)

    def sums(self, Q, codes=None, *, rtol=1e-8, atol=0.0, own=None, n_jobs=None,
             all_terms=False):  # fmt: skip
        """Return the ``Answer`` at the rows of Q: log densities, and their weights.

        ``own`` is the training row that each leaves out; its weight counts as 0.
        ``all_terms`` asks for more than the logs of the densities.
        """
        bounds = self.sample.boundaries
        out = bounds.outside(Q)
        with np.errstate(divide="ignore"):
            floor = np.log(float(atol)) - self.log_const
        options = {"rtol": rtol, "floor": floor, "n_jobs": n_jobs}
        options["all_terms"] = all_terms
        inside = np.flatnonzero(~out)
        flat = bounds.flat(Q[inside])
        own_inside = None if own is None else own[inside]
        part = self._inside(flat, None if codes is None else codes[inside], own_inside,
                            options)  # fmt: skip
        answer = _engines.no_answer(len(Q))
        for whole, values in zip(answer, part, strict=True):
            whole[inside] = values
        answer.log_sum[inside] += self.log_const + bounds.log_slope(Q[inside])
        if own is not None:
            share = self.sample.weight[own] / self.sample.weight.sum()
            with np.errstate(divide="ignore"):
                answer.log_sum[:] -= np.log1p(-share)
        return answer

    def _inside(self, flat, codes, own, options):
        """Return the sums at flat rows, group by group of equal categories."""
        if self.categories is None:
            return self._group(flat, self.engine, own, options)
        answer = _engines.no_answer(len(flat))
        groups, index = np.unique(codes, axis=0, return_inverse=True)
        index = index.ravel()
        for number, group in enumerate(groups):
            rows = np.flatnonzero(index == number)
            more = self.categories.log_weights(group)[self.points.owner]
            engine = self.engine.weighted(self.points.log_weight + more)
            part = self._group(
                flat[rows], engine, None if own is None else own[rows], options
            )
            for whole, values in zip(answer, part, strict=True):
                whole[rows] = values
        return answer

    def _group(self, flat, engine, own, options):
        if self.sample.boundaries.of("linear"):
            absolute = options.get("absolute", False)
            return _linear.sum_lines(
                self, flat, engine, own, options["n_jobs"], absolute
            )
        Z = self._scaled(flat)
        if self.balloon is None:
            return engine.sum(Z, own=own, **options)
        factors = self.balloon.factors(Z, skip=own is not None)
        answer = engine.sum(Z, own=own, factors=factors, **options)
        log_sum = answer.log_sum - Z.shape[1] * np.log(factors)
        return answer._replace(log_sum=log_sum)

    def draw(self, n, rng):
        """Draw rows from the density; return them and their categories, or None."""
        sample = self.sample
        flat = sample.boundaries.flat(sample.X)
        share = sample.weight / sample.weight.max()
        factors = 1.0 if self.scale.per_sample is None else self.scale.per_sample
        if sample.boundaries.of("renormalise"):
            widths = self.scale.sides()[:, None] * factors
            share = share / np.exp(sample.boundaries.log_mass(flat, widths))
        lines = None
        if sample.boundaries.of("linear"):
            lines = _linear.Envelopes(self, flat)
            share = share * lines.mass
        share = share / share.sum()
        X, owners = np.empty((n, sample.X.shape[1])), np.empty(n, dtype=np.intp)
        codes = None if sample.codes is None else np.empty((n, sample.codes.shape[1]))
        todo = np.arange(n)
        while len(todo):
            owners[todo] = rng.choice(len(flat), len(todo), p=share)
            X[todo], kept = self._draw_around(flat, owners[todo], lines, rng)
            done = todo[kept]
            if codes is not None:
                codes[done] = self.categories.draw(owners[done], rng)
            if lines is not None:
                part = None if codes is None else codes[done]
                kept[kept] = rng.random(len(done)) < self._positive(X[done], part)
            todo = todo[~kept]
        return X, codes

    def _draw_around(self, flat, owners, lines, rng):
        """Draw a row around each of some training rows; tell which are to be kept."""
        n, d = len(owners), flat.shape[1]
        Z = rng.normal(size=(n, d))
        Z /= np.linalg.norm(Z, axis=1, keepdims=True)
        Z *= self.sample.profile.radii(rng, n, d)[:, None]
        if lines is not None:
            Z[:, lines.features] = lines.propose(owners, rng)
        if self.scale.per_sample is not None:
            Z *= self.scale.per_sample[owners, None]
        rows, again = self.sample.boundaries.fold(
            flat[owners] + self.scale.multiply(Z), rng
        )
        kept = ~again
        if lines is not None:
            kept[kept] = lines.accept(rows[kept], owners[kept], rng)
        return rows, kept

    def _positive(self, rows, codes):
        """Return the sums over those of the absolute terms, at rows inside."""
        options = {"n_jobs": None, "absolute": False}
        flat = self.sample.boundaries.flat(rows)
        plain = self._inside(flat, codes, None, options).log_sum
        whole = self._inside(flat, codes, None, {**options, "absolute": True}).log_sum
        return np.exp(plain - whole)
