"""Write golden.json: what the package kmedoids (Rust, GPL-3) finds.

Run ``python -m tests.golden.make_golden`` in an environment with the ``bench`` extra.
FasterPAM starts at the first points and tries candidates in their natural order.
"""

import json
from importlib.metadata import version
from itertools import product
from pathlib import Path

import kmedoids
import numpy as np

from tests.golden.problems import distances

FILE = Path(__file__).with_name("golden.json")


def main():
    cases = []
    problems = product(["digits", "residues"], ["float32", "float64"], [2, 10, 40])
    for name, dtype, k in problems:
        matrix = distances(name, dtype)
        swap = kmedoids.fasterpam(matrix, np.arange(k), max_iter=100, n_cpu=1)
        build = kmedoids.pam_build(matrix, k)
        case = {
            "problem": {"name": name, "dtype": dtype},
            "fasterpam": {
                "medoid_indices": swap.medoids.tolist(),
                "loss": swap.loss,
                "n_iter": swap.n_iter,
                "n_swap": swap.n_swap,
            },
            "build": {"medoid_indices": build.medoids.tolist(), "loss": build.loss},
        }
        cases.append(case)
    lines = ",\n".join(json.dumps(case) for case in cases)
    peer = f"kmedoids {version('kmedoids')}"
    FILE.write_text(f'{{"peer": "{peer}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
