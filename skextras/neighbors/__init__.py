"""Kernel density estimation."""

from skextras.neighbors._density._classifier import KernelDensityClassifier
from skextras.neighbors._density._conditional import ConditionalKernelDensity
from skextras.neighbors._density._derived import CompressedSamples
from skextras.neighbors._density._display import DensityDisplay
from skextras.neighbors._density._kernel_density import KernelDensity
from skextras.neighbors._density._levels import DensityGrid
from skextras.neighbors._density._regimes import (
    KDERegimeWarning,
    critical_bandwidths,
    gaussian_critical_bandwidth,
)

__all__ = [
    "CompressedSamples",
    "ConditionalKernelDensity",
    "DensityDisplay",
    "DensityGrid",
    "KDERegimeWarning",
    "KernelDensity",
    "KernelDensityClassifier",
    "critical_bandwidths",
    "gaussian_critical_bandwidth",
]
