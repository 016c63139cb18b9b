"""What a certificate of K-means holds, and how it reads."""

from typing import NamedTuple

import numpy as np


class KMeansCertificate(NamedTuple):
    """How far a K-means clustering can be from the best one.

    Attributes
    ----------
    lower_bound : float
        No clustering into this number of clusters has an inertia below it.
    inertia : float or None
        Inertia of the labels: sum of squared distances to the means of their clusters.
        None from :func:`kmeans_lower_bound`, which has no labels.
    gap : float or None
        ``(inertia - lower_bound) / inertia``: the largest fraction of the inertia that
        another clustering could save. 0 if the inertia is 0. The inertia is at most
        ``inertia / lower_bound - 1 = gap / (1 - gap)`` above the optimum.
    certified : bool
        Whether the labels are proven to be optimal: the gap is at most 1e-6.
    method : str
        What gave the bound: "quick", "spectral", "sdp", "blocks", "monte-carlo" or
        "trivial".
    rigorous : bool
        Whether the bound holds always; otherwise, with probability ``confidence``.
    confidence : float
        Probability that the bound holds; 1.0 if it is rigorous.
    """

    lower_bound: float
    inertia: float | None
    gap: float | None
    certified: bool
    method: str
    rigorous: bool
    confidence: float

    def __repr__(self):
        if self.inertia is None:
            verdict = "no clustering has a smaller inertia"
        elif self.certified:
            verdict = "optimal, proven"
        elif self.lower_bound > 0:
            excess = _rounded_up(100 * (self.inertia / self.lower_bound - 1))
            verdict = f"at most {excess} % above the optimum"
        else:
            verdict = "not bounded: the lower bound says nothing"
        if not self.rigorous and self.lower_bound > 0:
            verdict += f" with probability {self.confidence:g}"
        inertia = "" if self.inertia is None else f", inertia={self.inertia:.6g}"
        return (
            f"<{verdict}: lower_bound={self.lower_bound:.6g}{inertia}, "
            f"method={self.method!r}>"
        )


def _rounded_up(percent):
    """Write a percentage with two digits, none of them less than it is."""
    step = 10.0 ** (np.floor(np.log10(max(percent, 1e-300))) - 1)
    return f"{np.ceil(percent / step * (1 - 1e-12)) * step:.12g}"


#: Gap up to which labels count as optimal: what rounding and the ADMM leave.
CERTIFIED_GAP = 1e-6


def make_result(bound, inertia, method, *, confidence=1.0, floor=0.0):
    """Build the certificate; a bound is not below ``floor`` nor above the inertia."""
    bound, rigorous = max(float(bound), floor), confidence == 1.0
    if inertia is None:
        return KMeansCertificate(bound, None, None, False, method, rigorous, confidence)
    inertia = float(inertia)
    bound = min(bound, inertia)
    gap = 0.0
    if bound < inertia:
        gap = (inertia - bound) / abs(inertia) if inertia else np.inf
    certified = rigorous and gap <= CERTIFIED_GAP
    return KMeansCertificate(
        bound, inertia, gap, certified, method, rigorous, confidence
    )
