"""Clusters of labelled and unlabelled rows."""

from skextras.semi_supervised._kmeans import SemiSupervisedKMeans

__all__ = ["SemiSupervisedKMeans"]
