# Needs Python >= 3.11, pip and make; a C compiler makes it faster. Everything else goes to .venv.

PYTHON ?= python3
COMPILED ?= auto
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
CREATED := $(VENV)/pyvenv.cfg
TOOLS := $(VENV)/.tools-installed

export COMPILED
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test test-pure lint format kinds docs bench bench-check bench-accept fuzz package clean js s3

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  ARGS="..."       is passed on, e.g. make run ARGS="--set listeners.tcp.bind=127.0.0.1:18831"'
	@echo '  COMPILED=0|1     never compile the hot modules, or insist on it (default: where possible)'
	@echo '  PYTHON=python3   the Python to create .venv with'

# The Python that .venv was made from may be gone: then make it again.
ifeq ($(wildcard $(PY)),)
.PHONY: $(CREATED)
endif
$(CREATED): tools/venv.sh
	@sh tools/venv.sh $(PYTHON) $(VENV)

$(TOOLS): $(CREATED) tools/requirements-dev.txt
	@echo "setup: installing tools"
	@$(PY) -m pip install -q -r tools/requirements-dev.txt
	@touch $@

setup: $(TOOLS) ## Create .venv and install every package, compiled where possible
	@$(PY) -m tools.build install

run: setup ## Run a broker in the foreground on 127.0.0.1:1883
	@echo "run: a broker in the foreground; Ctrl-C stops it. Try: mosquitto_sub -t 'hello/#' -v"
	@exec $(VENV)/bin/robust-server run $(ARGS)

test: setup ## Run the whole suite, and the MQTT and conformance suites once more in plain Python
	@$(PY) -m tools.run_tests $(ARGS)

test-pure: setup ## Run the whole suite in plain Python only
	@$(PY) -m tools.run_tests --plain $(ARGS)

lint: setup ## Check format, style, types, imports, tidiness and generated pages
	@$(PY) -m tools.lint $(ARGS)

format: $(TOOLS) ## Format the code and fix what can be fixed
	@$(PY) -m ruff format -q .
	@$(PY) -m ruff check -q --fix .

kinds: $(TOOLS) ## Write the lists of compiled modules after marking or unmarking one [H]
	@$(PY) -m tools.kinds --write

docs: setup ## Write the pages of docs/ that are generated from sources and tests
	@$(PY) -m tools.docs

bench: setup ## Measure the broker beside others (see docs/howto/benchmark.md)
	@$(PY) -m bench $(ARGS)

bench-check: setup ## Count instructions and memory, and compare them with the accepted figures
	@$(PY) -m bench.counted check $(ARGS)

bench-accept: setup ## Make what is counted now the accepted figures
	@$(PY) -m bench.counted accept $(ARGS)

fuzz: setup ## Feed damaged packets to what reads bytes from peers; ARGS="--seconds 60" is passed on
	@for program in fuzz/*/fuzz_*.py; do echo "fuzz: $$program"; $(PY) $$program $(ARGS) || exit 1; done

package: setup ## Build wheels and sdists into dist/ and run a broker from them
	@$(PY) -m tools.package $(ARGS)

s3: $(VENV)/bin/versitygw ## Build versitygw, an S3 server that some integration tests use (needs Go)

$(VENV)/bin/versitygw: | $(CREATED)
	@echo "s3: building versitygw"
	@GOBIN=$(abspath $(VENV))/bin go install github.com/versity/versitygw/cmd/versitygw@v1.8.0

js: tests/integration/js/node_modules ## Install MQTT.js and playwright-core, which some integration tests use (needs npm)

tests/integration/js/node_modules: tests/integration/js/package-lock.json
	@cd tests/integration/js && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean: ## Remove everything that is made here
	@rm -rf $(VENV) .build dist tests/integration/js/node_modules
	@find . -type d \( -name __pycache__ -o -name '.*_cache' -o -name .hypothesis \) -prune -exec rm -rf {} +
