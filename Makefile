# `make demo` and `make test` set up a virtual environment first.
PYTHON ?= python3
VENV ?= .venv
# The GPU's Paddle where there is an NVIDIA GPU, else the CPU's.
REQUIREMENTS ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo requirements.txt || echo requirements-cpu.txt)
RUN := $(VENV)/bin/python
INSTALL ?= $(RUN) -m pip install --quiet --disable-pip-version-check
OPTIONS ?=
# A test process for each core; TEST_OPTIONS="-n 0 -x" for one process that stops at the first failure.
TEST_OPTIONS ?= -n auto --dist worksteal

# `make lock` and `make audit` have an environment of their own.
SUPPLY ?= .venv-supply
SUPPLY_TOOLS := uv==0.13.9 pip-audit==2.10.1
LOCKS := .ci/requirements.lock .ci/requirements-cpu.lock

.PHONY: demo environment test test-all coverage smoke lint types bench docs gallery figures lock audit clean

# The notebook's five modes on the built-in pictures; figures go to logs/demo.
demo: $(VENV)/ready
	$(RUN) tools/train.py --data sample --augment all --log-dir logs/demo --model-dir models/demo $(OPTIONS)
	$(RUN) tools/plot.py logs/demo

environment: $(VENV)/ready

# All tests but those marked slow: whole programs, kills, READMEs.
test: $(VENV)/ready
	$(RUN) -m pytest -m "not slow" $(TEST_OPTIONS)

test-all: $(VENV)/ready
	$(RUN) -m pytest $(TEST_OPTIONS)

# test-all, and which lines and branches of the package it runs, in subprocesses too; below 95 % fails.
coverage: $(VENV)/ready
	$(RUN) -m pytest --cov --cov-report=term:skip-covered $(TEST_OPTIONS)

# A little of everything, for Pythons on which CI does not run all tests.
SMOKE := project/test_structure project/test_supply test_config augment/test_spec augment/test_transform \
  test_rng system/test_files data/test_list_format system/test_umask training/test_checkpoint test_cli
smoke: $(VENV)/ready
	$(RUN) -m pytest -m "not slow" $(TEST_OPTIONS) $(SMOKE:%=tests/%.py)

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

# docs/ as a site, site/index.html, and in Chinese, site/zh/index.html. A broken link fails.
# The theme would advertise its successor at each build.
docs: export NO_MKDOCS_2_WARNING = 1
docs: $(VENV)/docs-ready
	$(RUN) -m mkdocs build --strict
	DOCS_LANGUAGE=zh DOCS_SITE=site/zh $(RUN) -m mkdocs build --strict

# The gallery of augmentations, docs/augmentations.md, from the registry; with PHOTOS=photos16/Images, a
# folder of Caltech-101's classes, its pictures, too.
gallery: $(VENV)/ready
	PYTHONPATH=tools:. $(RUN) -m publish.gallery $(PHOTOS)

# Every published figure, from the logs in the repository, by the commands in logs/reference/README.md;
# with IMAGES=FOLDER, which has photos16, those that show photos, too.
figures: $(VENV)/ready
	PYTHONPATH=tools:. $(RUN) -m publish.figures all $(if $(IMAGES),--images $(IMAGES))

# Pin the newest versions that the requirements allow, with hashes, for every Python and system. CI
# installs the locks.
lock: $(SUPPLY)/ready
	for lock in $(LOCKS); do \
	  case $$lock in *-cpu.lock) more=".ci/cpu-only.txt requirements-docs.txt";; *) more=;; esac; \
	  $(SUPPLY)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 \
	    --fork-strategy requires-python --no-strip-extras --generate-hashes --no-build --no-config \
	    --custom-compile-command "make lock" $$(basename $$lock .lock).txt requirements-dev.txt $$more \
	    --output-file $$lock || exit 1; \
	done

# Look up known vulnerabilities of the locked versions. .ci/audit-ignore lists those that do not
# matter here; --strict fails for a package that cannot be looked up.
audit: $(SUPPLY)/ready
	for lock in $(LOCKS); do \
	  $(SUPPLY)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$lock \
	    $$(sed -n 's/^\([A-Z][A-Z]*-[^ ]*\) .*/--ignore-vuln \1/p' .ci/audit-ignore) || exit 1; \
	done

clean:
	rm -rf $(VENV) $(SUPPLY) site

$(SUPPLY)/ready: Makefile
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check $(SUPPLY_TOOLS)
	touch $@

# Rebuilt when the requirements change. `ready` is touched last, so a failed installation is repeated.
# From a lock, wheels alone are installed: building one would fetch tools that have no hash.
$(VENV)/ready: $(REQUIREMENTS) requirements-dev.txt
	@$(PYTHON) -c 'import sys; top = 12 if "$(basename $(notdir $(REQUIREMENTS)))" == "requirements" else 13; \
	  sys.exit(not (3, 10) <= sys.version_info < (3, top + 1) and f"want Python 3.10 to 3.{top}, for which there is a Paddle: make PYTHON=python3.{top}")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) \
	  $(if $(filter %.lock,$(REQUIREMENTS)),--require-hashes --only-binary :all:,-r requirements-dev.txt) \
	  -r $(REQUIREMENTS)
	touch $@

# The lock for CPUs has what the site needs, too.
$(VENV)/docs-ready: $(VENV)/ready requirements-docs.txt
	$(if $(filter %.lock,$(REQUIREMENTS)),,$(INSTALL) -r requirements-docs.txt)
	touch $@
