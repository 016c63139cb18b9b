"""Where machine code is kept on disk."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from skextras._jit import jit

pytestmark = pytest.mark.skipif(
    numba.config.DISABLE_JIT or not sys.platform.startswith("linux"),
    reason="compiles, and names the user's folder as on Linux",
)


@pytest.fixture
def function(tmp_path):
    """Return a function of a module in a folder that can be written."""
    path = tmp_path / "package" / "_one_kernels.py"
    path.parent.mkdir()
    path.write_text("def double(x):\n    return 2 * x\n")
    spec = importlib.util.spec_from_file_location("_one_kernels", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.double


def folder_of(function):
    compiled = jit(function)
    assert compiled(3) == 6
    folder = Path(compiled.stats.cache_path)
    assert list(folder.glob("*.nbc"))
    return folder


def test_machine_code_is_kept_outside_the_package(function, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert folder_of(function).is_relative_to(tmp_path / "cache" / "skextras")
    assert numba.config.CACHE_DIR == ""


def test_the_environment_variable_comes_first(function, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "mine"))
    assert folder_of(function).is_relative_to(tmp_path / "mine")


def test_beside_the_source_where_the_user_has_no_folder(
    function, tmp_path, monkeypatch
):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert folder_of(function).is_relative_to(tmp_path / "package")


CHANGED = """
import sys
from pathlib import Path

import skextras._jit as policy

folder = Path(sys.argv[1])
policy.__file__ = str(folder / "_jit.py")  # the kernel files are looked for beside it
sys.path.insert(0, str(folder))
import _caller_kernels

print(_caller_kernels.call(3), sum(_caller_kernels.call.stats.cache_hits.values()))
"""


def test_machine_code_of_a_changed_callee_is_made_anew(tmp_path):
    (tmp_path / "_caller_kernels.py").write_text(
        "from _callee_kernels import factor\n"
        "from skextras._jit import jit\n"
        "@jit\ndef call(x): return factor() * x\n"
    )
    callee = "from skextras._jit import jit\n@jit\ndef factor(): return {}\n"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    printed = []
    for factor in (2, 2, 10):
        (tmp_path / "_callee_kernels.py").write_text(callee.format(factor))
        done = subprocess.run(
            [sys.executable, "-c", CHANGED, str(tmp_path)],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        printed.append(done.stdout.split())
    assert printed == [["6", "0"], ["6", "1"], ["30", "0"]]


def test_nothing_is_kept_where_numba_has_no_place_for_the_stamp(function, monkeypatch):
    real = numba.njit

    def njit(func, **options):
        compiled = real(func, **options)
        if options.get("cache"):
            del compiled._cache._cache_file
        return compiled

    monkeypatch.setattr("skextras._jit.njit", njit)
    compiled = jit(function)
    assert compiled(3) == 6
    assert compiled.stats.cache_path is None


def test_an_index_that_cannot_be_read_is_made_anew(tmp_path):
    """It names the records of the version that wrote it, which may be gone."""
    kernel = (
        "from typing import NamedTuple\n"
        "import numpy as np\n"
        "from skextras._jit import jit\n"
        "class {0}(NamedTuple):\n    x: np.ndarray\n"
        "@jit\ndef first(record): return record.x[0]\n"
        "def call(x): return int(first({0}(np.full(3, 2.0 * x))))\n"
        "call.stats = first.stats\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    for name in ("Old", "New"):
        (tmp_path / "_caller_kernels.py").write_text(kernel.format(name))
        done = subprocess.run(
            [sys.executable, "-c", CHANGED, str(tmp_path)],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split()[0] == "6"
