"""Clustering by representatives."""

from skextras.cluster._medoids._fasterpam import FasterPAMResult, fasterpam

__all__ = ["FasterPAMResult", "fasterpam"]
