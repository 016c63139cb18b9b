"""Where machine code is kept on disk."""

import importlib.util
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
