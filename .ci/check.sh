#!/bin/sh
# The gate: the same here and in continuous integration. Stops at the first step that fails.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

step() { printf '\n== %s\n' "$*"; }

step "1 ruff: format and lint"
ruff format --check .
ruff check .

step "2 mypy and pyright: types, both strict"
mypy
pyright

step "3 lint-imports: who may import whom"
lint-imports

step "4 vulture, deptry, codespell: dead code, dependencies, spelling"
python .ci/dead_code.py
deptry .
codespell

step "5 pytest"
python -m pytest -q -n 2 --dist loadfile

step "6 mpy-cross: the portable code compiles for a board"
python .ci/cross_compile.py firmware hal/api hal/conformance hal/micropython

step "7 the 32-bit build under node: portable tests, heap of the core"
python benchmarks/bench_heap.py --tests

step "8 docs: links, commands, names"
python -m pytest -q tests/house

printf '\nthe gate is open\n'
