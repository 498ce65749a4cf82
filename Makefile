# The verbs of the house. Each sets up what it needs by itself and is quick when nothing is missing.
#   make run     a site with three simulated cameras, a broker and the CMC page, at a printed address
#   make test    every test
#   make check   the whole gate: format, lint, types, contracts, dead code, tests, both MicroPythons
#   make pictures   the pictures of the documents, taken anew from a demo
#   make clean   remove what these made

VENV := .venv
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
WORKERS := 2

.PHONY: run test check bench-heap pictures clean

run: $(VENV)/run.stamp
	$(VENV)/bin/lamppost demo

test: $(VENV)/test.stamp
	$(VENV)/bin/python -m pytest -q -n $(WORKERS) --dist loadfile

check: $(VENV)/test.stamp
	.ci/check.sh

bench-heap: $(VENV)/test.stamp
	$(VENV)/bin/python benchmarks/bench_heap.py

pictures: $(VENV)/test.stamp
	$(VENV)/bin/python .ci/pictures.py

$(VENV)/bin/python:
	.ci/packages.sh run
	python3 -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml .ci/packages.sh | $(VENV)/bin/python
	$(PIP) install -e '.[micropython]'
	touch $@

$(VENV)/test.stamp: pyproject.toml .ci/packages.sh | $(VENV)/bin/python
	.ci/packages.sh test
	$(PIP) install -e '.[dev,micropython]'
	touch $@ $(VENV)/run.stamp

clean:
	rm -rf $(VENV) build state *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .ci/micropython/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
