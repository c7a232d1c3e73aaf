# Everything a newcomer needs: `make bench`, `make test`. Only Python 3.11 or later, git and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: bench test fast lint speed clean

bench: $(VENV)/.installed  ## Run a suite, `quick` unless ARGS names another, and print its table.
	$(BIN)/xferlab bench $(ARGS)

test: $(VENV)/.installed-dev  ## Run all tests, on as many cores as there are.
	$(BIN)/python -m pytest -n auto $(ARGS)

fast: $(VENV)/.installed-dev  ## Run the tests that take under a minute together.
	$(BIN)/python -m pytest -m fast $(ARGS)

lint: $(VENV)/.installed-dev  ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

speed: $(VENV)/.installed  ## Time the step against a minimal one; with the extra `peers`, PyTorch too.
	$(BIN)/python -m benchmarks.speed $(ARGS)

$(VENV)/.installed: requirements.txt setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:  ## Remove the virtual environment; runs are kept.
	rm -rf $(VENV)
