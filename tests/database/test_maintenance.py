"""The maintenance: partitions by day beside a running intake, and data kept as long as is promised and no longer."""

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

import tasks.maintenance
from clients.postgres import connect
from clients.settings import Settings
from domain.eligibility import NightKept
from domain.errors import ServiceAwayError, UnfinishedError, UsageError
from domain.guards import Guards
from domain.reasons import Reason
from domain.retention import Retention
from domain.sweep import SweepCode
from domain.window import InteractionKind
from factories import TIMING, user_id, write_table
from tasks.campaigns import close_campaign, start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author
from tasks.eligibility_report import report_night
from tasks.interactions import Interaction, store_interactions
from tasks.maintenance import DAYS_AHEAD, maintain, one_at_a_time
from tasks.receipts import store_receipt
from tasks.retries import retry_failed
from tasks.upkeep import find_upkeep
from tasks.windows import read_clock

KEPT = Retention(
    uploads=30, webhooks=30, strange_webhooks=90, texts=90, interactions=90, receipts=30, states=730, nights=730
)  # fmt: skip


def interactions(account, numbers, *, at, name="event"):
    return [
        Interaction(account.account_id, user_id(number), InteractionKind.MESSAGE, at, f"{name}-{number}")
        for number in numbers
    ]


def partitions(connection):
    """How many rows each partition of interactions holds."""
    rows = connection.execute("SELECT tableoid::regclass::text AS name, count(*) FROM interaction GROUP BY 1")
    return {row["name"]: row["count"] for row in rows}


def day_name(moment):
    return f"interaction_{moment.astimezone(UTC):%Y%m%d}"


def days(connection):
    return [row["day"] for row in connection.execute("SELECT day FROM interaction_day ORDER BY day")]


def test_two_weeks_are_made_ahead_once(world):
    today = read_clock(world.connection).astimezone(UTC).date()

    first = maintain(world.connection, KEPT)
    second = maintain(world.connection, KEPT)

    assert first.made == days(world.connection) == [today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]
    assert (second.made, second.dropped, second.moved) == ([], [], 0)


def test_what_the_default_partition_holds_goes_to_its_days_and_what_comes_later_too(world):
    account, now = world.account(), read_clock(world.connection)
    old = now - timedelta(days=5)
    store_interactions(world.connection, interactions(account, range(30), at=old), timing=TIMING)
    store_interactions(world.connection, interactions(account, range(30, 50), at=now), timing=TIMING)
    before = world.connection.execute("SELECT * FROM last_interaction ORDER BY user_id").fetchall()
    assert partitions(world.connection) == {"interaction_default": 50}

    report = maintain(world.connection, KEPT)

    assert report.moved == 50
    assert partitions(world.connection) == {day_name(old): 30, day_name(now): 20}
    assert world.connection.execute("SELECT * FROM last_interaction ORDER BY user_id").fetchall() == before
    again = store_interactions(world.connection, interactions(account, range(50, 60), at=old), timing=TIMING)
    assert again == (10, 10)
    assert store_interactions(world.connection, interactions(account, range(30), at=old), timing=TIMING) == (30, 0)
    assert partitions(world.connection) == {day_name(old): 40, day_name(now): 20}
    assert find_upkeep(world.connection) == []


def test_days_that_turn_up_later_get_their_partitions_as_well(world):
    account, now = world.account(), read_clock(world.connection)
    for ago in (3, 4, 5):
        at = now - timedelta(days=ago)
        store_interactions(world.connection, interactions(account, range(5), at=at, name=str(ago)), timing=TIMING)

        report = maintain(world.connection, KEPT)

        assert report.moved == 5
        assert partitions(world.connection)[day_name(at)] == 5
    assert len(partitions(world.connection)) == 3
    assert world.row_counts()["interaction_aside"] == 0


def test_what_lies_far_ahead_or_long_ago_gets_no_partition(world):
    account, now = world.account(), read_clock(world.connection)
    odd = [now + timedelta(days=400), now - timedelta(days=400)]
    for at in odd:
        store_interactions(world.connection, interactions(account, [1], at=at, name=str(at)), timing=TIMING)

    report = maintain(world.connection, KEPT)

    assert (len(report.made), report.deleted["interactions"]) == (DAYS_AHEAD + 1, 1)
    assert partitions(world.connection) == {"interaction_default": 1}
    world.put_clock_ahead(days=91)
    maintain(world.connection, KEPT)
    assert partitions(world.connection) == {}


def test_a_day_begins_at_midnight_of_utc_whatever_the_zone_of_the_session(world):
    account = world.account()
    midnight = datetime.combine(read_clock(world.connection).astimezone(UTC).date(), datetime.min.time(), UTC)
    world.connection.execute("SET TimeZone TO 'Pacific/Kiritimati'")
    last, first = midnight - timedelta(microseconds=1), midnight
    store_interactions(world.connection, interactions(account, [1], at=last, name="last"), timing=TIMING)
    store_interactions(world.connection, interactions(account, [2], at=first, name="first"), timing=TIMING)

    maintain(world.connection, KEPT)

    assert partitions(world.connection) == {day_name(last): 1, day_name(first): 1}


def test_a_move_that_died_is_ended_by_the_next_maintenance(world_18):
    account, now = world_18.account(), read_clock(world_18.connection)
    store_interactions(world_18.connection, interactions(account, range(40), at=now), timing=TIMING)
    connection = world_18.connection
    connection.execute("SELECT set_default_interactions_aside(ARRAY[%s::date])", [now.astimezone(UTC).date()])
    connection.execute("INSERT INTO interaction SELECT * FROM interaction_aside LIMIT 7")
    assert [one.code for one in find_upkeep(connection)].count(SweepCode.PARTITIONS_WRONG) >= 1

    report = maintain(connection, KEPT)

    assert report.moved == 33
    assert partitions(connection) == {day_name(now): 40}
    assert world_18.row_counts()["interaction_aside"] == 0


def test_intake_goes_on_while_its_rows_are_moved_and_nothing_is_lost(world):
    account, now = world.account(), read_clock(world.connection)
    url, stop, stored = world.connection.info.dsn, threading.Event(), []

    def take_in(name):
        with connect(url) as connection:
            number = 0
            while not stop.is_set():
                at = now - timedelta(days=number % 6)
                _, new = store_interactions(
                    connection, interactions(account, range(20), at=at, name=f"{name}-{number}"), timing=TIMING
                )
                stored.append(new)
                number += 1

    store_interactions(
        world.connection,
        [one for n in range(8) for one in interactions(account, range(2_000), at=now - timedelta(days=n))],
        timing=TIMING,
    )
    threads = [threading.Thread(target=take_in, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    try:
        reports = [maintain(world.connection, KEPT) for _ in range(3)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)

    maintain(world.connection, KEPT)
    total = world.connection.execute("SELECT count(*) FROM interaction").fetchone()["count"]
    assert total == 16_000 + sum(stored)
    assert len(stored) > 10
    assert set(stored) == {20}
    assert reports[0].moved >= 16_000
    assert "interaction_default" not in partitions(world.connection)


def test_an_import_that_holds_the_partitions_is_not_waited_for_in_the_way_of_others(world_18, monkeypatch):
    account, now = world_18.account(), read_clock(world_18.connection)
    url = world_18.connection.info.dsn
    store_interactions(world_18.connection, interactions(account, [1], at=now), timing=TIMING)
    monkeypatch.setattr(tasks.maintenance, "_LOCK_TRIES", 2)
    monkeypatch.setattr(tasks.maintenance, "_LOCK_PAUSE_SECONDS", 0.01)

    with psycopg.connect(url, options="-c search_path=windowcast") as importing:
        importing.execute("LOCK TABLE interaction IN ROW EXCLUSIVE MODE")
        with pytest.raises(ServiceAwayError, match="cannot be changed: something has held them"):
            maintain(world_18.connection, KEPT)
        assert store_interactions(world_18.connection, interactions(account, [2], at=now), timing=TIMING) == (1, 1)
    assert maintain(world_18.connection, KEPT).moved == 2


def test_who_reads_accounts_meanwhile_is_neither_in_the_way_nor_held_up(world_18):
    account, now = world_18.account(), read_clock(world_18.connection)
    store_interactions(world_18.connection, interactions(account, [1], at=now - timedelta(days=89)), timing=TIMING)

    with psycopg.connect(world_18.connection.info.dsn, options="-c search_path=windowcast") as reading:
        reading.execute("SELECT * FROM account")
        assert maintain(world_18.connection, KEPT).moved == 1
        world_18.put_clock_ahead(days=3)
        assert len(maintain(world_18.connection, KEPT).dropped) == 1


def test_one_maintenance_runs_at_a_time(world_18):
    with (
        connect(world_18.connection.info.dsn) as other,
        one_at_a_time(other),
        pytest.raises(UnfinishedError, match="is running"),
    ):
        maintain(world_18.connection, KEPT)

    assert maintain(world_18.connection, KEPT).made


def test_days_that_are_old_enough_go_and_the_newest_openers_stay(world):
    account, now = world.account(), read_clock(world.connection)
    for ago in (89, 90, 91):
        at = (now - timedelta(days=ago)).astimezone(UTC).replace(hour=23, minute=59)
        store_interactions(world.connection, interactions(account, [ago], at=at), timing=TIMING)

    maintain(world.connection, KEPT)
    kept = days(world.connection)[:3]
    world.put_clock_ahead(days=1)
    report = maintain(world.connection, KEPT)

    ago = [(now.astimezone(UTC).date() - day).days for day in kept]
    assert ago[:2] == [90, 89]
    assert [(now.astimezone(UTC).date() - day).days for day in report.dropped] == [90]
    assert world.row_counts()["last_interaction"] == 3


def test_the_maintenance_is_missed_and_the_partitions_too(world_18, tmp_path):
    connection = world_18.connection
    assert find_upkeep(connection) == []
    account = world_18.account()
    world_18.people_write(account, [1])
    world_18.submit_ids(tmp_path, [1], account=account)
    assert find_upkeep(connection) == []

    world_18.put_clock_ahead(days=3)
    never = find_upkeep(connection)
    maintain(connection, KEPT)
    done = find_upkeep(connection)
    world_18.put_clock_ahead(days=3 + DAYS_AHEAD)
    missed = find_upkeep(connection)

    assert [one.code for one in never] == [SweepCode.MAINTENANCE_OVERDUE]
    assert "has never run" in never[0].text
    assert done == []
    assert [one.code for one in missed] == [SweepCode.MAINTENANCE_OVERDUE, SweepCode.PARTITIONS_WRONG]
    assert "ran last on" in missed[0].text
    assert "end on" in missed[1].text


def test_a_default_partition_that_fills_up_is_told(world_18, monkeypatch):
    monkeypatch.setattr("tasks.upkeep._MOST_IN_DEFAULT", 10)
    account, now = world_18.account(), read_clock(world_18.connection)
    store_interactions(world_18.connection, interactions(account, range(10), at=now), timing=TIMING)

    assert [one.code for one in find_upkeep(world_18.connection)] == [SweepCode.PARTITIONS_WRONG]
    maintain(world_18.connection, KEPT)
    assert find_upkeep(world_18.connection) == []


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
