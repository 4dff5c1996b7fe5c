"""The sweep: what dead senders left is put right, campaigns that are over are closed, and what stands still is told."""

from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from domain.pace import Timing
from domain.receipts import POLICY_WORDS, PolicyAction
from domain.sweep import SweepCode, SweepFinding
from sql import query
from tasks.campaigns import close_campaign, recover_held
from tasks.reconcile import settle_by_inbox
from tasks.timed_runs import RunCheck
from tasks.upkeep import find_upkeep
from tasks.windows import window_parameters

# A run that sends claims every second or so; one that waits for the platform waits at most a minute.
_STILL_SECONDS: Final = 180.0
# Whoever works on it beside a run that has broken off has claimed something a moment ago.
_BROKEN_OFF_SECONDS: Final = 2.0
# No list takes so long to read and to judge.
_SUBMIT_MINUTES: Final = 30.0
# Servers start a run some seconds late; workers poll every ten seconds where nobody has set them to less.
_LATE_SECONDS: Final = 120.0
# Echoes come within seconds, and Meta repeats a webhook that was not taken for an hour and more.
_UNKNOWN_SECONDS: Final = 3_600.0
_WAITING_RECEIPT_SECONDS: Final = 1_800.0
_OVERDUE_RECEIPT_SECONDS: Final = 24 * 3_600.0
# What is older than this has been told often enough.
_TOLD_DAYS: Final = 7.0


@dataclass
class SweepReport:
    """What a sweep did and found. `to_continue` are campaigns that could be sent right now and that nobody sends."""

    rescued: int = 0
    settled: int = 0
    echoes: int = 0
    recovered: int = 0
    closed: list[UUID] = field(default_factory=list)
    to_continue: list[UUID] = field(default_factory=list)
    findings: list[SweepFinding] = field(default_factory=list)


def sweep(connection: Connection, *, timing: Timing, runs: RunCheck | None = None) -> SweepReport:
    """Put right what can be put right without sending, and say what a person should look at.

    With `runs`, what a Prefect server's runs say, a campaign whose run has broken off is continued at once, and none
    for which a run waits already.
    Harmless at any time, in any number at once, and beside senders: it moves only what nobody can be working on.
    """
    report = SweepReport(echoes=settle_by_inbox(connection, timing=timing))
    report.rescued = _number(connection, "attempts/rescue", "moved_count")
    report.settled = _number(connection, "attempts/settle", "settled_count")
    for campaign_id in _going(connection):
        report.recovered += recover_held(connection, campaign_id, timing=timing)
        state = close_campaign(connection, campaign_id)
        if state.is_over:
            report.closed.append(campaign_id)
    _find(connection, report, timing=timing, runs=runs or RunCheck())
    return report


def _find(connection: Connection, report: SweepReport, *, timing: Timing, runs: RunCheck) -> None:
    if report.rescued:
        text = f"{_messages(report.rescued)} were under way in a process that died or froze; they are unknown now."
        report.findings.append(SweepFinding(SweepCode.STALE_CLAIMS, text, report.rescued))
    report.findings += [
        *runs.findings,
        *_stopped(connection, report, timing=timing, runs=runs),
        *_stopped_submits(connection),
        *_unapproved(connection),
        *_missing_rows(connection),
        *_unknown(connection),
        *_paused_accounts(connection),
        *_noted_accounts(connection),
        *_outside_window(connection),
        *_receipts(connection),
        *find_upkeep(connection),
    ]


def _stopped(connection: Connection, report: SweepReport, *, timing: Timing, runs: RunCheck) -> list[SweepFinding]:
    found = []
    parameters = {
        "late_seconds": _LATE_SECONDS,
        "still_seconds": _STILL_SECONDS,
        "broken_off_ids": list(runs.broken_off),
        "broken_off_seconds": _BROKEN_OFF_SECONDS,
        **window_parameters(timing),
    }
    for row in connection.execute(query("sweep/find_stopped"), parameters):
        if row["campaign_id"] not in runs.on_their_way:
            report.to_continue.append(row["campaign_id"])
        minutes = int(row["still_seconds"] // 60)
        if row["state"] == "scheduled":
            code, text = (
                SweepCode.CAMPAIGN_LATE,
                f"should have started {minutes} minutes ago, and no run has started it",
            )
        else:
            still = f"has not moved for {minutes} minutes" if minutes else "its run has broken off"
            code, text = SweepCode.CAMPAIGN_STOPPED, f"could be sent and {still}"
        found.append(_of_campaign(row, code, f"The campaign {row['name']} {text}.", 1))
    return found


def _stopped_submits(connection: Connection) -> list[SweepFinding]:
    return [
        _of_campaign(
            row,
            SweepCode.SUBMIT_STOPPED,
            f"The submit of the campaign {row['name']} ended {int(row['minutes'])} minutes ago before it was done; "
            "nothing of it is sent.",
            1,
        )
        for row in connection.execute(
            query("sweep/find_stopped_submits"), {"old_minutes": _SUBMIT_MINUTES, "days": _TOLD_DAYS}
        )
    ]


def _unapproved(connection: Connection) -> list[SweepFinding]:
    return [
        _of_campaign(
            row,
            SweepCode.APPROVAL_OVERDUE,
            f"The campaign {row['name']} still waits for a second person, {int(row['minutes'])} minutes after its "
            "time; nothing of it is sent, and windows go on closing.",
            1,
        )
        for row in connection.execute(query("sweep/find_unapproved"), {"days": _TOLD_DAYS})
    ]


def _missing_rows(connection: Connection) -> list[SweepFinding]:
    return [
        _of_campaign(
            row,
            SweepCode.ROWS_MISSING,
            f"The file of the campaign {row['name']} has {row['row_count']} rows, and its message list "
            f"{row['message_count']}.",
            abs(row["row_count"] - row["message_count"]),
        )
        for row in connection.execute(query("sweep/find_missing_rows"), {"days": _TOLD_DAYS})
    ]


def _unknown(connection: Connection) -> list[SweepFinding]:
    parameters = {"old_seconds": _UNKNOWN_SECONDS, "days": _TOLD_DAYS}
    return [
        _of_campaign(
            row,
            SweepCode.UNKNOWN_MESSAGES,
            f"{_messages(row['message_count'])} of the campaign {row['name']} were perhaps sent, and no proof has come "
            "for an hour.",
            row["message_count"],
        )
        for row in connection.execute(query("sweep/find_unknown"), parameters)
    ]


def _paused_accounts(connection: Connection) -> list[SweepFinding]:
    return [
        SweepFinding(
            SweepCode.ACCOUNT_PAUSED,
            f"The account {row['account']} is paused ({row['pause_reason']}), and campaigns wait for it: "
            f"{row['campaign_count']}.",
            row["campaign_count"],
            account=row["account"],
        )
        for row in connection.execute(query("sweep/find_paused_accounts"))
    ]


def _noted_accounts(connection: Connection) -> list[SweepFinding]:
    return [
        SweepFinding(SweepCode.PLATFORM_NOTE, _note_text(row), 1, account=row["account"])
        for row in connection.execute(query("sweep/find_noted_accounts"), {"days": _TOLD_DAYS})
    ]


def _note_text(row: dict[str, Any]) -> str:
    words, at = POLICY_WORDS[PolicyAction(row["action"])], row["told_at"].astimezone(UTC)
    reason = f": {row['reason'].rstrip('.')}" if row["reason"] else ""
    return f"The platform {words} the account {row['account']} on {at:%Y-%m-%d at %H:%M} UTC{reason}."


def _outside_window(connection: Connection) -> list[SweepFinding]:
    return [
        SweepFinding(
            SweepCode.OUTSIDE_WINDOW,
            f"The platform refused {_messages(row['message_count'])} of the account {row['account']} as outside the "
            "window, which was open by our own interactions and clock.",
            row["message_count"],
            account=row["account"],
        )
        for row in connection.execute(query("sweep/find_outside_window"))
    ]


def _receipts(connection: Connection) -> list[SweepFinding]:
    found = []
    waiting = _number(connection, "sweep/count_waiting_receipts", "receipt_count", old_seconds=_WAITING_RECEIPT_SECONDS)
    if waiting:
        text = f"Webhook bodies that have waited half an hour to be applied: {waiting}."
        found.append(SweepFinding(SweepCode.RECEIPTS_WAITING, text, waiting))
    parameters = {"old_seconds": _OVERDUE_RECEIPT_SECONDS, "days": _TOLD_DAYS}
    for row in connection.execute(query("sweep/find_overdue_receipts"), parameters):
        text = (
            f"{_messages(row['message_count'])} of the account {row['account']} were sent more than a day ago, and no "
            "receipt has told of them; its webhooks may be cut off."
        )
        found.append(SweepFinding(SweepCode.RECEIPTS_OVERDUE, text, row["message_count"], account=row["account"]))
    return found


def _of_campaign(row: dict[str, Any], code: SweepCode, text: str, count: int) -> SweepFinding:
    return SweepFinding(code, text, count, account=row["account"], campaign_id=row["campaign_id"])


def _going(connection: Connection) -> list[UUID]:
    return [row["campaign_id"] for row in connection.execute(query("sweep/list_going")).fetchall()]


def _number(connection: Connection, statement: str, column: str, **parameters: object) -> int:
    row = connection.execute(query(statement), parameters).fetchone()
    return int(row[column]) if row else 0


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
