"""Relaxed K-means and clusters of different shapes by semidefinite programs."""
