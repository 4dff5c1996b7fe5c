# The commands of this repository. `make` alone lists them. Only Python 3.11 to 3.14, with venv, must be installed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-kills test-flows test-others test-unit test-faults test-faults-all soak test-machine test-second-python check check-types check-sql format fuzz bench bench-large lock update audit sbom clean
.PHONY: again

# What a shell may have set for another project must not reach into this one.
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONPYCACHEPREFIX PYTHONUSERBASE PYTHONWARNINGS
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV CONDA_PREFIX PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV
# An empty environment has no PATH at all.
export PATH := $(or $(PATH),/usr/local/bin:/usr/bin:/bin)

PACKAGES := cli clients deployments domain flows reports sandbox sql tasks validations web
VENV := .venv
PYTHON := $(VENV)/bin/python
PYTEST := $(PYTHON) -m pytest
UV := $(VENV)/bin/uv

# The newest supported Python of the PATH that can make an environment; arguments: a version to pass over, and more folders.
# Every folder is tried: a shim may come before a Python that works, and the Python of an activated environment leads to the
# one that made it.
define FIND_PYTHON
find_python() { \
	IFS=:; \
	for version in 3.14 3.13 3.12 3.11 ''; do \
		for folder in $$PATH $$2; do \
			if [ "$$version" != "$$1" ] && [ -x "$$folder/python$${version:-3}" ] && "$$folder/python$${version:-3}" -c \
				"import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15) or '%d.%d' % sys.version_info[:2] == '$$1')" \
				>/dev/null 2>&1; then echo "$$folder/python$${version:-3}"; return; fi; \
		done; \
	done; \
	return 1; \
}; \
need_python() { \
	find_python none && return; \
	echo "No Python 3.11 to 3.14 with the module venv was found (Debian keeps it in the package python3-venv); install one and run make again." >&2; \
	return 1; \
}
endef

# The `windowcast` command and the path file that lets every Python of .venv find our packages, from any folder. Our
# packages have plain names, so they come before any others; the shell starts Python because a first line that names
# an interpreter can neither hold a blank nor be long.
define WRITE_COMMAND
import pathlib, sys, sysconfig
root = pathlib.Path.cwd()
venv = pathlib.Path(sys.prefix)
(pathlib.Path(sysconfig.get_path("purelib")) / "windowcast.pth").write_text(f"{root}\n", encoding="utf-8")
command = venv / "bin/windowcast"
quoted = "".join("\\" + mark if mark in '\\"$$`' else mark for mark in str(venv))
command.write_text(
    f"""#!/bin/sh
"exec" "{quoted}/bin/python" "$$0" "$$@"
import sys

sys.path.insert(0, {str(root)!r})

from cli.main import main

sys.exit(main())
""",
    encoding="utf-8",
)
command.chmod(0o755)
endef
export WRITE_COMMAND

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.ready ## make .venv with everything in it, and the windowcast command (.venv/bin/windowcast)

# The mark holds the folder it was made in: after a move the command and the path file are written again.
ifneq ($(shell cat $(VENV)/.ready 2>/dev/null),$(CURDIR))
$(VENV)/.ready: again
endif

# pip installs the pinned uv, and uv all else: it checks every hash and takes a fraction of the time. Then pip and setuptools
# go, which no lock file holds at a version. Nobody runs the tests of packages here: a fifth of what there is to compile.
$(VENV)/.ready: requirements.txt requirements-dev.txt Makefile
	@$(FIND_PYTHON); \
	if ! $(PYTHON) -c "import sys" >/dev/null 2>&1; then \
		python=$(BASE_PYTHON); \
		[ -n "$$python" ] || python=$$(need_python) || exit 1; \
		echo "Creating $(VENV) with $$python ..."; \
		"$$python" -m venv --clear $(VENV) || exit 1; \
	fi
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > $(VENV)/uv.txt; \
	if [ "uv==$$($(UV) --version 2>/dev/null | cut -d ' ' -f 2)" != "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' $(VENV)/uv.txt)" ]; then \
		$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip >/dev/null || exit 1; \
		$(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt || exit 1; \
	fi
	@echo "Installing the locked packages (a minute the first time) ..."
	@$(UV) pip sync --quiet --system-certs --python $(PYTHON) --require-hashes requirements.txt requirements-dev.txt
	@$(UV) pip uninstall --quiet --python $(PYTHON) pip setuptools
	@$(UV) pip check --quiet --python $(PYTHON)
	@echo "Compiling them, so that Prefect and Great Expectations start in seconds ..."
	@# Some packages carry files of other Python versions on purpose: compileall fails on those alone, so its exit code says nothing.
	@$(PYTHON) -m compileall -qq -j 0 -x 'site-packages/.*/tests?/' "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" $(PACKAGES) tests || true
	@$(PYTHON) -c "$$WRITE_COMMAND"
	@printf '%s' '$(subst ','\'',$(CURDIR))' > $@
	@echo "Ready: $(VENV)/bin/windowcast --help"

demo: setup ## send a 10,000-row campaign to the Messenger Platform of this machine
	@$(VENV)/bin/windowcast demo

# The tests of a file share their servers and stay together, in the order of the folders, those that use Prefect last. Three
# groups run at once: the flows whose processes are killed, one after the other, since their bounds are heartbeats and leases; the
# other flows, which mostly wait; and all other tests.
PROCESSES := 4
KILLS := tests/flows/test_dead_legs.py tests/flows/test_shares.py
SLOWEST := --durations=25 --durations-min=1

# ALSO names more targets, as test-machine: each begins when one before it has ended, on the processor that is free.
# `tee -i` outlives a Ctrl-C, so that pytest can stop its servers and still report.
test: setup ## run all tests but those of the machine; the last line names the Postgres versions that ran
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && trap 'exit 130' INT TERM; \
	if [ -t 1 ]; then color=yes; else color=no; fi; \
	{ $(MAKE) --no-print-directory --keep-going --jobs=3 COLOR=$$color OUTPUT="$$folder" test-kills test-flows test-others $(ALSO); \
	  echo $$? > "$$folder/status"; \
	  for group in kills flows; do echo "The $$group, which ran at the same time:"; cat "$$folder/$$group"; done; } | tee -i "$$folder/output"; \
	grep '^Postgres versions that ran:' "$$folder/output" | head -n 1 | grep . || echo "Postgres versions that ran: none"; \
	exit "$$(cat "$$folder/status" 2>/dev/null | grep . || echo 1)"

test-kills: setup ## run the tests of flows whose processes are killed
	@$(PYTEST) $(if $(COLOR),--color=$(COLOR)) $(SLOWEST) $(KILLS) $(if $(OUTPUT),> "$(OUTPUT)/kills" 2>&1)

test-flows: setup ## run the other tests of flows: a Prefect server, its workers and deployments
	@$(PYTEST) $(if $(COLOR),--color=$(COLOR)) $(SLOWEST) -n 2 --dist loadfile tests/flows $(KILLS:%=--ignore=%) $(if $(OUTPUT),> "$(OUTPUT)/flows" 2>&1)

test-others: setup ## run all but those of the flows and of the machine
	@$(PYTEST) $(if $(COLOR),--color=$(COLOR)) $(SLOWEST) -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --ignore=tests/machine --ignore=tests/flows

test-unit: setup ## run the tests that need neither a server nor a network
	@$(PYTEST) tests/unit

test-faults: setup ## run the fault suite: kills, crashes, lies of the platform, random histories, a short soak
	@$(PYTEST) tests/faults

test-faults-all: setup ## run the whole of it: a kill at every statement and every POST, long random histories
	@WINDOWCAST_EVERY_STATEMENT=1 WINDOWCAST_MODEL_EXAMPLES=300 WINDOWCAST_MODEL_STEPS=50 $(PYTEST) tests/faults

soak: setup ## let everything fail at random for SOAK_SECONDS (600) with SOAK_SEED (a new one, printed)
	@$(PYTHON) tests/faults/soak.py --seconds $(or $(SOAK_SECONDS),600) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

test-machine: setup ## run the tests that need more of the machine than the others
	@if [ ! -d tests/machine ]; then \
		echo "There is no folder tests/machine: no test needs more of the machine than those of make test." >&2; exit 1; fi
	@$(PYTEST) tests/machine

# The last line of .ci/run names the versions. The demo submits, sends, collects receipts and exports, and counts them.
SECOND := .venv-second
test-second-python: setup ## run the unit tests and the demo on another supported Python, if one is installed
	@version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	$(FIND_PYTHON); rm -f $(SECOND)/.ran; \
	if ! python=$$(find_python "$$version" "$$(echo "$$HOME"/.pyenv/versions/*/bin | tr ' ' :)"); then echo "No second supported Python is installed: only $$version ran."; exit 0; fi; \
	$(MAKE) --no-print-directory VENV=$(SECOND) BASE_PYTHON="$$python" setup && \
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(SECOND)/bin/python -m pytest -q tests/unit && \
	$(SECOND)/bin/windowcast demo --rows 1000 --output "$$folder/demo" && \
	$(SECOND)/bin/python -c 'import platform; print(",", platform.python_version())' > $(SECOND)/.ran

check: setup ## read the code with ruff, deptry, mypy, import-linter and sqlfluff
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@.venv/bin/deptry . --no-ansi
	@$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(MAKE) --no-print-directory --keep-going --jobs=2 check-types check-sql

check-types: setup
	@$(PYTHON) -m mypy

# Names and contents are compared, not times: a file that is moved here may be older than the last reading.
check-sql: setup
	@read=$$({ find sql -name '*.sql' -exec cksum {} +; cksum .sqlfluff requirements-dev.txt; } | sort | cksum); \
	if [ "$$(cat .venv/.sql-is-right 2>/dev/null)" = "$$read" ]; then echo "sqlfluff has found this SQL right before."; exit 0; fi; \
	$(PYTHON) -m sqlfluff lint sql && echo "$$read" > .venv/.sql-is-right

format: setup ## write the code as ruff and sqlfluff want it
	@$(PYTHON) -m ruff check --fix-only .
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m sqlfluff fix --quiet sql

SECONDS := 60
fuzz: setup ## break recipients files at random for SECONDS=60, and read them; SEED=N repeats a run
	@$(PYTHON) tests/spreadsheet/fuzz.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

bench: setup ## measure speed and memory: every file of benchmarks/, one after the other (large files: a tenth of them)
	@set -- benchmarks/*.py; \
	if [ ! -e "$$1" ]; then echo "There is no file in benchmarks/ yet." >&2; exit 1; fi; \
	for file in "$$@"; do $(PYTHON) "$$file" || exit 1; done

bench-large: setup ## measure what takes minutes: a million rows beside pandas, two minutes of pace, a million ready
	@$(PYTHON) benchmarks/intake.py 10000 100000 1000000
	@for file in benchmarks/sending*.py benchmarks/receiver.py benchmarks/eligibility_report.py benchmarks/prefect_cost.py; do $(PYTHON) "$$file" large || exit 1; done

# Two files: the packages of the product, and in addition those of its developers, which its image leaves out. A version in
# them that still fits is retained, unless UPGRADE says otherwise.
COMPILE := $(UV) pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
lock: ## write requirements.txt and requirements-dev.txt from pyproject.toml; versions that still fit stay
	@$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.txt
	@$(COMPILE) $(UPGRADE) --group dev pyproject.toml -c requirements.txt \
		$$(sed -n 's/^\([a-z0-9.-]*\)==.*/--no-emit-package \1/p' requirements.txt) -o requirements-dev.txt
	@sed -i '/^# The following packages were excluded/,$$d' requirements-dev.txt

update: ## write both lock files with the newest versions that fit pyproject.toml
	@$(MAKE) --no-print-directory lock UPGRADE=--upgrade

# uv audits and describes a project of its own: in a temporary folder one whose packages are those of the lock files.
define AS_PROJECT
folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && root=$$(pwd) && uv="$$root/$(UV)" && cd "$$folder" && \
"$$uv" init --quiet --bare --no-workspace --name windowcast --python "$$root/$(PYTHON)" && \
"$$uv" add --quiet --no-sync --system-certs $(1)
endef

audit: setup ## look up known vulnerabilities of all locked packages; needs the advisory service of uv
	@$(call AS_PROJECT,-r "$$root/requirements.txt" -r "$$root/requirements-dev.txt"); \
	"$$uv" audit --frozen --system-certs --preview-features audit-command $(if $(SERVICE_URL),--service-url $(SERVICE_URL)); code=$$?; \
	if [ $$code -eq 2 ]; then echo "The advisory service cannot be reached (see above): no package was audited." >&2; fi; \
	exit $$code

sbom: setup ## write sbom.cdx.json: the packages of the product, in CycloneDX
	@$(call AS_PROJECT,-r "$$root/requirements.txt") && \
	"$$uv" export --quiet --frozen --no-dev --format cyclonedx1.5 --output-file "$$root/sbom.cdx.json" >/dev/null && \
	echo "Wrote sbom.cdx.json."

clean: ## remove .venv and everything that the tools have left behind
	rm -rf .venv $(SECOND) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis demo-output sbom.cdx.json
	find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
