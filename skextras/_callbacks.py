"""Progress of long fits: scikit-learn's callbacks, and a stand-in before 1.9."""

from contextlib import contextmanager

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Stand-in: no callbacks, the same calls."""

        def _init_callback_context(self, **_):
            return None

    def with_callbacks(method):
        """Return ``method`` as it is."""
        return method


@contextmanager
def fit_progress(estimator, X, *, max_steps):
    """Announce a fit to the estimator's callbacks; give ``step`` for its parts.

    ``with step():`` around each of at most ``max_steps`` parts moves a progress bar on.
    A fit that fails or is interrupted ends without an end hook, as in scikit-learn.
    """
    root = estimator._init_callback_context(max_subtasks=max_steps)

    @contextmanager
    def step():
        if root is None:
            yield
            return
        part = root.subcontext(task_name="pass")
        part.call_on_fit_task_begin(estimator=estimator, X=X)
        yield
        part.call_on_fit_task_end(estimator=estimator, X=X)

    if root is not None:
        root.call_on_fit_task_begin(estimator=estimator, X=X)
    yield step
    if root is not None:
        root.call_on_fit_task_end(estimator=estimator, X=X)


__all__ = ["CallbackSupportMixin", "fit_progress", "with_callbacks"]
