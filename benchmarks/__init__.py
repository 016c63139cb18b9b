"""Comparisons with other packages: ``python benchmarks/run.py FAMILY``."""
