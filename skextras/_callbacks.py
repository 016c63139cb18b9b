"""Progress of long fits: scikit-learn's callbacks, and a stand-in before 1.9."""

from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec

from skextras._parallel import Shared

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in: no callbacks, the same calls."""

        def _init_callback_context(self, **_):
            return None


_LEAST_TASKS = 50  # tasks that are announced: each is a share of the work


def announced(fit):
    """Decorate ``fit``: announce one that had nothing to do, too."""

    @wraps(fit)
    def wrapper(self, X, *args, **kwargs):
        result = fit(self, X, *args, **kwargs)
        if not hasattr(self, "_callback_fit_ctx"):
            with fit_progress(self, X, max_steps=1):
                pass
        return result

    return wrapper


def with_bars(fit):
    """Decorate ``fit``: show progress bars as text where they cannot move."""

    @wraps(fit)
    def wrapper(self, *args, **kwargs):
        if not getattr(self, "_skl_callbacks", None) or _shows_bars():
            return fit(self, *args, **kwargs)
        with _as_text():
            return fit(self, *args, **kwargs)

    return wrapper


def _shows_bars():
    """Tell if rich, which draws the bars, can move them here.

    In a notebook it needs ipywidgets, and otherwise asks to install them, once for each
    update, instead of drawing.
    """
    return find_spec("rich") is None or find_spec("ipywidgets") is not None


@contextmanager
def _plain_console():
    from rich import get_console

    console = get_console()
    before, console.is_jupyter = console.is_jupyter, False
    try:
        yield
    finally:
        console.is_jupyter = before


#: Lets rich write the final bar as a line of text, as it does to a file.
_as_text = Shared(_plain_console)


@contextmanager
def fit_progress(estimator, X, *, max_steps):
    """Announce a fit of ``max_steps`` equal steps to the callbacks; give ``Steps``.

    Steps beyond these are not announced, and where there are fewer, the end makes up
    for them: the tasks that callbacks see are as many as was said. A fit that fails or
    is interrupted ends without an end hook, as in scikit-learn.
    """
    max_steps = int(max_steps)
    n_tasks = max_steps * -(-_LEAST_TASKS // max_steps)
    root = estimator._init_callback_context(max_subtasks=n_tasks)
    if root is None:
        yield unseen
        return
    root.call_on_fit_task_begin(estimator=estimator, X=X)
    tasks = _Tasks(root, estimator, X, n_tasks)
    yield Steps(tasks, 0.0, 1.0, lambda k: min(k / max_steps, 1.0))
    tasks.reach(1.0)
    root.call_on_fit_task_end(estimator=estimator, X=X)


class Steps:
    """A part of a fit, made of steps of which each can be such a part itself.

    ``with step():`` stands around one. In ``with step(expected) as inner:``, the step
    is made of an unknown number of others, about ``expected``: the first k of them are
    k / (k + expected) of it. ``reach(share)`` tells that a share of the part is done.
    """

    def __init__(self, tasks, low, high, share):
        self.tasks, self.low, self.high, self.share = tasks, low, high, share
        self.n_done = 0

    @contextmanager
    def __call__(self, expected=1):
        """Enter the next step."""
        low, high = (self._place(self.share(self.n_done + k)) for k in (0, 1))
        self.tasks.begin()
        yield Steps(self.tasks, low, high, lambda k: k / (k + expected))
        self.n_done += 1
        self.tasks.reach(high)

    def reach(self, share):
        """Tell that ``share`` of this part is done; less than before does nothing."""
        self.tasks.reach(self._place(share))

    def _place(self, share):
        return self.low + share * (self.high - self.low)


class _Tasks:
    """The tasks that callbacks see, each begun and ended once."""

    def __init__(self, root, estimator, X, n_tasks):
        self.root, self.n_tasks, self.n_made, self.task = root, n_tasks, 0, None
        self.args = {"estimator": estimator, "X": X}

    def begin(self):
        """Begin a task unless one is under way or all were made."""
        if self.task is None and self.n_made < self.n_tasks:
            self.task = self.root.subcontext(task_name="part")
            self.task.call_on_fit_task_begin(**self.args)

    def reach(self, share):
        """End as many tasks as ``share`` of the fit stands for."""
        goal = int(share * self.n_tasks + 1e-6)
        while self.n_made < goal:
            self.begin()
            self.task.call_on_fit_task_end(**self.args)
            self.task = None
            self.n_made += 1


class _Unseen:
    """Steps that nobody follows, and all their parts."""

    def __call__(self, expected=1):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def reach(self, share):
        """Tell nobody."""


#: Steps that nobody follows.
unseen = _Unseen()

__all__ = [
    "CallbackSupportMixin",
    "Steps",
    "announced",
    "fit_progress",
    "unseen",
    "with_bars",
]
