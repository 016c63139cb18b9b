"""What may be raised and warned of, and how it must read."""

import re
import traceback
from pathlib import Path
from typing import NamedTuple

from sklearn.utils._param_validation import InvalidParameterError

import skextras

REFUSALS = (ValueError, TypeError, MemoryError, InvalidParameterError)
LONGEST = 600  # characters of a message
PACKAGE = Path(skextras.__file__).parent
#: Where scikit-learn words the refusal of an array or of a parameter.
_WORDED_BY = ("sklearn/utils/validation.py", "sklearn/utils/_param_validation.py")


class Finding(NamedTuple):
    """What does not hold: a kind, by which findings are counted, and the detail."""

    kind: str
    detail: str


def short(value, size=160):
    text = str(value) if isinstance(value, Exception) else repr(value)
    return re.sub(r"\s+", " ", text)[:size]


def _is_worded(path):
    """Tell whether the message is one of scikit-learn's checks, or of matplotlib."""
    return path.endswith(_WORDED_BY) or "/matplotlib/" in path


def of_error(error, names):
    """Yield what is wrong with an exception: its type or its message."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    last = f"{own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].name}" if own else "?"
    kind, text = f"{type(error).__name__} from {last}", str(error)
    if type(error) not in REFUSALS:
        yield Finding(f"raw {kind}", short(error))
    elif any(_is_worded(frame.filename) for frame in frames):
        if len(text) > 3 * LONGEST:
            yield Finding(f"long {kind}", f"{len(text)} characters")
    elif not own or frames[-1] is not own[-1]:
        yield Finding(f"raw {kind}", short(error))
    else:
        names = [*names, "X", "n_samples", "labels", "distances", "bandwidth", "y"]
        if len(text) > LONGEST:
            yield Finding(f"long {kind}", f"{len(text)} characters")
        if "\n" in text or not text.endswith("."):
            yield Finding(f"no sentence: {kind}", short(error))
        if not any(re.search(rf"\b{name}\b", text) for name in names):
            yield Finding(f"no name: {kind}", short(error))


def of_warnings(caught):
    """Yield warnings that are not scikit-learn's, nor plain ones for users."""
    for each in caught:
        kind = each.category
        is_ours = kind.__module__.startswith("skextras.")
        if kind is UserWarning or is_ours or kind.__module__ == "sklearn.exceptions":
            if len(str(each.message)) > LONGEST:
                yield Finding(f"long {kind.__name__}", f"{len(str(each.message))}")
            continue
        place = f"{each.filename.rsplit('/', 1)[-1]}:{each.lineno}"
        yield Finding(f"{kind.__name__} at {place}", short(each.message))
