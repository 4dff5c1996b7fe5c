"""Every statement is used, every name has a statement, and every statement fits the schema."""

import ast
import re
from fnmatch import filter as filter_names
from fnmatch import fnmatchcase
from pathlib import Path

import psycopg

from sql import query

ROOT = Path(__file__).parents[2]
STATEMENTS = sorted(
    str(path.relative_to(ROOT / "sql").with_suffix(""))
    for path in (ROOT / "sql").rglob("*.sql")
    if "migrations" not in path.parts
)
# What a team's own table looks like to the statements that read it.
MAPPED_VIEW = """
CREATE TEMPORARY VIEW mapped_interaction AS SELECT NULL::text AS account, user_id, kind::text, occurred_at
FROM interaction
"""
# Definitions, COPY and TRUNCATE have no plan; loading tables live only inside a load or a report, and the tables of a
# dry run only inside it.
WITHOUT_PLAN = {
    "database/create_migration_table",
    "staging/copy_rows",
    "staging/copy_problems",
    "uploads/copy_content",
    "interactions/create_loading_table",
    "interactions/drop_loading_table",
    "interactions/copy",
    "receipts/create_loading_table",
    "receipts/drop_loading_table",
    "receipts/copy",
    "maintenance/empty_aside",
    "eligibility/create_segment",
    "eligibility/clear_segment",
    "eligibility/copy_segment",
    "interactions/copy_csv",
    "interactions/analyze_loading_table",
    "mapped/drop_view",
    "dry_run/analyze_messages",
    "dry_run/analyze_staged",
    "dry_run/create_tables",
    "dry_run/move_campaign",
    "dry_run/set_unreachable",
    "dry_run/count_messages",
}


def test_each_statement_is_asked_for_by_name_and_each_name_has_a_statement():
    patterns = _asked()
    stored = [name for name in STATEMENTS if not name.startswith("promises/")]

    assert [name for name in stored if not any(fnmatchcase(name, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not filter_names(stored, pattern)] == []


class _Texts(ast.NodeVisitor):
    """Collects the texts of a module; a `*` stands for each value that an f-string fills in."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Constant(self, node: ast.Constant) -> None:
        self.found.add(str(node.value))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values))


def _asked() -> set[str]:
    """Return the texts of the code that look like the name of a statement: a folder of statements, a slash, a word."""
    texts = _Texts()
    for folder in ("tasks", "flows", "cli", "web", "deployments", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            texts.visit(ast.parse(path.read_text()))
    folders = {name.partition("/")[0] for name in STATEMENTS}
    return {text for text in texts.found if re.fullmatch(r"\w+/[\w*]+", text) and text.partition("/")[0] in folders}


def test_each_statement_fits_the_schema(connection):
    misfits = {}

    with connection.transaction(force_rollback=True):
        for table in (
            "interactions/create_loading_table",
            "receipts/create_loading_table",
            "eligibility/create_segment",
        ):
            connection.execute(query(table))
        connection.execute(MAPPED_VIEW)
        for name in STATEMENTS:
            if name not in WITHOUT_PLAN:
                error = _misfit(connection, name)
                if error:
                    misfits[name] = error

    assert misfits == {}


def _misfit(connection, name: str) -> str | None:
    statement = query(name)
    parameters = dict.fromkeys(re.findall(r"%\((\w+)\)s", statement.decode())) or None
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(b"EXPLAIN " + statement, parameters)
    except psycopg.errors.Error as error:
        return str(error)
    return None
