"""Time a family beside its peers: ``python benchmarks/run.py FAMILY [--data DIR]``.

Every contestant of a problem gets the same data and the same start. All run once, to
compile and to compare the objectives; then all take turns, and the medians are printed.
In its turn, a contestant that takes less than a second runs once untimed and then once
timed: what is timed does not depend on who ran before (a virtual machine may take back
memory that was freed, and be slow to return it). The ratio is the peer's median over
ours: above 1, we are faster.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(__file__).resolve().parent


class Contestant(NamedTuple):
    """A call to time, and how far its objective may be from that of the first one."""

    name: str
    call: Callable
    #: Relative difference allowed; None if the objective is another one.
    tolerance: float | None = 1e-6


class Problem(NamedTuple):
    """The first contestant is ours; ``objective`` maps a result to a number."""

    name: str
    contestants: list
    objective: Callable


def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def compare(problem, repeats):
    """Assert equal objectives, then yield one row per contestant."""
    objectives, is_quick = [], []
    for contestant in problem.contestants:
        if contestant.name.startswith("skextras"):
            contestant.call()  # compiles
        seconds, result = timed(contestant.call)
        is_quick.append(seconds < 1)
        objectives.append(problem.objective(result))
        if contestant.tolerance is not None:
            np.testing.assert_allclose(
                objectives[-1],
                objectives[0],
                rtol=contestant.tolerance,
                err_msg=f"{problem.name}: {contestant.name}",
            )
    times = [[] for _ in problem.contestants]
    for _ in range(repeats):
        for place, contestant in enumerate(problem.contestants):
            if is_quick[place]:
                contestant.call()
            times[place].append(timed(contestant.call)[0])
    medians = np.median(times, axis=1)
    for contestant, median, objective in zip(
        problem.contestants, medians, objectives, strict=True
    ):
        yield contestant.name, median, median / medians[0], objective


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", help="a file in this folder, without .py")
    parser.add_argument("--data", type=Path, help="folder of .npz files with X and y")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="problems whose name contains this")
    args = parser.parse_args()
    sys.path.insert(0, str(FOLDER))
    family = importlib.import_module(args.family)
    print(f"{os.cpu_count()} processors; median of {args.repeats} interleaved runs")
    print(f"{'problem':32}{'contestant':30}{'seconds':>9}{'ratio':>8}  objective")
    for problem in family.problems(args.data):
        if args.only not in problem.name:
            continue
        for row, (name, seconds, ratio, objective) in enumerate(
            compare(problem, args.repeats)
        ):
            title = problem.name if row == 0 else ""
            times = "" if row == 0 else f"{ratio:.2f}x"
            print(
                f"{title:32}{name:30}{seconds:9.4f}{times:>8}  {objective:.6g}",
                flush=True,
            )


if __name__ == "__main__":
    main()
