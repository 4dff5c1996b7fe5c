"""Every kind of data is kept as long as is promised and no longer."""

import re
from pathlib import Path

import pytest

import tasks.maintenance
from clients.settings import Settings
from database.kept_data import KEPT
from domain.eligibility import NightKept
from domain.errors import UsageError
from domain.guards import Guards
from domain.reasons import Reason
from factories import TIMING, user_id, write_table
from tasks.campaigns import close_campaign, start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author
from tasks.eligibility_report import report_night
from tasks.maintenance import maintain
from tasks.receipts import store_receipt
from tasks.retries import retry_failed

# Retention: what each kind is made by, how it is counted, and how long it is kept.


def ended_campaign(world, tmp_path):
    """A campaign over a file, with a message that was sent, one that failed, a bad row, and all that hangs on them."""
    account = world.account()
    world.people_write(account, [1, 2])
    rows = [("user_id", "name"), (user_id(1), "Ada"), (user_id(2), "Bo"), ("Cy at home", "Cy"), (user_id(4), None)]
    file = write_table(tmp_path / "list.csv", rows)
    submission = world.submission(account, world.template(tmp_path), file=file, accepts_valid=True)
    campaign_id = world.submit(submission, tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.end(world.claim(campaign_id, 1), outcome="accepted", state="sent", mid="m-1")
    refused = world.claim(campaign_id, 2)
    world.end(refused, outcome="refused", state="failed", reason="message_refused")
    world.connection.execute("INSERT INTO look_up (attempt_id) VALUES (%s)", [refused])
    assert close_campaign(world.connection, campaign_id).is_over
    return account, campaign_id


def make_receipts(world):
    for number, strange in enumerate((0, None, 2)):
        store_receipt(world.connection, f"body {number}".encode())
        world.connection.execute(
            "UPDATE receipt_inbox SET applied_at = clock(), strange_count = %s WHERE body = %s",
            [strange, f"body {number}".encode()],
        )
    store_receipt(world.connection, b"waits")


def make_evidence(world):
    account = world.account()
    parameters = [account.account_id, user_id(1)]
    world.connection.execute(
        "INSERT INTO mid_receipt (account_id, mid, user_id, delivered_at) VALUES (%s, 'm', %s, clock())", parameters
    )
    world.connection.execute(
        "INSERT INTO watermark (account_id, user_id, kind, up_to, told_at) VALUES (%s, %s, 'read', clock(), clock())",
        parameters,
    )
    world.connection.execute(
        "INSERT INTO entitlement (account_id, object_id, kind, user_id, given_at) "
        "VALUES (%s, 'c', 'comment', %s, clock())",
        parameters,
    )
    world.connection.execute(
        "INSERT INTO suppression (account_id, user_id, source, kind, until) "
        "VALUES (%s, %s, 'test', 'unavailable', clock() + interval '7 days')",
        parameters,
    )


def make_requests(world):
    world.connection.execute(
        "INSERT INTO deletion_request (code, state, handled_at) VALUES ('done', 'done', clock()); "
        "INSERT INTO deletion_request (code, app_user_id) VALUES ('waits', '1')"
    )


def make_nights(world):
    account = world.account(name="Shop")
    world.people_write(account, [1])
    report = report_night(world.connection, account=None, zone=None, timing=TIMING, guards=Guards())
    assert report.kept is NightKept.KEPT


TEXTS = "SELECT count(*) FROM message_list WHERE cells <> '{}'"


FOUND = "SELECT count(*) FROM problem WHERE facts ->> 'found' <> '(deleted)'"


TYPED = "SELECT count(*) FROM message_list WHERE user_id IS NULL AND typed_user_id IS NOT NULL"


INTERACTION = "SELECT count(*) FROM interaction"


# Kind: what makes it, a count of it, for how many days it is kept, and how many then remain.
KINDS = {
    "uploaded file": (ended_campaign, "SELECT count(*) FROM upload_file", 30, 0),
    "webhook bodies": (make_receipts, "SELECT count(*) FROM receipt_inbox WHERE coalesce(strange_count, 0) = 0", 30, 1),
    "strange webhook bodies": (make_receipts, "SELECT count(*) FROM receipt_inbox WHERE strange_count > 0", 90, 0),
    "values of rows": (ended_campaign, TEXTS, 90, 0),
    "what was found in cells": (ended_campaign, FOUND, 90, 0),
    "what stood in the place of an id": (ended_campaign, TYPED, 90, 0),
    "interactions": (ended_campaign, INTERACTION, 90, 0),
    "receipts of messages": (make_evidence, "SELECT count(*) FROM mid_receipt", 30, 0),
    "watermarks": (make_evidence, "SELECT count(*) FROM watermark", 30, 0),
    "comments and posts": (make_evidence, "SELECT count(*) FROM entitlement", 90, 0),
    "cool-offs": (make_evidence, "SELECT count(*) FROM suppression", 7, 0),
    "campaigns": (ended_campaign, "SELECT count(*) FROM campaign", 730, 0),
    "messages": (ended_campaign, "SELECT count(*) FROM message_list", 730, 0),
    "attempts": (ended_campaign, "SELECT count(*) FROM attempt", 730, 0),
    "message ids": (ended_campaign, "SELECT count(*) FROM told_message_id", 730, 0),
    "look-ups": (ended_campaign, "SELECT count(*) FROM look_up", 730, 0),
    "problems": (ended_campaign, "SELECT count(*) FROM problem", 730, 0),
    "newest openers": (ended_campaign, "SELECT count(*) FROM last_interaction", 730, 0),
    "nightly reports": (make_nights, "SELECT count(*) FROM eligibility_snapshot", 730, 0),
    "requests for deletion": (make_requests, "SELECT count(*) FROM deletion_request", 730, 1),
}


def _kinds_made_alike():
    groups = {}
    for kind, (make, count, kept_days, left) in KINDS.items():
        groups.setdefault((make, kept_days), {})[kind] = (count, left)
    return [pytest.param(make, days, kinds, id=", ".join(kinds)) for (make, days), kinds in groups.items()]


@pytest.mark.parametrize(("make", "kept_days", "kinds"), _kinds_made_alike())
def test_each_kind_of_data_is_kept_as_long_as_is_promised_and_no_longer(world_18, tmp_path, make, kept_days, kinds):
    make(world_18, *([tmp_path] if make is ended_campaign else []))

    def counted():
        return {kind: world_18.connection.execute(count).fetchone()["count"] for kind, (count, _) in kinds.items()}

    made = counted()
    world_18.put_clock_ahead(days=kept_days - 1)
    maintain(world_18.connection, KEPT)
    before = counted()
    world_18.put_clock_ahead(days=kept_days + 1)
    maintain(world_18.connection, KEPT)

    assert all(made[kind] > left for kind, (_, left) in kinds.items())
    assert before == made
    assert counted() == {kind: left for kind, (_, left) in kinds.items()}
    assert broken_promises(world_18.connection) == {}


def test_the_hours_of_nightly_reports_go_one_by_one_and_those_of_the_last_weeks_stay_for_the_next(world_18):
    make_nights(world_18)
    hours = "SELECT count(*), min(at) > clock() - %s * interval '1 day' AS are_kept FROM eligibility_hour"
    days = KEPT.nights
    made = world_18.connection.execute(hours, [days]).fetchone()["count"]

    world_18.put_clock_ahead(days=days - 10)
    maintain(world_18.connection, KEPT)
    left = world_18.connection.execute(hours, [days]).fetchone()
    world_18.put_clock_ahead(days=days + 1)
    maintain(world_18.connection, KEPT)

    assert 0 < left["count"] < made
    assert left["are_kept"]
    assert world_18.connection.execute(hours, [days]).fetchone()["count"] == 0


def test_the_page_of_data_protection_names_the_days_that_are_set():
    page = Path(__file__).parents[2] / "docs" / "data-protection.md"
    told = dict(re.findall(r"`(WINDOWCAST_KEEP_\w+)` \((\d+)\)", page.read_text(encoding="utf-8")))

    names = [name for name in Settings.model_fields if name.startswith("keep_")]
    assert told == {f"WINDOWCAST_{name.upper()}": str(Settings.model_fields[name].default) for name in names}
    assert tasks.maintenance.retention_of(Settings()) == KEPT


def test_what_may_still_tell_something_is_not_deleted(world_18, tmp_path):
    """Evidence of a person whose message is unknown and unsettled stays however old it is; so do opt-outs."""
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    world_18.end(world_18.claim(campaign_id, 1), outcome="unknown", state="unknown", reason="no_answer")
    parameters = {"account": account.account_id, "user": user_id(1)}
    for statement in (
        "INSERT INTO mid_receipt (account_id, mid, user_id) VALUES (%(account)s, 'm', %(user)s)",
        "INSERT INTO watermark VALUES (%(account)s, %(user)s, 'read', clock(), clock())",
        "INSERT INTO suppression (account_id, user_id, source) VALUES (%(account)s, %(user)s, 'test')",
    ):
        world_18.connection.execute(statement, parameters)

    world_18.put_clock_ahead(days=40)
    maintain(world_18.connection, KEPT)
    counts = world_18.row_counts()
    assert (counts["mid_receipt"], counts["watermark"]) == (1, 1)

    world_18.connection.execute("UPDATE attempt SET settled_at = clock()")
    maintain(world_18.connection, KEPT)
    counts = world_18.row_counts()
    assert (counts["mid_receipt"], counts["watermark"], counts["suppression"]) == (0, 0, 1)


def test_many_rows_go_in_bounded_statements(world_18, tmp_path, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "_ROWS_PER_STATEMENT", 3)
    account = world_18.account()
    world_18.people_write(account, range(10))
    campaign_id = world_18.submit_ids(tmp_path, range(10), account=account)
    from tasks.campaigns import cancel_campaign

    cancel_campaign(world_18.connection, campaign_id)
    world_18.put_clock_ahead(days=731)

    report = maintain(world_18.connection, KEPT)

    assert report.deleted["messages"] == 10
    assert world_18.row_counts()["message_list"] == 0
    run = world_18.connection.execute("SELECT report FROM maintenance_run").fetchone()["report"]
    assert run["deleted"] == report.deleted


def test_what_was_refused_cannot_be_sent_again_once_its_values_are_gone(world_18, tmp_path):
    account, campaign_id = ended_campaign(world_18, tmp_path)
    world_18.put_clock_ahead(days=91)
    maintain(world_18.connection, KEPT)
    world_18.people_write(account, [2])

    with pytest.raises(UsageError, match=r"were deleted on .*; submit a new list for these people"):
        retry_failed(
            world_18.connection,
            campaign_id,
            reason=Reason.MESSAGE_REFUSED,
            author=Author("test", "test"),
            timing=TIMING,
        )

    assert world_18.state(campaign_id) == "finished"


def test_nothing_that_hangs_on_a_campaign_is_forgotten_when_it_goes(connection):
    # Another table that refers to these would end the deletion in an error: delete it in maintenance/delete_messages.
    rows = connection.execute(
        "SELECT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f' AND confdeltype <> 'c' "
        "AND confrelid = ANY(ARRAY['campaign', 'message_list', 'attempt']::regclass[])"
    )

    assert {row["name"] for row in rows} == {"message_list", "attempt", "look_up", "decision"}
