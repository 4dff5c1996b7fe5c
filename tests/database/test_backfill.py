"""History from the platform: what people wrote last is found once, newest first, through kills, throttles and noes."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from clients.settings import Settings
from domain.errors import ConfigurationError, ServiceAwayError, UnfinishedError
from domain.evidence import LookUpTiming
from domain.template import Channel
from domain.window import InteractionKind
from factories import TIMING, TOKEN, user_id
from sandbox.faults import read_rule
from sandbox.people import ThreadMessage
from sandbox.platform import Platform
from sandbox.server import serving
from tasks.backfill import backfill
from tasks.database import broken_promises
from tasks.interactions import Interaction, store_interactions
from tasks.windows import read_clock

# A gap of nothing, so that a test does not wait; the sandbox's limit is lifted for it.
QUICK = LookUpTiming(gap_seconds=0)


class Place:
    """One account in the database and on a platform in this process, with conversations a minute apart."""

    def __init__(self, world, platform, url, **fields):
        self.world, self.platform = world, platform
        self.settings = Settings(graph_url=url, read_timeout_seconds=1, safety_margin_seconds=1)
        self.account = world.account(**fields)
        page = {} if self.account.page_id is None else {"page_id": self.account.page_id}
        platform.put_account(
            {
                "external_id": self.account.external_id,
                "channel": self.account.channel,
                "token": TOKEN,
                "conversation_calls_per_second": 0,
                **page,
            }
        )
        self.state = platform.accounts[self.account.external_id]

    def says(self, number, *, minutes_ago=None, mid=None, is_from_person=True):
        """Let a message stand in the conversation with a person."""
        ago = number if minutes_ago is None else minutes_ago
        at_ms = self.platform.clock.now_ms() // 1000 * 1000 - int(ago * 60_000) + 123
        if user_id(number) not in self.state.people:
            self.platform.people_act(
                [
                    {
                        "account": self.account.external_id,
                        "user_id": user_id(number),
                        "kind": "postback",
                        "occurred_at": 0,
                    }
                ]
            )
        message = ThreadMessage(mid or f"mid-{number}-{at_ms}", at_ms, "Hello", is_from_person)
        self.state.people[user_id(number)].add_message(message)
        return message

    async def read(self, **fields):
        url = self.world.connection.info.dsn
        return await backfill(url, self.account, chosen=self.settings, timing=QUICK, **fields)

    def fault(self, fault, **fields):
        self.platform.faults.add(read_rule({"fault": fault, "call": "conversations", **fields}))

    def stored(self):
        """The event ids of the evidence, newest first."""
        rows = self.world.connection.execute("SELECT * FROM interaction ORDER BY occurred_at DESC, user_id").fetchall()
        return [row["event_id"] for row in rows]

    def openers(self):
        return {row["user_id"]: row["opener_at"] for row in self.world.connection.execute("TABLE last_interaction")}


@pytest_asyncio.fixture
async def place(world_18, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    platform = Platform()
    async with serving(platform) as url:
        yield Place(world_18, platform, url)
    assert broken_promises(world_18.connection) == {}


async def test_the_newest_message_of_each_person_is_found_and_opens_the_window(place):
    newest = {number: place.says(number) for number in range(1, 61)}
    for number in range(1, 61):
        place.says(number, minutes_ago=number + 0.5)
        # The account answered: the conversation is newer, and the person's last act is not.
        place.says(number, minutes_ago=number - 0.5, is_from_person=False)

    report = await place.read()

    # The newest one is looked at again in the end, as somebody may have written in its very second.
    assert (report.conversations, report.people, report.new, report.silent, report.skipped) == (61, 61, 60, 0, 0)
    assert place.stored() == [newest[number].bare_id for number in range(1, 61)]
    assert {person: at.timestamp() for person, at in place.openers().items()} == {
        user_id(number): message.at_ms // 1000 for number, message in newest.items()
    }
    assert report.newest_at.timestamp() == newest[1].at_ms // 1000
    # Three pages of 25, and the first again for who wrote meanwhile.
    assert report.calls == 4


async def test_an_instagram_account_linked_to_a_page_is_not_taken_for_a_person(world_18, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    platform = Platform()
    async with serving(platform) as url:
        place = Place(world_18, platform, url, channel=Channel.INSTAGRAM, external_id="17841", page_id="555")
        act = place.says(1)
        place.says(1, minutes_ago=0, is_from_person=False)

        await place.read()

    assert place.stored() == [act.bare_id]


async def test_a_person_behind_the_account_s_last_messages_is_read_as_far_as_the_platform_shows(place):
    act = place.says(1, minutes_ago=500)
    for minute in range(15):
        place.says(1, minutes_ago=minute, is_from_person=False)
    place.says(2, minutes_ago=600)
    for minute in range(30):
        place.says(2, minutes_ago=minute, is_from_person=False)

    report = await place.read()

    assert place.stored() == [act.bare_id]
    assert (report.people, report.silent, report.calls) == (1, 1, 3)


async def test_who_only_tapped_or_reacted_is_not_found(place):
    account = place.account.external_id
    place.platform.people_act([{"account": account, "user_id": user_id(1), "kind": "postback"}])
    place.platform.people_act([{"account": account, "user_id": user_id(2), "kind": "reaction"}])

    report = await place.read()

    assert (report.conversations, place.stored()) == (0, [])


async def test_since_ends_the_walk_and_an_earlier_one_goes_on_from_there(place):
    for number in range(1, 101):
        place.says(number)
    since = read_clock(place.world.connection) - timedelta(minutes=30)

    first = await place.read(since=since)
    again = await place.read(since=since)
    deeper = await place.read()

    assert (first.new, first.calls) == (50, 3)
    # Nothing is new: only the top of the list is looked at.
    assert (again.new, again.calls) == (0, 1)
    assert deeper.new == 50
    assert len(place.stored()) == 100


async def test_a_later_run_reads_what_is_new_and_restart_reads_all_anew(place):
    for number in range(1, 61):
        place.says(number)
    await place.read()
    place.says(60, minutes_ago=0.2)
    place.says(70, minutes_ago=0.1)

    later = await place.read()
    anew = await place.read(restarts=True)

    assert (later.new, later.calls) == (2, 1)
    assert (anew.new, anew.conversations >= 61) == (0, True)
    assert len(place.stored()) == 62


async def test_a_message_that_a_webhook_told_is_the_same_interaction_whichever_came_first(place):
    told, read = place.says(1, mid="told"), place.says(2, mid="read")
    webhook = [by_webhook(place, 1, told), by_webhook(place, 2, read)]

    store_interactions(place.world.connection, webhook[:1], timing=TIMING)
    report = await place.read()
    late = store_interactions(place.world.connection, webhook, timing=TIMING)

    assert (report.people, report.new, late) == (2, 1, (2, 0))
    assert place.stored() == ["told", "read"]
    # Another event of that second is another one all the same.
    other = by_webhook(place, 2, read, event_id="another")
    assert store_interactions(place.world.connection, [other], timing=TIMING) == (1, 1)


def by_webhook(place, number, act, *, event_id=None):
    """The same message as a webhook tells it: to the millisecond."""
    at = datetime.fromtimestamp(act.at_ms / 1000, tz=UTC)
    return Interaction(place.account.account_id, user_id(number), InteractionKind.MESSAGE, at, event_id or act.bare_id)


async def test_a_conversation_that_cannot_be_read_is_counted_and_the_others_go_on(place):
    # Of each conversation the list shows one message, the account's: each has to be read by itself.
    place.platform.put_account({"external_id": place.account.external_id, "conversation_page_size": 1})
    for number in range(1, 6):
        place.says(number)
        place.says(number, minutes_ago=number - 0.5, is_from_person=False)
    deleted = {"kind": "error", "code": 9000001, "http_status": 400}
    place.fault(deleted, user_id=user_id(2))
    place.fault({"kind": "error", "code": 100, "subcode": 33, "http_status": 400}, user_id=user_id(4))

    report = await place.read()

    assert (report.people, report.skipped, report.conversations) == (3, 2, 5)
    assert len(place.stored()) == 3
    assert place.world.row_counts()["backfill_conversation"] == 0


async def test_a_list_that_is_too_much_at_once_is_asked_for_in_smaller_pieces(place):
    for number in range(1, 4):
        place.says(number)
    place.fault({"kind": "error", "code": 1, "http_status": 500}, count=1)

    report = await place.read()

    assert (report.people, report.skipped, report.calls) == (3, 0, 1 + 1 + 3)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        pytest.param("token_dead", UnfinishedError, r"refuses .*code 190.*accounts check", id="a dead token"),
        pytest.param("permission_missing", UnfinishedError, "refuses", id="no permission"),
        pytest.param({"kind": "drop"}, ServiceAwayError, "does not answer", id="no answer"),
        pytest.param({"kind": "garbage", "form": "html"}, ServiceAwayError, "does not answer", id="HTML"),
        pytest.param("person_unknown", ServiceAwayError, "does not show the conversations", id="no list"),
    ],
)
async def test_what_no_further_call_would_mend_ends_it_with_a_sentence_and_keeps_what_was_read(
    place, fault, error, words
):
    for number in range(1, 61):
        place.says(number)
    place.fault(fault, after=1)

    with pytest.raises(error, match=words) as ended:
        await place.read()

    assert "the same command goes on from there" in str(ended.value)
    assert TOKEN not in str(ended.value)
    assert len(place.stored()) == 25
    place.platform.clear_faults()
    report = await place.read()
    assert (report.new, len(place.stored())) == (35, 60)


async def test_a_throttle_lets_every_reader_wait_and_then_goes_on(place):
    for number in range(1, 31):
        place.says(number)
    throttle = {"kind": "error", "code": 613, "http_status": 400, "retry_after": 1}
    place.fault(throttle, after=1, count=1)

    began = time.monotonic()
    report = await place.read()

    assert time.monotonic() - began >= 1
    assert (report.new, len(place.stored())) == (30, 30)


async def test_a_long_wait_is_told_and_not_waited_out(place):
    place.says(1)
    place.fault({"kind": "error", "code": 613, "http_status": 400, "retry_after": 4000}, count=1)

    with pytest.raises(UnfinishedError, match="asks to wait 1 h 6 min before more conversations"):
        await place.read()


async def test_without_a_token_nothing_is_asked(place, monkeypatch):
    monkeypatch.delenv("WINDOWCAST_TEST_TOKEN")

    with pytest.raises(ConfigurationError, match="WINDOWCAST_TEST_TOKEN"):
        await place.read()


async def test_a_wish_to_stop_ends_it_between_two_calls(place):
    for number in range(1, 61):
        place.says(number)
    stop = asyncio.Event()

    with pytest.raises(UnfinishedError, match="Stopped as asked"):
        await place.read(stop=stop, tell=lambda _: stop.set())

    assert len(place.stored()) == 25


@pytest.mark.parametrize("answered_after", [0, 0.2], ids=["at once", "after more than a gap"])
async def test_two_backfills_at_once_share_the_work_and_the_pace(place, answered_after):
    for number in range(1, 201):
        place.says(number)
    if answered_after:
        place.fault({"kind": "delay", "seconds": answered_after})
    place.platform.put_account({"external_id": place.account.external_id, "conversation_calls_per_second": 20})

    # The pages take two seconds: enough for the other one to begin on a busy machine too.
    both = await asyncio.gather(*(paced(place, gap_seconds=0.25) for _ in range(2)))

    assert sorted(place.stored()) == sorted(set(place.stored()))
    assert len(place.stored()) == sum(report.new for report in both) == 200
    # Eight pages are read once each, not once for each of them, and the top of the list again.
    assert sum(report.calls for report in both) <= 8 + 4
    assert min(report.calls for report in both) >= 2


async def paced(place, *, gap_seconds):
    url = place.world.connection.info.dsn
    return await backfill(url, place.account, chosen=place.settings, timing=LookUpTiming(gap_seconds=gap_seconds))
