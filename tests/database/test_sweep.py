"""The sweep: what dead senders left is put right, what is over is closed, and what stands still is told once each."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from domain.sweep import SweepCode
from factories import TIMING, user_id
from tasks.accounts import pause_account
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.receipts import store_receipt
from tasks.sweep import sweep
from tasks.windows import read_clock

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def started(world, tmp_path, numbers=(1, 2), **fields):
    account = fields.pop("account", None) or world.account()
    world.people_write(account, numbers)
    campaign_id = world.submit_ids(tmp_path, numbers, account=account, **fields)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return account, campaign_id


def codes(report):
    return [finding.code for finding in report.findings]


def test_a_healthy_installation_has_no_findings(world, tmp_path):
    started(world, tmp_path)

    report = sweep(world.connection, timing=TIMING)

    assert report.findings == []
    assert report.to_continue == []


def test_what_a_dead_sender_left_becomes_unknown_and_its_campaign_is_closed(world, tmp_path):
    _, campaign_id = started(world, tmp_path, numbers=[1])
    world.claim(campaign_id, 1)

    world.put_clock_ahead(minutes=2)
    report = sweep(world.connection, timing=TIMING)

    assert (report.rescued, report.closed) == (1, [campaign_id])
    assert codes(report) == [SweepCode.STALE_CLAIMS]
    assert world.verdicts(campaign_id) == {1: "unknown/no_answer"}
    assert sweep(world.connection, timing=TIMING).findings == []
    assert broken_promises(world.connection) == {}


def test_a_campaign_that_could_go_on_and_stands_still_is_to_be_continued(world, tmp_path):
    _, campaign_id = started(world, tmp_path)

    world.put_clock_ahead(minutes=10)
    report = sweep(world.connection, timing=TIMING)

    assert report.to_continue == [campaign_id]
    assert codes(report) == [SweepCode.CAMPAIGN_STOPPED]
    assert "has not moved for 10 minutes" in report.findings[0].text


@pytest.mark.parametrize("why", ["asked to wait", "account paused", "no window", "person under way"])
def test_a_campaign_that_stands_still_for_a_reason_is_not_continued(world, tmp_path, why):
    account, campaign_id = started(world, tmp_path, numbers=[1])
    ahead = timedelta(minutes=10)
    match why:
        case "asked to wait":
            world.connection.execute("UPDATE pace SET not_before = clock() + interval '1 h'")
        case "account paused":
            pause_account(world.connection, account, why="test")
        case "no window":
            ahead = timedelta(hours=24)
        case "person under way":
            _, other = started(world, tmp_path, numbers=[1], account=account)
            world.end(world.claim(other, 1), outcome="unknown", state="unknown", reason="no_answer")

    world.put_clock_ahead(hours=ahead.total_seconds() / 3600)
    report = sweep(world.connection, timing=TIMING)

    assert campaign_id not in report.to_continue


def test_a_timed_campaign_that_no_run_has_started_is_late(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    at = read_clock(world.connection) + timedelta(minutes=5)
    campaign_id = world.submit_ids(tmp_path, [1], account=account, scheduled_at=at)
    assert sweep(world.connection, timing=TIMING).findings == []

    world.put_clock_ahead(minutes=15)
    report = sweep(world.connection, timing=TIMING)

    assert (codes(report), report.to_continue) == ([SweepCode.CAMPAIGN_LATE], [campaign_id])


def test_missing_rows_are_found_from_what_was_expected_even_if_none_is_left(world, tmp_path):
    template = world.template(tmp_path, text="Hello!")
    account = world.account()
    world.people_write(account, [1])
    from factories import write_table

    path = write_table(tmp_path / "list.xlsx", [["user_id"], [user_id(1)]])
    campaign_id = world.submit(world.submission(account, template, file=path), tmp_path)

    world.connection.execute("DELETE FROM message_list WHERE campaign_id = %s", [campaign_id])
    report = sweep(world.connection, timing=TIMING)

    assert codes(report) == [SweepCode.ROWS_MISSING]
    assert "has 1 rows, and its message list 0" in report.findings[0].text


def test_a_paused_account_with_waiting_campaigns_is_told_with_its_reason(world, tmp_path):
    account, _ = started(world, tmp_path)
    pause_account(world.connection, account, why="the platform says: code 190")

    report = sweep(world.connection, timing=TIMING)

    assert codes(report) == [SweepCode.ACCOUNT_PAUSED]
    assert "code 190" in report.findings[0].text


def test_old_unknowns_refusals_outside_the_window_and_silent_webhooks_are_told(world, tmp_path):
    _, campaign_id = started(world, tmp_path, numbers=[1, 2, 3, 4])
    echoed = world.claim(campaign_id, 4)
    world.end(world.claim(campaign_id, 1), outcome="unknown", state="unknown", reason="no_answer")
    world.end(world.claim(campaign_id, 2), outcome="refused", state="failed", reason="outside_window")
    world.end(world.claim(campaign_id, 3), outcome="accepted", state="sent", mid="m3")
    world.end(echoed, outcome="accepted", state="sent", mid="m4")
    stamp = int(read_clock(world.connection).timestamp() * 1000)
    message = {"is_echo": True, "metadata": str(echoed), "mid": "m4"}
    event = {"timestamp": stamp, "message": message}
    store_receipt(world.connection, json.dumps({"entry": [{"messaging": [event]}]}).encode())
    assert codes(sweep(world.connection, timing=TIMING)) == [SweepCode.OUTSIDE_WINDOW]

    world.put_clock_ahead(hours=2)
    after_hours = codes(sweep(world.connection, timing=TIMING))
    world.put_clock_ahead(hours=25)
    after_a_day = codes(sweep(world.connection, timing=TIMING))

    assert after_hours == [SweepCode.UNKNOWN_MESSAGES, SweepCode.OUTSIDE_WINDOW]
    assert SweepCode.RECEIPTS_OVERDUE in after_a_day


def test_held_people_who_wrote_unseen_are_recovered(world, tmp_path):
    account = world.account()
    world.people_write(account, [1], hours_ago=30)
    until = read_clock(world.connection) + timedelta(hours=6)
    campaign_id = world.submit_ids(tmp_path, [1], account=account, hold_until=until)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.connection.execute("UPDATE last_interaction SET opener_at = clock()")

    report = sweep(world.connection, timing=TIMING)

    assert (report.recovered, report.closed) == (1, [])
    assert world.verdicts(campaign_id) == {1: "ready"}


def test_every_finding_has_its_line_in_the_runbook():
    headings = set(re.findall(r"^## ([a-z_]+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))

    assert {code.value for code in SweepCode} <= headings
