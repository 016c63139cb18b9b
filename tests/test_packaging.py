"""What is shipped, and with which versions."""

import importlib.util
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: What setuptools puts into a source distribution without being told.
AUTOMATIC = {"LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "skextras"}


def test_everything_is_in_the_source_distribution():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not files:
        pytest.skip("not a checkout")
    lines = (ROOT / "MANIFEST.in").read_text().splitlines()
    told = {
        name
        for line in lines
        if line.startswith(("include", "graft"))
        for name in line.split()[1:]
    }
    assert {path.split("/")[0] for path in files} <= told | AUTOMATIC | {".gitignore"}


def test_the_lowest_versions_are_those_of_pyproject():
    path = ROOT / "tools" / "make_venv.py"
    spec = importlib.util.spec_from_file_location("make_venv", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pins = tool.lowest(["test"])
    names = {pin.split("==")[0] for pin in pins}
    assert len(names) == len(pins)  # one floor each
    assert names == {
        item.split(">=")[0] for item in [*project["dependencies"], *extras["test"]]
    }
    floors = {}
    for items in [project["dependencies"], *extras.values()]:
        for item in items:
            name, floor = item.split(">=")
            assert floors.setdefault(name, floor) == floor  # the same everywhere
