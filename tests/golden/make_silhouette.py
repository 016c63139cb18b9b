"""Write silhouette.json: what the package kmedoids (Rust, GPL-3) finds.

Run ``python -m tests.golden.make_silhouette`` in an environment with the ``bench``
extra. All searches start at the first points and try candidates in natural order.
"""

import json
from importlib.metadata import version
from itertools import product
from pathlib import Path

import kmedoids
import numpy as np

from tests.golden.problems import distances

FILE = Path(__file__).with_name("silhouette.json")


def main():
    cases = []
    for name, dtype in product(["digits", "residues"], ["float32", "float64"]):
        matrix = distances(name, dtype)
        down = kmedoids.dynmsc(matrix, np.arange(15), minimum_k=2, max_iter=100)
        case = {
            "problem": {"name": name, "dtype": dtype},
            "fastermsc": [],
            "dynmsc": {
                "n_clusters": [int(k) for k in down.rangek],
                "values": [float(value) for value in down.losses],
            },
        }
        for k in (2, 3, 10, 40):
            swap = kmedoids.fastermsc(matrix, np.arange(k), max_iter=100)
            value, samples = kmedoids.medoid_silhouette(matrix, swap.medoids, True)
            case["fastermsc"].append(
                {
                    "medoid_indices": swap.medoids.tolist(),
                    "value": swap.loss,
                    "n_iter": swap.n_iter,
                    "n_swap": swap.n_swap,
                    "medoid_silhouette": float(value),
                    "first_samples": [float(sample) for sample in samples[:20]],
                }
            )
        cases.append(case)
    lines = ",\n".join(json.dumps(case) for case in cases)
    peer = f"kmedoids {version('kmedoids')}"
    FILE.write_text(f'{{"peer": "{peer}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
