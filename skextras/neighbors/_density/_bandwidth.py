"""Bandwidths by name: which rule answers, and what it needs of the data."""

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from sklearn.neighbors import NearestNeighbors

from skextras._callbacks import unseen
from skextras._validation import check_spread, in_words
from skextras.neighbors._density import _leave_one_out as loo
from skextras.neighbors._density import _mixed, _rules, _scaling
from skextras.neighbors._density._cells import Cells, rounding_units
from skextras.neighbors._density._density import Density
from skextras.neighbors._density._leave_one_out import Chosen
from skextras.neighbors._density._scaling import Scale

_OF_FEATURES = {"scott": _rules.scott, "silverman": _rules.silverman,
                "nrd0": _rules.nrd0}  # fmt: skip
_OF_ONE = ("isj", "sheather-jones", "sheather-jones-dpi")
_BY_ERROR = ("loo", "loo-diag", "loo-full", "lscv")
NAMES = (*_OF_FEATURES, *_OF_ONE, *_BY_ERROR, "knn")


def choose_all(bandwidth, widths, sample, categories, names, *, n_jobs=None,
               step=unseen):  # fmt: skip
    """Return the bandwidth as ``choose``, and the categories with their widths.

    Those of categories come after a first choice of the bandwidth, which is then chosen
    again for them if it follows the likelihood.
    """
    if categories is None:
        if widths is not None:
            raise ValueError(
                f"categorical_bandwidth={in_words(widths)} needs categorical_features "
                "or ordinal_features: leave it out."
            )
        return choose(bandwidth, sample, names, n_jobs=n_jobs, step=step), None
    if widths is not None:
        categories = _mixed.read(widths, categories)
    elif len(sample.X) < 2:
        raise ValueError(
            "categorical_bandwidth=None needs at least 2 samples of positive weight: "
            "give a number for each categorical feature."
        )
    options = {"n_jobs": n_jobs, "step": step}
    if sample.X.shape[1] == 0:
        chosen = Chosen(Scale(np.empty(0)), None, 0)
    else:
        first = None if widths is None else categories
        chosen = choose(bandwidth, sample, names, categories=first, **options)
    if widths is not None:
        return chosen, categories
    is_free = isinstance(bandwidth, str) and bandwidth == "loo"
    is_free &= sample.X.shape[1] > 0
    for _ in range(3 if is_free else 1):
        before = categories.widths
        categories = _mixed.likeliest(sample, chosen.scale, categories, **options)
        if is_free:
            chosen = choose(bandwidth, sample, names, categories=categories, **options)
            if abs(categories.widths - before).max() < 1e-4:
                break
    return chosen, categories


def choose(bandwidth, sample, names, *, categories=None, n_jobs=None, step=unseen):
    """Return what the parameter ``bandwidth`` stands for, as a ``Chosen``.

    Its value is None unless it was found by cross-validation.
    """
    if not isinstance(bandwidth, str):
        scale = _scaling.read(bandwidth, len(sample.X), sample.X.shape[1])
        _check_kind(scale, sample)
        return Chosen(scale, None, 0)
    _check_rule(bandwidth, sample, names)
    if bandwidth == "knn":
        return Chosen(_nearest(sample), None, 0)
    factor = 1 / sample.profile.std(sample.X.shape[1])
    if bandwidth in ("loo", "loo-diag", "loo-full"):
        return _likeliest(bandwidth, sample, factor, categories, n_jobs, step)
    if bandwidth == "lscv":
        start = _widths("silverman", sample)
        chosen = loo.least_squares(sample, start, n_jobs=n_jobs, step=step)
        return chosen._replace(scale=Scale(chosen.scale.widths * factor))
    return Chosen(Scale(_widths(bandwidth, sample) * factor), None, 0)


def _widths(rule, sample):
    """Return the standard deviation of the kernel by a rule, for each feature."""
    weight, d = sample.weight, sample.X.shape[1]
    flat = sample.boundaries.around(sample.X, weight)
    if rule in _OF_FEATURES:
        return np.array([_OF_FEATURES[rule](x, weight, d) for x in flat.T])
    period = float(sample.boundaries.periods()[0]) or None
    x = flat[:, 0]
    if rule == "isj":
        return np.array([_rules.isj(x, weight, period)])
    direct = rule == "sheather-jones-dpi"
    return np.array([_rules.sheather_jones(x, weight, period, direct=direct)])


def _likeliest(rule, sample, factor, categories, n_jobs, step):
    """Return the bandwidth of largest leave-one-out likelihood."""
    units = _units(sample)
    if not units.any():
        sample = merged(sample)
        categories = None if categories is None else categories.on(sample.codes)
    start = None
    if sample.metric == "euclidean":
        start = _widths("silverman", sample)
    if units.any() and categories is None:
        return _of_cells(rule, sample, units, start, factor, n_jobs, step)
    if rule == "loo":
        return loo.common(sample, categories=categories, n_jobs=n_jobs, step=step)
    if rule == "loo-diag":
        return loo.per_feature(sample, start * factor, n_jobs=n_jobs, step=step)
    return loo.matrix(sample, start, n_jobs=n_jobs, step=step)


def _units(sample):
    """Return the units to which features were rounded, 0 where that does not matter."""
    bounds = sample.boundaries
    if sample.metric != "euclidean" or set(bounds.kinds) - {None, "periodic"}:
        return np.zeros(sample.X.shape[1])
    return rounding_units(sample)


def merged(sample):
    """Return the sample with equal rows as one, in the order of the first of them."""
    table = sample.X if sample.codes is None else np.hstack([sample.X, sample.codes])
    _, first, index = np.unique(table, axis=0, return_index=True, return_inverse=True)
    if len(first) == 1 < len(table):
        raise ValueError(
            "All samples are equal, so that leave-one-out says nothing about the "
            "bandwidth: give a number."
        )
    order = np.argsort(first)
    weight = np.bincount(index.ravel(), sample.weight)
    return sample.take(first[order])._replace(weight=weight[order])


def _of_cells(rule, sample, units, start, factor, n_jobs, step):
    """As ``_likeliest``, for rounded values: by the means over their cells."""
    cells, n_iter, d = Cells(sample, units), 0, len(start)

    def loss(log_h):
        nonlocal n_iter
        n_iter += 1
        with step():
            return -max(cells.log_likelihood(np.exp(log_h), n_jobs=n_jobs), -1e100)

    if rule == "loo":
        middle = np.log(start[start > 0]).mean()
        found = minimize_scalar(
            lambda t: loss(np.full(d, t)), bounds=(middle - 3, middle + 2),
            method="bounded", options={"xatol": 1e-6},
        )  # fmt: skip
        widths = np.full(d, np.exp(found.x))
    else:
        bounds = [(t - 4, t + 2) for t in np.log(start)]
        found = minimize(
            loss, np.log(start), method="Powell", bounds=bounds,
            options={"xtol": 1e-5, "ftol": 1e-10},
        )  # fmt: skip
        widths = np.exp(np.atleast_1d(found.x))
    if rule == "loo-full":
        scale = Scale(None, np.diag(widths))
    else:
        scale = Scale(widths * factor)
    return Chosen(scale, -float(found.fun), n_iter, units)


def _nearest(sample):
    """Return a bandwidth for each sample: the distance of its sqrt(n)-th neighbor."""
    n = len(sample.X)
    k = min(max(round(np.sqrt(n)), 1), n - 1)
    X = sample.boundaries.around(sample.X, sample.weight)
    distances = NearestNeighbors(n_neighbors=k).fit(X).kneighbors()[0][:, -1]
    least = distances[distances > 0].min(initial=np.inf)
    if np.isinf(least):
        raise ValueError(
            f'bandwidth="knn" needs distances above 0: each sample has {k} equal ones. '
            "Give a number."
        )
    distances = np.maximum(distances, least) / np.sqrt(X.shape[1])
    middle = np.exp(np.log(distances).mean())
    return Scale(np.full(X.shape[1], middle), per_sample=distances / middle)


def _check_rule(rule, sample, names):
    """Raise if a rule cannot answer for these data."""
    n, d = sample.X.shape
    if n < 2:
        raise ValueError(
            f'bandwidth="{rule}" needs at least 2 samples of positive weight, got '
            f"{n} sample: give a number."
        )
    if sample.metric != "euclidean" and rule != "loo":
        raise ValueError(
            f'bandwidth="{rule}" is a rule for metric="euclidean", got '
            f'metric="{sample.metric}": give a number or "loo".'
        )
    if rule in _OF_ONE and d != 1:
        raise ValueError(
            f'bandwidth="{rule}" is a rule for one continuous feature, got {d}: use '
            '"scott", "silverman", "loo-diag" or "lscv".'
        )
    if rule == "loo-full" and sample.profile.name != "gaussian":
        raise ValueError(
            f'bandwidth="loo-full" needs kernel="gaussian", got '
            f'kernel="{sample.profile.name}": use "loo-diag".'
        )
    if rule in ("loo-diag", "loo-full", "lscv", "knn") and sample.boundaries.of(
        "renormalise", "linear", "reflect" if rule != "loo-diag" else "linear"
    ):
        kind = sample.boundaries.kinds
        raise ValueError(
            f'bandwidth="{rule}" does not know the boundaries {kind}: use "loo", '
            '"silverman" or a number, or the kind "transform".'
        )
    if sample.metric == "euclidean":
        check_spread(sample.X)
    is_constant = (sample.X[0] == sample.X).all(axis=0)
    one_is_enough = rule in ("loo", "knn") or sample.metric != "euclidean"
    if is_constant.all() or (is_constant.any() and not one_is_enough):
        name = names[int(np.argmax(is_constant))]
        raise ValueError(
            f'Feature {name} is constant, and bandwidth="{rule}" follows the spread of '
            "the data: drop the feature or give a number."
        )


def _check_kind(scale, sample):
    """Raise if a bandwidth that was given does not suit metric or boundaries."""
    bounds, is_one = sample.boundaries, scale.factor is None
    if sample.metric != "euclidean":
        if not is_one or np.ptp(scale.widths) > 0:
            raise ValueError(
                f'metric="{sample.metric}" needs one number as bandwidth, or one for '
                "each sample."
            )
    elif not is_one and bounds.of("reflect", "periodic", "renormalise", "linear"):
        raise ValueError(
            "A bandwidth matrix has no images at boundaries: give one number for each "
            'feature, or use the kind "transform".'
        )


def abramson(sample, scale, *, n_jobs=None):
    """Return a scale that is wider where a first density is low [1]_.

    References
    ----------
    .. [1] I. S. Abramson, "On bandwidth variation in kernel estimates - a square root
       law", Annals of Statistics 10, 1982.
    """
    logs = Density(sample, scale).sums(sample.X, n_jobs=n_jobs).log_sum
    share = sample.weight / sample.weight.sum()
    factors = np.exp((share @ logs - logs) / 2)
    if scale.per_sample is not None:
        factors = factors * scale.per_sample
    return scale._replace(per_sample=factors)
