# One command for each thing a developer does; `.ci/run` runs the same ones.
# Each target sets up what it needs: a virtual environment in .venv, renewed when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
EXTRAS ?= test,lint,report,typst,web,watch,editor,cluster

RUN := $(VENV)/.ready-run
DEVELOP := $(VENV)/.ready-develop
BENCH := $(VENV)/.ready-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.DEFAULT_GOAL := help
.PHONY: docs help verify test lint bench report notebooks readme clean

help:
	@echo "make verify     judge every claim of the documents that ship with gradproof"
	@echo "make test       run the test suite"
	@echo "make lint       run ruff and mypy --strict"
	@echo "make bench      measure the gradient checks and the proofs beside others; JSON=FILE writes the rows"
	@echo "make report     write report/: LaTeX, PDF where xelatex is present, HTML"
	@echo "make docs       build the documentation into docs/_build"
	@echo "make notebooks  execute the notebooks and write them with their results"
	@echo "make readme     write the README's excerpt and table from the verdicts"
	@echo "make clean      remove the environment and what the targets wrote"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gradproof needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "$(PYTHON) has no venv; on Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

# Order-only on the interpreter: its time stamp is that of the system's Python, not of the environment.
$(RUN): pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(DEVELOP): pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@ $(RUN)

$(BENCH): pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[$(EXTRAS),bench]'
	@touch $@ $(DEVELOP) $(RUN)

verify: $(RUN)
	@$(BIN)/gradproof verify -v -j $(JOBS)

test: $(DEVELOP)
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(DEVELOP)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(BENCH)
	@set -e; rows="$(or $(JSON),$(VENV)/bench.json)"; rm -f "$$rows"; for file in benchmarks/bench_*.py; do echo "$$file"; \
		$(BIN)/python "$$file" --json "$$rows"; done; $(BIN)/python -m benchmarks.table "$$rows"

report: $(DEVELOP)
	$(BIN)/gradproof report -o report -j $(JOBS)

docs: $(DEVELOP)
	$(PIP) --editable '.[docs]'
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build
	@echo "docs/_build/index.html"

notebooks: $(DEVELOP)
	$(BIN)/python tools/execute_notebooks.py

readme: $(DEVELOP)
	$(BIN)/python tools/refresh_readme.py

clean:
	rm -rf $(VENV) report docs/_build docs/operators docs/cookbook docs/verdicts build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
