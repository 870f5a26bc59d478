# Everything a checkout needs, from python3 (>= 3.11, with venv), make and a network.
# The environment lives in .venv; versions and hashes are locked in requirements/.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SOURCE := hvconsole tests bench docs
LOCK   := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
          --no-annotate --no-emit-index-url --upgrade
# A process that dies ends the run: xdist 3.8 may wait for ever for one that takes its place.
TESTS  := $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0
# --no-deps: the locks are complete, and older pips look past a pin for a package with extras.
PIP    := $(BIN)/python -m pip install -q --no-deps --require-hashes

.DEFAULT_GOAL := help

help: ## show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## open the console on the simulated Banana Pi
	@$(BIN)/hvconsole connect sim

test: $(VENV)/dev.stamp ## all tests that need no emulated board
	$(TESTS) --timeout 300 tests/unit tests/ui; first=$$?; \
	  $(TESTS) --timeout 1000 tests/integration && exit $$first

check: $(VENV)/dev.stamp ## lint, types, import contracts
	$(BIN)/ruff check $(SOURCE)
	$(BIN)/ruff format --check $(SOURCE)
	$(BIN)/mypy
	$(BIN)/lint-imports

test-lab: $(VENV)/dev.stamp ## tests on real boards in QEMU (Debian; builds the images first)
	$(BIN)/hvconsole lab build $(if $(filter 0,$(shell id -u)),--install)
	$(TESTS) --no-loadscope-reorder --timeout 1800 tests/lab

bench: $(VENV)/dev.stamp ## costs as ratios, against their budgets
	$(BIN)/python -m bench

wheel: $(VENV)/dev.stamp ## build the wheel into dist/
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation --wheel-dir dist .

lock: ## look up and lock newest versions of what we depend on (needs uv)
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) --group build -c requirements/run.txt -o requirements/build.txt
	$(LOCK) --group dev -c requirements/run.txt -c requirements/build.txt -o requirements/dev.txt
	$(LOCK) --extra cross --no-deps pyproject.toml -o requirements/cross.all
	sed -n '/^ziglang==/,/[^\\]$$/p' requirements/cross.all > requirements/cross.txt; rm requirements/cross.all

clean: ## remove the environment and what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "hvconsole needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "fix: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "python3 cannot make a virtual environment."; \
	  echo "fix: apt install python3-venv"; rm -rf $(VENV); exit 1; }

# A host without a C compiler gets one from the locked requirements, to build the probes with.
$(VENV)/run.stamp: requirements/build.txt requirements/run.txt requirements/cross.txt pyproject.toml | $(BIN)/python
	$(PIP) -r requirements/build.txt -r requirements/run.txt
	@command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || \
	  { echo "no C compiler here: installing ziglang"; \
	    $(PIP) -r requirements/cross.txt; }
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	$(PIP) -r requirements/dev.txt
	@touch $@

.PHONY: help demo test check test-lab bench wheel lock clean
