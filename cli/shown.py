"""Campaigns, plans, accounts and problems, as machines and people are shown them."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from cli.output import is_terminal, print_table, say, utc
from domain.reasons import SENTENCES
from domain.states import CampaignState, MessageState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clients.postgres import Connection
    from clients.settings import Settings
    from domain.account import Account
    from domain.problem import Problem
    from tasks.approvals import Approval
    from tasks.campaigns import Counts
    from tasks.history import Funnel
    from tasks.intake import Plan
    from tasks.outlook import Remaining
    from tasks.sweep import SweepReport
    from tasks.windows import Outlook

_MOST_SHOWN_PROBLEMS = 20
_UNDER_WAY = (CampaignState.SENDING, CampaignState.PAUSED)
_BAR_WIDTH = 40


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


def campaign_details_json(
    connection: "Connection", campaign: dict[str, Any], *, settings: "Settings"
) -> dict[str, Any]:
    """Return one campaign with its counts and what else is known of it."""
    from tasks.campaigns import count_messages
    from tasks.history import read_funnel
    from tasks.judging import count_findings

    remaining = campaign_remaining(connection, campaign, settings=settings)
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
        "shares": campaign["shares"],
        "held": campaign["held_count"],
        "recovered": campaign["recovered_count"],
        "created_at": utc(campaign["created_at"]),
        "started_at": utc(campaign["started_at"]),
        "ended_at": utc(campaign["ended_at"]),
        "pause_reason": campaign["pause_reason"],
        "resends_unknown": campaign["resends_unknown"],
        "private_replies": campaign["private_replies"],
        "refusal": campaign["refusal"],
        "problem_count": sum(count_findings(connection, campaign["campaign_id"]).values()),
        "remarks": campaign["remarks"] or [],
        "seconds_left": None if remaining is None else remaining.seconds_left,
        "at_risk": None if remaining is None else remaining.at_risk,
        "lost_by_delay": campaign["lost_by_delay"],
        "plan": campaign["plan"],
        "funnel": funnel_json(read_funnel(connection, campaign["campaign_id"])),
        "submitted_by": campaign["submitted_by"],
        "approval": approval_json(connection, campaign),
        "run": campaign_run(campaign),
    }


def campaign_run(campaign: "Mapping[str, Any]") -> str | None:
    """Return the page of the newest run of a server that worked on a campaign, where it is known."""
    from clients.prefect_server import pages_address
    from domain.run_names import run_address

    run_id = campaign["flow_run_id"]
    return None if run_id is None else run_address(pages_address(), run_id)


def approval_json(connection: "Connection", campaign: "Mapping[str, Any]") -> dict[str, Any] | None:
    """Return a campaign's approval for machines: its plan's hash, and what was said; None where nobody is asked."""
    from tasks.approvals import list_approvals
    from tasks.submitted_plan import read_plan

    if not campaign["asks_approval"]:
        return None
    asked = read_plan(connection, campaign["campaign_id"])
    return {
        "is_awaited": asked.state is CampaignState.AWAITING_APPROVAL,
        "plan_hash": asked.plan.hash,
        "plan": asked.plan.facts,
        "said": [said_json(one) for one in list_approvals(connection, campaign["campaign_id"])],
    }


def said_json(said: "Approval") -> dict[str, Any]:
    """Return a second person's word for machines."""
    return {
        "verdict": said.verdict.value,
        "plan_hash": said.plan_hash,
        "by": said.decided_by,
        "at": utc(said.decided_at),
        "because": said.because,
    }


def funnel_json(funnel: "Funnel") -> dict[str, Any]:
    """Return a campaign's funnel for machines: counts of messages, medians in seconds."""
    counted = {name.removesuffix("_count"): value for name, value in asdict(funnel).items()}
    return {"rows": counted.pop("row"), **counted}


def show_funnel(funnel: "Funnel") -> None:
    """Print how far the messages came, and how long delivery and reading took."""
    stages = [
        ("rows", funnel.row_count),
        ("good", funnel.good_count),
        ("eligible", funnel.eligible_count),
        ("sent", funnel.sent_count),
        ("delivered", funnel.delivered_count),
        ("read", funnel.read_count),
    ]
    before = [funnel.row_count, *(count for _, count in stages)]
    rows = [
        (stage, f"{count:,}", f"{100 * count / above:.1f} %" if above else "")
        for (stage, count), above in zip(stages, before, strict=False)
    ]
    print_table(("stage", "messages", "of the one before"), rows, empty="")
    click.echo(
        f"Besides: {funnel.failed_count:,} failed, {funnel.unknown_count:,} unknown, {funnel.expired_count:,} expired."
    )
    is_sample = funnel.measured_count < funnel.row_count
    sample = f" (in a sample of {funnel.measured_count:,} rows)" if is_sample else ""
    for what, theirs, ours in (
        ("delivery", funnel.median_seconds_to_delivery, funnel.median_seconds_to_delivery_ours),
        ("reading", funnel.median_seconds_to_read, funnel.median_seconds_to_read_ours),
    ):
        if theirs is not None or ours is not None:
            click.echo(
                f"Median time to {what}{sample}: {_span(theirs)} on the platform's clock, {_span(ours)} from our clock."
            )


def _span(seconds: float | None) -> str:
    return "not known" if seconds is None else f"{seconds:,.1f} s"


def campaign_remaining(
    connection: "Connection", campaign: dict[str, Any], *, settings: "Settings"
) -> "Remaining | None":
    """Return what is left of a campaign that has begun and is not over; None for any other."""
    from tasks.outlook import remaining_of
    from tasks.windows import timing_of

    is_under_way = campaign["started_at"] is not None and campaign["state"] in _UNDER_WAY
    if not is_under_way:
        return None
    return remaining_of(connection, campaign, timing=timing_of(settings))


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
    from tasks.planning import plan_facts

    return {
        "rows": plan.counts.rows,
        "by_state": {str(state): count for state, count in plan.counts.by_state.items()},
        "by_reason": {str(reason): count for reason, count in plan.counts.by_reason.items()},
        **plan_facts(plan.outlook),
        "problems": [problem_json(problem) for problem in plan.problems],
        "remarks": list(plan.remarks),
        "same_file": same_file_json(plan.same_file),
        "held": plan.held,
        "asks_approval": plan.asks_approval,
    }


def same_file_json(campaign: "Mapping[str, Any] | None") -> dict[str, Any] | None:
    """Return the earlier campaign of the same file for machines; None where there is none."""
    if campaign is None:
        return None
    return {
        "campaign_id": str(campaign["campaign_id"]),
        "name": campaign["name"],
        "created_at": utc(campaign["created_at"]),
    }


def say_same_file(campaign: "Mapping[str, Any]") -> None:
    """Warn that the very same file was sent with this template and account before."""
    say(
        f"Note: this very file was submitted for this account and template before, on "
        f"{campaign['created_at']:%Y-%m-%d}, as {campaign['name']} ({campaign['campaign_id']}); look whether it is the "
        "list you mean."
    )


def say_remarks(remarks: "Sequence[str]") -> None:
    """Say what was assumed while the list was read."""
    for remark in remarks:
        say(f"Note: {remark}")


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
        "note": account.note,
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


def show_findings(problems: "list[Problem]", remarks: "Sequence[str]") -> None:
    """Print the first problems of a list, and the assumptions of its reader, to stderr."""
    show_problems(problems)
    say_remarks(remarks)


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
    from tasks.planning import plan_sentences

    for sentence in plan_sentences(plan.outlook, account=plan.account):
        click.echo(sentence)
    if is_terminal() and plan.outlook.forecast.eligible_now:
        _show_closings(plan.outlook)
    if plan.asks_approval:
        from tasks.plan_shown import ASKS

        click.echo(ASKS)
    if plan.warning:
        say(plan.warning)


def show_held(plan: "Plan") -> None:
    """Print how many people a campaign would wait for."""
    if plan.held:
        click.echo(
            f"Waited for: {plan.held} people without an open window; they get the message when they write in time."
        )


def _show_closings(outlook: "Outlook") -> None:
    """Draw, hour by hour, how many windows close, and how many people a start at that hour would reach."""
    counts = outlook.closings_per_hour
    most = max(*counts, 1)
    click.echo("\nfrom (UTC)   windows that close in the hour                    a start then reaches")
    last = max((hour for hour, count in enumerate(counts) if count), default=0)
    for (at, people), count in list(zip(outlook.starts, counts, strict=True))[: last + 1]:
        bar = "█" * math.ceil(_BAR_WIDTH * count / most)
        click.echo(f"{at:%d %b %H:%M} {bar:<{_BAR_WIDTH}} {count:>9,} {people:>20,}")
