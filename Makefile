# make demo   the main job on a simulated study        make test   the tests
# make check  format, lint, types, contracts, tables   make bench  what is slow: measured figures, whole test sets
# Needs git, make and Python 3.11 or newer. uv is used where it is there; no other Python is downloaded.

export UV_PYTHON_DOWNLOADS = never
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest

.PHONY: help setup setup-test setup-dev demo test check bench wheels reference clean

help:
	@sed -n '1,3p' Makefile | sed 's/^# //'

setup: .venv/.installed
setup-test: .venv/.installed-test
setup-dev: .venv/.installed-dev

.venv/.installed: pyproject.toml tools/setup.sh
	@sh tools/setup.sh default
.venv/.installed-test: pyproject.toml tools/setup.sh
	@sh tools/setup.sh test
.venv/.installed-dev: pyproject.toml tools/setup.sh
	@sh tools/setup.sh dev

demo: setup
	@$(BIN)/calcimetry demo --out calcimetry-demo --overwrite

test: setup-test
	$(PYTEST) -q -n 2 -m "not heavy"

check: setup-dev
	$(BIN)/ruff format --check src tests bench tools examples
	$(BIN)/ruff check src tests bench tools examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/make_reference.py --check
	$(BIN)/python tools/check_changes.py

bench: setup-dev
	CALCIMETRY_HYPOTHESIS=heavy $(PYTEST) -q -n 2
	for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# A folder from which the package installs on a machine without network:
#   pip install --no-index --find-links wheels calcimetry
wheels: setup
	@sh tools/wheels.sh wheels

reference: setup-dev
	$(BIN)/python tools/make_reference.py

clean:
	rm -rf .venv build dist wheels calcimetry-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
