"""Run many cases, print what was found: ``python -m tests.robustness.fuzz --help``.

Cases run in processes of their own. One that takes too long, or brings its process
down, is a finding too, with the traceback of where it was.
"""

import argparse
import collections
import faulthandler
import json
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

LIMIT = 60  # seconds of the processor that a case may take, compilation included
LONGEST = 900  # seconds of the clock, should it wait for nothing
BATCH = 100  # cases of one process


def work(name, start, stop):
    """Run cases and print each report as a line of JSON, the case first."""
    from tests.robustness.runner import run_case
    from tests.robustness.targets import TARGETS

    if name not in TARGETS:
        sys.exit(f"no target {name!r}: one of {', '.join(TARGETS)}")
    faulthandler.register(signal.SIGPROF, chain=True)  # then it ends the process
    for seed in range(start, stop):
        signal.setitimer(signal.ITIMER_PROF, LIMIT)
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        print(json.dumps({"seed": seed}), flush=True)
        begin = time.perf_counter()
        try:
            report = run_case(TARGETS[name], name, seed)._asdict()
        except Exception:
            fault = ["the tool failed", traceback.format_exc()[-600:]]
            report = {"outcome": "?", "findings": [fault], "text": ""}
        report.update(seed=seed, seconds=time.perf_counter() - begin)
        print(json.dumps(report), flush=True)
        faulthandler.cancel_dump_traceback_later()


def collect(name, start, stop):
    """Run cases in processes; yield their reports."""
    while start < stop:
        seed = None
        with tempfile.TemporaryFile("w+") as errors:
            command = [sys.executable, "-m", __spec__.name]
            command += ["--worker", name, str(start), str(stop)]
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as run:
                for line in run.stdout:
                    report = json.loads(line)
                    seed = report["seed"]
                    if "outcome" in report:
                        yield report
            errors.seek(0)
            trace = errors.read()
        if run.returncode == 0:
            return
        if seed is None:
            raise RuntimeError(trace[-2000:])
        is_late = "Timeout" in trace or run.returncode == -signal.SIGPROF
        kind = "takes too long" if is_late else f"exit {run.returncode}"
        finding = [f"{kind}: {_place(trace)}", trace[-600:]]
        yield {"seed": seed, "outcome": "?", "findings": [finding], "text": "",
               "seconds": LIMIT}  # fmt: skip
        start = seed + 1


def _place(trace):
    """Return the innermost line of our own in a traceback of faulthandler."""
    lines = [line.strip() for line in trace.splitlines() if "skextras" in line]
    return lines[0].rsplit("/", 1)[-1] if lines else "unknown"


def table(reports):
    """Print a line for each target and each kind of finding; return their number."""
    total = 0
    line = "{:28} {:>7} {:>7} {:>9} {:>9} {:>9}"
    print(line.format("target", "cases", "ok", "refused", "findings", "ms/case"))
    for name, some in reports.items():
        outcomes = collections.Counter(report["outcome"] for report in some)
        found = sum(bool(report["findings"]) for report in some)
        seconds = sum(report["seconds"] for report in some)
        mean = f"{1e3 * seconds / max(len(some), 1):.0f}"
        parts = outcomes["ok"], outcomes["refused"], found, mean
        print(line.format(name, len(some), *parts))
        total += found
    kinds = collections.defaultdict(list)
    for name, some in reports.items():
        for report in some:
            for kind, detail in report["findings"]:
                kinds[name, kind].append((report["seed"], detail, report["text"]))
    for (name, kind), some in sorted(kinds.items()):
        seed, detail, text = some[0]
        seeds = " ".join(str(each[0]) for each in some[:6])
        print(f"\n{name}: {kind} ({len(some)} cases: {seeds})")
        print(f"    {detail}\n    {text}")
        print(f"    python -m tests.robustness.fuzz --case {name} {seed}")
    return total


def main():
    """Run the cases asked for; return how many have findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="all without names")
    parser.add_argument("--cases", type=int, default=20_000, help="in all")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--minutes", type=float, help="begin nothing after that")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--case", nargs=2, metavar=("TARGET", "SEED"))
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        name, start, stop = args.worker
        work(name, int(start), int(stop))
        return 0
    if args.case:
        name, seed = args.case
        reports = {name: list(collect(name, int(seed), int(seed) + 1))}
        print(reports[name][0]["text"])
        return table(reports)
    from tests.robustness.targets import TARGETS

    names = args.targets or list(TARGETS)
    each = -(-args.cases // len(names))
    end = time.monotonic() + 60 * (args.minutes or 1e6)
    reports = {name: [] for name in names}

    def task(name, start):
        if time.monotonic() < end:
            stop = min(start + BATCH, args.first + each)
            for report in collect(name, start, stop):
                reports[name].append(report)
                for kind, detail in report["findings"]:
                    place = f"--case {name} {report['seed']}"
                    print(f"{place}: {kind}: {detail}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(args.jobs) as pool:
        starts = range(args.first, args.first + each, BATCH)
        jobs = [pool.submit(task, name, start) for start in starts for name in names]
        for job in jobs:
            job.result()
    found = table(reports)
    print(f"\n{sum(map(len, reports.values()))} cases, {found} with findings")
    return found


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
