"""Clustering by representatives."""

from skextras.cluster._medoids._clara import CLARA
from skextras.cluster._medoids._fasterpam import FasterPAMResult, fasterpam
from skextras.cluster._medoids._kmedoids import KMedoids

__all__ = ["CLARA", "FasterPAMResult", "KMedoids", "fasterpam"]
