"""Measures of how well known and novel classes are told apart."""

from skextras.metrics._discovery import (
    GCDAccuracy,
    clustering_accuracy_score,
    gcd_accuracy_score,
    make_gcd_scorer,
)

__all__ = [
    "GCDAccuracy",
    "clustering_accuracy_score",
    "gcd_accuracy_score",
    "make_gcd_scorer",
]
