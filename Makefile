# Two commands: `make run` serves, `make test` checks. Works with GNU make 3.81 (macOS).
BIN := .venv/bin
PYTHON ?=
export PYTHON
unexport PYTHONPATH PYTHONHOME PYTHONOPTIMIZE PYTHONWARNINGS
# Settings of a service that this shell may know must not reach the tests.
NO_SETTINGS := env -u DATABASE_URL -u DATABASE_MIGRATION_URL -u REDIS_URL -u SMTP_URL \
	-u SECRET_KEYS -u PUBLIC_URL -u MAIL_FROM -u PORT -u DATA_DIR
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url pyproject.toml

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-long clean-data lint format lock audit screens installed installed-dev

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1: /'

run: installed ## serve on this machine, with a demo school; Ctrl-C ends it
	@exec $(BIN)/python -m outreach.running

test: installed-dev lint ## the whole suite, browser included
	@CHROMIUM="$$($(BIN)/python -m tests.chromium)" $(NO_SETTINGS) \
		$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

test-long: installed-dev ## 200 kills, outages, real mail servers (Debian, root; a quarter of an hour)
	@$(NO_SETTINGS) $(BIN)/python -m pytest tests/long/kill_table.py tests/long/real_servers.py

clean-data: installed ## end what runs and forget everything in DATA_DIR
	@$(BIN)/python -m outreach.running --forget

lint: installed-dev ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: installed-dev ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: installed-dev ## work out both lock files anew
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -o requirements-dev.lock

screens: installed-dev ## make the pictures in docs/screens anew
	@CHROMIUM="$$($(BIN)/python -m tests.chromium)" $(NO_SETTINGS) $(BIN)/python -m tests.screens

audit: installed-dev ## look for known weaknesses in what we depend on
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock

installed:
	@sh scripts/install.sh runtime

installed-dev:
	@sh scripts/install.sh dev
