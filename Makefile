# `make demo` and `make test` set up all they need in a virtual environment, then run.
PYTHON ?= python3
VENV ?= .venv
# The GPU's Paddle where there is an NVIDIA GPU, else the CPU's.
REQUIREMENTS ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo requirements.txt || echo requirements-cpu.txt)
RUN := $(VENV)/bin/python
OPTIONS ?=

.PHONY: demo test lint bench clean

# The notebook's five modes on the pictures that the project draws, and their figures in logs/demo.
demo: $(VENV)/ready
	$(RUN) tools/train.py --data sample --augment all --log-dir logs/demo --model-dir models/demo $(OPTIONS)
	$(RUN) tools/plot.py logs/demo

test: $(VENV)/ready
	$(RUN) -m pytest

lint: $(VENV)/ready
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

# Short forms of the benchmarks, in less than five minutes; tools/benchmark.py has the long ones.
bench: $(VENV)/ready
	$(RUN) tools/benchmark.py modes --sizes 224 --starts 3 --repeats 2
	$(RUN) tools/benchmark.py loader --workers 0,1 --only none userDef --repeats 1
	$(RUN) tools/benchmark.py train --recipe sample --repeats 1

clean:
	rm -rf $(VENV)

# Made anew when the requirements change; an installation that failed leaves no mark.
$(VENV)/ready: $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; top = 12 if "$(REQUIREMENTS)" == "requirements.txt" else 13; \
	  sys.exit(not (3, 10) <= sys.version_info < (3, top + 1) and f"want Python 3.10 to 3.{top}, for which there is a Paddle: make PYTHON=python3.{top}")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	touch $@
