"""Peak memory of fits, each in a process of its own."""

import argparse
import resource
import subprocess
import sys
import time

#: name: (points, arguments of KMedoids)
FITS = {
    "exact, n=50000": (50_000, {"method": "fasterpam", "memory_limit": 2_700_000_000}),
    "exact, n=100000": (
        100_000,
        {"method": "fasterpam", "memory_limit": 10_300_000_000},
    ),
    "onebatch, n=1000000": (1_000_000, {"method": "onebatch"}),
    "fastclarans, n=50000": (50_000, {"method": "fastclarans"}),
}


def fit(name):
    from k_medoids_large import groups

    from skextras.cluster import KMedoids

    n, params = FITS[name]
    X = groups(n)
    KMedoids(100, random_state=0, **params).fit(X[:2000])  # compiles
    start = time.perf_counter()
    model = KMedoids(100, random_state=0, **params).fit(X)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{name:24}{model.method_:18}{seconds:8.1f} s{peak:8.2f} GB  "
        f"{model.inertia_:.6g}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="fits whose name contains this")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        fit(args.here)
        return
    for name in FITS:
        if args.only in name:
            subprocess.run([sys.executable, __file__, "--here", name], check=True)


if __name__ == "__main__":
    main()
