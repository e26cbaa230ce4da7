# make demo   run the study `globalisation` from its raw files
# make test   the test suite          make lint   style, types, imports
# make bench  the benchmarks          make clean  remove what these made
# Each sets up .venv by itself; PYTHON chooses the interpreter (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.base
	$(BIN)/econloom demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python benchmarks/leontief.py
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python benchmarks/road.py
	$(PIP) --editable '.[bench]'
	$(BIN)/python benchmarks/regression.py
	$(BIN)/python benchmarks/memory.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "econloom needs Python 3.11 or later: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@$(BIN)/python -m econloom.panel.kernels
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[test]'
	@$(BIN)/python -m econloom.panel.kernels
	@touch $(VENV)/.base $@

$(VENV)/.lint: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[lint]'
	@touch $(VENV)/.base $@

clean:
	rm -rf $(VENV) econloom-demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
