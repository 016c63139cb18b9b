"""Time a family beside its peers: ``python benchmarks/run.py FAMILY [--json]``.

A family is a module of this folder with a function ``problems(data, smoke)``. It yields
objects with a ``name`` and a method ``run(repeats)``, which returns a row, a dict of
measures, for each contestant: see ``contest.Problem``. ``data`` is None or a folder of
.npz files; with ``smoke``, everything is tiny.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

from threadpoolctl import threadpool_info, threadpool_limits  # noqa: E402

from benchmarks.contest import installed  # noqa: E402

RESULTS = FOLDER / "results"
FAMILIES = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if path.stem not in ("__init__", "contest", "run")
)
#: Their versions are part of every result, beside those that contestants need.
PACKAGES = ("numpy", "scipy", "scikit-learn", "numba")


def main(argv=None):
    args = parse(argv)
    if args.family == "all":
        run_all(sys.argv[1:] if argv is None else argv)
        return
    family = importlib.import_module(f"benchmarks.{args.family}")
    record = describe(args)
    print(f"{args.family}: {record['processor']}, medians of {args.repeats} runs")
    print(f"{'problem':38}{'contestant':34}{'seconds':>9}{'ratio':>10}  objective")
    start = time.perf_counter()
    with threadpool_limits(getattr(family, "BLAS_THREADS", None), user_api="blas"):
        record["blas_threads"] = max(
            [pool["num_threads"] for pool in threadpool_info()], default=1
        )
        for problem in family.problems(args.data, args.smoke):
            if args.only in problem.name:
                rows = problem.run(args.repeats)
                show(problem.name, rows)
                record["problems"].append({"problem": problem.name, "rows": rows})
                record["versions"].update(versions(problem))
    record["minutes"] = (time.perf_counter() - start) / 60
    if args.json:
        args.json.mkdir(parents=True, exist_ok=True)
        text = json.dumps(short(record), indent=1) + "\n"
        (args.json / f"{args.family}.json").write_text(text)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", choices=[*FAMILIES, "all"])
    parser.add_argument("--data", type=Path, help="folder of .npz files with X and y")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="problems whose name contains this")
    parser.add_argument("--smoke", action="store_true", help="tiny data, one repeat")
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=RESULTS,
        metavar="DIR",
        help="write DIR/FAMILY.json; DIR is benchmarks/results by default",
    )
    args = parser.parse_args(argv)
    if args.json == RESULTS and (args.smoke or args.only):
        parser.error("benchmarks/results holds whole runs: give --json another DIR")
    if args.smoke:
        args.repeats = 1
    return args


def run_all(argv):
    """Run every family in a process of its own, and name those that failed."""
    failed = []
    for name in FAMILIES:
        rest = [name if word == "all" else word for word in argv]
        if subprocess.run([sys.executable, __file__, *rest]).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def describe(args):
    """Tell on what, and with what, a run is made; no path of the machine."""
    import skextras

    command = f"python benchmarks/run.py {args.family} --repeats {args.repeats}"
    return {
        "family": args.family,
        "date": datetime.now(UTC).date().isoformat(),
        "command": command + (" --data DIR" if args.data else ""),
        "smoke": args.smoke,
        "repeats": args.repeats,
        "processor": processor(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": {
            "skextras": skextras.__version__,
            "python": platform.python_version(),
            **{name: installed(name) for name in PACKAGES},
        },
        "problems": [],
    }


def versions(problem):
    """Return the versions of the packages that contestants are made of."""
    names = {n for c in getattr(problem, "contestants", ()) for n in c.needs}
    return {name: installed(name) for name in sorted(names) if installed(name)}


def processor():
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.processor() or platform.machine()


def show(name, rows):
    """Print a line for each contestant."""
    for place, row in enumerate(rows):
        line = f"{name if place == 0 else '':38}{row['contestant']:34}"
        if "missing" in row:
            print(f"{line}left out: {row['missing']} is not installed", flush=True)
            continue
        seconds = f"{row['seconds']:.4f}" if "seconds" in row else ""
        ratio = f"{row['ratio']:.2f}x" if place and "ratio" in row else ""
        objective = f"{row['objective']:.6g}" if "objective" in row else ""
        others = "".join(
            f"  {key} {value:.4g}"
            for key, value in row.items()
            if key not in ("contestant", "times", "seconds", "ratio", "objective")
        )
        print(f"{line}{seconds:>9}{ratio:>10}  {objective}{others}", flush=True)


def short(thing):
    """Round all numbers to eight digits."""
    if isinstance(thing, dict):
        return {key: short(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [short(value) for value in thing]
    return float(f"{thing:.8g}") if isinstance(thing, float) else thing


if __name__ == "__main__":
    main()
