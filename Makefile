# Adjoint's tasks. Each makes the virtual environment .venv when it is missing, installs what that task needs and
# nothing more, and does its job. A stamp file in .venv records each installation, so a second run starts at once.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test browser conformance bench docs plots lint format types generate layers check clean distclean

help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-notebook ## Run a notebook written for PyTorch and compare each output with PyTorch's
	$(BIN)/adjoint run --check examples/autograd.ipynb

test: $(VENV)/.installed-test ## Run the tests and the examples in docstrings; needs no PyTorch (ARGS="-k sin" selects)
	$(BIN)/python -m pytest --numprocesses=auto --ignore=tests/conformance $(ARGS)

browser: $(VENV)/.installed-browser ## Test the page that explain writes, in a Chromium without a window
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	  echo "These tests need Chromium. Install it first, for example: apt-get install chromium" >&2; exit 1
	$(BIN)/python -m pytest tests/insight/page $(ARGS)

conformance: $(VENV)/.installed-conformance ## Install PyTorch and compare with it live (a large download the first time)
	$(BIN)/python -m pytest --numprocesses=auto tests/conformance $(ARGS)

bench: $(VENV)/.installed-bench ## Time the same work on Adjoint and on the libraries that .venv holds
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.installed-docs ## Build the documentation into site/, without the network; open site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

plots: $(VENV)/.installed-docs ## Draw the pictures of the documentation again (ARGS="FILE.json" takes that benchmark's results)
	$(BIN)/python -m tools.docs.layers
	$(BIN)/python -m tools.docs.plots $(ARGS)

lint: $(VENV)/.installed-lint ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/.installed-lint ## Mend style and formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.installed-lint ## Check the types, and that the generated files are up to date
	$(BIN)/python -m tools.catalogue --check
	$(BIN)/python -m tools.stubs --check
	$(BIN)/mypy

generate: $(VENV)/.installed-lint ## Write what is generated from the operations' declarations: catalogue and type stubs
	$(BIN)/python -m tools.catalogue
	$(BIN)/python -m tools.stubs

layers: $(VENV)/.installed-lint ## Check that imports point down the layers only
	$(BIN)/lint-imports

check: lint types layers test ## All checks that need no PyTorch

clean: ## Remove what building and testing left behind
	rm -rf build dist site .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## The same, and the virtual environment
	rm -rf $(VENV)

# `.installed-NAME` is the extra NAME of pyproject.toml, installed from this tree in editable form.
$(VENV)/.installed-%: pyproject.toml | $(VENV)/.created
	@echo "Installing adjoint[$*] into $(VENV) (the first time only)"
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Adjoint needs Python 3.11 or newer, and '$(PYTHON)' is missing or older." >&2; \
	  echo "Name one that you have, for example: make PYTHON=python3.12 $(or $(MAKECMDGOALS),demo)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@
