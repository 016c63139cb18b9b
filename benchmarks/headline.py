"""The original PAM against FasterPAM: the ratio that gave the method its name."""

import kmedoids
import numpy as np
from k_medoids import dissimilarities
from run import Contestant, Problem
from sklearn.datasets import load_digits

from skextras.cluster import fasterpam


def problems(data):
    """Yield digits, n=1600, from BUILD: every exchange judged by its definition."""
    D = dissimilarities(load_digits().data[:1600].astype(np.float32))
    for k in (100, 200):
        start = kmedoids.pam_build(D.T, k).medoids.astype(np.intp)
        yield Problem(
            f"digits n=1600 k={k}",
            [
                Contestant("skextras fasterpam", lambda s=start: fasterpam(D, s)),
                Contestant(
                    "kmedoids fasterpam",
                    lambda s=start: kmedoids.fasterpam(D.T, s, n_cpu=1),
                    2e-3,
                ),
                Contestant(
                    "kmedoids fastpam1",
                    lambda s=start: kmedoids.fastpam1(D.T, s, max_iter=10_000),
                    2e-3,
                ),
                Contestant(
                    "kmedoids pam",
                    lambda s=start: kmedoids.pam(D.T, s, max_iter=10_000),
                    2e-3,
                ),
            ],
            lambda result: result.loss,
        )
