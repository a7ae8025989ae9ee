# `make demo` and `make test` set up all they need in a virtual environment, then run.
PYTHON ?= python3
VENV ?= .venv
# The GPU's Paddle where there is an NVIDIA GPU, else the CPU's.
REQUIREMENTS ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo requirements.txt || echo requirements-cpu.txt)
RUN := $(VENV)/bin/python
OPTIONS ?=
TEST_OPTIONS ?=

# What `make lock` and `make audit` run, in an environment of its own.
SUPPLY ?= .venv-supply
SUPPLY_TOOLS := uv==0.13.9 pip-audit==2.10.1
LOCKS := requirements.lock requirements-cpu.lock

.PHONY: demo environment test coverage smoke lint types bench lock audit clean

# The notebook's five modes on the pictures that the project draws, and their figures in logs/demo.
demo: $(VENV)/ready
	$(RUN) tools/train.py --data sample --augment all --log-dir logs/demo --model-dir models/demo $(OPTIONS)
	$(RUN) tools/plot.py logs/demo

environment: $(VENV)/ready

# TEST_OPTIONS="-n 2" shares the tests out to two processes.
test: $(VENV)/ready
	$(RUN) -m pytest $(TEST_OPTIONS)

# Lines and branches of the package that the tests run through, in tools and workers too.
coverage: $(VENV)/ready
	$(RUN) -m pytest --cov --cov-report=term:skip-covered $(TEST_OPTIONS)

# Every module imported, and a little of everything, for Pythons that `make test` is not run on.
SMOKE := project/test_structure project/test_supply test_config augment/test_spec augment/test_transform \
  test_rng system/test_files data/test_listfile data/test_packed system/test_umask training/test_checkpoint test_cli
smoke: $(VENV)/ready
	$(RUN) -m pytest -m "not slow" $(SMOKE:%=tests/%.py)

lint: $(VENV)/ready
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

types: $(VENV)/ready
	$(RUN) -m mypy

# Short forms of the benchmarks, in less than five minutes; tools/benchmark.py has the long ones.
bench: $(VENV)/ready
	$(RUN) tools/benchmark.py modes --sizes 224 --starts 3 --repeats 2
	$(RUN) tools/benchmark.py loader --workers 0,1 --only none userDef --repeats 1
	$(RUN) tools/benchmark.py train --recipe sample --repeats 1

# The newest versions that the requirements allow, with their hashes, for every Python and system:
# what CI installs. No address gets into the files.
lock: $(SUPPLY)/ready
	for lock in $(LOCKS); do \
	  $(SUPPLY)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 \
	    --fork-strategy requires-python --no-strip-extras --generate-hashes --no-build --no-config \
	    --custom-compile-command "make lock" $${lock%.lock}.txt --output-file $$lock || exit 1; \
	done

# Known vulnerabilities of what the locks pin; --strict, since what cannot be looked up is not clean.
# .ci/audit-ignore has those that are explained, a line each: the identifier, blanks, the reason.
audit: $(SUPPLY)/ready
	for lock in $(LOCKS); do \
	  $(SUPPLY)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$lock \
	    $$(sed -n 's/^\([A-Z][A-Z]*-[^ ]*\) .*/--ignore-vuln \1/p' .ci/audit-ignore) || exit 1; \
	done

clean:
	rm -rf $(VENV) $(SUPPLY)

$(SUPPLY)/ready: Makefile
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check $(SUPPLY_TOOLS)
	touch $@

# Made anew when the requirements change; an installation that failed leaves no mark. Of a lock only
# what it has the hash of is installed, and nothing is built, as that would fetch what has none.
$(VENV)/ready: $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; top = 12 if "$(basename $(REQUIREMENTS))" == "requirements" else 13; \
	  sys.exit(not (3, 10) <= sys.version_info < (3, top + 1) and f"want Python 3.10 to 3.{top}, for which there is a Paddle: make PYTHON=python3.{top}")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check \
	  $(if $(filter %.lock,$(REQUIREMENTS)),--require-hashes --only-binary :all:) -r $(REQUIREMENTS)
	touch $@
