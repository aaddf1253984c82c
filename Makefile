# docsign: the two commands a newcomer needs are `make demo` and `make test`.
# A fresh Debian 12 with make, Python 3.11 with venv, and a package index is enough.

PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP     = $(BIN)/python -m pip --quiet --disable-pip-version-check

# an editable install compiles nothing, and each command would then compile its modules anew
COMPILE = $(BIN)/python -m compileall -q docsign relay_server

.DEFAULT_GOAL := help
.PHONY: help demo test check format fuzz simulate slow locale lock clean

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

# Two stamps: the run-time set is enough for the demo, the dev set holds it too.
$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@ $(VENV)/run.stamp

demo: $(VENV)/run.stamp  ## play the whole story on loopback: build, sign, seal, send, receive, verify, answer
	@$(BIN)/python examples/demo.py demo-out

check: $(VENV)/dev.stamp  ## format, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: $(VENV)/dev.stamp  ## the tests, with the tools of others they ask for a second opinion
	@sh tests/install-witnesses.sh
	$(BIN)/python -m pytest

slow: $(VENV)/dev.stamp  ## what CI cannot carry: long campaigns, big files, foreign judges
	@sh tests/install-witnesses.sh slow
	$(BIN)/python -m pytest -m slow

SECONDS ?= 60
fuzz: $(VENV)/dev.stamp  ## any bytes against every parser and judge, guided by coverage; SECONDS=60 for each target
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

SEEDS ?= 1000
SEED  ?=
simulate: $(VENV)/dev.stamp  ## whole histories of a relay under faults, in virtual time; SEEDS=1000, or SEED=7 alone with its log
	$(BIN)/python -m tests.simulation.run $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

format: $(VENV)/dev.stamp  ## write the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

locale: $(VENV)/dev.stamp  ## compile the Vietnamese sentences (docsign/locale/vi/*.po) into the catalogue that is shipped
	$(BIN)/python tests/locale_catalogue.py

lock:  ## resolve the dependencies anew; needs uv
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header pyproject.toml requirements/build.in --extra layout --extra office --extra relay \
	  -o requirements/run.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header -c requirements/run.lock pyproject.toml requirements/build.in \
	  --extra layout --extra office --extra relay --extra token --extra fast --extra dev -o requirements/dev.lock

clean:  ## remove what the commands above made
	rm -rf $(VENV) demo-out dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
