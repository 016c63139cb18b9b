"""Clusters and classes of labelled and unlabelled rows."""

from skextras.semi_supervised._kmeans import SemiSupervisedKMeans
from skextras.semi_supervised._prototypes import LaplacianPrototypeClassifier
from skextras.semi_supervised._spectral import NCDSpectralClustering

__all__ = [
    "LaplacianPrototypeClassifier",
    "NCDSpectralClustering",
    "SemiSupervisedKMeans",
]
