"""Clustering by representatives."""

from skextras.cluster._medoids._clara import CLARA
from skextras.cluster._medoids._clarans import CLARANS
from skextras.cluster._medoids._fasterpam import FasterPAMResult, fasterpam
from skextras.cluster._medoids._kmedoids import KMedoids

__all__ = ["CLARA", "CLARANS", "FasterPAMResult", "KMedoids", "fasterpam"]
