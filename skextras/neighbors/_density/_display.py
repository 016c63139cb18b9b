"""Pictures of a density."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skextras._validation import in_words


class DensityDisplay:
    """Picture of a density of one or two features.

    Of one feature it is a curve; of two, contours of the smallest regions that hold
    given shares of the mass.

    Parameters
    ----------
    axes : list of ndarray
        Values of each feature at which the density is known.
    density : ndarray
        Density there, with one axis for each feature.
    levels : ndarray of shape (n_levels,)
        Densities at the rims of the regions, ascending.
    mass : ndarray of shape (n_levels,)
        Shares of the mass in the regions, descending.
    feature_names : list of str
        Labels of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the picture.
    figure_ : matplotlib Figure
        Figure of the axes.
    line_ : matplotlib Line2D or None
        The curve of one feature.
    contour_ : matplotlib QuadContourSet or None
        The contours of two features.

    See Also
    --------
    KernelDensity : The density; ``density_level`` gives the levels.

    Examples
    --------
    >>> import numpy as np
    >>> from skextras.neighbors import DensityDisplay, KernelDensity
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> kde = KernelDensity(bandwidth="scott").fit(X)
    >>> display = DensityDisplay.from_estimator(kde, mass=[0.5, 0.9])  # doctest: +SKIP
    """

    def __init__(self, axes, density, levels, mass, feature_names):
        self.axes = axes
        self.density = density
        self.levels = levels
        self.mass = mass
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls, estimator, *, mass=None, n_points=None, limits=None, ax=None,
        line_kw=None,
    ):  # fmt: skip
        """Draw a fitted density.

        Parameters
        ----------
        estimator : KernelDensity
            Fitted density of one or two features.
        mass : array-like of float, default=None
            Shares of the mass whose smallest regions are drawn, for two features; None
            means 0.5, 0.9 and 0.99.
        n_points : int or tuple of int, default=None
            As in ``KernelDensity.evaluate_grid``.
        limits : array-like of shape (n_features, 2), default=None
            As in ``KernelDensity.evaluate_grid``.
        ax : matplotlib Axes, default=None
            Axes to draw into; None makes a new figure.
        line_kw : dict, default=None
            Keyword arguments of matplotlib's ``plot`` or ``contour``.

        Returns
        -------
        display : DensityDisplay
            The picture.
        """
        check_is_fitted(estimator)
        d = estimator.n_features_in_
        if d > 2:
            raise ValueError(
                f"DensityDisplay draws 1 or 2 features, got {d}: take a marginal, "
                "kde.marginal([0, 1])."
            )
        mass = (0.5, 0.9, 0.99) if mass is None else mass
        grid = estimator.evaluate_grid(n_points, limits)
        shares = np.sort(np.unique(np.asarray(mass, dtype=float)))[::-1]
        levels = np.empty(0)
        if d == 2:
            if shares.ndim != 1 or not len(shares):
                raise ValueError(f"mass must list shares, got {in_words(mass)}.")
            levels = estimator.density_level(shares)
        names = getattr(estimator, "feature_names_in_", None)
        names = [f"feature {a}" for a in range(d)] if names is None else list(names)
        display = cls(grid.axes, grid.density, levels, shares, names)
        return display.plot(ax=ax, line_kw=line_kw)

    def plot(self, *, ax=None, line_kw=None):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw into; None makes a new figure.
        line_kw : dict, default=None
            Keyword arguments of matplotlib's ``plot`` or ``contour``.

        Returns
        -------
        display : DensityDisplay
            The picture.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        kwargs = {} if line_kw is None else dict(line_kw)
        self.line_ = self.contour_ = None
        ax.set_xlabel(self.feature_names[0])
        if len(self.axes) == 1:
            self.line_ = ax.plot(self.axes[0], self.density, **kwargs)[0]
            ax.set_ylabel("density")
            ax.set_ylim(bottom=0)
            return self
        ax.set_ylabel(self.feature_names[1])
        levels, first = np.unique(self.levels, return_index=True)
        shares = self.mass[first]
        if not {"colors", "cmap"} & kwargs.keys():
            kwargs["cmap"] = "viridis"
        self.contour_ = ax.contour(*self.axes, self.density.T, levels=levels, **kwargs)
        text = {
            level: f"{100 * share:g} %"
            for level, share in zip(self.contour_.levels, shares, strict=True)
        }
        ax.clabel(self.contour_, fmt=text)
        ax.set_title("Smallest regions that hold a share of the mass")
        return self
