# `make demo` and `make test` need Python 3.11 or later with venv and pip, and make; nothing else.
# A second call installs nothing again. PYTHON=python3.12 chooses another interpreter.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
OUT = demo
TESTS = tests

.PHONY: demo test lint style spelling types contracts format constraints clean

demo: $(VENV)/.core
	$(BIN)/pellucid demo --out $(OUT)

# One thread a worker: xdist already gives every core its worker.
test: $(VENV)/.dev $(VENV)/.judges $(VENV)/.browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto $(TESTS)

lint: style spelling types contracts

style: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

spelling: $(VENV)/.dev
	$(BIN)/codespell

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Writes constraints.txt anew: the newest release of everything that fits, except torch, which is chosen by hand.
TORCH = torch==2.13.0
constraints: $(BIN)/pip
	echo "$(TORCH)" > $(VENV)/chosen.txt
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report $(VENV)/tree.json \
		--constraint $(VENV)/chosen.txt '.[all,dev]'
	$(BIN)/python .ci/pins.py $(VENV)/tree.json > constraints.txt

clean:
	rm -rf $(VENV) $(OUT) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing pellucid and what it needs into $(VENV) ..."
	$(INSTALL) --editable .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing pellucid with all extras and the tools of its tests into $(VENV); this takes minutes ..."
	$(INSTALL) --editable '.[all,dev]'
	touch $@ $(VENV)/.core

# Without their dependencies, some of which would drag in torchvision; what they do need stands in the list.
$(VENV)/.judges: tests/judges.txt $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/judges.txt
	touch $@

# The stamp is made only where Chromium is there: until then every call tries again, and none fails.
$(VENV)/.browser: | $(BIN)/pip
	@if command -v chromium > /dev/null && command -v chromedriver > /dev/null; then \
		echo "Chromium is here: the browser tests will run."; \
		touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes \
			--no-install-recommends chromium chromium-driver fonts-liberation > /dev/null; then \
			touch $@; \
		else \
			echo "Chromium cannot be installed: the browser tests will skip."; \
		fi; \
	else \
		echo "Chromium and chromedriver are not installed: the browser tests will skip."; \
	fi
