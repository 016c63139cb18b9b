"""Kernel density estimation: the estimator."""

from numbers import Integral, Real

import numpy as np

from skextras._callbacks import fit_progress
from skextras._fitting import fit_method
from skextras._validation import N_JOBS, Interval, StrOptions
from skextras.neighbors._density import _bandwidth, _inputs
from skextras.neighbors._density._bandwidth import NAMES
from skextras.neighbors._density._density import Density
from skextras.neighbors._density._derived import DerivedDensities
from skextras.neighbors._density._profiles import PROFILES

ALGORITHMS = {"auto", "kd_tree", "ball_tree", "tile", "grid", "gemm", "brute"}


class KernelDensity(DerivedDensities):
    r"""Kernel density estimation, exact and fast.

    .. math:: f(x) = \frac{1}{\sum_i w_i} \sum_i \frac{w_i}{h^d}
              K\left(\frac{x - x_i}{h}\right)

    where :math:`x_i` are the rows of ``X``, :math:`w_i` is ``sample_weight``, :math:`h`
    the bandwidth, d the number of features, and K a kernel that integrates to 1. It
    takes the place of ``sklearn.neighbors.KernelDensity``: a change of the import
    is enough. What is left out of each density is at most a share ``rtol``; sums are in
    logarithms, so that queries may be far away, and features many.

    Time is O(n) for a fit with a given bandwidth and, for the normal kernel of at most
    three features, O(1) for each query; otherwise a query takes O(n d), less what is
    too far to count. "loo" takes some tens of passes over all pairs of samples.

    Parameters
    ----------
    bandwidth : float, array-like or str, default=1.0
        Width h of the kernel, in the units of the features: the standard deviation of
        the normal kernel, the scale of the exponential, and the half width of the
        others. One number; an array of shape (n_features,); the covariance of the
        kernel, of shape (n_features, n_features); an array of shape (n_samples,), or
        (n_samples, 1) to tell it from features. Rules, whose widths have the standard
        deviation that suits a normal kernel:

        - "scott", "silverman": as SciPy, for each feature;
        - "nrd0": as R, robust against outliers;
        - "isj", "sheather-jones", "sheather-jones-dpi": plug-in rules for one feature;
        - "loo", "loo-diag", "loo-full": of largest leave-one-out likelihood: one
          number, one for each feature, a matrix;
        - "lscv": of least cross-validated squared error, for each feature;
        - "knn": for each sample, by the distance of its sqrt(n)-th neighbor.
    algorithm : str, default="auto"
        How sums are computed: "auto" takes the fastest of "grid", "tile" and "gemm".
        "grid" is for the normal kernel and at most three features, "tile" for all;
        "gemm" and "brute" look at all pairs. "kd_tree" and "ball_tree" stand for
        "tile".
    kernel : str, default="gaussian"
        The kernel, of the distance: "gaussian", "tophat", "epanechnikov",
        "exponential", "linear", "cosine", "quartic" or "triweight".
    metric : str, default="euclidean"
        Metric of the distance. With others than "euclidean", all pairs are looked at,
        and densities are divided by the integral over a plane, as in scikit-learn.
        "haversine" takes (latitude, longitude) in radians.
    atol : float, default=0
        What may be left out of each density.
    rtol : float, default=1e-08
        Share of each density that may be left out.
    breadth_first : bool, default=True
        Accepted as in scikit-learn; it has no effect.
    leaf_size : int, default=40
        Accepted as in scikit-learn; it has no effect.
    metric_params : dict, default=None
        Parameters of the metric.
    adaptive : {"abramson", "balloon"} or None, default=None
        Vary the bandwidth: "abramson" with the samples, by the inverse root of a first
        density there; "balloon" with the query, by the distance of its sqrt(n)-th
        nearest sample, in which case the density does not integrate to 1.
    boundary : dict or list, default=None
        Intervals in which features lie: a dict from names or numbers of features to
        (low, high) or (low, high, kind), or a list with one of these or None for each
        feature. None or an infinity stands for an open end. Kinds:

        - "reflect": kernels are mirrored at the ends, over and over;
        - "renormalise": each kernel is divided by its mass inside;
        - "linear": kernels that fit a line at the ends: the least bias, but sums are
          clipped at 0 and do not quite integrate to 1;
        - "transform": density of the logarithm, or of the logit, in whose units
          bandwidths are;
        - "periodic": the ends are the same point.
    categorical_features : array-like, default=None
        Names, numbers or mask of features without order, whose kernel is that of
        Aitchison and Aitken: numbers, text or other objects. Values that are new to
        ``score_samples`` are unlike all others.
    ordinal_features : array-like, default=None
        Those of ordered categories, with the kernel of Wang and van Ryzin: integers, or
        ordered categoricals of a frame.
    categorical_bandwidth : float or array-like, default=None
        Widths of the categorical and then the ordinal features, from 0, where only
        equal categories count, to 1 - 1 / n_categories or 1. None chooses those of
        largest leave-one-out likelihood.
    regime_check : bool, default=True
        Warn where few samples decide a typical density: see ``regime_``.
    contamination : float, default=0.1
        Share of the samples that ``predict`` takes for outliers.
    random_state : int, RandomState instance or None, default=None
        Seed of ``sample``.
    n_jobs : int, default=None
        Number of threads; -1 means all processors. Results do not depend on it.

    Attributes
    ----------
    bandwidth_ : float or ndarray
        The bandwidth: one number, or one for each feature or sample; for a matrix, the
        standard deviation of the kernel along each feature.
    bandwidth_matrix_ : ndarray of shape (n_features, n_features)
        The squares of the bandwidths as a matrix.
    bandwidth_factors_ : ndarray of shape (n_samples,) or None
        Factors of the bandwidth at the samples of positive weight, if they differ.
    categorical_bandwidth_ : ndarray or None
        Widths of the categorical and then the ordinal features.
    algorithm_ : str
        The algorithm that sums up.
    loo_score_ : float or None
        Criterion of "loo" (mean log density of samples left out) or "lscv" at the
        bandwidth.
    n_iter_ : int
        Number of bandwidths that were tried.
    rounding_unit_ : ndarray of shape (n_features,) or None
        Units to which the samples were found to be rounded, 0 for none, where the rule
        looked for them: "loo" then takes the likelihood of the cells.
    regime_ : {"clt", "heavy_tailed", "condensed"}
        Whether many samples decide a typical density, or few. Computed when asked.
    tail_index_ : float
        (h / h_G)^2, of which the regimes end at 1 and 2; NaN unless the kernel is
        normal. Computed when asked.
    critical_bandwidths_ : dict or None
        What :func:`critical_bandwidths` returns. Computed when asked.
    n_effective_ : float
        Median number of samples that the density at another one rests on. Computed when
        asked.
    offset_ : float
        Log density below which ``predict`` tells an outlier. Computed when asked.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has names.

    Raises
    ------
    ValueError
        If a bandwidth is not positive, does not suit the features, or cannot be chosen
        for these samples.

    See Also
    --------
    ConditionalKernelDensity : Density of targets given features.
    KernelDensityClassifier : Densities of classes.
    critical_bandwidths : Bandwidths below which few samples decide.

    References
    ----------
    .. [1] B. W. Silverman, "Density estimation for statistics and data analysis",
       Chapman and Hall, 1986.
    .. [2] G. Biroli and M. Mezard, "Kernel density estimators in large dimensions",
       arXiv:2408.05807, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.neighbors import KernelDensity
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> kde = KernelDensity(bandwidth="loo").fit(X)
    >>> round(kde.bandwidth_, 2)
    0.39
    >>> kde.score_samples([[0, 0], [3, 3]]).round(1)
    array([-2. , -8.9])
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "bandwidth": [
            Interval(Real, 0, None, closed="neither"),
            "array-like",
            StrOptions(set(NAMES)),
        ],
        "algorithm": [StrOptions(ALGORITHMS)],
        "kernel": [StrOptions(set(PROFILES))],
        "metric": [StrOptions(set(_inputs.METRICS))],
        "atol": [Interval(Real, 0, None, closed="left")],
        "rtol": [Interval(Real, 0, 1, closed="left")],
        "breadth_first": ["boolean"],
        "leaf_size": [Interval(Integral, 1, None, closed="left")],
        "metric_params": [None, dict],
        "adaptive": [StrOptions({"abramson", "balloon"}), None],
        "regime_check": ["boolean"],
        "boundary": [None, dict, list, tuple],
        "categorical_features": [None, "array-like"],
        "ordinal_features": [None, "array-like"],
        "categorical_bandwidth": [
            None,
            "array-like",
            Interval(Real, 0, 1, closed="both"),
        ],
        "contamination": [Interval(Real, 0, 0.5, closed="right")],
        "random_state": ["random_state"],
        "n_jobs": N_JOBS,
    }

    def __init__(
        self,
        *,
        bandwidth=1.0,
        algorithm="auto",
        kernel="gaussian",
        metric="euclidean",
        atol=0,
        rtol=1e-8,
        breadth_first=True,
        leaf_size=40,
        metric_params=None,
        adaptive=None,
        boundary=None,
        categorical_features=None,
        ordinal_features=None,
        categorical_bandwidth=None,
        regime_check=True,
        contamination=0.1,
        random_state=None,
        n_jobs=None,
    ):
        self.bandwidth = bandwidth
        self.algorithm = algorithm
        self.kernel = kernel
        self.metric = metric
        self.atol = atol
        self.rtol = rtol
        self.breadth_first = breadth_first
        self.leaf_size = leaf_size
        self.metric_params = metric_params
        self.adaptive = adaptive
        self.boundary = boundary
        self.categorical_features = categorical_features
        self.ordinal_features = ordinal_features
        self.categorical_bandwidth = categorical_bandwidth
        self.regime_check = regime_check
        self.contamination = contamination
        self.random_state = random_state
        self.n_jobs = n_jobs

    @fit_method
    def fit(self, X, y=None, sample_weight=None):
        """Choose the bandwidth, and put the samples into the order that sums need.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : Ignored
            Not used, present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0; None means 1 for all. The density is that
            of rows repeated so often, at a given bandwidth; rules for bandwidths count
            the effective number of samples instead, and do not change if all weights
            are multiplied by a number.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X = _inputs.check_X(self, X, reset=True)
        names = _inputs.names_of(self)
        sample, categories, self._kept = _inputs.read_sample(
            self, X, sample_weight, names
        )
        self._dropped, self._dtype = X[~self._kept], X.dtype
        with fit_progress(self, X, max_steps=2) as step:
            with step(30) as part:
                chosen, categories = _bandwidth.choose_all(
                    self.bandwidth, self.categorical_bandwidth, sample, categories,
                    names, n_jobs=self.n_jobs, step=part,
                )  # fmt: skip
            with step():
                scale = chosen.scale
                if self.adaptive == "abramson":
                    scale = _bandwidth.abramson(sample, scale, n_jobs=self.n_jobs)
                self._density = Density(
                    sample, scale, algorithm=self.algorithm, categories=categories,
                    balloon=self.adaptive == "balloon", n_jobs=self.n_jobs,
                )  # fmt: skip
        self._set_bandwidth(chosen._replace(scale=scale), categories)
        self.algorithm_ = self._density.engine.name
        self._tell_of_regime()
        return self

    def _set_bandwidth(self, chosen, categories):
        scale = chosen.scale
        self.bandwidth_matrix_ = np.diag(scale.sides() ** 2)
        if scale.factor is not None:
            self.bandwidth_matrix_ = scale.factor @ scale.factor.T
            self.bandwidth_ = scale.sides()
        elif scale.per_sample is not None and self.adaptive is None:
            self.bandwidth_ = scale.widths[0] * scale.per_sample
        elif np.ndim(self.bandwidth) == 0 and len(scale.widths):
            same = np.ptp(scale.widths) == 0
            self.bandwidth_ = float(scale.widths[0]) if same else scale.widths
        else:
            self.bandwidth_ = scale.widths
        self.bandwidth_factors_ = scale.per_sample
        self.rounding_unit_ = chosen.units
        self.loo_score_, self.n_iter_ = chosen.value, chosen.n_iter
        self.categorical_bandwidth_ = None if categories is None else categories.widths
