"""Imports point one way, heavy packages come late, and no name of ours hides another one."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))

IMPORT_EVERYTHING_BUT_FLOWS = f"""
import importlib, pathlib, sys

for package in {[name for name in PACKAGES if name != "flows"]}:
    for path in sorted(pathlib.Path(package).rglob("*.py")):
        parts = path.with_suffix("").parts
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
print(*sorted({{"great_expectations", "prefect"}} & set(sys.modules)))
"""

SHOW_HELP = """
import contextlib, io, sys
from cli.main import main

with contextlib.redirect_stdout(io.StringIO()) as shown:
    code = main(["--help"])
assert code == 0 and "submit" in shown.getvalue()
print(*sorted({"great_expectations", "pandas", "prefect", "psycopg", "pydantic", "rich"} & set(sys.modules)))
"""


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def _imported_names() -> set[str]:
    """The top-level names that any module of ours imports, wherever in it."""
    names = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.split(".")[0])
    return names


def test_the_import_contracts_hold():
    run = _python("from importlinter.cli import lint_imports_command; lint_imports_command()")

    assert run.returncode == 0, run.stdout + run.stderr


def test_the_import_contracts_know_every_package():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert sorted(contracts["root_packages"]) == PACKAGES


def test_no_flow_has_the_name_of_a_package_that_is_imported():
    # Prefect puts flows/ first on the path, where such a file would hide the package.
    stems = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}

    assert stems
    assert stems & (set(PACKAGES) | _imported_names() | set(sys.stdlib_module_names)) == set()


def test_no_package_of_ours_has_the_name_of_an_installed_one():
    assert set(PACKAGES) & (set(packages_distributions()) | set(sys.stdlib_module_names)) == set()


def test_prefect_and_great_expectations_are_imported_only_where_they_are_used():
    run = _python(IMPORT_EVERYTHING_BUT_FLOWS)

    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_the_help_of_the_command_imports_nothing_heavy():
    run = _python(SHOW_HELP)

    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
