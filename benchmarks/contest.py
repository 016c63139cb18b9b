"""Contestants that solve one problem: equal objectives first, then times in turns.

Every contestant of a problem gets the same data and the same start. All run once, to
compile and to compare the objectives; then all take turns, and the median of the times
counts. In its turn, a contestant that takes less than a second runs once untimed and
then once timed: what is timed does not depend on who ran before (a virtual machine may
take back memory that was freed, and be slow to return it). The first run of a
contestant that takes more than ``LONG`` seconds is its only one.
"""

import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np

QUICK, LONG = 1.0, 10.0


class Contestant(NamedTuple):
    """A call to time, and how far its objective may be from that of the first one."""

    name: str
    call: Callable
    #: Relative difference allowed; None if the objective is another one.
    tolerance: float | None = 1e-6
    #: Packages it is made of, by their names in a registry; none if it is ours.
    needs: tuple = ()


class Problem(NamedTuple):
    """The first contestant is ours; ``objective`` maps a result to a number."""

    name: str
    contestants: list
    objective: Callable = float

    def run(self, repeats):
        """Return a row of results, a dict, for each contestant.

        ``ratio`` is the median of the times over that of the first contestant: above 1,
        the first is faster.
        """
        rows = []
        for contestant in self.contestants:
            rows.append(self._first_run(contestant, rows))
        turns = [
            (row, contestant.call, row["seconds"] < QUICK)
            for row, contestant in zip(rows, self.contestants, strict=True)
            if "missing" not in row
        ]
        for _ in range(repeats):
            for row, call, is_quick in turns:
                if row["seconds"] <= LONG:
                    if is_quick:
                        call()
                    row["times"].append(timed(call)[0])
        for row, _, _ in turns:
            row["times"] = row["times"] or [row["seconds"]]
            row["seconds"] = float(np.median(row["times"]))
            row["ratio"] = row["seconds"] / rows[0]["seconds"]
        return rows

    def _first_run(self, contestant, before):
        """Compile, time once, and compare the objective with that of the first."""
        row = {"contestant": contestant.name}
        missing = [name for name in contestant.needs if installed(name) is None]
        if missing:
            return {**row, "missing": missing[0]}
        if not contestant.needs:
            contestant.call()  # compiles
        row["seconds"], result = timed(contestant.call)
        row["objective"] = float(self.objective(result))
        if before and contestant.tolerance is not None:
            np.testing.assert_allclose(
                row["objective"],
                before[0]["objective"],
                rtol=contestant.tolerance,
                err_msg=f"{self.name}: {contestant.name}",
            )
        return {**row, "times": []}


def installed(package):
    """Return the version of a package, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def spaced(number):
    """Write a large number as these names do: 100 000."""
    return f"{number:,}".replace(",", " ")
