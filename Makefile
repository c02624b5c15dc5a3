# Everything here works in .venv, which the first target that needs it makes; `make help` lists the targets.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin

.PHONY: help report test lint types generate bench clean
.NOTPARALLEL:

help:
	@echo 'make report     the report on the example covariances, into report/'
	@echo 'make test       the tests; ARGS="-k ordering" passes arguments to pytest'
	@echo 'make lint       ruff, on style and format'
	@echo 'make types      pyright'
	@echo 'make generate   derive what is slow into derive/derived.py, and write numerics/generated/'
	@echo 'make bench      the benchmarks of speed, into benchmarks/RESULTS.md'
	@echo 'make clean      remove what these made, but for .venv'
	@echo 'PYTHON=python3.12 takes another Python for .venv (3.11 or newer)'

report: $(VENV)/.installed-report
	@$(BIN)/taskalign report --train examples/digits/train.csv --test examples/digits/test.csv \
	  --alpha 2 --tau 4 --kappa 1 --rho 0.01 --out report

# two workers; libraries that start threads of their own get one each
test: $(VENV)/.installed-dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# the link tree shows pyright the sources under their import name
types: $(VENV)/.installed-dev
	@rm -rf $(VENV)/typing && mkdir -p $(VENV)/typing/taskalign
	@ln -s $(addprefix ../../../,$(wildcard _taskalign/* derive numerics models proofs_check)) $(VENV)/typing/taskalign
	@$(BIN)/pyright --pythonpath $(BIN)/python

# numba does not notice that a cached kernel calls a function that has changed
generate: $(VENV)/.installed-dev
	@$(BIN)/python -m taskalign.derive.generate
	@$(BIN)/ruff format --quiet derive/derived.py
	@$(BIN)/python -m taskalign.numerics.generate
	@rm -f numerics/__pycache__/*.nb[ci]

# about ten minutes
bench: $(VENV)/.installed-dev
	@$(BIN)/python benchmarks/speed

clean:
	@rm -rf build dist *.egg-info report .pytest_cache .ruff_cache .hypothesis
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# What keeps $(PYTHON) from making .venv, in one line; empty when nothing does.
problem = $(shell \
  command -v '$(PYTHON)' >/dev/null \
    || { echo '$(PYTHON) not found: apt install python3 python3-venv (3.11 or newer)'; exit; }; \
  '$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    || { echo '$(PYTHON) is not Python 3.11 or newer: apt install python3 python3-venv on a newer system,' \
              'or name another with make PYTHON=python3.12'; exit; }; \
  '$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null \
    || echo '$(PYTHON) cannot make a virtual environment: apt install python3-venv')

# An install that was interrupted leaves .installing behind. What it wrote cannot be trusted, so the next one
# starts from nothing.
define install
@$(if $(problem),$(error $(problem)))
@if [ -e $(VENV)/.installing ] || [ ! -x $(BIN)/python ]; then rm -rf $(VENV); fi
@mkdir -p $(VENV) && touch $(VENV)/.installing && rm -f $(VENV)/.installed-*
@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
@echo 'Installing taskalign[$(1)] into $(VENV) ...'
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(1)]'
@rm $(VENV)/.installing
endef

$(VENV)/.installed-report: pyproject.toml constraints.txt
	$(call install,report)
	@touch $@

# holds all that the report needs
$(VENV)/.installed-dev: pyproject.toml constraints.txt
	$(call install,dev)
	@touch $@ $(VENV)/.installed-report
