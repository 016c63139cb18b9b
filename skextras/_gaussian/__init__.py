"""Gaussian clusters: densities, posteriors, shapes of covariances, whitening, EM."""
