"""Certified K-means: lower bounds from semidefinite relaxations."""
