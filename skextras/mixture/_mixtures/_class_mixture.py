"""What mixtures of known and novel classes have in common."""

import numpy as np
from scipy.special import gammainc
from sklearn.utils.validation import check_is_fitted

from skextras import _labels
from skextras._gaussian import _missing
from skextras._gaussian._covariances import expand
from skextras._parallel import n_threads
from skextras._validation import in_words
from skextras.mixture._mixtures import _prior
from skextras.mixture._mixtures._base import BaseMixture


class ClassMixture(BaseMixture):
    """Fitted mixtures whose components belong to classes, known or novel."""

    def _n_threads(self):
        return n_threads(self.n_jobs)

    def _set_classes(self, classes, structure, prior):
        n_known = structure.n_known
        self.classes_, self._structure = classes, structure
        self.known_classes_, self.novel_classes_ = classes[:n_known], classes[n_known:]
        self.component_classes_ = classes[structure.owner]
        self.prior_ = None
        if prior is not None:
            d, nu = len(prior.mean), prior.degrees_of_freedom
            covariance = prior.scale / max(nu - d - 1, 1.0)
            values = prior.mean, prior.mean_precision, nu, covariance
            self.prior_ = dict(zip(_prior.KEYS, values, strict=True))

    def _with_given(self, found, y):
        """Return predicted classes, those that were given in place of others."""
        if y is not None:
            codes = _labels.read(y, None, len(found)).codes
            known = codes > 0
            found[known] = self.classes_[codes[known] - 1]
        return found

    def predict(self, X):
        """Return the likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Classes, known or novel.
        """
        X = self._check_X(X)
        return self.classes_[self._best(X, self._structure.class_sums)]

    def predict_proba(self, X):
        """Compute the probabilities of the classes, given each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1; columns are in the order of ``classes_``.
        """
        X = self._check_X(X)
        return self._shares(X, len(self.classes_), self._structure.class_sums)

    def novelty_score(self, X, by="posterior"):
        """Tell how novel rows are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        by : {"posterior", "density"}, default="posterior"
            - "posterior": the probability of the novel classes; it says nothing of rows
              that are far from all classes;
            - "density": the share of a known class that lies nearer to its mean than
              the row does, for the class where it is least; near 1 for rows that are
              far from every known class, also where no novel one is.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Between 0 and 1.
        """
        if by not in ("posterior", "density"):
            raise ValueError(
                f'by must be "posterior" or "density", got {in_words(by)}.'
            )
        if by == "posterior":
            shares = self.predict_proba(X)
            return shares[:, len(self.known_classes_) :].sum(axis=1)
        X = self._check_X(X)
        known = self._structure.is_known
        if not known.any():
            return np.ones(len(X), dtype=X.dtype)
        kind, out = self.covariance_type, np.empty(len(X))
        full = expand(self.covariances_, kind, *self.means_.shape)[known]
        for pattern in _missing.patterns(X):
            square = _missing.squares(X, pattern, self.means_[known], full)[0]
            out[pattern.rows] = gammainc(len(pattern.seen) / 2, square.min(axis=1) / 2)
        return out.astype(X.dtype)

    def sample(self, n_samples=1):
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Rows, those of the first component first.
        y : ndarray of shape (n_samples,)
            Their classes.
        """
        check_is_fitted(self)
        X, owner = self._draw(n_samples)
        return X, self.component_classes_[owner]
