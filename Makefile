# Everything a newcomer needs: `make run`, `make test`. Each sets itself up; the second time it is quick.
#
# PYTHON  the interpreter to build the environment with; by default the first one found that is 3.11 or newer
# VENV    where the environment lives; .ci/run keeps one for every interpreter
# ARGS    handed on to what is run: make test ARGS="-k chunk", make bench ARGS="--rounds 5"

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?=
ARGS ?=
MODERN := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check lint types imports coverage docs bench clean

help:  ## say what can be made (this)
	@echo "hio: HTTP from inside one cooperative loop. The first time, start with: make run"
	@echo
	@sed -n 's/^\([a-z]*\):.*##/\1:/p' $(firstword $(MAKEFILE_LIST)) | awk -F: '{ printf "  make %-9s %s\n", $$1, $$2 }'
	@echo
	@echo "PYTHON=... picks the interpreter (3.11 or newer), ARGS=... is handed on to what is run."

run: $(VENV)/.has-hio  ## serve the demo, a Falcon app and a page, on this machine
	@$(BIN)/hio demo $(ARGS)

test: $(VENV)/.has-test  ## run the tests
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: lint types imports test  ## all that must pass before a change lands

lint: $(VENV)/.has-dev  ## look for mistakes, stray clocks and dice, tangled functions
	$(BIN)/ruff check $(ARGS) .

types: $(VENV)/.has-dev  ## check the types, strictly
	$(BIN)/mypy $(ARGS)

imports: $(VENV)/.has-dev  ## check that imports go down the layers only
	$(BIN)/lint-imports $(ARGS)

coverage: $(VENV)/.has-test  ## run the tests and show the lines that none of them reached
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

docs: $(VENV)/.has-docs  ## build the documentation as a site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet $(ARGS)

bench: $(VENV)/.has-bench  ## measure hio beside other servers (wrk, if installed, makes the load)
	$(BIN)/python -m bench $(ARGS)

clean:  ## remove the environments and what the tools left behind
	rm -rf .venv .venv-* build dist site *.egg-info .coverage .coverage.* .hypothesis
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp .has-X says that extra X of pyproject.toml is installed; a changed pyproject.toml makes it stale.
$(VENV)/.has-hio: pyproject.toml | $(BIN)/python
	@echo "Installing hio into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.has-%: pyproject.toml | $(BIN)/python
	@echo "Installing hio[$*] into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@

$(BIN)/python:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
		if $$python -c '$(MODERN)' >/dev/null 2>&1; then \
			echo "Making $(VENV) with $$python"; exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "make: no Python 3.11 or newer with its venv module among: $(or $(PYTHON),python3 python3.11 ...)." >&2; \
	echo "make: install one (Debian: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python" >&2; \
	exit 1
