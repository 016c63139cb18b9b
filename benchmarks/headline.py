"""The original PAM against FasterPAM: the ratio that gave the method its name."""

import numpy as np

from benchmarks.contest import Contestant, Problem
from benchmarks.k_medoids import RUST, digit_images, dissimilarities
from benchmarks.peers import kmedoids_rust
from skextras.cluster import fasterpam
from skextras.cluster._medoids._build import build
from skextras.cluster._medoids._rows import HeldRows


def problems(data, smoke):
    """Yield 1600 digits, from BUILD: PAM judges every swap by its definition."""
    D = dissimilarities(digit_images(smoke)[: 100 if smoke else 1600])
    for k in (5,) if smoke else (100, 200):
        start = build(HeldRows(D, D), k, np.ones(len(D)))

        def peer(call, D=D, start=start):
            return lambda: call(D.T, start)

        yield Problem(
            f"digits, n = {len(D)}, k = {k}",
            [
                Contestant("skextras fasterpam", lambda s=start: fasterpam(D, s)),
                Contestant(
                    "kmedoids fasterpam",
                    lambda s=start: kmedoids_rust.fasterpam(D.T, s, n_cpu=1),
                    2e-3,
                    RUST,
                ),
                Contestant(
                    "kmedoids fastpam1", peer(kmedoids_rust.fastpam1), 2e-3, RUST
                ),
                Contestant("kmedoids pam", peer(kmedoids_rust.pam), 2e-3, RUST),
            ],
            lambda result: result.loss,
        )
