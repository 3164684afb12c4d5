# Everything from a fresh clone: needs Python 3.11 or later, make and, for speed, a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := pyproject.toml setup.py constraints.txt $(wildcard src/snellen/stats/kernels/source/*)

# Says so where the kernel could not be compiled: pip shows nothing of a build that succeeds.
TELL := $(BIN)/python -c 'from snellen.stats.kernels import reason_not_compiled as why; print(why or "")' | sed '/^$$/d; s/^/NOTE: /'

.DELETE_ON_ERROR:
.PHONY: help pictures demo test lint bench gallery accuracy calibrate clean

help:
	@echo "make demo     train a small faulty network, see what is wrong, prove why, and mend it"
	@echo "make test     formatter, linter, type checker and all tests"
	@echo "make lint     the first three of these"
	@echo "make bench    speed and memory, as ratios (bench/)"
	@echo "make pictures pictures of the faults, the pages of docs/symptoms and docs/causes, and a"
	@echo "              picture of the report page (needs Chromium)"
	@echo "make gallery  snellen on every program of the gallery, against its ground truth"
	@echo "make calibrate count the clues of causes on the runs that make accuracy kept"
	@echo "make accuracy the same over several seeds: caught, missed, false alarms (bench/accuracy)"

# What a user does with a script: watch it, put the cause to the proof, try the remedies.
demo: $(VENV)/demo.done
	place=$$(mktemp -d) && cp src/snellen/demo/digits_torch.py $$place && cd $$place && set -ex && \
	export OMP_NUM_THREADS=1 PATH="$(abspath $(BIN)):$$PATH" && \
	snellen run --run-file demo.snellen digits_torch.py && \
	snellen confirm --quiet --budget 40s demo.snellen && \
	snellen fix --budget 40s demo.snellen

test: lint
	# One thread a process: two processes of two threads each would wait for one another.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests

lint: $(VENV)/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/dev.done
	$(BIN)/python -m bench

gallery: $(VENV)/dev.done
	$(BIN)/python -m gallery

# Goes on where it was interrupted; ONLY="--quick" or ONLY="PROGRAM --seeds 3" does a part.
accuracy: $(VENV)/dev.done
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.accuracy $(ONLY)

# From the runs that `make accuracy` kept: how often each clue of a cause is met.
calibrate: $(VENV)/dev.done
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.accuracy.calibrate
	$(BIN)/python -m snellen.causes.pages docs/causes

# Draws from the runs that `make accuracy` kept, where it did; RUNS= trains anew.
RUNS ?= $(wildcard .accuracy)
pictures: $(VENV)/dev.done
	$(BIN)/python -m gallery.pictures $(if $(RUNS),--runs $(RUNS))
	$(BIN)/python -m snellen.symptoms.pages docs/symptoms
	$(BIN)/python -m snellen.causes.pages docs/causes
	$(BIN)/python -m gallery.screenshot docs/pictures/report.png

clean:
	rm -rf $(VENV) build dist src/snellen.egg-info src/snellen/stats/kernels/_map_table*

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "snellen needs Python 3.11 or later, but $(PYTHON) is older:" \
			"name another one, e.g. make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The developers' installation holds the demo's: neither is made twice.
$(VENV)/demo.done: $(SETUP) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo]'
	@$(TELL)
	@touch $@

$(VENV)/dev.done: $(SETUP) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@$(TELL)
	@touch $(VENV)/demo.done $@
