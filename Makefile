# Everything a fresh machine needs is Python >= 3.11 and make; the targets do their own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

.DEFAULT_GOAL := help
.PHONY: conformance help run test faults soak check bench clients docs payloads pictures openapi lock clean

help: ## what one can do here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "oncall needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what oncall runs on (pinned by hash) into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_READY): requirements-dev.lock $(RUN_READY)
	@echo "Installing what the tests need (pinned by hash) into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(RUN_READY) ## start oncall on 127.0.0.1:8080 with its own PostgreSQL
	@exec $(BIN)/oncall serve

# What Python has compiled is kept also where PYTHONDONTWRITEBYTECODE is set: each worker and each command it starts would compile it all.
test: $(DEV_READY) ## the test suite
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist worksteal

faults: $(DEV_READY) ## what kills and restarts real processes: nodes, databases, the demo
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m faults

check: $(DEV_READY) ## lint, types, import contracts, committed OpenAPI
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.architecture.contracts
	@$(BIN)/python -m oncall openapi --check openapi/openapi.json
	@$(BIN)/python -m oncall docs --check .

soak: $(DEV_READY) ## what takes long: calendars written to hold us up, anything at all to every way in, long stories against the model and the invariants, seeded mistakes
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m $(if $(EXAMPLES),soak,"soak or long")
	@$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile=$(or $(EXAMPLES),soak) tests/intake/test_anything.py tests/intake/test_anything_on_the_wire.py tests/intake/test_properties.py
	@$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile=$(or $(EXAMPLES),soak) tests/schedules/test_properties.py tests/schedules/test_feeds.py tests/reports/test_coverage.py tests/channels/test_email.py
	@$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile=$(or $(EXAMPLES),soak) tests/model tests/machine/test_machine.py

bench: $(DEV_READY) ## the numbers of docs/explanation/performance.md, target and result side by side
	@$(BIN)/python -m tests.bench

clients: $(DEV_READY) ## other tools' own clients against a live node; QUICK=1: the small ones; ONLY="zabbix monit": these
	@$(BIN)/python -m tests.clients $(if $(QUICK),--quick) $(ONLY)

docs: $(RUN_READY) ## write the pages anew that the program itself makes: docs/integrations, the README's table, messages, permissions
	@$(BIN)/python -m oncall docs --write .

pictures: $(DEV_READY) ## photograph what docs/reference/messages.md shows, with a headless Chromium
	@$(BIN)/python -m tests.pictures

conformance: $(DEV_READY) ## every channel against everything its provider can do to it, as a table
	@$(BIN)/python -m tests.conformance

payloads: $(DEV_READY) ## every real body of every system through a real node, as a table
	@$(BIN)/python -m pytest -s tests/intake/dialects/test_all_systems.py

openapi: $(RUN_READY) ## write openapi/openapi.json anew
	@$(BIN)/python -m oncall openapi --write openapi/openapi.json

lock: ## make both lock files anew (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra build pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra build --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .clients .mypy_cache .pytest_cache .ruff_cache .hypothesis
