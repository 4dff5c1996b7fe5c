"""What the validation report of a campaign says, gathered from the database at any time after its list was read."""

import shlex
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.problem import FINDINGS, Finding, ProblemCode
from domain.recipient_rules import RuleResult, rules_of, suite_name
from domain.states import CampaignState, MessageState
from domain.template import Template
from reports.validation_page import Checker, ValidationReport, Verdict
from sql import query
from tasks.campaigns import count_messages, get_campaign
from tasks.staging import list_problems
from tasks.suite import BrokenRows
from tasks.templates import get_template

_MOST_PROBLEMS: Final = 100
_OF_FILE: Final = frozenset({ProblemCode.UNREADABLE_FILE, ProblemCode.BAD_HEADER, ProblemCode.NO_RECIPIENTS})
_NOT_GOOD: Final = (MessageState.INVALID, MessageState.DUPLICATE)


def gather_report(connection: Connection, campaign_id: UUID) -> ValidationReport:
    """Gather the validation report of a campaign. Raises NotFoundError without the campaign.

    Where the suite has no say (a file that was of no use, a campaign from before its results were kept) the rules are
    shown as the SQL found them.
    """
    campaign = get_campaign(connection, campaign_id)
    template = get_template(connection, campaign["template_id"])
    counts = count_messages(connection, [campaign_id])[campaign_id]
    by_kind = _count_by_kind(connection, campaign_id)
    good_count = counts.rows - sum(counts.by_state[state] for state in _NOT_GOOD)
    is_of_use = not _OF_FILE & set(by_kind)
    kept = connection.execute(query("validations/list"), {"campaign_id": campaign_id}).fetchall()
    results, checked_by = _results(connection, campaign_id, template, row_count=counts.rows, kept=kept)
    verdict = _verdict(campaign["state"], has_bad_rows=good_count < counts.rows, is_of_use=is_of_use)
    return ValidationReport(
        campaign=campaign["name"],
        campaign_id=str(campaign_id),
        account=campaign["account"],
        template=f"{template.name} ({template.code}, {template.language}, version {template.version})",
        suite=suite_name(template),
        file_name=campaign["file_name"],
        sha256=campaign["list_sha256"],
        validated_at=kept[0]["validated_at"] if kept else campaign["created_at"],
        verdict=verdict,
        refusal=campaign["refusal"],
        row_count=counts.rows,
        good_count=good_count if is_of_use else 0,
        results=results if is_of_use else (),
        checked_by=checked_by if is_of_use else Checker.NOBODY,
        by_kind=tuple(by_kind.items()),
        problems=list_problems(connection, campaign_id, most=_MOST_PROBLEMS),
        next_steps=_next_steps(campaign, template, verdict=verdict, by_kind=by_kind),
    )


def _count_by_kind(connection: Connection, campaign_id: UUID) -> dict[ProblemCode, int]:
    counts: dict[ProblemCode, int] = {}
    for row in connection.execute(query("problems/count"), {"campaign_id": campaign_id}):
        code = FINDINGS[Finding(row["finding"])][0]
        counts[code] = counts.get(code, 0) + row["problem_count"]
    return counts


def _results(
    connection: Connection, campaign_id: UUID, template: Template, *, row_count: int, kept: list[dict[str, Any]]
) -> tuple[list[RuleResult], Checker]:
    if kept:
        fared = {(row["rule"], row["column_name"]): row for row in kept}
        found = [(rule, fared.get((rule.kind, rule.column or ""))) for rule in rules_of(template)]
        return [
            RuleResult(rule, row["checked_count"], row["broken_count"]) for rule, row in found if row
        ], Checker.SUITE
    broken = BrokenRows(connection, campaign_id)
    return [RuleResult(rule, row_count, broken.of(rule)) for rule in rules_of(template)], Checker.SQL


def _verdict(state: str, *, has_bad_rows: bool, is_of_use: bool) -> Verdict:
    if state == CampaignState.REFUSED or not is_of_use:
        return Verdict.REFUSED
    if state == CampaignState.DRAFT:
        return Verdict.OPEN
    return Verdict.PARTLY if has_bad_rows else Verdict.ACCEPTED


def _next_steps(
    campaign: Mapping[str, Any], template: Template, *, verdict: Verdict, by_kind: Mapping[ProblemCode, int]
) -> list[str]:
    """Say what a marketer does now, in order; a command stands between backticks and can be run as it is."""
    match verdict:
        case Verdict.OPEN:
            return ["The list is being read; make this page again in a minute."]
        case Verdict.ACCEPTED | Verdict.PARTLY:
            shown = f"See what became of each row: `windowcast campaigns show {campaign['campaign_id']}`"
            if verdict is Verdict.ACCEPTED:
                return [f"Nothing has to be mended. {shown}"]
            return ["The rows below were left out; mend them and submit them as a list of their own.", shown]
        case Verdict.REFUSED:
            return [
                *_mending_steps(template, by_kind),
                f"Look first, then submit: `{_check_command(campaign, template)}`",
            ]


def _mending_steps(template: Template, by_kind: Mapping[ProblemCode, int]) -> list[str]:
    if ProblemCode.BAD_HEADER in by_kind:
        return [f"Mend the header as said below, or get a fresh workbook: `{template.workbook_command}`"]
    if _OF_FILE & set(by_kind):
        return ["Do what the sentence below says, and save the file again."]
    if set(by_kind) - {ProblemCode.DUPLICATE}:
        return [
            "Mend the rows listed below in your file, or send its good rows only by adding `--accept-valid` to the "
            "submit."
        ]
    return ["The rows are good. The reason above says why nothing was sent."]


def _check_command(campaign: Mapping[str, Any], template: Template) -> str:
    file = campaign["file_name"] or "FILE"
    words = ["windowcast", "check", "--account", campaign["account"], "--template", template.code]
    return shlex.join([*words, "--language", template.language, "--file", file])
