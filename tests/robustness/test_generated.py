"""Two hundred generated cases of every public estimator and function.

``make fuzz`` runs many more, and ``python -m tests.robustness.fuzz --case`` one alone.
"""

import pytest

from tests.problems import JIT
from tests.robustness.runner import run_case
from tests.robustness.targets import TARGETS

CASES = 200 if JIT else 20


@pytest.mark.parametrize("name", TARGETS)
def test_generated_cases(name):
    if name == "MedoidPathDisplay":
        pytest.importorskip("matplotlib")
    faults, n_ok = [], 0
    for seed in range(CASES):
        report = run_case(TARGETS[name], name, seed)
        n_ok += report.outcome == "ok"
        faults += [
            f"--case {name} {seed}: {kind}: {detail} [{report.text}]"
            for kind, detail in report.findings
        ]
    assert not faults, "python -m tests.robustness.fuzz\n" + "\n".join(faults)
    assert n_ok > CASES / 4, "most of the cases are refused: little is checked"
