# Every task of the project. `make` lists them. VENV names the virtual environment; PYTHON the interpreter it is made with.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PACKAGE := $(VENV)/.package-installed
TOOLS := $(VENV)/.tools-installed
MODELS := $(VENV)/.models-installed
DEMO ?= out/demo

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-models setup-browser demo demo-speech test check bench clean

help:  ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

demo: $(PACKAGE)  ## Audit a made-up world with planted gaps, and say where the report is
	$(BIN)/fairasr demo --output $(DEMO)

demo-speech: $(MODELS)  ## Train a small recogniser on made-up accents, audit it, mend it: five minutes on two cores
	$(BIN)/fairasr demo --speech --output $(DEMO)-speech

test: setup setup-models setup-browser  ## Run the whole test suite, reports in a browser included
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

check: setup setup-models  ## Check style, types and which part may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup setup-models setup-browser  ## Time the parts, beside other libraries
	@# Apart from the virtual environment: a plug-in of the dashboard's peer would stop the tests.
	-@test -d $(VENV)/peers/dash || $(BIN)/python -m pip install --quiet --target $(VENV)/peers --group bench
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

setup: $(TOOLS)  ## Make the virtual environment with the package and its development tools

setup-models: $(MODELS)  ## Install PyTorch, what training needs, the speaker encoder and a synthesiser: about 1.5 GB

setup-browser:  ## Install Chromium and a font, which the tests of the report draw pages with
	@./.ci/install-browser

clean:  ## Remove the virtual environment
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("fairasr needs Python 3.11 or newer; give one as PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(PACKAGE): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[dashboard]"
	@touch $@

$(TOOLS): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[dashboard]" --group dev
	@touch $@ $(PACKAGE)

# PyTorch's version is pinned because any other would bring gigabytes of GPU libraries. Resemblyzer brings the weights; what it asks
# for beyond that only its training needs.
$(MODELS): pyproject.toml | $(TOOLS)
	$(BIN)/python -m pip install --quiet --editable ".[dashboard,speaker,train,speech-demo]"
	$(BIN)/python -m pip install --quiet --no-deps Resemblyzer==0.1.4
	@touch $@
