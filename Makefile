# `make course` and `make test` are all that a new clone needs; each makes .venv first when it is missing.
PYTHON := $(shell for name in python3 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && { echo $$name; break; }; done)
COURSE := .venv/bin/course

.PHONY: course test lint lab book clean environment lock

course: environment  ## execute every chapter on the embedded pictures and build the book
	$(COURSE) run
	$(COURSE) book

# Several processes test at once: more threads in each would only wait for one another. What one
# has compiled the others, and the next run, need not compile again.
test: export PYTHONDONTWRITEBYTECODE =
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: export TF_NUM_INTRAOP_THREADS = 1
test: environment  ## run the tests
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: environment  ## form, faults and the direction of imports
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/lint-imports --no-logo

lab: environment  ## open JupyterLab on the chapters
	$(COURSE) lab

book: environment  ## build the site from the stored outputs
	$(COURSE) book

environment:
	@test -n "$(PYTHON)" || { echo "The course needs Python 3.11 or 3.12 on the PATH: install one of them and try again."; exit 1; }
	@$(PYTHON) bootstrap.py

lock: environment  ## resolve requirements.lock and environment.yml anew from pyproject.toml
	.venv/bin/python tools/lock.py

clean:  ## remove what runs and builds made; the environment and downloaded photographs stay
	rm -rf book/_build work/sample work/real work/check .pytest_cache .hypothesis .ruff_cache .import_linter_cache
