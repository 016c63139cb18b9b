"""Every public name can be imported, is documented, and nothing else is public."""

import doctest
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType

import numpy as np
import pandas
import pytest
from sklearn.base import MetaEstimatorMixin

import skextras
from skextras.mixture import SemiSupervisedGaussianMixture
from tests.contracts.instances import arguments

FAMILIES = [name for name in skextras.__all__ if not name.startswith("__")]
PUBLIC = [
    (family, name)
    for family in FAMILIES
    for name in import_module(f"skextras.{family}").__all__
]


def find(family, name):
    return getattr(import_module(f"skextras.{family}"), name)


OBJECTS = [find(*pair) for pair in PUBLIC]
ESTIMATORS = [thing for thing in OBJECTS if hasattr(thing, "get_params")]
FUNCTIONS = [thing for thing in OBJECTS if inspect.isfunction(thing)]
RESULTS = [thing for thing in OBJECTS if hasattr(thing, "_fields")]
DISPLAYS = [thing for thing in OBJECTS if hasattr(thing, "plot")]
WARNINGS = [
    thing for thing in OBJECTS
    if inspect.isclass(thing) and issubclass(thing, Warning)
]  # fmt: skip
SPLITTERS = [thing for thing in OBJECTS if hasattr(thing, "split")]
METHODS = [
    getattr(thing, name)
    for thing in [*ESTIMATORS, *DISPLAYS, *SPLITTERS]
    for name, method in vars(thing).items()
    if isinstance(method, FunctionType | classmethod) and not name.startswith("_")
]


def new(thing):
    """Return an estimator with its defaults, or around another one."""
    if issubclass(thing, MetaEstimatorMixin):
        return thing(SemiSupervisedGaussianMixture(1), {"tol": [0.1, 1]})
    return thing()


def by_name(thing):
    return getattr(thing, "__qualname__", None)


def section(thing, title):
    """Text of one section of a numpydoc docstring, '' where there is none."""
    doc = inspect.cleandoc(thing.__doc__ or "")
    parts = re.split(r"^(\S[^\n]*)\n-{3,}\n", doc, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(title, "")


def entries(thing, title):
    """Names that a section explains, in order."""
    heads = re.findall(r"^(\w[^\n:]*) : \S", section(thing, title), re.MULTILINE)
    return [name.strip() for head in heads for name in head.split(",")]


def parameters(thing):
    """Names in the signature."""
    names = list(inspect.signature(thing).parameters)
    return [name for name in names if name != "self"]


def test_all_objects_are_looked_at():
    kinds = [ESTIMATORS, FUNCTIONS, RESULTS, DISPLAYS, WARNINGS, SPLITTERS]
    assert {thing for kind in kinds for thing in kind} == set(OBJECTS)
    assert {"KMedoids", "fasterpam", "MedoidPathDisplay"} <= {
        name for _, name in PUBLIC
    }


def test_families():
    assert dir(skextras) == sorted(skextras.__all__)
    assert all(getattr(skextras, family).__doc__ for family in FAMILIES)
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", skextras.__version__)
    with pytest.raises(AttributeError, match="no attribute 'clusters'"):
        skextras.clusters  # noqa: B018
    assert (Path(skextras.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_else_is_public(family):
    module = import_module(f"skextras.{family}")
    public = {name for name in vars(module) if not name.startswith("_")}
    assert public == set(module.__all__)
    assert sorted(module.__all__) == module.__all__
    folder = Path(module.__file__).parent
    assert all(path.name.startswith("_") for path in folder.iterdir())


def test_modules_beside_the_families_are_private():
    for path in Path(skextras.__file__).parent.iterdir():
        is_family = (path / "__init__.py").exists() and path.name in FAMILIES
        assert is_family or path.name.startswith("_") or path.name == "py.typed"


def modules_after(code):
    """Names of all modules in a new process that has run ``code``."""
    code = f"import sys, skextras; {code}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(run.stdout.decode().split())


def test_import_is_lazy():
    heavy = {"numba", "sklearn", "scipy", "numpy", "matplotlib", "cvxpy"}
    assert heavy.isdisjoint(modules_after("dir(skextras)"))
    loaded = modules_after("skextras.cluster.KMedoids")
    assert {"matplotlib", "cvxpy"} == heavy - loaded


@pytest.mark.parametrize("thing", [*OBJECTS, *METHODS], ids=by_name)
def test_summary(thing):
    summary, _, rest = inspect.cleandoc(thing.__doc__).partition("\n")
    assert summary.endswith(".")
    assert rest.startswith("\n") or rest == ""


@pytest.mark.parametrize(
    "thing", [*ESTIMATORS, *DISPLAYS, *FUNCTIONS, *METHODS], ids=by_name
)
def test_parameters_are_documented(thing):
    assert entries(thing, "Parameters") == parameters(thing) or not parameters(thing)
    for name, parameter in inspect.signature(thing).parameters.items():
        kind = re.search(rf"^{name} : (.*)$", section(thing, "Parameters"), re.M)
        if parameter.default is not parameter.empty and kind[1] != "Ignored":
            default = re.search(r"default=([^\s,]+)$", kind[1])
            assert default, name
            assert default[1].strip('"') == str(parameter.default)


@pytest.mark.parametrize("thing", [*FUNCTIONS, *METHODS], ids=by_name)
def test_returns_are_documented(thing):
    assert entries(thing, "Returns")


@pytest.mark.parametrize("thing", RESULTS, ids=by_name)
def test_fields_are_documented(thing):
    assert entries(thing, "Attributes") == list(thing._fields)


@pytest.mark.parametrize("thing", ESTIMATORS, ids=by_name)
def test_fitted_attributes_are_documented(thing):
    """All that ``fit`` leaves behind and does not hide."""
    X = pandas.DataFrame(
        np.random.default_rng(0).normal(size=(30, 3)), columns=[*"abc"]
    )
    model = new(thing)
    fitted = vars(model.fit(*arguments(model, X)))
    public = {name for name in fitted if not name.startswith("_")}
    public |= {
        name for name, value in inspect.getmembers(thing)
        if isinstance(value, property) and re.fullmatch(r"[a-z]\w*_", name)
    }  # fmt: skip
    attributes = public - set(model.get_params(deep=False))
    assert all(name.endswith("_") for name in attributes)
    assert attributes == set(entries(thing, "Attributes"))


@pytest.mark.parametrize("thing", [*ESTIMATORS, *FUNCTIONS], ids=by_name)
def test_examples_run(thing):
    assert section(thing, "Examples")
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(verbose=False)
    tests = [test for test in finder.find(thing, globs={}) if test.examples]
    report = []
    for test in tests:
        runner.run(test, out=report.append)
    assert tests
    assert runner.failures == 0, "".join(report)
    assert runner.tries > 3


def test_only_validation_imports_private_names():
    """Private names of scikit-learn come from one file, to be mended there."""
    private = re.compile(
        r"from sklearn[\w.]*\._\w+[\w.]* import|from sklearn[^\n]* import[^\n]*\b_\w"
    )
    for path in Path(skextras.__file__).parent.rglob("*.py"):
        if path.name != "_validation.py":
            assert not private.search(path.read_text()), path
