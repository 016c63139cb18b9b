"""Splits and searches where some rows are labelled."""

from skextras.model_selection._n_classes import ClassNumber, estimate_n_classes
from skextras.model_selection._search import KnownClassSearchCV
from skextras.model_selection._splits import KnownClassKFold, SemiSupervisedKFold

__all__ = [
    "ClassNumber",
    "KnownClassKFold",
    "KnownClassSearchCV",
    "SemiSupervisedKFold",
    "estimate_n_classes",
]
