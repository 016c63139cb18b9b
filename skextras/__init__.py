"""Classical estimators that scikit-learn lacks, in scikit-learn's own form."""

from importlib import import_module

__version__ = "0.1.0.dev0"

__all__ = [
    "__version__",
    "cluster",
    "metrics",
    "mixture",
    "model_selection",
    "neighbors",
    "preprocessing",
    "semi_supervised",
]


def __getattr__(name):
    """Import a family when it is first used."""
    if name in __all__:
        return import_module(f"skextras.{name}")
    raise AttributeError(f"module 'skextras' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
