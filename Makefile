# Every target makes .venv and installs what it needs, once.
PYTHON ?= python3
VENV = $(PYTHON) tools/make_venv.py
BIN = .venv/bin
BENCH_ARGS ?=
FUZZ_ARGS ?=

.PHONY: demo test test-all test-lowest test-nojit fuzz lint format doc notebooks bench bench-all build clean

demo:
	@$(VENV) plot
	$(BIN)/python examples/demo.py

test:
	@$(VENV) test
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all:
	@$(VENV) test
	$(BIN)/python -m pytest -n auto

test-lowest:
	@$(VENV) --lowest test plot
	.venv-lowest/bin/python -m pytest -n auto -m "not slow"

test-nojit:
	@$(VENV) test
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n auto -m "not slow" tests/cluster

fuzz:
	@$(VENV) test
	$(BIN)/python -m tests.robustness.fuzz $(FUZZ_ARGS)

lint:
	@$(VENV) test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format:
	@$(VENV) test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

doc:
	@$(VENV) doc plot
	$(BIN)/python -m doctest doc/index.rst doc/user_guide/*/*.rst
	$(BIN)/python -m sphinx -W -b html doc doc/_build/html

notebooks:
	@$(VENV) test doc plot
	@$(MAKE) doc
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=300 doc/auto_examples

bench:
	@$(VENV) bench
	$(BIN)/python benchmarks/run.py k_medoids $(BENCH_ARGS)

bench-all:
	@$(VENV) bench
	$(BIN)/python benchmarks/run.py all --json $(BENCH_ARGS)

build:
	@$(VENV)
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build

clean:
	rm -rf build dist doc/_build doc/auto_examples doc/api *.egg-info
