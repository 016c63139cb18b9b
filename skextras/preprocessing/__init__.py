"""Transformers that use labels of some rows."""

from skextras.preprocessing._whitener import WithinClassWhitener

__all__ = ["WithinClassWhitener"]
