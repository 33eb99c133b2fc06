# All state of the demonstration lives under VAR; deleting it starts afresh.
PORT = 8000
VAR = var
# Passed on: make test ARGS="-k sign", make lock ARGS=--upgrade
ARGS =

PYTHON = .venv/bin/python
UV = $(shell command -v uv || echo .venv/bin/uv)
RESOLVE = $(UV) pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --universal --python-version 3.11 $(ARGS)

.DEFAULT_GOAL = help
.PHONY: help demo test benchmark benchmark-day benchmark-overload benchmark-counting \
	benchmark-growing benchmark-signing benchmark-import benchmark-lighthouse lint messages lock

help:
	@echo "make demo [PORT=8000] [VAR=var]  a demonstration on this machine; Ctrl-C ends it"
	@echo "make test [ARGS=...]             the tests"
	@echo "make benchmark [ARGS=...]        how near to bare Django and PostgreSQL do we come?"
	@echo "make benchmark-day [ARGS=...]    the busiest day on record, for ten minutes (needs nginx)"
	@echo "make benchmark-overload          five times as many as can sign (needs nginx)"
	@echo "make benchmark-counting          how is a number best kept that many change at once?"
	@echo "make benchmark-growing [ARGS=...] what does a page cost with more signatures, petitions, people?"
	@echo "make benchmark-signing           can the time of an answer tell who has signed?"
	@echo "make benchmark-import [ARGS=...] do a million names from a file come in, in flat memory?"
	@echo "make benchmark-lighthouse        what does Lighthouse say of the pages? (needs Node, Chromium)"
	@echo "make lint                        style, and what must not stand in a file"
	@echo "make messages                    collect and compile the texts of the interface"
	@echo "make lock [ARGS=--upgrade]       make requirements/*.txt from pyproject.toml (needs uv)"

demo: export VIGIL_VAR = $(VAR)
demo: .venv/demo
	@exec $(PYTHON) manage.py demo --port $(PORT)

test: .venv/test
	@exec $(PYTHON) -m pytest $(ARGS)

# A file names no package registry and no home directory of the machine it was written on.
# git grep answers 1 when it looked and found nothing; 128 is an error of git.
FOUND = git grep --line-number -I --extended-regexp
lint: .venv/test
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(FOUND) '(--|extra-|^ *)index-url|(UV|PIP|EXTRA|DEFAULT)_INDEX'; test $$? -eq 1
	@$(FOUND) '[-]-(default-index|find[-]links)|[:]//[^ ]*/simple/'; test $$? -eq 1
	@$(FOUND) '"[r]esolved"'; test $$? -eq 1
	@$(FOUND) '(^|[^[:alnum:]_./-])/(home|root|Users)/[[:alnum:]]'; test $$? -eq 1

benchmark: .venv/test
	@exec $(PYTHON) benchmarks/ratios.py $(ARGS)

benchmark-day: .venv/test
	@exec $(PYTHON) benchmarks/record_day.py $(ARGS)

benchmark-overload: .venv/test
	@exec $(PYTHON) benchmarks/overload.py $(ARGS)

benchmark-counting: .venv/test
	@exec $(PYTHON) benchmarks/counting.py $(ARGS)

benchmark-growing: .venv/test
	@exec $(PYTHON) benchmarks/growing.py $(ARGS)

benchmark-signing: .venv/test
	@exec $(PYTHON) benchmarks/signing_times.py

benchmark-import: .venv/test
	@exec $(PYTHON) benchmarks/import_a_million.py $(ARGS)

benchmark-lighthouse: .venv/demo
	@exec benchmarks/lighthouse.sh

messages: .venv/test
	@command -v msgfmt >/dev/null || \
		{ echo "make messages needs gettext (Debian: apt install gettext)." >&2; exit 1; }
	@$(PYTHON) manage.py makemessages --all --add-location file --ignore .venv --ignore var
	@$(PYTHON) manage.py compilemessages --ignore .venv --ignore var

lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv (pip install uv)." >&2; exit 1; }
	$(RESOLVE) --output-file requirements/base.txt
	$(RESOLVE) --extra demo --output-file requirements/demo.txt
	$(RESOLVE) --extra demo --extra test --output-file requirements/test.txt

# Each stamp says that its lock is installed; a newer lock or python installs again.
.venv/demo .venv/test: .venv/%: requirements/%.txt .venv/bin/python
	@echo "Installing requirements/$*.txt"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
		--requirement requirements/$*.txt
	@touch $@

.venv/bin/python:
	@python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Vigil needs python3, 3.11 or newer, with venv" \
		"(Debian: apt install python3-venv)." >&2; exit 1; }
	@python3 -m venv .venv || { rm -rf .venv; exit 1; }
