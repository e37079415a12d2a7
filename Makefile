# `make demo` shows it, `make test` proves it. Both set up .venv on their own.

PYTHON ?= python3
BIN := .venv/bin

# Without this, pyright asks a server for its newest version on every run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: demo test check types style floors limits bench format clean

demo: .venv/.installed
	@$(BIN)/switchroom demo

test: check
	@$(BIN)/pytest -n 2 --inline-snapshot=disable

# Side by side, each one's output in one piece, and all of them even when one fails.
check: .venv/.dev
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target types style floors limits

types: .venv/.dev
	$(BIN)/pyright

style: .venv/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check

floors: .venv/.dev
	$(BIN)/lint-imports --no-logo

limits: .venv/.dev
	$(BIN)/python tools/limits.py

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
