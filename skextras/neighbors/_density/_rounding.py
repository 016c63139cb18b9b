"""Values that were rounded: to which unit."""

import numpy as np

_TIED = 0.1  # share of the samples that are equal to another one


def rounding_unit(x, weight):
    """Return the unit to which the values were rounded, or 0 if they were not.

    Where many values are equal, it is the least step between them, if all steps are
    multiples of it.
    """
    values = np.unique(x)
    if len(values) < 2 or len(values) > (1 - _TIED) * np.count_nonzero(weight):
        return 0.0
    steps = np.diff(values)
    noise = 64 * np.finfo(np.float64).eps * max(abs(values[0]), abs(values[-1]))
    steps = steps[steps > noise]
    if len(steps) == 0:
        return 0.0
    unit = float(steps.min())
    counts = np.round(steps / unit)
    unit = float(steps.sum() / counts.sum())
    is_whole = abs(steps - counts * unit) <= 1e-6 * unit + noise
    return unit if is_whole.all() else 0.0
