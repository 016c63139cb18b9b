"""Bounded and circular features: images of points, masses, folds and transforms."""

from numbers import Integral, Real

import numpy as np
from scipy.special import expit, ndtr

from skextras._validation import in_words

KINDS = ("reflect", "renormalise", "linear", "transform", "periodic")
_LARGEST_LOG = 700.0  # of a number that is finite
_MOST_IMAGES = 10**8


class Boundaries:
    """Intervals in which features lie; unbounded ones from -inf to inf.

    ``kinds`` has None where a feature has no boundary.
    """

    def __init__(self, low, high, kinds):
        self.low, self.high, self.kinds = low, high, kinds
        self.any = any(kind is not None for kind in kinds)

    def of(self, *kinds):
        """Return the features whose boundary is of one of these kinds."""
        return [a for a, kind in enumerate(self.kinds) if kind in kinds]

    def periods(self):
        """Return the period of each feature, 0 for those that are not circular."""
        is_circle = np.array([kind == "periodic" for kind in self.kinds], dtype=bool)
        return np.where(is_circle, self.high - self.low, 0.0)

    def part(self, features):
        """Return the boundaries of some features."""
        kinds = [self.kinds[a] for a in features]
        return Boundaries(self.low[features], self.high[features], kinds)

    def outside(self, X):
        """Tell which rows lie outside, where there is no density."""
        if not self.any:
            return np.zeros(len(X), dtype=bool)
        on_line = [a for a in range(len(self.kinds)) if self.kinds[a] != "periodic"]
        X, low, high = X[:, on_line], self.low[on_line], self.high[on_line]
        out = ((low > X) | (high < X)).any(axis=1)
        at_end = self.of("transform")
        if at_end:
            where = [on_line.index(a) for a in at_end]
            out |= ((low == X) | (high == X))[:, where].any(axis=1)
        return out

    def check(self, X, names):
        """Raise unless all training rows lie inside."""
        bad = self.outside(X)
        if not bad.any():
            return
        i = int(np.argmax(bad))
        for a, kind in enumerate(self.kinds):
            is_out = not self.low[a] <= X[i, a] <= self.high[a]
            at_end = X[i, a] in (self.low[a], self.high[a])
            if kind not in (None, "periodic") and is_out:
                way = "widen the boundary or drop the row"
                where = "outside"
            elif kind == "transform" and at_end:
                way = "use the kind 'reflect' or widen the boundary"
                where = "at an end of"
            else:
                continue
            raise ValueError(
                f"{in_words(X[i, a].item())} of row {i} lies {where} the boundary "
                f"({self.low[a]:g}, {self.high[a]:g}) of feature {names[a]}: {way}."
            )

    def flat(self, X):
        """Return rows with circular features in their interval, others transformed."""
        if not self.of("periodic", "transform"):
            return X
        X = X.copy()
        for a in self.of("periodic"):
            period = self.high[a] - self.low[a]
            X[:, a] = self.low[a] + np.mod(X[:, a] - self.low[a], period)
        with np.errstate(divide="ignore", invalid="ignore"):
            for a in self.of("transform"):
                X[:, a] = self._forward(X[:, a], a)
        return X

    def log_slope(self, X):
        """Log of the derivative of the transforms at the rows, summed up."""
        total = np.zeros(len(X))
        with np.errstate(divide="ignore", invalid="ignore"):
            for a in self.of("transform"):
                low, high = self.low[a], self.high[a]
                if np.isfinite(low):
                    total -= np.log(X[:, a] - low)
                if np.isfinite(high):
                    total -= np.log(high - X[:, a])
                if np.isfinite(low) and np.isfinite(high):
                    total += np.log(high - low)
        return total

    def _forward(self, x, a):
        low, high = self.low[a], self.high[a]
        if np.isinf(high):
            return np.log(x - low)
        if np.isinf(low):
            return -np.log(high - x)
        return np.log(x - low) - np.log(high - x)

    def _backward(self, t, a):
        low, high = self.low[a], self.high[a]
        if np.isinf(high):
            return low + np.exp(np.minimum(t, _LARGEST_LOG))
        if np.isinf(low):
            return high - np.exp(np.minimum(-t, _LARGEST_LOG))
        return low + (high - low) * expit(t)

    def around(self, X, weight):
        """Return flat rows, circular features cut open opposite to their mean."""
        X = self.flat(X)
        for a in self.of("periodic"):
            period = self.high[a] - self.low[a]
            angle = 2 * np.pi * (X[:, a] - self.low[a]) / period
            mean = np.arctan2(weight @ np.sin(angle), weight @ np.cos(angle))
            angle = np.mod(angle - mean + np.pi, 2 * np.pi) - np.pi
            X[:, a] = angle * period / (2 * np.pi)
        return X

    def images(self, X, reach):
        """Return flat rows and their images in reach of the box; and whose they are.

        ``reach`` has one length for each feature.
        """
        owner = np.arange(len(X))
        for a in self.of("reflect", "periodic"):
            low, high = self.low[a], self.high[a]
            begin, end = low - reach[a], high + reach[a]
            shifts, signs = self._moves(a, reach[a])
            if len(shifts) * len(X) > _MOST_IMAGES:
                raise ValueError(
                    f"The bandwidth reaches {reach[a]:g} beyond the boundary "
                    f"({low:g}, {high:g}) of feature {a}, over {len(shifts)} images of "
                    "each point: give a smaller bandwidth."
                )
            column = X[:, a]
            with np.errstate(invalid="ignore"):
                values = signs[:, None] * column + shifts[:, None]
            kept = (begin <= values) & (values <= end)
            kept[0] = True  # the points themselves
            which, points = np.nonzero(kept)
            X, owner = X[points].copy(), owner[points]
            X[:, a] = values[which, points]
        return X, owner

    def _moves(self, a, reach):
        """Return shifts and signs of all images of feature a, itself first."""
        low, high = self.low[a], self.high[a]
        if self.kinds[a] == "reflect" and not (np.isfinite(low) and np.isfinite(high)):
            ends = [end for end in (low, high) if np.isfinite(end)]
            shifts = np.array([0.0] + [2 * end for end in ends])
            return shifts, np.array([1.0] + [-1.0] * len(ends))
        width = high - low
        period = width if self.kinds[a] == "periodic" else 2 * width
        most = int(reach / period) + 2
        steps = period * np.arange(-most, most + 1)
        steps = steps[np.argsort(abs(steps), kind="stable")]
        if self.kinds[a] == "periodic":
            return steps, np.ones(len(steps))
        shifts = np.concatenate([steps, 2 * low + steps])
        return shifts, np.repeat([1.0, -1.0], len(steps))

    def log_mass(self, X, widths):
        """Log of the mass of the normal kernels of the rows inside the intervals."""
        total = np.zeros(len(X))
        for a in self.of("renormalise"):
            above = (self.low[a] - X[:, a]) / widths[a]
            below = (self.high[a] - X[:, a]) / widths[a]
            total += np.log(np.maximum(ndtr(below) - ndtr(above), 1e-300))
        return total

    def line(self, x, a, width):
        """Coefficients c0, c1 of the local-linear kernel c0 + c1 z at values of a.

        z is the distance from a point to the query, divided by the width [1]_.

        References
        ----------
        .. [1] M. C. Jones, "Simple boundary correction for kernel density estimation",
           Statistics and Computing 3, 1993.
        """
        top, bottom = (x - end for end in (self.low[a], self.high[a]))
        top, bottom = top / width, bottom / width
        density_top, density_bottom = (
            np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) for z in (top, bottom)
        )
        with np.errstate(invalid="ignore"):
            edge_top = np.where(np.isinf(top), 0, top * density_top)
            edge_bottom = np.where(np.isinf(bottom), 0, bottom * density_bottom)
        zeroth = ndtr(top) - ndtr(bottom)
        first = density_bottom - density_top
        second = zeroth + edge_bottom - edge_top
        common = zeroth * second - first**2
        return second / common, -first / common

    def fold(self, X, rng):
        """Bring sampled flat rows into the intervals; tell which are to draw again."""
        X = X.copy()
        for a in self.of("reflect"):
            low, high = self.low[a], self.high[a]
            if np.isinf(high):
                X[:, a] = low + abs(X[:, a] - low)
            elif np.isinf(low):
                X[:, a] = high - abs(X[:, a] - high)
            else:
                t = np.mod(X[:, a] - low, 2 * (high - low))
                X[:, a] = low + np.minimum(t, 2 * (high - low) - t)
        for a in self.of("periodic"):
            X[:, a] = self.low[a] + np.mod(
                X[:, a] - self.low[a], self.high[a] - self.low[a]
            )
        for a in self.of("transform"):
            X[:, a] = self._backward(X[:, a], a)
        again = np.zeros(len(X), dtype=bool)
        for a in self.of("renormalise", "linear"):
            again |= (X[:, a] < self.low[a]) | (X[:, a] > self.high[a])
        return X, again


def read(boundary, n_features, names):
    """Return the parameter ``boundary`` as ``Boundaries``; raise if it is not one."""
    low, high = np.full(n_features, -np.inf), np.full(n_features, np.inf)
    kinds = [None] * n_features
    if boundary is None:
        return Boundaries(low, high, kinds)
    if isinstance(boundary, dict):
        items = [(_place(key, names), boundary[key]) for key in boundary]
    elif isinstance(boundary, list | tuple) and len(boundary) == n_features:
        items = list(enumerate(boundary))
    else:
        raise ValueError(
            "boundary must be a dict from features to (low, high) or (low, high, kind),"
            f" or a list with one of these or None for each of the {n_features} "
            f"features, got {in_words(boundary)}."
        )
    for a, item in items:
        if item is not None:
            low[a], high[a], kinds[a] = _interval(item, names[a])
    return Boundaries(low, high, kinds)


def number_of(key, names):
    """Return the number of a feature that is told by name or number, or None."""
    if isinstance(key, str):
        return list(names).index(key) if key in list(names) else None
    is_number = isinstance(key, Integral) and not isinstance(key, bool)
    return int(key) if is_number and 0 <= key < len(names) else None


def _place(key, names):
    number = number_of(key, names)
    if number is None:
        raise ValueError(
            f"boundary names the feature {in_words(key)}, which X does not have: give "
            f"a name or a number from 0 to {len(names) - 1}."
        )
    return number


def _interval(item, name):
    """Return low, high and kind of one feature."""
    advice = (
        f"the boundary of feature {name} must be (low, high) or (low, high, kind) with "
        f"low < high and a kind of {', '.join(KINDS)}"
    )
    is_list = isinstance(item, list | tuple | np.ndarray)
    if not is_list or len(item) not in (2, 3):
        raise ValueError(f"{advice}; got {in_words(item)}.")
    low, high, kind = (*item, "reflect")[:3]
    low = -np.inf if low is None else low
    high = np.inf if high is None else high
    are_numbers = isinstance(low, Real) and isinstance(high, Real)
    if not are_numbers or not low < high or kind not in KINDS:
        raise ValueError(f"{advice}; got {in_words(item)}.")
    if kind == "periodic" and not np.isfinite([low, high]).all():
        raise ValueError(
            f"A periodic feature needs a finite interval: that of feature {name} is "
            f"{in_words(item)}."
        )
    if np.isinf(low) and np.isinf(high):
        return low, high, None
    return float(low), float(high), kind
