# What a person runs, and what continuous integration runs. Every target makes .venv by itself first.
#
#   make demo     the embedded world with engine and console      (ARGS="--scale full", "--stop --remove" and so on)
#   make test     the tests                                       (ARGS="-k settings" and so on)
#   make check    format, lint, strict types, import contracts, tests
#   make static   the same without the tests
#   make crash    the long sweeps: kill -9 step by step, full disks
#   make screenshots   docs/screenshots/*.svg anew, from the demo at work
#   make format   rewrite the format
#   make clean    remove .venv and what the tools left

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.complete
ARGS ?=
# More than there are processors: many tests wait most of the time, for a terminal, a lock, a grace.
WORKERS = $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 3)")

.PHONY: demo test check static crash screenshots format venv clean

demo: $(STAMP)
	@$(VENV)/bin/scidex-console demo $(ARGS)

# Compiled modules are kept, whatever the caller prefers: the tests start the program hundreds of times.
test crash: export PYTHONDONTWRITEBYTECODE =

test: $(STAMP)
	@$(PYTHON) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: static test

static: $(STAMP)
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports --no-cache

crash: $(STAMP)
	@$(PYTHON) -m pytest -n $(WORKERS) --maxschedchunk 1 -m sweep $(ARGS)

screenshots: $(STAMP)
	@$(PYTHON) docs/screenshots/draw.py

format: $(STAMP)
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

venv: $(STAMP)

# The stamp comes last, so an interrupted installation is simply done again. An environment whose Python is
# gone or too old is made anew. The build backend is installed first, by its pinned version, since pip would
# otherwise fetch whichever is newest.
$(STAMP): pyproject.toml constraints.txt
	@set -eu; \
	rm -f $(STAMP); \
	if ! $(PYTHON) -c 'import sys, pip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then \
	    for candidate in $${BASE_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do \
	        if $$candidate -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
	            2>/dev/null; then base=$$candidate; break; fi; \
	    done; \
	    if [ -z "$${base:-}" ]; then \
	        echo "scidex-console needs Python 3.11 to 3.14 with its venv module, and found none." >&2; \
	        echo "Install one (Debian: apt install python3 python3-venv), or name it: make BASE_PYTHON=/path/to/python" >&2; \
	        exit 1; \
	    fi; \
	    echo "making $(VENV) with $$($$base --version)"; \
	    $$base -m venv --clear $(VENV); \
	fi; \
	echo "installing the packages of constraints.txt into $(VENV)"; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt -e ".[dev]"; \
	touch $(STAMP)

clean:
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
