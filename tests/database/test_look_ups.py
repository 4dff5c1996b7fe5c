"""Unknown messages are looked up: what a conversation and an echo prove, and at which pace they are read."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from clients.postgres import connect
from domain.errors import ConfigurationError
from domain.evidence import LookUpTiming
from domain.template import Provider
from factories import TIMING, user_id
from sandbox.faults import read_rule
from sandbox.people import ThreadMessage
from sql import query
from tasks.campaigns import close_campaign, start_campaign
from tasks.unknowns import list_accounts_with_unknowns
from tasks.windows import read_clock


async def test_a_message_that_stands_in_the_conversation_is_sent_with_the_platforms_id_and_time(place_on_each):
    place = place_on_each
    campaign_id, (there, gone) = place.unknown((1, 2))
    place.accepts(1)
    place.wait(minutes=3)

    report = await place.resolve()

    assert (report.looked_up, report.found, report.absent, report.unknown) == (2, 1, 1, 1)
    assert place.stands(there) == ("sent", None, "accepted")
    row = place.row(there)
    assert row["provider_message_id"] == "m_found"
    assert row["settled_at"] is not None
    assert timedelta(0) <= read_clock(place.connection) - row["platform_sent_at"] < timedelta(minutes=4)
    assert place.stands(gone) == ("unknown", "no_answer", "unknown")
    assert place.row(gone)["settled_at"] is None
    assert sorted(place.look_ups()) == ["absent", "found"]
    assert place.world.state(campaign_id) == "finished"


async def test_nothing_is_looked_up_before_its_grace_and_again_only_after_a_growing_wait(place):
    place.unknown()

    counts = []
    for minutes in (1.5, 1, 1, 1.5, 3, 1.5):
        place.wait(minutes=minutes)
        counts.append((await place.resolve()).looked_up)
    report = await place.resolve()

    # Due after 2 minutes, 2 after the first look-up (at 2.5), 4 after the second (at 5).
    assert counts == [0, 1, 0, 1, 0, 1]
    assert (report.unknown, report.due) == (1, 0)
    assert 470 < report.next_in_seconds <= 480


async def test_the_grace_is_five_times_the_slowest_acceptance_the_account_has_shown(place):
    campaign_id, _ = place.unknown((1, 2, 3))
    rows = place.connection.execute("SELECT attempt_id FROM attempt ORDER BY user_id").fetchall()
    for row in rows[:2]:
        place.connection.execute(query("unknowns/prove"), {"attempt_id": row["attempt_id"], "provider_message_id": "x"})
    place.connection.execute(
        "UPDATE message_list AS m SET platform_sent_at = a.slot_at + interval '50 s' FROM attempt AS a "
        "WHERE a.attempt_id = m.attempt_id AND a.attempt_id = %s", [rows[0]["attempt_id"]],
    )  # fmt: skip
    place.wait(minutes=3)

    slow = await place.resolve(campaign_id=campaign_id)
    place.connection.execute("UPDATE message_list SET platform_sent_at = NULL")
    kept = await place.resolve()

    assert slow.grace_seconds == pytest.approx(250, abs=1)
    assert (slow.looked_up, kept.grace_seconds) == (0, slow.grace_seconds)


async def test_the_soonest_closing_window_is_looked_up_first(place):
    place.people_write([1], hours_ago=1)
    place.people_write([2], hours_ago=20)
    place.people_write([3], hours_ago=5)
    _, attempts = place.unknown_again((1, 2, 3))
    place.wait(minutes=3)

    for _ in range(3):
        await place.resolve(limit_seconds=20)

    rows = place.connection.execute("SELECT attempt_id FROM look_up ORDER BY look_up_id").fetchall()
    assert [row["attempt_id"] for row in rows] == [attempts[1], attempts[2], attempts[0]]


async def test_an_echo_that_waits_in_the_inbox_speaks_before_any_look_up(place):
    _, (attempt_id,) = place.unknown()
    place.echo(attempt_id)
    place.wait(minutes=3)

    report = await place.resolve()

    assert (report.settled_by_echo, report.looked_up) == (1, 0)
    assert place.stands(attempt_id)[0] == "sent"


async def test_an_attempt_whose_worker_died_is_rescued_and_looked_up(place):
    place.people_write([1])
    campaign_id = place.world.submit_ids(place.folder, [1], account=place.account)
    start_campaign(place.connection, campaign_id, timing=TIMING)
    attempt_id = place.world.claim(campaign_id, 1)
    place.accepts(1)
    place.wait(minutes=4)

    report = await place.resolve()
    close_campaign(place.connection, campaign_id)

    assert report.found == 1
    assert place.stands(attempt_id)[0] == "sent"


async def test_a_message_that_shows_late_is_found_by_a_later_look_up(place):
    _, (attempt_id,) = place.unknown()
    place.accepts(1)
    place.platform.put_account({"external_id": place.account.external_id, "conversation_lag_seconds": 300})
    place.wait(minutes=3)

    early = await place.resolve()
    place.wait(minutes=3)
    late = await place.resolve()

    assert (early.found, early.absent, late.found) == (0, 1, 1)
    assert place.stands(attempt_id)[0] == "sent"


async def test_another_campaigns_same_text_is_not_taken_for_this_one(place):
    _, (sent,) = place.unknown()
    place.accepts(1, mid="first")
    place.wait(minutes=3)
    await place.resolve()
    _, (second,) = place.unknown_again()
    place.wait(minutes=3)

    report = await place.resolve()

    assert place.stands(sent)[0] == "sent"
    assert (report.absent, place.stands(second)[0]) == (1, "unknown")


@pytest.mark.parametrize("is_told", [True, False], ids=["with its echo", "without its echo"])
async def test_the_same_text_typed_by_an_agent_is_told_apart_by_its_echo_alone(place, is_told):
    """The one case that only the echo can tell: the very text, by hand, to that person, in these minutes."""
    _, (attempt_id,) = place.unknown()
    place.accepts(1, mid="agent")
    if is_told:
        place.echo(None, mid="m_agent")
    place.wait(minutes=3)

    await place.resolve()

    assert place.look_ups() == ["absent" if is_told else "found"]
    assert place.stands(attempt_id)[0] == ("unknown" if is_told else "sent")


async def test_a_text_that_the_account_sends_at_other_times_too_proves_nothing(place):
    _, (attempt_id,) = place.unknown()
    place.accepts(1, mid="before", seconds_ago=7200)
    place.accepts(1, mid="now")
    place.wait(minutes=3)

    await place.resolve()

    assert place.look_ups() == ["unclear"]
    assert place.stands(attempt_id)[0] == "unknown"


async def test_a_second_page_is_read_when_the_first_does_not_reach_back(place):
    _, (attempt_id,) = place.unknown()
    place.accepts(1)
    thread = place.platform.accounts[place.account.external_id].people[user_id(1)]
    for number in range(12):
        at_ms = place.platform.clock.now_ms() + 1000 + number
        thread.add_message(ThreadMessage(f"theirs{number}", at_ms, "And?", is_from_person=True))
    place.wait(minutes=3)

    await place.resolve()

    assert place.stands(attempt_id)[0] == "sent"
    row = place.connection.execute("SELECT * FROM look_up").fetchone()
    assert (row["result"], row["page_count"]) == ("found", 2)


@pytest.mark.parametrize(
    ("fault", "results", "said"),
    [
        pytest.param("app_throttled", ["throttled"], "asked to wait", id="throttled"),
        pytest.param("token_dead", ["refused"], "190", id="dead token"),
        pytest.param("unexpected_error", ["no_answer"] * 3, "does not answer", id="5xx"),
        pytest.param({"kind": "drop"}, ["no_answer"] * 3, "does not answer", id="no answer"),
        pytest.param("person_unknown", ["refused"] * 4, "", id="this person only"),
    ],
)
async def test_a_platform_that_shows_nothing_proves_nothing_and_is_left_in_peace(place, fault, results, said):
    place.unknown((1, 2, 3, 4))
    place.platform.faults.add(read_rule({"fault": fault, "call": "conversations"}))
    place.wait(minutes=3)

    report = await place.resolve()

    assert place.look_ups() == results
    assert said in report.stopped_by
    assert (report.unknown, report.without_answer) == (4, len(results))
    row = place.connection.execute("SELECT away_count, not_before < clock() AS is_free FROM pace").fetchone()
    assert (row["away_count"], row["is_free"]) == (0, True)  # look-ups never slow sending


async def test_a_throttle_holds_for_every_worker_and_for_the_time_that_the_platform_names(place):
    place.unknown((1, 2))
    fault = {"kind": "error", "code": 613, "http_status": 400, "retry_after": 90}
    place.platform.faults.add(read_rule({"fault": fault, "call": "conversations", "count": 1}))
    place.wait(minutes=3)

    first = await place.resolve()
    place.wait(seconds=80)
    held = await place.resolve()
    place.wait(seconds=20)
    free = await place.resolve()

    assert (first.looked_up, held.looked_up, free.looked_up) == (1, 0, 1)
    assert "asked to wait" in held.stopped_by


def test_the_turns_of_all_workers_together_are_a_gap_apart(world):
    account, booked = world.account(), []

    with connect(world.connection.info.dsn) as other:
        for number in range(8):
            parameters = {"account_id": account.account_id, "gap_seconds": 0.65}
            (world.connection, other)[number % 2].execute(query("look_ups/book"), parameters)
            booked.append(world.connection.execute("SELECT next_at FROM look_up_pace").fetchone()["next_at"])

    assert min(later - earlier for earlier, later in pairwise(booked)) >= timedelta(seconds=0.65)


def test_a_turn_that_was_booked_by_a_clock_since_put_back_holds_nobody_up(world_18):
    parameters = {"account_id": world_18.account().account_id, "gap_seconds": 0.65}
    world_18.put_clock_ahead(hours=1)
    world_18.connection.execute(query("look_ups/book"), parameters)
    world_18.put_clock_ahead()

    row = world_18.connection.execute(query("look_ups/book"), parameters).fetchone()

    assert row["wait_seconds"] <= 0


async def test_two_workers_share_the_look_ups_under_the_documented_limit(place):
    _, attempts = place.unknown(range(1, 5))
    place.platform.put_account({"external_id": place.account.external_id, "conversation_calls_per_second": 2})
    place.wait(minutes=3)

    reports = [await place.resolve(limit_seconds=0)]
    while reports[0].due:
        reports = await asyncio.gather(*(place.resolve(timing=LookUpTiming()) for _ in range(2)))

    rows = place.connection.execute("SELECT attempt_id FROM look_up").fetchall()
    assert {row["attempt_id"] for row in rows} == set(attempts)


async def test_a_pass_ends_when_its_time_is_over_and_says_what_is_due(place):
    place.unknown((1, 2, 3))
    place.wait(minutes=3)

    report = await place.resolve(limit_seconds=0.3, timing=LookUpTiming())

    assert (report.looked_up, report.due, report.stopped_by) == (1, 2, "the time for it is over")


async def test_a_settled_unknown_is_given_up_and_named(place):
    place.unknown()
    place.wait(hours=24)
    place.connection.execute(query("attempts/settle"))

    report = await place.resolve()

    assert (report.looked_up, report.unknown, report.given_up) == (0, 1, 1)
    assert list_accounts_with_unknowns(place.connection) == []


async def test_an_account_without_a_token_is_told_so_and_one_of_another_provider_is_not_looked_up(place, monkeypatch):
    place.unknown()
    place.wait(minutes=3)
    monkeypatch.delenv("WINDOWCAST_TEST_TOKEN")
    with pytest.raises(ConfigurationError, match="WINDOWCAST_TEST_TOKEN"):
        await place.resolve()

    place.account = type(place.account)(**{**place.account.__dict__, "provider": Provider.CHATAPP})
    report = await place.resolve()

    assert (report.looked_up, report.due) == (0, 1)
