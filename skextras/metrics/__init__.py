"""Measures of how well classes are told apart, and of how stable clusters are."""

from skextras.metrics._discovery import (
    GCDAccuracy,
    clustering_accuracy_score,
    gcd_accuracy_score,
    make_gcd_scorer,
)
from skextras.metrics._stability import (
    ClusterStability,
    ClusterStabilityDisplay,
    cluster_stability,
)

__all__ = [
    "ClusterStability",
    "ClusterStabilityDisplay",
    "GCDAccuracy",
    "cluster_stability",
    "clustering_accuracy_score",
    "gcd_accuracy_score",
    "make_gcd_scorer",
]
