# Countersign: what to type. `make` alone lists it.
#
# Everything lives in $(VENV), which is made on first use; nothing is installed elsewhere and
# nothing needs root. PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
DEMO ?= demo
SEEDS ?= 20
SECONDS ?= 60
# Processes that run tests side by side, each with servers of its own.
JOBS ?= 2
MEASURED = $(VENV)/bin/coverage run -m pytest
# Where CI is set, what failed runs once more, alone on the machine; what fails twice fails the run.
ONCE_MORE = $(if $(CI),|| $(MEASURED) --last-failed --last-failed-no-failures none --durations=10)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: bench help demo test heic check fuzz stack up faults clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-core ## Draw sample documents and run the main job on them: no servers, no GPU
	$(VENV)/bin/python -m training.synthesis.samples $(DEMO)/samples
	@rm -f $(DEMO)/results/report.html
	@# One of the samples is corrupt, so status 1 (some documents failed) is the right answer, with a report.
	$(VENV)/bin/countersign run $(DEMO)/samples/documents --references $(DEMO)/samples/references \
	  --claims $(DEMO)/samples/claims.csv --slots --out $(DEMO)/results || test $$? -eq 1
	@test -s $(DEMO)/results/report.html
	@echo; echo "Look at every page and verdict in a browser:"
	@echo "  $(VENV)/bin/countersign serve --results $(DEMO)/results"

ifeq ($(strip $(ARGS)),)
test: $(VENV)/.installed-all ## Run every test on real servers, and hold the coverage (ARGS=... for pytest alone)
	$(VENV)/bin/coverage erase
	$(MEASURED) -n $(JOBS) --dist loadfile --durations=10 $(ONCE_MORE)
	$(VENV)/bin/coverage combine --quiet
	$(VENV)/bin/coverage json --quiet
	$(VENV)/bin/python -m tests.coverage_floors coverage.json
else
test: $(VENV)/.installed-all
	$(VENV)/bin/python -m pytest $(ARGS)
endif

heic: $(VENV)/.installed-all ## Install the decoder for photographs of phones, and run its tests
	$(PIP) install --editable ".[heic]"
	$(VENV)/bin/python -m pytest tests/unit/test_heic.py

check: $(VENV)/.installed-all ## Lint, check the format, the types and what bandit finds unsafe
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --strict
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive worker producer web db deploy training

fuzz: $(VENV)/.installed-fuzz ## Feed the decoders mutated documents for SECONDS=60; findings lie in .fuzz
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m tests.fuzz.decoders $(SECONDS)

bench: $(VENV)/.installed-all ## What a page costs: models and all, beside the usual script (ARGS="--pages 200 --rounds 5")
	$(VENV)/bin/python -m benchmarks $(ARGS)

stack: $(VENV)/.installed-all ## Run the queued form on this machine until Ctrl-C
	@$(VENV)/bin/python -m deploy.console

up: ## Start the containers, their images tagged by this commit (.env: deploy/env.example)
	@sh deploy/tag-images.sh
	docker compose up --build --detach

faults: $(VENV)/.installed-all ## Break a whole stack on purpose and count what was lost (SEEDS=20)
	$(VENV)/bin/python -m tests.faults --seeds $(SEEDS)

clean: ## Remove what the other targets made, the virtual environment included
	rm -rf $(VENV) $(DEMO) .stack .fuzz build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp for each set of packages, so that a second run installs nothing.
$(VENV)/.installed-core: pyproject.toml | $(VENV)/bin/python
	@echo "Installing what running needs into $(VENV) ..."
	$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-all: pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the queues, training and the tests need into $(VENV) (torch is large) ..."
	$(PIP) install --editable ".[queue,web,traces,train,dev,ocr]"
	@touch $@ $(VENV)/.installed-core

$(VENV)/.installed-fuzz: pyproject.toml | $(VENV)/bin/python
	@echo "Installing the fuzzer into $(VENV) ..."
	$(PIP) install --editable ".[fuzz]"
	@touch $@

# Debian splits ensurepip from Python: without it, a pip that is there can fill the environment.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Countersign needs Python 3.11 or newer; $(PYTHON) is another. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  rm -rf $(VENV); \
	  $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python --quiet install pip; \
	} || { \
	  rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment with pip in it."; \
	  echo "Install its venv module (Debian: apt install python3-venv) or pip, then try again."; \
	  exit 1; }
