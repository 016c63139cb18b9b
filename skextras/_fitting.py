"""What surrounds every fit: undo, callbacks and checked parameters; warnings."""

import sys
import warnings
from functools import wraps

from skextras._callbacks import announced, with_bars
from skextras._validation import _fit_context, refuse_booleans

#: Packages whose lines are not the user's; contextlib runs their decorators.
_INSIDE = {"skextras", "sklearn", "joblib", "contextlib"}


_LONGEST = 1000  # characters of a message


def warn(message, category=UserWarning):
    """Warn at the user's line: that of the first frame outside ours and scikit-learn's.

    Python shows a warning once per line, so two estimators on two lines both warn.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inside(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE


def fit_method(method):
    """Decorate ``fit``: check the parameters, serve the callbacks, undo a failure."""
    context = _fit_context(prefer_skip_nested_validation=True)
    return _all_or_nothing(with_bars(context(announced(method))))


def _shorten(error):
    """Cut a message that holds a long value, as scikit-learn's of parameters may."""
    text = error.args[0] if len(error.args) == 1 else None
    if isinstance(text, str) and len(text) > _LONGEST:
        half = _LONGEST // 2 - 5
        error.args = (f"{text[:half]} ... {text[-half:]}",)


def _all_or_nothing(method):
    """Undo what a failed or interrupted ``fit`` has set on its estimator."""

    @wraps(method)
    def wrapper(self, *args, **kwargs):
        before = dict(vars(self))
        refuse_booleans(self, type(self).__name__)
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            vars(self).clear()
            vars(self).update(before)
            _shorten(error)
            raise

    return wrapper
