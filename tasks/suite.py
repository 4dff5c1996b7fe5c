"""The suite of a template version, run beside the SQL that finds the same problems: the two must agree."""

from collections.abc import Sequence
from uuid import UUID

from clients.postgres import Connection
from domain.errors import InputRefusedError
from domain.template import Template
from sql import query
from validations.recipients_suite import RuleResult, validate_staged_rows


def check_suite(connection: Connection, campaign_id: UUID, *, url: str, template: Template) -> list[RuleResult]:
    """Run the suite against the staged rows and compare it with the problems that were found in them.

    Returns what each rule found. Raises InputRefusedError, before any message exists, when the two disagree: then one
    of them is wrong, and nothing should be sent by it.
    """
    results = validate_staged_rows(url, campaign_id, template=template)
    row = connection.execute(query("staging/count_broken"), {"campaign_id": campaign_id}).fetchone()
    if row is None:
        raise LookupError("an aggregate returned no row")
    found = {(one["column"], one["finding"]): one["problem_count"] for one in row["problems"] or []}
    disagreements = _disagreements(results, found, has_repetition=row["has_repetition"])
    if disagreements:
        raise InputRefusedError(
            f"Two checks of the list do not agree ({'; '.join(disagreements)}), so nothing was kept. This is a fault "
            "of Windowcast: please report it with the file's first rows."
        )
    return results


def _disagreements(
    results: Sequence[RuleResult], found: dict[tuple[str | None, str], int], *, has_repetition: bool
) -> list[str]:
    expected = {
        "expect_column_values_to_match_regex": ("id_bad_shape",),
        "expect_column_values_to_be_between": ("message_too_long",),
    }
    said = []
    for result in results:
        match result.rule:
            case "expect_table_columns_to_match_ordered_list":
                agrees = result.broken_count == 0
            case "expect_column_values_to_be_unique":
                agrees = (result.broken_count > 0) == has_repetition
            case "expect_column_values_to_not_be_null":
                # Missing ones, and those whose cell the reader found bad and left out.
                agrees = result.broken_count == sum(
                    count
                    for (column, finding), count in found.items()
                    if column == result.column
                    and finding not in ("id_bad_shape", "duplicate", "conflicting_duplicate", "message_too_long")
                )
            case rule:
                agrees = result.broken_count == sum(
                    count for (_, finding), count in found.items() if finding in expected[rule]
                )
        if not agrees:
            said.append(f"{result.rule} on {result.column}: {result.broken_count} rows")
    return said
