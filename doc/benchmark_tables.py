"""Directives that show what ``benchmarks/run.py --json`` wrote.

``.. benchmark:: FAMILY`` makes a table of ``benchmarks/results/FAMILY.json``. Options:

``:problems:``
    Which problems, as a pattern (``FasterPAM*``); all by default.
``:cells:``
    A row for each problem and a column for each contestant. Cells hold this measure:
    "ratio" (the default, beside the seconds of the first contestant), "excess" (of the
    objective, over that of the first contestant), or the name of another one.
``:measures:``
    A row for each problem and contestant instead, and a column for each of these: where
    there are many contestants.

``.. benchmark-runs::`` lists when, where and with what all families were run.
"""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"


class Benchmark(SphinxDirective):
    required_arguments = 1
    option_spec: ClassVar = {
        "problems": directives.unchanged_required,
        "cells": directives.unchanged_required,
        "measures": directives.unchanged_required,
    }

    def run(self):
        path = RESULTS / f"{self.arguments[0]}.json"
        if not path.exists():
            command = f"python benchmarks/run.py {path.stem} --json"
            return self.parse_text_to_nodes(f"*Not measured yet:* ``{command}``.")
        self.env.note_dependency(str(path))
        pattern = self.options.get("problems", "*")
        problems = [
            (entry["problem"], [row for row in entry["rows"] if "missing" not in row])
            for entry in json.loads(path.read_text())["problems"]
            if fnmatchcase(entry["problem"], pattern)
        ]
        if not problems:
            raise self.error(f"no problem in {path.name} is named {pattern}")
        if "measures" in self.options:
            lines = by_contestant(problems, self.options["measures"].split())
        else:
            lines = by_problem(problems, self.options.get("cells", "ratio"))
        return self.parse_text_to_nodes(list_table(lines))


class Runs(SphinxDirective):
    def run(self):
        lines = [["family", "date", "where", "with", "command"]]
        for path in sorted(RESULTS.glob("*.json")):
            self.env.note_dependency(str(path))
            record = json.loads(path.read_text())
            versions = ", ".join(f"{n} {v}" for n, v in record["versions"].items())
            where = f"{record['processor']}, {record['processors']} processors"
            where += f", BLAS on {count(record['blas_threads'], 'thread')}"
            if (record["load"] or 0) > record["processors"]:
                where += f", busy with other work: load {record['load']:.0f}"
            command = f"``{record['command']}``"
            line = [record["family"], record["date"], where, versions]
            lines.append([*map(escaped, line), command])
        text = list_table(lines) if len(lines) > 1 else "*Not measured yet.*"
        return self.parse_text_to_nodes(text)


def by_problem(problems, measure):
    """Return the lines of a table with a column for each contestant."""
    names = list(dict.fromkeys(r["contestant"] for _, rows in problems for r in rows))
    first = problems[0][1][0]["contestant"]
    is_ratio = measure == "ratio"
    if is_ratio or measure == "excess":
        names.remove(first)
    head = ["", *([f"{first}, seconds"] if is_ratio else []), *names]
    lines = [[escaped(name) for name in head]]
    for problem, rows in problems:
        found = {row["contestant"]: shown(row, measure, rows[0]) for row in rows}
        ours = [shown(rows[0], "seconds")] if is_ratio else []
        lines.append([escaped(problem), *ours, *(found.get(n, "") for n in names)])
    return lines


def by_contestant(problems, measures):
    """Return the lines of a table with a column for each measure."""
    heads = {"excess": "above", "gigabytes": "GB"}
    lines = [["", "", *(heads.get(measure, measure) for measure in measures)]]
    for problem, rows in problems:
        for row in rows:
            names = (
                escaped(problem if row is rows[0] else ""),
                escaped(row["contestant"]),
            )
            cells = (shown(row, measure, rows[0]) for measure in measures)
            lines.append([*names, *cells])
    return lines


def shown(row, measure, first=None):
    """Write a number as a reader wants it, '' where there is none."""
    if measure in ("ratio", "excess") and row is first:
        return ""
    if measure == "excess":
        return f"{row['objective'] / first['objective'] - 1:.1%}".replace("%", " %")
    value = row.get(measure)
    if value is None:
        return ""
    if measure == "ratio":
        return f"{digits(value, 2)}x"
    if measure == "objective":
        return f"{value:.6g}" if value < 1e6 else f"{value / 1e6:.2f} million"
    if measure == "gigabytes":
        return f"{value:.1f}"
    return f"{value:.3f}" if measure == "error" else digits(value, 2)


def digits(value, n):
    """Round to ``n`` significant digits, without an exponent."""
    rounded = float(f"{value:.{n}g}")
    return (
        f"{rounded:.0f}" if rounded >= 10 else f"{rounded:.10f}".rstrip("0").rstrip(".")
    )


def count(number, noun):
    return f"{number} {noun}" + ("" if number == 1 else "s")


def escaped(text):
    """Keep reStructuredText from reading marks in a name, and "k = 5" in one line."""
    return re.sub(r"([*`_|\\])", r"\\\1", text).replace(
        " = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
    )


def list_table(lines):
    """Return a table whose first line is its head."""
    out = [".. list-table::", "   :header-rows: 1", "   :class: benchmark", ""]
    for line in lines:
        for place, cell in enumerate(line):
            out.append(f"   {'* -' if place == 0 else '  -'} {cell}".rstrip())
    return "\n".join(out) + "\n"


def setup(app):
    app.add_directive("benchmark", Benchmark)
    app.add_directive("benchmark-runs", Runs)
    return {"parallel_read_safe": True, "version": "1"}
