"""Unknown messages: found or absent by look-ups, decided by people, sent a second time only where that is allowed."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio

from clients.postgres import connect
from clients.settings import Settings
from domain.errors import ConfigurationError, NotFoundError, UsageError
from domain.evidence import DecisionKind, LookUpTiming
from domain.reasons import Reason
from domain.template import Provider
from factories import TIMING, TOKEN, World, user_id
from sandbox.faults import read_rule
from sandbox.people import ThreadMessage
from sandbox.platform import Platform
from sandbox.server import serving
from sql import query
from tasks.campaigns import cancel_campaign, close_campaign, pause_campaign, start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author, contradict, decide, list_contradicted
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.restore import mark_restored
from tasks.retries import RETRYABLE, plan_retry, retry_failed
from tasks.suppressions import add_suppressions
from tasks.unknowns import list_accounts_with_unknowns, resolve_unknowns
from tasks.windows import read_clock

AUTHOR = Author("ops@desk", "seen in the inbox")
# A gap of nothing, so that a test does not wait; the sandbox's limit is lifted for it.
QUICK = LookUpTiming(gap_seconds=0)


class Place:
    """One account in the database and on a platform in this process, whose clocks go together."""

    def __init__(self, world: World, platform: Platform, url: str, folder) -> None:
        self.world, self.platform, self.folder = world, platform, folder
        self.settings = Settings(graph_url=url, read_timeout_seconds=2, safety_margin_seconds=1)
        self.account = world.account()
        self.ahead = 0.0
        platform.put_account(
            {"external_id": self.account.external_id, "token": TOKEN, "conversation_calls_per_second": 0}
        )

    @property
    def connection(self):
        return self.world.connection

    def people_write(self, numbers, *, hours_ago=1.0):
        self.world.people_write(self.account, numbers, hours_ago=hours_ago)
        at_ms = self.platform.clock.now_ms() - int(hours_ago * 3_600_000)
        act = {"account": self.account.external_id, "occurred_at": at_ms}
        self.platform.people_act([{**act, "user_id": user_id(number)} for number in numbers])

    def unknown(self, numbers=(1,), *, reason="no_answer", **fields):
        """A started campaign in which an attempt on each of these people ended unknown; the ids of the attempts."""
        self.people_write(numbers)
        return self.unknown_again(numbers, reason=reason, **fields)

    def unknown_again(self, numbers=(1,), *, reason="no_answer", **fields):
        campaign_id = self.world.submit_ids(self.folder, numbers, account=self.account, **fields)
        start_campaign(self.connection, campaign_id, timing=TIMING)
        attempts = [self.world.claim(campaign_id, number) for number in numbers]
        for attempt_id in attempts:
            self.world.end(attempt_id, outcome="unknown", state="unknown", reason=reason)
        close_campaign(self.connection, campaign_id)
        return campaign_id, attempts

    def accepts(self, number, *, text="Hello!", mid="found", seconds_ago=0.0):
        """Let a message of the account stand in the conversation with a person."""
        at_ms = self.platform.clock.now_ms() - int(seconds_ago * 1000)
        thread = self.platform.accounts[self.account.external_id].people[user_id(number)]
        thread.add_message(ThreadMessage(mid, at_ms, text, is_from_person=False))

    def wait(self, **by):
        self.ahead += timedelta(**by).total_seconds()
        self.world.put_clock_ahead(seconds=self.ahead)
        self.platform.clock.offset_seconds = self.ahead

    async def resolve(self, *, limit_seconds=20.0, timing=QUICK, **fields):
        return await resolve_unknowns(
            self.connection.info.dsn, self.account, chosen=self.settings, limit_seconds=limit_seconds, timing=timing,
            **fields,
        )  # fmt: skip

    def echo(self, attempt_id, *, number=1, mid="m_echo"):
        """Let the platform tell of a message of the account; with an attempt's id, or None for an agent's."""
        metadata = {} if attempt_id is None else {"metadata": str(attempt_id)}
        event = {
            "sender": {"id": self.account.external_id},
            "recipient": {"id": user_id(number)},
            "timestamp": self.platform.clock.now_ms(),
            "message": {"is_echo": True, "mid": mid, "text": "Hello!", **metadata},
        }
        entry = {"id": self.account.external_id, "time": 1, "messaging": [event]}
        store_receipt(self.connection, json.dumps({"object": "page", "entry": [entry]}).encode())

    def row(self, attempt_id):
        return self.connection.execute(
            "SELECT m.*, a.outcome, a.settled_at, a.message_id AS message FROM attempt AS a "
            "INNER JOIN message_list AS m USING (message_id) WHERE a.attempt_id = %s",
            [attempt_id],
        ).fetchone()

    def stands(self, attempt_id):
        row = self.row(attempt_id)
        return row["state"], row["reason"], row["outcome"]

    def look_ups(self):
        rows = self.connection.execute("SELECT * FROM look_up ORDER BY look_up_id").fetchall()
        return [row["result"] for row in rows]

    def decisions(self):
        return self.connection.execute("SELECT * FROM decision ORDER BY decision_id").fetchall()


@asynccontextmanager
async def placed(world, folder):
    platform = Platform()
    async with serving(platform) as url:
        yield Place(world, platform, url, folder)


@pytest_asyncio.fixture
async def place(world_18, tmp_path, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    async with placed(world_18, tmp_path) as made:
        yield made
        assert broken_promises(made.connection) == {}


@pytest_asyncio.fixture
async def place_on_each(world, tmp_path, monkeypatch):
    """A place on every Postgres version that this machine has."""
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    async with placed(world, tmp_path) as made:
        yield made
        assert broken_promises(made.connection) == {}


# look-ups


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


# policy B


async def test_absent_twice_with_living_webhooks_is_sent_once_more_in_a_reopened_campaign(place_on_each):
    place = place_on_each
    campaign_id, _ = place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    place.echo(uuid4(), number=2, mid="m_other")

    first = await place.resolve()
    place.wait(seconds=125)
    second = await place.resolve()
    again = place.world.claim(campaign_id, 1)
    place.world.end(again, outcome="accepted", state="sent", mid="m-2")
    close_campaign(place.connection, campaign_id)

    assert (first.absent, first.ready_again, second.ready_again) == (1, 0, 1)
    assert second.campaign_ids == {campaign_id}
    (decision,) = place.decisions()
    assert (decision["kind"], decision["decided_by"]) == ("absent", "the campaign (--resend-unknown)")
    assert (decision["state_before"], decision["state_after"]) == ("unknown", "ready")
    outcomes = place.connection.execute("SELECT outcome FROM attempt ORDER BY started_at").fetchall()
    assert [row["outcome"] for row in outcomes] == ["absent", "accepted"]


async def test_without_the_policy_absent_stays_unknown(place):
    _, (attempt_id,) = place.unknown()
    place.wait(seconds=1)
    place.echo(uuid4(), number=2, mid="m_other")
    for _ in range(2):
        place.wait(seconds=125)
        await place.resolve()

    assert place.look_ups() == ["absent", "absent"]
    assert place.stands(attempt_id) == ("unknown", "no_answer", "unknown")


async def test_silent_webhooks_keep_an_absent_message_unknown(place):
    _, (attempt_id,) = place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    await place.resolve()
    place.wait(seconds=125)
    second = await place.resolve()

    assert (second.absent, second.ready_again) == (1, 0)
    assert place.stands(attempt_id)[0] == "unknown"


NO_SIGN_OF_LIFE = {
    "an echo from before": lambda place, campaign: place.connection.execute(
        "UPDATE receipt_inbox SET received_at = received_at - interval '1 h'"
    ),
    "another account's echo": lambda place, campaign: place.connection.execute(
        "UPDATE receipt_inbox SET body = convert_to(replace(convert_from(body, 'UTF8'), %s, %s), 'UTF8')",
        [f'"entry": [{{"id": "{place.account.external_id}"', '"entry": [{"id": "4711"'],
    ),
    "a message of a person": lambda place, campaign: place.connection.execute(
        "UPDATE receipt_inbox SET body = convert_to(replace(convert_from(body, 'UTF8'), 'true', 'false'), 'UTF8')"
    ),
    "the campaign is cancelled": lambda place, campaign: place.connection.execute(
        "UPDATE campaign SET state = 'cancelled'"
    ),
    "the person opted out": lambda place, campaign: add_suppressions(
        place.connection, place.account, user_ids=[user_id(1)], source="test"
    ),
    "the latest time has passed": lambda place, campaign: place.connection.execute(
        "UPDATE campaign SET not_after = clock()"
    ),
    "the window closes": lambda place, campaign: place.connection.execute(
        "UPDATE last_interaction SET opener_at = opener_at - interval '22 h 56 min'; "
        "UPDATE attempt SET opener_at = opener_at - interval '22 h 56 min'"
    ),
}


@pytest.mark.parametrize("name", NO_SIGN_OF_LIFE)
async def test_an_absent_message_stays_unknown_when(place, name):
    campaign_id, (attempt_id,) = place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    place.echo(uuid4(), number=2, mid="m_other")
    NO_SIGN_OF_LIFE[name](place, campaign_id)

    await place.resolve()
    place.wait(seconds=125)
    report = await place.resolve()

    assert place.look_ups() == ["absent", "absent"]
    assert report.ready_again == 0
    assert place.stands(attempt_id)[0] == "unknown"


async def test_a_look_up_that_showed_something_else_in_between_starts_the_count_anew(place):
    place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    place.echo(uuid4(), number=2, mid="m_other")
    await place.resolve()
    place.connection.execute("UPDATE look_up SET result = 'unclear'")
    place.wait(seconds=125)
    second = await place.resolve()
    place.wait(seconds=250)
    third = await place.resolve()

    assert (second.absent, second.ready_again) == (1, 0)
    assert (third.absent, third.ready_again) == (1, 1)


# late truth


async def declared_absent(place):
    campaign_id, (attempt_id,) = place.unknown()
    decided = decide(
        place.connection, place.row(attempt_id)["message"], kind=DecisionKind.ABSENT, author=AUTHOR, timing=TIMING
    )
    assert decided.after == "ready"
    return campaign_id, attempt_id


async def test_an_echo_for_an_absent_attempt_that_was_not_sent_again_makes_it_sent(place, caplog):
    campaign_id, attempt_id = await declared_absent(place)

    place.echo(attempt_id)
    reconcile_inbox(place.connection, timing=TIMING)

    assert place.stands(attempt_id) == ("sent", None, "accepted")
    assert place.row(attempt_id)["provider_message_id"] == "m_echo"
    assert [row["message_id"] for row in list_contradicted(place.connection)] == [place.row(attempt_id)["message"]]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "an attempt called absent was sent after all"
    ]
    assert close_campaign(place.connection, campaign_id) == "finished"


async def test_an_echo_for_an_absent_attempt_that_was_sent_again_tells_of_a_second_copy(place, caplog):
    campaign_id, attempt_id = await declared_absent(place)
    again = place.world.claim(campaign_id, 1)
    place.world.end(again, outcome="accepted", state="sent", mid="m-2")

    place.echo(attempt_id)
    reconcile_inbox(place.connection, timing=TIMING)
    reconcile_inbox(place.connection, timing=TIMING)

    assert place.row(attempt_id)["outcome"] == "accepted"
    assert place.row(again)["provider_message_id"] == "m-2"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "an attempt called absent was sent after all; there may be a second copy"
    ]
    assert place.decisions()[0]["contradicted_at"] is not None
    close_campaign(place.connection, campaign_id)


async def test_the_answer_of_a_worker_that_was_frozen_contradicts_a_decision_too(place):
    from clients.lasting_connection import LastingConnection
    from domain.outcome import Accepted
    from tasks.recording import write_outcomes

    _, attempt_id = await declared_absent(place)
    recording = LastingConnection(place.connection.info.dsn, role="record", patience_seconds=5)

    await write_outcomes(recording, [(attempt_id, Accepted("m-late"))])
    await recording.close()

    assert place.stands(attempt_id) == ("sent", None, "accepted")
    assert place.decisions()[0]["contradicted_at"] is not None


def test_proof_for_what_was_never_called_absent_contradicts_nothing(world_18):
    assert contradict(world_18.connection, [uuid4()], provider_message_ids=[None]) == 0


# decisions


async def test_a_person_says_that_it_was_sent(place_on_each):
    place = place_on_each
    campaign_id, (attempt_id,) = place.unknown()

    decided = decide(
        place.connection, place.row(attempt_id)["message"], kind=DecisionKind.SENT, author=AUTHOR, timing=TIMING
    )

    assert (decided.before, decided.after, decided.campaign_state) == ("unknown", "sent", "finished")
    assert place.stands(attempt_id) == ("sent", None, "accepted")
    (kept,) = place.decisions()
    assert (kept["kind"], kept["decided_by"], kept["because"]) == ("sent", "ops@desk", "seen in the inbox")
    assert (kept["state_before"], kept["reason_before"], kept["state_after"]) == ("unknown", "no_answer", "sent")
    assert decided.campaign_id == campaign_id


async def test_a_person_says_that_it_was_not_and_it_is_sent_again_by_its_new_window(place):
    campaign_id, (attempt_id,) = place.unknown()
    place.people_write([1], hours_ago=0.1)

    decided = decide(
        place.connection, place.row(attempt_id)["message"], kind=DecisionKind.ABSENT, author=AUTHOR, timing=TIMING
    )

    assert (decided.after, decided.campaign_state) == ("ready", "sending")
    assert place.stands(attempt_id) == ("ready", None, "absent")
    left = place.row(attempt_id)["closes_at"] - read_clock(place.connection)
    assert timedelta(hours=23.8) < left < timedelta(hours=24)
    place.world.end(place.world.claim(campaign_id, 1), outcome="accepted", state="sent", mid="m-2")
    close_campaign(place.connection, campaign_id)


@pytest.mark.parametrize(("kind", "after"), [(DecisionKind.SENT, "sent"), (DecisionKind.ABSENT, "ready")])
def test_what_is_unknown_since_a_backup_was_restored_can_be_decided_without_an_attempt(world, tmp_path, kind, after):
    account = world.account()
    world.people_write(account, [1])
    campaign_id = world.submit_ids(tmp_path, [1], account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    mark_restored(world.connection)
    message_id = world.connection.execute("SELECT message_id FROM message_list").fetchone()["message_id"]

    decided = decide(world.connection, message_id, kind=kind, author=AUTHOR, timing=TIMING)

    assert (decided.before, decided.after) == ("unknown", after)
    kept = world.connection.execute("SELECT kind, attempt_id, reason_before FROM decision").fetchone()
    assert kept == {"kind": kind, "attempt_id": None, "reason_before": "restored"}
    assert broken_promises(world.connection) == {}


NOT_AGAIN = {
    "window_closed": ("expired", lambda place, campaign: place.wait(hours=24)),
    "not_after_passed": (
        "expired",
        lambda place, campaign: place.connection.execute("UPDATE campaign SET not_after = clock()"),
    ),
    "opted_out": (
        "ineligible",
        lambda place, campaign: add_suppressions(place.connection, place.account, user_ids=[user_id(1)], source="test"),
    ),
    "campaign_cancelled": (
        "cancelled",
        lambda place, campaign: place.connection.execute("UPDATE campaign SET state = 'cancelled'"),
    ),
}


@pytest.mark.parametrize("reason", NOT_AGAIN)
async def test_what_was_not_sent_and_may_not_be_stands_where_the_rule_puts_it(place, reason):
    state, happens = NOT_AGAIN[reason]
    campaign_id, (attempt_id,) = place.unknown()
    happens(place, campaign_id)
    before = place.world.state(campaign_id)

    decided = decide(
        place.connection, place.row(attempt_id)["message"], kind=DecisionKind.ABSENT, author=AUTHOR, timing=TIMING
    )

    assert (decided.after, decided.reason) == (state, reason)
    assert place.stands(attempt_id) == (state, reason, "absent")
    assert place.world.state(campaign_id) == before
    assert place.decisions()[0]["state_after"] == state


async def test_a_settled_unknown_of_a_paused_campaign_can_be_decided_and_the_pause_holds(place):
    place.people_write([1, 2])
    campaign_id = place.world.submit_ids(place.folder, [1, 2], account=place.account)
    start_campaign(place.connection, campaign_id, timing=TIMING)
    attempt_id = place.world.claim(campaign_id, 1)
    place.world.end(attempt_id, outcome="unknown", state="unknown", reason="no_answer")
    pause_campaign(place.connection, campaign_id)
    place.connection.execute("UPDATE attempt SET settled_at = clock()")

    decided = decide(
        place.connection, place.row(attempt_id)["message"], kind=DecisionKind.ABSENT, author=AUTHOR, timing=TIMING
    )

    assert (decided.after, decided.campaign_state) == ("ready", "paused")


async def test_only_an_unknown_message_can_be_decided_and_only_with_a_reason(place):
    _, (attempt_id,) = place.unknown()
    message_id = place.row(attempt_id)["message"]

    with pytest.raises(UsageError, match="--because"):
        decide(place.connection, message_id, kind=DecisionKind.SENT, author=Author("me", "  "), timing=TIMING)
    assert place.stands(attempt_id)[0] == "unknown"  # nothing half-done remains
    with pytest.raises(UsageError, match="decided by `sent` or `absent`"):
        decide(place.connection, message_id, kind=DecisionKind.RETRY, author=AUTHOR, timing=TIMING)
    decide(place.connection, message_id, kind=DecisionKind.SENT, author=AUTHOR, timing=TIMING)
    with pytest.raises(UsageError, match="is sent, not unknown"):
        decide(place.connection, message_id, kind=DecisionKind.ABSENT, author=AUTHOR, timing=TIMING)
    with pytest.raises(NotFoundError, match="no message 4711"):
        decide(place.connection, 4711, kind=DecisionKind.SENT, author=AUTHOR, timing=TIMING)

    assert len(place.decisions()) == 1


# retries


def failed(place, numbers, *, reason="other_app_in_control"):
    place.people_write(numbers)
    campaign_id = place.world.submit_ids(place.folder, numbers, account=place.account)
    start_campaign(place.connection, campaign_id, timing=TIMING)
    for number in numbers:
        attempt_id = place.world.claim(campaign_id, number)
        place.world.end(attempt_id, outcome="refused", state="failed", reason=reason)
    assert close_campaign(place.connection, campaign_id) == "finished"
    return campaign_id


async def test_a_retry_makes_those_ready_who_can_be_reached_and_leaves_the_others_failed(place_on_each):
    place = place_on_each
    campaign_id = failed(place, (1, 2, 3, 4))
    add_suppressions(place.connection, place.account, user_ids=[user_id(2)], source="test")
    place.connection.execute(
        "UPDATE last_interaction SET opener_at = clock() - interval '24 h' WHERE user_id = %s", [user_id(3)]
    )
    place.connection.execute(
        "UPDATE attempt SET opener_at = opener_at - interval '24 h', slot_at = slot_at - interval '24 h' "
        "WHERE user_id = %s",
        [user_id(3)],
    )

    plan = plan_retry(place.connection, campaign_id, reason=Reason.OTHER_APP_IN_CONTROL, timing=TIMING)
    planned = place.world.states(campaign_id)
    done = retry_failed(place.connection, campaign_id, reason=Reason.OTHER_APP_IN_CONTROL, author=AUTHOR, timing=TIMING)

    assert planned == {"failed": 4}
    assert plan == done
    assert (done.failed, done.ready) == (4, 2)
    assert done.staying == {Reason.OPTED_OUT: 1, Reason.WINDOW_CLOSED: 1}
    assert place.world.states(campaign_id) == {"failed": 2, "ready": 2}
    assert place.world.state(campaign_id) == "sending"
    assert [(row["kind"], row["state_before"], row["state_after"]) for row in place.decisions()] == [
        ("retry", "failed", "ready")
    ] * 2
    for number in (1, 4):
        place.world.end(place.world.claim(campaign_id, number), outcome="accepted", state="sent", mid=f"m-{number}")
    assert close_campaign(place.connection, campaign_id) == "finished"


async def test_a_retry_touches_no_other_reason_and_never_an_unknown(place):
    campaign_id = failed(place, (1, 2), reason="message_refused")
    place.connection.execute(
        "UPDATE message_list SET state = 'unknown' WHERE row_number = 1; "
        f"UPDATE attempt SET outcome = 'unknown' WHERE user_id = '{user_id(1)}'"
    )

    nothing = retry_failed(place.connection, campaign_id, reason=Reason.PERSON_UNKNOWN, author=AUTHOR, timing=TIMING)
    some = retry_failed(place.connection, campaign_id, reason=Reason.MESSAGE_REFUSED, author=AUTHOR, timing=TIMING)

    assert (nothing.failed, nothing.ready) == (0, 0)
    assert (some.failed, some.ready) == (1, 1)
    assert place.world.states(campaign_id) == {"unknown": 1, "ready": 1}


async def test_outside_the_window_is_tried_again_only_for_people_who_wrote_since(place):
    campaign_id = failed(place, (1, 2), reason="outside_window")
    place.people_write([2], hours_ago=0.01)

    done = retry_failed(place.connection, campaign_id, reason=Reason.OUTSIDE_WINDOW, author=AUTHOR, timing=TIMING)

    assert (done.failed, done.ready, done.staying) == (2, 1, {Reason.WINDOW_CLOSED: 1})


async def test_a_person_who_is_left_in_peace_is_tried_again_after_writing(place):
    campaign_id = failed(place, (1, 2), reason="person_unavailable")
    for number in (1, 2):
        place.connection.execute(
            "INSERT INTO suppression (account_id, user_id, source, kind, until) "
            "VALUES (%s, %s, 'test', 'unavailable', clock() + interval '1 day') ON CONFLICT DO NOTHING",
            [place.account.account_id, user_id(number)],
        )
    place.wait(minutes=1)
    place.people_write([2], hours_ago=0)

    done = retry_failed(place.connection, campaign_id, reason=Reason.PERSON_UNAVAILABLE, author=AUTHOR, timing=TIMING)

    assert (done.failed, done.ready, done.staying) == (2, 1, {Reason.PERSON_UNAVAILABLE: 1})


async def test_what_the_platform_took_and_failed_later_is_not_sent_again(place):
    campaign_id = failed(place, (1,))
    place.connection.execute("UPDATE attempt SET outcome = 'accepted'; UPDATE message_list SET sent_at = clock()")

    done = retry_failed(place.connection, campaign_id, reason=Reason.OTHER_APP_IN_CONTROL, author=AUTHOR, timing=TIMING)

    assert (done.failed, done.ready) == (0, 0)


@pytest.mark.parametrize("reason", sorted(set(Reason) - set(RETRYABLE)))
async def test_a_reason_that_is_no_refusal_is_not_retried(world_18, reason):
    with pytest.raises(UsageError, match="no reason for which the platform refuses"):
        retry_failed(world_18.connection, uuid4(), reason=reason, author=AUTHOR, timing=TIMING)


async def test_a_cancelled_campaign_is_not_reopened(place):
    place.people_write([1])
    campaign_id = place.world.submit_ids(place.folder, [1], account=place.account)
    start_campaign(place.connection, campaign_id, timing=TIMING)
    place.world.end(place.world.claim(campaign_id, 1), outcome="refused", state="failed", reason="message_refused")
    cancel_campaign(place.connection, campaign_id)

    with pytest.raises(UsageError, match="is cancelled, so nothing of it can be sent again"):
        retry_failed(place.connection, campaign_id, reason=Reason.MESSAGE_REFUSED, author=AUTHOR, timing=TIMING)


def test_a_decision_without_who_or_why_is_refused_by_the_database_itself(world_18):
    for name in ("decided_by", "because"):
        values = {"decided_by": "'me'", "because": "'I saw it'", name: "''"}
        with pytest.raises(psycopg.errors.CheckViolation, match=name):
            world_18.connection.execute(
                "INSERT INTO decision (message_id, attempt_id, kind, decided_by, because, state_before, state_after) "
                f"VALUES (1, gen_random_uuid(), 'sent', {values['decided_by']}, {values['because']}, 'unknown', 'sent')"
            )
