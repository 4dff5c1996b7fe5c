"""The suite of a template version, run beside the SQL that finds the same problems: the two must agree."""

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from clients.postgres import Connection
from domain.errors import InputRefusedError
from domain.problem import Finding
from domain.recipient_rules import Rule, RuleKind, RuleResult
from domain.template import Template
from sql import query
from validations.suite_process import SuiteProcess

# The process that has imported the library, or is about to, and waits for a list.
_waiting: Final[list[SuiteProcess]] = []


def prepare_suite() -> None:
    """Start a process that imports the library, unless one waits already.

    Called as early as a submit is certain: the import then runs while a server starts and the list is read.
    """
    if not _waiting or not _waiting[0].is_alive:
        _end_waiting()
        _waiting.append(SuiteProcess())


@contextmanager
def running_suite(url: str, campaign_id: UUID, *, template: Template) -> Iterator[Callable[[], list[RuleResult]]]:
    """Run the suite against the staged rows while the block does something else; the value waits for its results.

    The rows must be committed, and stay as they are during the block.
    """
    prepare_suite()
    process = _waiting.pop()
    is_finished = False

    def finish() -> list[RuleResult]:
        nonlocal is_finished
        results = process.finish()
        is_finished = True
        return results

    try:
        process.start(url, campaign_id, template=template)
        yield finish
    finally:
        if is_finished and not _waiting:
            _waiting.append(process)
        else:
            process.close()


def save_results(connection: Connection, campaign_id: UUID, *, results: Sequence[RuleResult]) -> None:
    """Compare the results of the suite with the problems that were found, and save them.

    Raises InputRefusedError when the two disagree: then one of them is wrong, and nothing should be sent by it.
    """
    disagreements = _disagreements(results, BrokenRows(connection, campaign_id))
    if disagreements:
        raise InputRefusedError(
            f"Two checks of the list do not agree ({'; '.join(disagreements)}), so nothing was kept. This is a fault "
            "of Windowcast: please report it with the file's first rows."
        )
    _keep(connection, campaign_id, results)


class BrokenRows:
    """How many rows of a campaign break a rule, counted from its problems."""

    def __init__(self, connection: Connection, campaign_id: UUID) -> None:
        """Count the problems of the campaign by column and finding."""
        rows = connection.execute(query("problems/count_rows"), {"campaign_id": campaign_id}).fetchall()
        self._rows = {(row["column_name"], Finding(row["finding"])): row["row_count"] for row in rows}
        self._repeated = {Finding(row["finding"]): row["first_row_count"] for row in rows}

    def of(self, rule: Rule) -> int:
        """Return in how many rows the rule is broken.

        The first row of a repeated person is good and sent, and shares its person all the same: it counts here.
        """
        count: int = sum(self._rows.get((rule.column, finding), 0) for finding in rule.findings)
        if rule.kind is RuleKind.PERSON_ONCE:
            count += self._repeated.get(Finding.DUPLICATE, 0)
        return count

    def unexplained(self, rules: Sequence[Rule]) -> list[str]:
        """Return the findings about rows that no rule of these would have made."""
        explained = {(rule.column, finding) for rule in rules for finding in rule.findings}
        return [
            f"{finding} in {column or 'the whole row'}"
            for column, finding in self._rows
            if (column, finding) not in explained
        ]


def _disagreements(results: Sequence[RuleResult], broken: BrokenRows) -> list[str]:
    said = [
        f"{one.rule.kind} of {one.rule.column or 'the row'}: {one.broken_count} and {broken.of(one.rule)} rows"
        for one in results
        if one.broken_count != broken.of(one.rule)
    ]
    return said + broken.unexplained([one.rule for one in results])


def _keep(connection: Connection, campaign_id: UUID, results: Sequence[RuleResult]) -> None:
    connection.execute(
        query("validations/keep"),
        {
            "campaign_id": campaign_id,
            "rules": [one.rule.kind for one in results],
            "columns": [one.rule.column or "" for one in results],
            "checked_counts": [one.checked_count for one in results],
            "broken_counts": [one.broken_count for one in results],
        },
    )


def _end_waiting() -> None:
    while _waiting:
        _waiting.pop().close()


atexit.register(_end_waiting)
