# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Every pin comes from a lock with hashes; `make lock` writes the locks anew.

SHELL := /bin/bash
PYTHON ?= python3
# Relative on purpose: make cannot name a target whose path holds a space.
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test check chaos fuzz bench lock clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

.venv/base: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev: requirements-dev.txt .venv/base
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

.venv/bench: requirements-bench.txt .venv/dev
	$(PIP) --require-hashes -r requirements-bench.txt
	@touch $@

demo: .venv/base ## Sell, pay, redeem, burn and prove, on embedded defaults
	$(BIN)/python -m paywall demo

test: .venv/dev ## Run every test
	$(BIN)/python -m pytest

check: .venv/dev ## Lint, types and the architecture tests
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest -q tests/architecture

CYCLES ?= 60
JOBS ?= 2
chaos: .venv/dev ## Kill, roll back and lie by chance, and count what is lost (CYCLES=2000 JOBS=4 for long)
	$(BIN)/python -m pytest -q -m chaos tests/chaos
	$(BIN)/python -m tests.chaos --cycles $(CYCLES) --jobs $(JOBS)

EXECUTIONS ?= 1000000
fuzz: .venv/dev ## Fuzz every reader of strangers' bytes (EXECUTIONS=10000000 for long); writes tests/fuzz/RESULTS.md
	$(BIN)/python -m tests.fuzz --executions $(EXECUTIONS)

bench: .venv/bench ## Measure against the peers; writes tests/bench/results.json
	$(BIN)/python -m tests.bench

COMPILE := $(BIN)/python -m uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml
lock: .venv/dev ## Write the locks anew
	$(PIP) uv
	$(COMPILE) --extra build --extra devnet -o requirements.txt
	$(COMPILE) --extra dev -o requirements-dev.txt
	$(COMPILE) --extra bench -o requirements-bench.txt

clean: ## Remove what the other targets made
	rm -rf .venv .paywall .paywall-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
