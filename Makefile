# `make demo` shows it, `make test` proves it. Both set up .venv on their own.

PYTHON ?= python3
BIN := .venv/bin

# Without this, pyright asks a server for its newest version on every run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# What is compiled once is not compiled by each of the many processes that tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test soak laws check types style floors limits tests notebooks bench format clean

demo: .venv/.installed
	@$(BIN)/switchroom demo

# The type check takes one core and as long as a third of the tests, so that they run beside it.
test: .venv/.dev
	@$(SIDE_BY_SIDE) types style floors limits tests

# What is marked `soak`: processes that are killed and stopped at random for two minutes.
soak: .venv/.dev
	@$(BIN)/pytest -n 2 --inline-snapshot=disable -m soak --timeout=1800

# The laws with many times more examples.
laws: .venv/.dev
	@$(BIN)/pytest -n 2 --inline-snapshot=disable -m hypothesis --hypothesis-profile=soak --timeout=1800

# With CHANGED=1 only what changed since the branch left main, and what imports that: seconds instead of a minute.
check: .venv/.dev
ifdef CHANGED
	@$(BIN)/python tools/changed.py
else
	@$(SIDE_BY_SIDE) types style floors limits
endif

# Each one's output in one piece, and all of them even when one fails.
SIDE_BY_SIDE = $(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target

# A file's tests share what is dear (servers, trained routers, processes), so they stay together. `+`: shown as it comes.
tests: .venv/.dev
	+@$(BIN)/pytest -n 2 --dist=loadfile --no-loadscope-reorder --inline-snapshot=disable

types: .venv/.dev
	$(BIN)/pyright

style: .venv/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check

floors: .venv/.dev
	$(BIN)/lint-imports --no-logo

limits: .venv/.dev
	$(BIN)/python tools/limits.py

# Each notebook is executed without a key, and written with its outputs.
notebooks: .venv/.dev
	@$(BIN)/python tools/notebooks.py

bench: .venv/.installed
	@$(BIN)/python -m benchmarks

format: .venv/.dev
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

clean:
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps: who only wants the demo does not wait for the tools of the house.
.venv/.dev: .venv/.installed
	@echo "Installing the development tools into .venv" >&2
	@$(BIN)/pip install -qq --editable '.[dev]'
	@touch $@

.venv/.installed: pyproject.toml | .venv/bin/pip
	@echo "Installing switchroom into .venv" >&2
	@$(BIN)/pip install -qq --editable .
	@touch $@

.venv/bin/pip:
	@$(PYTHON) -m venv .venv
