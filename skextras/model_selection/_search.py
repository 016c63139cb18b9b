"""A search of parameters by how well hidden classes are found."""

import time
from numbers import Real

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import ParameterGrid
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skextras import _labels
from skextras._callbacks import CallbackSupportMixin
from skextras._fitting import fit_method, warn
from skextras._validation import N_JOBS, StrOptions, rows_of
from skextras.metrics import clustering_accuracy_score
from skextras.model_selection._splits import KnownClassKFold


def _has(name):
    """Tell if the estimator of a search has a method."""

    def check(search):
        estimator = getattr(search, "best_estimator_", search.estimator)
        getattr(estimator, name)
        return True

    return check


class KnownClassSearchCV(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Choose parameters by how well known classes are found when they are hidden.

    Each fold hides some of the known classes: their rows stay, without labels. An
    estimator that is fitted to all rows is scored on the rows of the hidden classes. No
    label of a novel class is needed. The interface is that of ``GridSearchCV``.

    Parameters
    ----------
    estimator : estimator
        It must take -1 in y for unlabelled rows, and have ``predict``; the last step of
        a ``Pipeline`` may.
    param_grid : dict or list of dict
        Lists of values by name of parameter.
    scoring : {"novel_accuracy", "clustering_accuracy"} or callable, \
default="novel_accuracy"
        - "novel_accuracy": share of the rows of hidden classes that are in the novel
          class that theirs is matched with; rows that are given to a class whose name
          is known are errors;
        - "clustering_accuracy": the same where names mean nothing, so that each cluster
          may be matched, also that of a known class;
        - a function ``scorer(estimator, X, y)``, given the rows of hidden classes.
    cv : splitter, default=None
        With ``split_masked``; None means ``KnownClassKFold()``.
    refit : bool, default=True
        Fit the best parameters to all labels.
    error_score : "raise" or float, default=nan
        Score where a fit fails, with a ``FitFailedWarning``.
    n_jobs : int, default=None
        Number of fits side by side; -1 means all processors.

    Attributes
    ----------
    cv_results_ : dict
        As that of ``GridSearchCV``.
    best_estimator_ : estimator
        Fitted to all labels, if ``refit``.
    best_score_ : float
        Mean score of the best parameters.
    best_params_ : dict
        Best parameters: of equal ones, the first.
    best_index_ : int
        Their place in ``cv_results_``.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the last fit, if ``refit``.
    classes_ : ndarray
        Classes of the best estimator.
    n_features_in_ : int
        Number of features that the best estimator was fitted to.

    See Also
    --------
    KnownClassKFold : The folds.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.mixture import SemiSupervisedGaussianMixture
    >>> from skextras.model_selection import KnownClassSearchCV
    >>> rng = np.random.default_rng(0)
    >>> middles = 20 * rng.normal(size=(5, 3))
    >>> X = np.repeat(middles, 40, axis=0) + rng.normal(size=(200, 3))
    >>> y = np.where(np.arange(200) % 2, np.repeat([0, 1, 2, 3, -1], 40), -1)
    >>> search = KnownClassSearchCV(
    ...     SemiSupervisedGaussianMixture(n_init=5, random_state=0),
    ...     {"n_novel": [1, 3, 6]},
    ... ).fit(X, y)  # of three novel classes in each fold, two are hidden
    >>> search.best_params_
    {'n_novel': 3}
    """

    _parameter_constraints = {  # noqa: RUF012  as in scikit-learn
        "estimator": "no_validation",
        "param_grid": [dict, list],
        "scoring": [StrOptions({"novel_accuracy", "clustering_accuracy"}), callable],
        "cv": "no_validation",
        "refit": ["boolean"],
        "error_score": [StrOptions({"raise"}), Real],
        "n_jobs": N_JOBS,
    }

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring="novel_accuracy",
        cv=None,
        refit=True,
        error_score=np.nan,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.param_grid = param_grid
        self.scoring = scoring
        self.cv = cv
        self.refit = refit
        self.error_score = error_score
        self.n_jobs = n_jobs

    @fit_method
    def fit(self, X, y, sample_weight=None):
        """Run the search.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Class of each row, or -1 where it is unknown.
        sample_weight : array-like of shape (n_samples,), default=None
            Passed to ``fit`` of the estimator if it is given.

        Returns
        -------
        self : object
            The fitted search.
        """
        fit_params = {}
        if sample_weight is not None:
            fit_params["sample_weight"] = sample_weight
        splitter = KnownClassKFold() if self.cv is None else self.cv
        if not hasattr(splitter, "split_masked"):
            raise ValueError(
                f"cv must have a method split_masked, as KnownClassKFold has, got "
                f"{splitter!r}."
            )
        _labels.read(y, None, len(y))
        candidates = list(ParameterGrid(self.param_grid))
        folds = list(splitter.split_masked(X, y))
        tasks = [
            delayed(self._try)(X, y, masked, test, params, fit_params)
            for params in candidates for masked, test in folds
        ]  # fmt: skip
        found = Parallel(n_jobs=self.n_jobs)(tasks)
        shape = len(candidates), len(folds)
        scores, times, score_times = (
            np.array(part, dtype=float).reshape(shape)
            for part in zip(*(one[:3] for one in found), strict=True)
        )
        errors = [one[3] for one in found if one[3]]
        if errors:
            warn(
                f"{len(errors)} of {len(found)} fits failed, and have the score "
                f"{self.error_score}: {errors[0]}",
                FitFailedWarning,
            )
            if len(errors) == len(found):
                raise ValueError(f"All fits of param_grid failed: {errors[0]}")
        self.n_splits_ = len(folds)
        self.cv_results_ = _table(candidates, scores, times, score_times)
        self.best_index_ = int(self.cv_results_["rank_test_score"].argmin())
        self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])
        self.best_params_ = candidates[self.best_index_]
        if self.refit:
            began = time.perf_counter()
            self.best_estimator_ = clone(self.estimator).set_params(
                **clone(self.best_params_, safe=False)
            )
            self.best_estimator_.fit(X, y, **fit_params)
            self.refit_time_ = time.perf_counter() - began
        return self

    def _try(self, X, y, masked, test, params, fit_params):
        """Fit a candidate to a fold; return score, two times, and an error."""
        model = clone(self.estimator).set_params(**clone(params, safe=False))
        began = time.perf_counter()
        try:
            model.fit(X, masked, **fit_params)
            between = time.perf_counter()
            score = self._score(model, X, np.asarray(y), masked, test)
        except Exception as error:
            if isinstance(self.error_score, str):
                raise
            text = f"{type(error).__name__}: {error}"
            return self.error_score, time.perf_counter() - began, 0.0, text
        return score, between - began, time.perf_counter() - between, ""

    def _score(self, model, X, y, masked, test):
        rows = rows_of(X, test)
        if callable(self.scoring):
            return float(self.scoring(model, rows, y[test]))
        found = np.asarray(model.predict(rows))
        free = np.ones(len(test), dtype=bool)
        if self.scoring == "novel_accuracy":
            known = set(_labels.read(masked, None, len(masked)).classes.tolist())
            free = np.array([name not in known for name in found.tolist()])
        if not free.any():
            return 0.0
        return free.mean() * clustering_accuracy_score(y[test][free], found[free])

    @property
    def classes_(self):
        """Classes of the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.classes_

    def _call(self, name, *args):
        check_is_fitted(self, "best_estimator_")
        return getattr(self.best_estimator_, name)(*args)

    @available_if(_has("predict"))
    def predict(self, X):
        """Return what the best estimator predicts.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes.
        """
        return self._call("predict", X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X):
        """Return the probabilities of the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._call("predict_proba", X)

    @available_if(_has("score_samples"))
    def score_samples(self, X):
        """Return the log densities of the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_densities : ndarray of shape (n_samples,)
            Log densities.
        """
        return self._call("score_samples", X)

    @available_if(_has("transform"))
    def transform(self, X):
        """Return what the best estimator transforms.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        Z : ndarray
            Transformed rows.
        """
        return self._call("transform", X)

    @property
    def n_features_in_(self):
        """Number of features that the best estimator was fitted to."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.n_features_in_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "cv_results_")


def _table(candidates, scores, times, score_times):
    """Return results as ``GridSearchCV`` does."""
    out = {}
    for name, values in (("fit", times), ("score", score_times)):
        out[f"mean_{name}_time"] = values.mean(axis=1)
        out[f"std_{name}_time"] = values.std(axis=1)
    for key in sorted({key for params in candidates for key in params}):
        column = np.ma.masked_all(len(candidates), dtype=object)
        for k, params in enumerate(candidates):
            if key in params:
                column[k] = params[key]
        out[f"param_{key}"] = column
    out["params"] = candidates
    for fold, values in enumerate(scores.T):
        out[f"split{fold}_test_score"] = values
    out["mean_test_score"] = scores.mean(axis=1)
    out["std_test_score"] = scores.std(axis=1)
    ranks = rankdata(-np.nan_to_num(out["mean_test_score"], nan=-np.inf), method="min")
    out["rank_test_score"] = ranks.astype(np.int32)
    return out
