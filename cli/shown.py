"""Campaigns, plans, accounts and problems, as machines and people are shown them."""

from typing import TYPE_CHECKING, Any

import click

from cli.output import print_table, say, utc
from domain.reasons import SENTENCES
from domain.states import MessageState

if TYPE_CHECKING:
    from clients.postgres import Connection
    from domain.account import Account
    from domain.problem import Problem
    from tasks.campaigns import Counts
    from tasks.intake import Plan
    from tasks.sweep import SweepReport

_MOST_SHOWN_PROBLEMS = 20


def campaign_json(campaign: dict[str, Any], counts: "Counts") -> dict[str, Any]:
    """Return a campaign for machines, with the keys of the command line's contract."""
    return {
        "campaign_id": str(campaign["campaign_id"]),
        "name": campaign["name"],
        "state": campaign["state"],
        "account": campaign["account"],
        "scheduled_at": utc(campaign["scheduled_at"]),
        "by_state": {str(state): count for state, count in counts.by_state.items()},
        "by_reason": {str(reason): count for reason, count in counts.by_reason.items()},
    }


def campaign_details_json(connection: "Connection", campaign: dict[str, Any]) -> dict[str, Any]:
    """Return one campaign with its counts and what else is known of it."""
    from tasks.campaigns import count_messages

    counts = count_messages(connection, [campaign["campaign_id"]])[campaign["campaign_id"]]
    return {
        **campaign_json(campaign, counts),
        "rows": counts.rows,
        "template": campaign["template"],
        "language": campaign["language"],
        "version": campaign["version"],
        "file": campaign["file_name"],
        "not_after": utc(campaign["not_after"]),
        "hold_until": utc(campaign["hold_until"]),
        "weight": float(campaign["weight"]),
        "held": campaign["held_count"],
        "recovered": campaign["recovered_count"],
        "created_at": utc(campaign["created_at"]),
        "started_at": utc(campaign["started_at"]),
        "ended_at": utc(campaign["ended_at"]),
        "pause_reason": campaign["pause_reason"],
        "resends_unknown": campaign["resends_unknown"],
        "refusal": campaign["refusal"],
        "problem_count": campaign["problem_count"],
    }


def problem_json(problem: "Problem") -> dict[str, Any]:
    """Return a problem for machines."""
    return {
        "row_number": problem.row_number,
        "column": problem.column,
        "code": problem.code.value,
        "text": problem.text,
    }


def plan_json(plan: "Plan") -> dict[str, Any]:
    """Return a plan for machines."""
    forecast = plan.outlook.forecast
    return {
        "rows": plan.counts.rows,
        "by_state": {str(state): count for state, count in plan.counts.by_state.items()},
        "by_reason": {str(reason): count for reason, count in plan.counts.by_reason.items()},
        "eligible_now": forecast.eligible_now,
        "eligible_at_send": forecast.eligible_at_send,
        "closing_before_turn": forecast.closing_before_turn,
        "seconds": forecast.seconds,
        "problems": [problem_json(problem) for problem in plan.problems],
    }


def account_json(account: "Account") -> dict[str, Any]:
    """Return an account for machines."""
    return {
        "account_id": str(account.account_id),
        "name": account.name,
        "channel": account.channel.value,
        "provider": account.provider.value,
        "external_id": account.external_id,
        "page_id": account.page_id,
        "credential": account.credential,
        "pace": account.per_second,
        "paused": account.is_paused,
        "pause_reason": account.pause_reason,
        "cap_messages": account.cap_messages,
        "cap_hours": account.cap_hours,
    }


def sweep_json(report: "SweepReport") -> dict[str, Any]:
    """Return a sweep for machines."""
    return {
        "rescued": report.rescued,
        "settled": report.settled,
        "echoes": report.echoes,
        "recovered": report.recovered,
        "closed": [str(campaign_id) for campaign_id in report.closed],
        "to_continue": [str(campaign_id) for campaign_id in report.to_continue],
        "findings": [
            {
                "code": finding.code.value,
                "text": finding.text,
                "count": finding.count,
                "account": finding.account,
                "campaign_id": None if finding.campaign_id is None else str(finding.campaign_id),
                "runbook": finding.runbook,
            }
            for finding in report.findings
        ],
    }


def show_counts(counts: "Counts") -> None:
    """Print how many messages stand where."""
    print_table(
        ("state", "messages"),
        [(state, count) for state, count in counts.by_state.items() if count],
        empty="The list has no rows.",
    )
    if counts.by_reason:
        rows = sorted(counts.by_reason.items(), key=lambda one: -one[1])
        print_table(("why", "messages", ""), [(reason, count, SENTENCES[reason]) for reason, count in rows], empty="")


def show_problems(problems: "list[Problem]") -> None:
    """Print the first problems, one sentence each, to stderr."""
    for problem in problems[:_MOST_SHOWN_PROBLEMS]:
        where = "" if problem.row_number is None else f"row {problem.row_number}: "
        say(f"  {where}{problem.text}")
    if len(problems) > _MOST_SHOWN_PROBLEMS:
        say(f"  … and {len(problems) - _MOST_SHOWN_PROBLEMS} more; --json lists all.")


def show_forecast(plan: "Plan") -> None:
    """Print what the send would reach, in sentences; nothing for a list of which no row could be judged."""
    by_state = plan.counts.by_state
    if plan.counts.rows == by_state[MessageState.INVALID] + by_state[MessageState.DUPLICATE]:
        return
    forecast = plan.outlook.forecast
    click.echo(f"Eligible now: {forecast.eligible_now}")
    click.echo(
        f"Eligible at {plan.outlook.at:%Y-%m-%d %H:%M:%S} UTC, if nobody writes again: {forecast.eligible_at_send}"
    )
    if forecast.seconds is not None:
        click.echo(f"Sending takes about {_duration(forecast.seconds)} at this account's pace.")
    if forecast.closing_before_turn:
        click.echo(f"Windows that close before their turn: {forecast.closing_before_turn}")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if not hours else ""]
    return " ".join(part for part in parts if part)
