"""Dissimilarities between rows, and checks of given ones."""
