"""Likelihood-adjusted semidefinite clustering."""
