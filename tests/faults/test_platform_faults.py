"""F9 to F20: the platform fails in every way it can; our table is compared with what the platform really did."""

import asyncio
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from proxy import proxying

import servers
from factories import user_id
from sandbox.process import running_sandbox
from tasks.accounts import resume_account
from tasks.share import ShareEnd


@dataclass(frozen=True)
class Case:
    """A fault of one POST, and where its message must stand before and after the echoes are read."""

    name: str
    fault: str | dict
    at_first: str
    in_the_end: str
    reason: str | None = None
    code: int | None = None


def _garbage(form, *, accepted):
    return {"kind": "garbage", "form": form, "accepted": accepted}


UNCLEAR = [
    Case("F9 accepts, never answers", {"kind": "perform_then_hang", "seconds": 2}, "unknown", "sent"),
    Case("F10 accepts, closes", "sent_but_dropped", "unknown", "sent"),
    Case("F10 accepts, resets", {"kind": "perform_then_drop", "reset": True}, "unknown", "sent"),
    Case("F11 accepts, answers 1/1357046", "sent_but_error", "unknown", "sent"),
    Case("F11 accepts, answers 500", {"kind": "perform_then_error", "code": 2, "http_status": 500}, "unknown", "sent"),
    Case("F12 closes", "dropped", "unknown", "unknown", "no_answer"),
    Case("F12 resets", {"kind": "drop", "reset": True}, "unknown", "unknown", "no_answer"),
    Case("F12 hangs", {"kind": "hang", "seconds": 2}, "unknown", "unknown", "no_answer"),
    Case("F12 answers 500", "unknown_error", "unknown", "unknown", "unclear_answer", 1),
    Case("F12 answers 1200", "temporary_failure", "unknown", "unknown", "unclear_answer", 1200),
    Case("F13 closes, accepts later", "sent_late", "unknown", "sent"),
    Case("F18 HTML, accepted", _garbage("html", accepted=True), "unknown", "sent"),
    Case("F18 HTML, not accepted", _garbage("html", accepted=False), "unknown", "unknown", "unclear_answer"),
    Case("F18 empty", _garbage("empty", accepted=True), "unknown", "sent"),
    Case("F18 truncated JSON", _garbage("truncated_json", accepted=True), "unknown", "sent"),
    Case("F18 no message_id", _garbage("no_message_id", accepted=False), "unknown", "unknown", "unclear_answer"),
]
DEFINITE = [
    Case("F15 outside the window", "outside_window", "failed", "failed", "outside_window", 10),
    Case("F17 nobody by this id", "person_unknown", "failed", "failed", "person_unknown", 100),
    Case("F17 gone", "person_unavailable", "failed", "failed", "person_unavailable", 551),
    Case("F17 gone, under code 200", "person_unavailable_200", "failed", "failed", "person_unavailable", 200),
    Case("F17 blocked", "person_blocked", "failed", "failed", "person_unavailable", 551),
]
CASES = [*UNCLEAR, *DEFINITE]
HEALTHY = 10


@dataclass(frozen=True)
class Struck:
    """One campaign in which every case struck one person, and ten people were struck by none."""

    at_first: dict[str, str]
    found: object
    end: object


@pytest.fixture(scope="module")
def struck(make_module_scene):
    scene = make_module_scene(people=HEALTHY + len(CASES), in_flight=10)
    for number, case in enumerate(CASES, start=HEALTHY):
        scene.add_fault(case.fault, user_id=user_id(number))
    end = scene.run_until_done()
    with scene.world() as world:
        rows = world.connection.execute("SELECT user_id, state FROM message_list").fetchall()
    at_first = {row["user_id"]: row["state"] for row in rows}
    time.sleep(1.5)  # the late acceptance of F13 comes 2.5 seconds after the connection was dropped
    return Struck(at_first, scene.evidence(), end)


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES, start=HEALTHY)), ids=[case.name for case in CASES])
def test_a_fault_is_posted_once_and_ends_where_the_matrix_says(struck, number, case):
    person = user_id(number)
    row = struck.found.messages[person]

    assert struck.at_first[person] == case.at_first
    assert (row["state"], row["reason"]) == (case.in_the_end, case.reason)
    if case.code is not None:
        assert row["provider_code"] == case.code
    assert len(struck.found.posts_to(person)) == 1


def test_the_faults_of_some_are_no_concern_of_the_others(struck):
    states = [struck.found.messages[user_id(number)]["state"] for number in range(HEALTHY)]

    assert states == ["sent"] * HEALTHY
    assert struck.end.state == "finished"


async def test_f18_a_message_id_seen_before_proves_nothing(make_scene, caplog):
    scene = make_scene(people=6, in_flight=1)
    scene.add_fault(_garbage("repeated_message_id", accepted=False), user_id=user_id(2))
    scene.add_fault(_garbage("repeated_message_id", accepted=True), user_id=user_id(4))

    await scene.run()
    found = scene.evidence()

    assert found.unknown_before_echoes == 2
    assert found.states == {"sent": 5, "unknown": 1}
    assert found.messages[user_id(2)]["reason"] == "unclear_answer"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "message id given twice"
    ] * 2


@pytest.mark.parametrize("echo", ["first", "afterwards"])
async def test_f18_the_id_of_a_message_without_an_answer_is_believed_until_its_echo_has_come(make_scene, echo):
    scene = make_scene(people=6, in_flight=1, per_second=4)
    scene.add_fault("sent_but_dropped", user_id=user_id(1))
    scene.add_fault(_garbage("repeated_message_id", accepted=False), user_id=user_id(2))
    stop = asyncio.Event()
    if echo == "first":
        run = asyncio.create_task(scene.run(stop=stop))
        await until(lambda: len(scene.posts()) == 2)
        stop.set()
        await run
        scene.carry_webhooks()

    await scene.run()
    found = scene.evidence()

    assert found.believed == (set() if echo == "first" else {user_id(2)})
    assert found.messages[user_id(1)]["state"] == "sent"
    assert found.messages[user_id(2)]["state"] == ("unknown" if echo == "first" else "sent")


async def until(is_true) -> None:
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


THROTTLES = [
    pytest.param({"preset": "throttled", "seconds": 1.5}, id="613"),
    pytest.param({"preset": "throttled_messenger", "seconds": 1.5}, id="80006, in the header's words"),
    pytest.param({"preset": "app_throttled", "retry_after": 1}, id="4 with Retry-After"),
    pytest.param("page_throttled", id="32"),
    pytest.param("too_many_requests", id="613 with HTTP 429"),
]


@pytest.mark.parametrize("fault", THROTTLES)
async def test_f14_a_throttle_slows_all_workers_and_costs_no_message(make_scene, fault):
    scene = make_scene(people=30, in_flight=3)
    scene.add_fault(fault, after=8, count=1)

    await asyncio.gather(scene.run(), scene.run())
    found = scene.evidence()

    throttled = next(post for post in found.posts if post.fault)
    calm = [post for post in found.posts if throttled.arrived + 0.3 < post.arrived < throttled.arrived + 0.9]
    assert found.states == {"sent": 30}
    assert calm == []


async def test_f16_a_dead_token_pauses_the_account_until_it_is_renewed_and_fails_nothing(make_scene, monkeypatch):
    scene = make_scene(people=30, in_flight=2)
    scene.add_fault("token_dead", after=5)

    first = await scene.run()
    after_the_first = scene.states()
    scene.sandbox.clear_faults()
    scene.sandbox.add_accounts([{"external_id": scene.account.external_id, "token": "renewed-token"}])
    monkeypatch.setenv(scene.account.credential, "renewed-token")
    with scene.world() as world:
        resumed = resume_account(world.connection, scene.account)
    second = await scene.run()
    found = scene.evidence()

    assert (first.report.end, first.state) == (ShareEnd.PAUSED, "paused")
    assert "190" in first.report.detail
    assert after_the_first == {"sent": 5, "ready": 25}
    assert resumed == [str(scene.campaign_id)]
    assert second.state == "finished"
    assert found.states == {"sent": 30}
    assert sum(post.code == 190 for post in found.posts) <= 2


async def test_f19_a_platform_that_is_away_costs_nothing_and_is_found_again(make_scene, sandbox):
    port = _free_port()
    scene = make_scene(people=10, graph_url=f"http://127.0.0.1:{port}")

    run = asyncio.create_task(scene.run())
    await asyncio.sleep(1.5)
    away = scene.states()
    async with proxying(lambda: _connection_to(sandbox.url), port=port):
        end = await run
    found = scene.evidence()

    assert away == {"ready": 10}
    assert end.report.not_sent >= 10
    assert found.states == {"sent": 10}


@pytest.fixture(scope="module")
def durable_server():
    """A server that keeps what it commits: without one, nothing is sent to an address beyond this machine."""
    server = servers.private_18(options="-c fsync=on -c full_page_writes=on")
    server.make_template()
    yield server
    server.stop()


@pytest.mark.parametrize("door", ["a name that nobody knows", "no TLS", "no place in the queue"])
async def test_f19_a_connection_that_never_was_sends_nothing_and_makes_all_workers_wait(
    make_scene, durable_server, sandbox, door
):
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full:
        address = full.getsockname()
        addresses = {
            "a name that nobody knows": "http://graph.invalid",
            "no TLS": sandbox.url.replace("http:", "https:"),
            "no place in the queue": f"http://127.0.0.1:{address[1]}",
        }
        scene = make_scene(people=5, server=durable_server, graph_url=addresses[door], read_timeout_seconds=0.5)
        with socket.create_connection(address):  # takes the only place
            stop = asyncio.Event()
            asyncio.get_running_loop().call_later(1.2, stop.set)
            end = await scene.run(stop=stop)
    found = scene.evidence()

    assert end.report.not_sent >= 5
    assert end.report.unknown == 0
    assert found.states == {"ready": 5}
    with scene.world() as world:
        assert world.connection.execute("SELECT away_count FROM pace").fetchone()["away_count"] >= 1


async def test_f20_connections_that_the_platform_closes_between_posts_make_nothing_uncertain(make_scene):
    with running_sandbox(keep_alive_seconds=0.3) as impatient:
        # A slot every half second: each connection has been closed by the time it is wanted again.
        scene = make_scene(people=8, per_second=2, platform=impatient)

        end = await scene.run()
        found = scene.evidence()

    assert end.state == "finished"
    assert found.unknown_before_echoes == 0
    assert found.states == {"sent": 8}


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as held:
        return held.getsockname()[1]


async def _connection_to(url):
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)
