"""Every statement is used, every name has a statement, and every statement fits the schema."""

import re
from pathlib import Path

import psycopg

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
# Definitions, COPY and TRUNCATE have no plan; loading tables live only inside a load or a report.
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
}
# Rules that statements share: the planner puts the body of each in place of its call.
INLINED = ("message_change", "is_held", "window_end", "closing_time", "suppression_reason")


def test_each_statement_is_asked_for_by_name_and_each_name_has_a_statement():
    code = "\n".join(
        path.read_text()
        for folder in ("tasks", "flows", "cli", "web", "deployments", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    )

    asked = set(re.findall(r'query\(\s*f?"([^"]+)"', code)) | set(re.findall(r'"([a-z]+/[a-z_]+)"', code))
    if "moves/replace_{noun}_moves" in code:
        asked |= {"moves/replace_message_moves", "moves/replace_campaign_moves"}
    stored = {name for name in STATEMENTS if not name.startswith("promises/")}

    assert stored - asked == set()
    assert {name for name in asked if not name.startswith("moves/replace_{")} & set(STATEMENTS) == stored


def test_each_statement_fits_the_schema(connection):
    misfits = {}

    for name in STATEMENTS:
        if name not in WITHOUT_PLAN:
            error = _misfit(connection, name)
            if error:
                misfits[name] = error

    assert misfits == {}


def test_functions_that_statements_share_cost_no_call(connection):
    called = {
        name: calls
        for name in STATEMENTS
        if name not in WITHOUT_PLAN
        and (calls := [function for function in INLINED if f"{function}(" in _plan(connection, name)])
    }

    assert called == {}


def _misfit(connection, name: str) -> str | None:
    try:
        _plan(connection, name)
    except psycopg.errors.Error as error:
        return str(error)
    return None


def _plan(connection, name: str) -> str:
    from sql import query

    statement = query(name)
    parameters = dict.fromkeys(re.findall(r"%\((\w+)\)s", statement.decode())) or None
    with connection.transaction(force_rollback=True):
        connection.execute(query("interactions/create_loading_table"))
        connection.execute(query("receipts/create_loading_table"))
        connection.execute(query("eligibility/create_segment"))
        connection.execute(MAPPED_VIEW)
        rows = connection.execute(b"EXPLAIN (VERBOSE) " + statement, parameters)
        return "\n".join(row["QUERY PLAN"] for row in rows)
