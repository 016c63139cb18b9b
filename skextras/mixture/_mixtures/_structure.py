"""Which components belong to which class, and their weights for each kind of row."""

import numpy as np


class Structure:
    """Components of known classes, several for each, and then the novel ones.

    ``owner`` is the class of each component; novel ones have one each.
    """

    def __init__(self, labels, per_class, n_novel, weights):
        self.n_known = len(labels.classes)
        known = np.repeat(np.arange(self.n_known), per_class)
        self.owner = np.r_[known, self.n_known + np.arange(n_novel)]
        self.is_known = self.owner < self.n_known
        self.member = self.owner == np.arange(self.n_known + n_novel)[:, None]
        self.from_all, self.distributions = weights == "all", labels.distributions

    @property
    def n_components(self):
        """Number of components."""
        return len(self.owner)

    def class_sums(self, values):
        """Sum up the columns of the components of each class."""
        return values @ self.member.T

    def log_weights(self, weights):
        """Log weights of all components: of an unlabelled row, then of each code."""
        of_class = self.class_sums(weights)[self.owner]
        count = self.member.sum(axis=1)[self.owner]
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(of_class > 0, weights / of_class, 1 / count)
            base = weights if self.from_all else inside
            chances = np.vstack(
                [np.eye(self.n_known), self.distributions]
            )  # of the known classes, for each code
            chances = np.hstack(
                [chances, np.zeros((len(chances), self.member.shape[0] - self.n_known))]
            )
            return np.log(np.vstack([weights, chances[:, self.owner] * base]))

    def weigh(self, found, concentration=0.0):
        """Return the weights that moments stand for, before they are normalised.

        Those of classes are the shares of the unlabelled rows, unless all rows count;
        within a class, all rows do.
        """
        more = concentration / self.n_components
        size = found.size + more
        if self.from_all or not found.free_size.sum() > 0:
            return size
        count = self.member.sum(axis=1)[self.owner]
        free = self.class_sums(found.free_size)[self.owner] + more * count
        of_class = self.class_sums(size)[self.owner]
        inside = np.where(of_class > 0, size / np.maximum(of_class, 1e-300), 1 / count)
        return free * inside
