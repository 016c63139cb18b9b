"""Make the project's .venv and install extras into it: standard library only.

Usage: python tools/make_venv.py [--lowest] [EXTRA ...]

With --lowest, the environment is .venv-lowest, and of each requirement it holds the
lowest version that pyproject.toml allows. A second call with the same extras and the
same pyproject.toml does nothing.
"""

import hashlib
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOWEST = "--lowest" in sys.argv
FOLDER = ROOT / (".venv-lowest" if LOWEST else ".venv")
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command):
    """Run a command in the project; end with its exit code if it fails."""
    print("+", *command, flush=True)
    code = subprocess.run([str(part) for part in command], cwd=ROOT).returncode
    if code:
        sys.exit(code)


def pip():
    """Return the command that installs into .venv, with or without ensurepip."""
    probe = [str(PYTHON), "-m", "pip", "--version"]
    if subprocess.run(probe, capture_output=True).returncode == 0:
        return [PYTHON, "-m", "pip"]
    probe = [sys.executable, "-m", "pip", "--version"]
    if subprocess.run(probe, capture_output=True).returncode == 0:
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    sys.exit("This Python has neither ensurepip nor pip: install one of them first.")


def make():
    """Create the environment; leave pip out where ensurepip is absent."""
    if PYTHON.exists():
        return
    try:
        import ensurepip  # noqa: F401

        with_pip = True
    except ImportError:
        with_pip = False
    venv.create(FOLDER, with_pip=with_pip, clear=True)


def lowest(extras):
    """Return the requirements of the project and its extras, each at its floor."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"]]
    lists += [project["optional-dependencies"][name] for name in extras]
    return sorted({item.replace(">=", "==") for items in lists for item in items})


def main(extras):
    """Install the project, editable, with the extras that are not there yet."""
    make()
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamps = {name: FOLDER / f"stamp-{name}" for name in ["base", *extras]}
    missing = [
        name
        for name, stamp in stamps.items()
        if not stamp.exists() or stamp.read_text() != digest
    ]
    if not missing:
        return
    wanted = ",".join(extras)
    target = f".[{wanted}]" if wanted else "."
    pins = lowest(extras) if LOWEST else []
    options = ["--quiet", "--disable-pip-version-check"]
    run(*pip(), "install", *options, "-e", target, *pins)
    for stamp in stamps.values():
        stamp.write_text(digest)


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name != "--lowest"])
