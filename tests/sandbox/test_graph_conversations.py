"""The reader of conversations against the sandbox: pages and moments as they are, and never an exception for a no."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from clients.graph.conversations import ConversationReader, NoPage, Page
from clients.graph.messenger import Route
from sandbox.faults import read_rule
from sandbox.people import ThreadMessage
from sandbox.server import serving

PAGE = "100200300400500"
PERSON = "25381719828140932"
TOKEN = "sandbox-token"


@asynccontextmanager
async def reading(url, *, read_timeout_seconds=30, **route):
    known = {"channel": "messenger", "external_id": PAGE, "token": TOKEN, **route}
    reader = ConversationReader(
        Route(**known),
        base_url=url,
        version="v25.0",
        read_timeout_seconds=read_timeout_seconds,
        connect_timeout_seconds=30,
    )
    async with reader:
        yield reader


def say(platform, count, *, account=PAGE, person=PERSON):
    state = platform.accounts[account]
    now = platform.clock.now_ms()
    for number in range(count):
        state.people[person].add_message(
            ThreadMessage(f"mid{number}", now - number * 1000, f"Text {number} \u00e9\U0001f600", number % 2 == 0)
        )


async def first_page(platform, **route):
    async with serving(platform) as url, reading(url, **route) as reader:
        return await reader.first_page(PERSON)


async def test_a_conversation_shows_ids_times_parties_and_texts(platform):
    say(platform, 2)

    page = await first_page(platform)

    assert isinstance(page, Page)
    assert page.after is None
    mine, theirs = next(
        (one, page.messages[place - 1]) for place, one in enumerate(page.messages) if one.message_id == "m_mid1"
    )
    assert (mine.from_id, mine.to_ids, mine.text) == (PAGE, (PERSON,), "Text 1 \u00e9\U0001f600")
    assert (theirs.from_id, theirs.to_ids) == (PERSON, (PAGE,))
    assert timedelta(0) <= datetime.now(UTC) - mine.created_at < timedelta(seconds=10)


async def test_what_does_not_fit_on_a_page_is_on_the_next_and_in_order(platform):
    say(platform, 15)

    async with serving(platform) as url, reading(url) as reader:
        first = await reader.first_page(PERSON)
        second = await reader.next_page(first)

    assert (len(first.messages), len(second.messages), second.after) == (10, 6, None)
    times = [message.created_at for message in (*first.messages, *second.messages)]
    assert times == sorted(times, reverse=True)


async def test_the_end_of_a_conversation_has_no_further_page(platform):
    async with serving(platform) as url, reading(url) as reader:
        with pytest.raises(ValueError, match="no further page"):
            await reader.next_page(await reader.first_page(PERSON))


async def test_an_instagram_account_linked_to_a_page_is_asked_for_by_its_page(platform):
    platform.put_account(
        {"external_id": "17841", "page_id": "555", "channel": "instagram", "token": "ig", "name": "Lamp"}
    )
    platform.people_act([{"account": "17841", "user_id": PERSON}])
    say(platform, 1, account="17841")

    page = await first_page(platform, channel="instagram", external_id="17841", page_id="555", token="ig")

    assert {message.from_id for message in page.messages} == {PERSON}
    assert page.messages[0].to_ids == ("17841",)


@pytest.mark.parametrize("order", ["oldest_first", "shuffled"])
async def test_a_platform_out_of_order_is_shown_as_it_is(platform, order):
    platform.put_account({"external_id": PAGE, "conversation_order": order})
    say(platform, 9)

    page = await first_page(platform)

    times = [message.created_at for message in page.messages]
    assert len(times) == 10
    assert times != sorted(times, reverse=True)


async def test_a_message_that_lags_is_not_there_yet_and_there_later(platform):
    platform.put_account({"external_id": PAGE, "conversation_lag_seconds": 60})

    early = await first_page(platform)
    platform.clock.advance(61)
    late = await first_page(platform)

    assert (early.result, early.answer.text) == ("unclear", "no single conversation with this person can be read")
    assert len(late.messages) == 1


FAULTS = {
    "no answer": ({"kind": "drop"}, "no_answer", False),
    "too slow": ({"kind": "hang", "seconds": 3}, "no_answer", False),
    "HTML": ({"kind": "garbage", "form": "html"}, "no_answer", False),
    "empty": ({"kind": "garbage", "form": "empty"}, "no_answer", False),
    "half a JSON": ({"kind": "garbage", "form": "truncated_json"}, "no_answer", False),
    "5xx": ("unexpected_error", "no_answer", False),
    "an unlisted code": ("unheard_of", "no_answer", False),
    "4": ("app_throttled", "throttled", False),
    "429": ("too_many_requests", "throttled", False),
    "a dead token": ("token_dead", "refused", True),
    "no permission": ("permission_missing", "refused", True),
    "nobody of this id": ("person_unknown", "refused", False),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_whatever_goes_wrong_is_no_page_and_no_exception(platform, name):
    fault, result, is_stopped = FAULTS[name]
    platform.faults.add(read_rule({"fault": fault, "call": "conversations"}))

    # Only what is to be waited for in vain is given up soon: on a busy machine the others may take their time.
    answer = await first_page(platform, read_timeout_seconds=0.5 if name == "too slow" else 30)

    assert isinstance(answer, NoPage)
    assert (answer.result, answer.is_account_stopped) == (result, is_stopped)
    assert TOKEN not in repr(answer)


async def test_a_throttle_names_its_time(platform):
    fault = {"kind": "error", "code": 613, "http_status": 400, "retry_after": 7}
    platform.faults.add(read_rule({"fault": fault, "call": "conversations"}))

    answer = await first_page(platform)

    assert (answer.result, answer.wait_seconds) == ("throttled", 7.0)


async def test_above_two_calls_a_second_the_sandbox_throttles_as_documented(platform):
    async with serving(platform) as url, reading(url) as reader:
        answers = [await reader.first_page(PERSON) for _ in range(3)]

    assert [type(answer) for answer in answers] == [Page, Page, NoPage]
    assert answers[2].result == "throttled"


def person_page(**messages):
    return {"data": [{"id": "t_1", "messages": messages}]}


ODD = {
    "no list": {"data": 7},
    "several conversations": {"data": [{"id": "t_1"}, {"id": "t_2"}]},
    "a conversation without messages": {"data": [{"id": "t_1"}]},
    "a conversation without an id": {"data": [{"messages": {"data": []}}]},
    "messages that are none": person_page(data=["x"]),
    "a next page without a cursor": person_page(data=[], paging={"next": "https://example.invalid"}),
}


@asynccontextmanager
async def answering(body):
    async def answer(_):
        return web.json_response(body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_answer_proves_nothing(name):
    async with answering(ODD[name]) as url, reading(url) as reader:
        answer = await reader.first_page(PERSON)

    assert (type(answer), answer.result) == (NoPage, "unclear")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        pytest.param("2026-05-04T08:00:00+0000", datetime(2026, 5, 4, 8, tzinfo=UTC), id="as in the samples"),
        pytest.param(1777881600, datetime(2026, 5, 4, 8, tzinfo=UTC), id="a number, as in the prose"),
        pytest.param("1777881600", datetime(2026, 5, 4, 8, tzinfo=UTC), id="a number as a text"),
        pytest.param("2026-05-04T08:00:00", None, id="without a zone"),
        pytest.param("soon", None, id="no time"),
        pytest.param(None, None, id="nothing"),
        pytest.param(10**30, None, id="beyond all calendars"),
    ],
)
async def test_a_time_is_read_in_every_form_that_was_seen(written, moment):
    entry = {"id": 7, "created_time": written, "from": "x", "to": {"data": ["y", {"id": "9"}]}, "message": 5}
    async with answering(person_page(data=[entry])) as url, reading(url) as reader:
        page = await reader.first_page(PERSON)

    message = page.messages[0]
    assert message.created_at == moment
    assert (message.message_id, message.from_id, message.to_ids, message.text) == ("", None, ("9",), None)
