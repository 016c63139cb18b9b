"""Gaussian mixtures, also of labelled and unlabelled rows."""

from skextras.mixture._mixtures._discovery import GaussianMixtureDiscovery
from skextras.mixture._mixtures._gaussian_mixture import GaussianMixture
from skextras.mixture._mixtures._semi_supervised import SemiSupervisedGaussianMixture

__all__ = [
    "GaussianMixture",
    "GaussianMixtureDiscovery",
    "SemiSupervisedGaussianMixture",
]
