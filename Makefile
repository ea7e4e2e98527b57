# Two commands for a newcomer: `make demo` and `make test`. Everything else is for people who change Assay.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
SLOW   ?= not slow and not peer
export UV_LINK_MODE ?= copy

.PHONY: help demo test test-all test-peers lint types layers unit bench docs pins wheel clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV): requirements/uv.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements/uv.txt
	@touch $@

$(VENV)/run.ok: $(UV) requirements/run.txt pyproject.toml
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements/run.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/dev.ok: $(VENV)/run.ok requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run.ok  ## set up, then run the main job on text that is on this machine
	$(BIN)/assay demo

test: lint types layers unit  ## set up, then formatting, lint, types, layers and tests

test-all: $(VENV)/dev.ok lint types layers  ## the same with the slow tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not peer"

test-peers: $(VENV)/dev.ok  ## against other tools, each installed in an environment of its own
	$(BIN)/python -m pytest -m peer

lint: $(VENV)/dev.ok
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.ok
	$(BIN)/mypy

layers: $(VENV)/dev.ok
	$(BIN)/lint-imports

unit: $(VENV)/dev.ok
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(SLOW)"

bench: $(VENV)/dev.ok  ## ours against an oracle and installed peers; writes benchmarks/results/*.json
	$(BIN)/python -m benchmarks.run

docs: $(VENV)/dev.ok  ## regenerate docs/reference from the registries
	$(BIN)/python -m assay.cli.reference docs/reference

pins: $(UV)  ## recompile the pinned requirement files
	$(UV) pip compile requirements/run.in --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header -q -o requirements/run.txt
	$(UV) pip compile requirements/dev.in --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header -q -o requirements/dev.txt

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist .assay-demo .mypy_cache .ruff_cache .import_linter_cache
