"""Splits and searches where some rows are labelled."""

from skextras.model_selection._search import KnownClassSearchCV
from skextras.model_selection._splits import KnownClassKFold, SemiSupervisedKFold

__all__ = ["KnownClassKFold", "KnownClassSearchCV", "SemiSupervisedKFold"]
