"""A picture of losses and medoid silhouettes against the number of clusters."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skextras._validation import in_words


class MedoidPathDisplay:
    """Average medoid silhouette, and the loss, against the number of clusters.

    Make it by :meth:`from_path` or :meth:`from_estimator`. It needs matplotlib.

    Read more in the :ref:`User Guide <medoid_silhouette>`.

    Parameters
    ----------
    n_clusters : ndarray of shape (n_path,)
        Numbers of clusters.
    medoid_silhouette : ndarray of shape (n_path,)
        Average medoid silhouette of each.
    loss : ndarray of shape (n_path,), default=None
        Loss of each; None to leave it out.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the medoid silhouette.
    loss_ax_ : matplotlib Axes or None
        Axes of the loss: the same, with a scale at the right.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : matplotlib Line2D
        Line of the medoid silhouette.
    loss_line_ : matplotlib Line2D or None
        Line of the loss.

    See Also
    --------
    k_path : Find medoids for many numbers of clusters.
    MedoidSilhouette : Choose medoids by their average medoid silhouette.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skextras.cluster import MedoidPathDisplay, k_path
    >>> X, _ = load_iris(return_X_y=True)
    >>> path = k_path(X, range(2, 8), random_state=0)
    >>> display = MedoidPathDisplay.from_path(path)  # doctest: +SKIP
    """

    def __init__(self, *, n_clusters, medoid_silhouette, loss=None):
        self.n_clusters = n_clusters
        self.medoid_silhouette = medoid_silhouette
        self.loss = loss

    @classmethod
    def from_path(cls, path, *, ax=None, line_kw=None, loss_kw=None):
        """Draw the result of :func:`k_path`.

        Parameters
        ----------
        path : MedoidPath
            The result.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        line_kw : dict, default=None
            Keyword arguments for the line of the medoid silhouette.
        loss_kw : dict, default=None
            Keyword arguments for the line of the loss.

        Returns
        -------
        display : MedoidPathDisplay
            The display, drawn.
        """
        display = cls(
            n_clusters=path.n_clusters,
            medoid_silhouette=path.medoid_silhouette,
            loss=path.loss,
        )
        return display.plot(ax, line_kw=line_kw, loss_kw=loss_kw)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, line_kw=None):
        """Draw the numbers of clusters that a :class:`MedoidSilhouette` has tried.

        Parameters
        ----------
        estimator : MedoidSilhouette
            A fitted estimator.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        line_kw : dict, default=None
            Keyword arguments for the line of the medoid silhouette.

        Returns
        -------
        display : MedoidPathDisplay
            The display, drawn.
        """
        check_is_fitted(estimator)
        display = cls(
            n_clusters=estimator.n_clusters_path_,
            medoid_silhouette=estimator.medoid_silhouette_path_,
        )
        return display.plot(ax, line_kw=line_kw)

    @np.errstate(over="ignore")  # matplotlib subtracts the limits of huge losses
    def plot(self, ax=None, *, line_kw=None, loss_kw=None):
        """Draw the lines, and a ring around the largest medoid silhouette.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        line_kw : dict, default=None
            Keyword arguments for the line of the medoid silhouette.
        loss_kw : dict, default=None
            Keyword arguments for the line of the loss.

        Returns
        -------
        display : MedoidPathDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.loss_ax_ = self.loss_line_ = None
        for name, value in (("line_kw", line_kw), ("loss_kw", loss_kw)):
            if not isinstance(value, dict | None):
                raise TypeError(f"{name} must be a dict, got {in_words(value)}.")
        style = {"color": "#0072b2", "marker": "o", **(line_kw or {})}
        (self.line_,) = ax.plot(self.n_clusters, self.medoid_silhouette, **style)
        color = self.line_.get_color()
        if np.isfinite(self.medoid_silhouette).any():
            best = np.nanargmax(self.medoid_silhouette)
            ring = {"s": 150, "facecolors": "none", "edgecolors": color}
            ax.scatter(self.n_clusters[best], self.medoid_silhouette[best], **ring)
        ax.set_xlabel("number of clusters")
        ax.set_ylabel("average medoid silhouette", color=color)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if self.loss is not None:
            self.loss_ax_ = ax.twinx()
            style = {"color": "#d55e00", "linestyle": "--", **(loss_kw or {})}
            (self.loss_line_,) = self.loss_ax_.plot(self.n_clusters, self.loss, **style)
            self.loss_ax_.set_ylabel("loss", color=self.loss_line_.get_color())
        return self
