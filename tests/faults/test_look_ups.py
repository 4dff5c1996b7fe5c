"""F3 and F9 to F13 without a single echo: look-ups alone tell what was sent; policy B and what its grace is worth."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from clients.postgres import connect
from domain.evidence import LookUpTiming
from factories import user_id
from tasks.database import broken_promises
from tasks.unknowns import resolve_unknowns

# Short graces, so that the tests are; the platform's own pace of look-ups stays.
SHORT = LookUpTiming(least_grace_seconds=3.0, acceptances=0)


@dataclass(frozen=True)
class Case:
    name: str
    fault: str | dict
    in_the_end: str


CASES = [
    Case("F9 accepts, never answers", {"kind": "perform_then_hang", "seconds": 2}, "sent"),
    Case("F10 accepts, closes", "sent_but_dropped", "sent"),
    Case("F10 accepts, resets", {"kind": "perform_then_drop", "reset": True}, "sent"),
    Case("F11 accepts, answers 1/1357046", "sent_but_error", "sent"),
    Case("F12 closes", "dropped", "unknown"),
    Case("F12 answers 500", "unknown_error", "unknown"),
    Case("F13 closes, accepts later", "sent_late", "sent"),
    Case("F18 HTML, accepted", {"kind": "garbage", "form": "html", "accepted": True}, "sent"),
]


async def _resolve_until(scene, *, timing, is_done):
    """Look up again and again until `is_done` says so of the newest report; the reports."""
    reports = []
    give_up_at = time.monotonic() + 60
    while not reports or not is_done(reports[-1]):
        assert time.monotonic() < give_up_at, reports[-1]
        await asyncio.sleep(0.1)
        reports.append(
            await resolve_unknowns(
                scene.database, scene.account, chosen=scene.settings, limit_seconds=20, timing=timing
            )
        )
    return reports


@pytest.fixture(scope="module")
def looked_up(make_module_scene):
    scene = make_module_scene(people=len(CASES) + 2)
    for number, case in enumerate(CASES):
        scene.add_fault(case.fault, user_id=user_id(number))
    scene.run_until_done()
    unknown = scene.states()["unknown"]
    asyncio.run(_resolve_until(scene, timing=SHORT, is_done=lambda report: not report.due and report.looked_up))
    with scene.world() as world:
        rows = world.connection.execute("SELECT user_id, state FROM message_list").fetchall()
    return unknown, {row["user_id"]: row["state"] for row in rows}, scene.evidence()


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[case.name for case in CASES])
def test_a_look_up_alone_finds_what_was_sent_and_leaves_the_rest_unknown(looked_up, number, case):
    unknown, states, _ = looked_up

    assert unknown == len(CASES)
    assert states[user_id(number)] == case.in_the_end


def test_what_look_ups_called_sent_is_what_the_platform_accepted(looked_up):
    _, states, found = looked_up

    assert {person for person, state in states.items() if state == "sent"} == found.accepted_people
    assert all(row["provider_message_id"] for row in found.messages.values() if row["state"] == "sent")


async def test_a_message_in_flight_when_its_sender_was_killed_is_found(make_scene):
    scene = make_scene(people=5, in_flight=1)
    scene.add_fault({"kind": "delay", "seconds": 0.8}, user_id=user_id(2))
    with scene.start_sender() as sender:
        while not any(post.recipient_id == user_id(2) for post in scene.posts()):  # noqa: ASYNC110  another process
            await asyncio.sleep(0.02)
        sender.kill()

    await scene.run()
    await _resolve_until(scene, timing=SHORT, is_done=lambda report: not report.unknown)

    assert scene.evidence().states == {"sent": 5}


def _with_policy_b(scene):
    with scene.world() as world:
        world.connection.execute("UPDATE campaign SET resends_unknown = TRUE")


async def _send_with_living_webhooks(scene):
    """Run the campaign and let an echo arrive after what is unknown was over; the echoes of later times stay away."""
    await scene.run()
    scene.carry_webhooks()


def _copies(scene) -> Counter:
    accepted = [one for one in scene.sandbox.log() if one.account == scene.account.external_id]
    return Counter(one.recipient_id for one in accepted)


async def test_f12_under_policy_b_is_sent_once_more_and_arrives_once(make_scene):
    scene = make_scene(people=6, in_flight=2)
    _with_policy_b(scene)
    scene.add_fault("dropped", user_id=user_id(0), count=1)
    await _send_with_living_webhooks(scene)

    await _resolve_until(scene, timing=SHORT, is_done=lambda report: report.ready_again)
    end = await scene.run()
    found = scene.evidence()

    assert end.state == "finished"
    assert found.states == {"sent": 6}
    assert len(found.posts_to(user_id(0))) == 2


async def test_f13_with_a_grace_longer_than_the_delay_costs_no_second_copy(make_scene):
    scene = make_scene(people=6, in_flight=2)
    _with_policy_b(scene)
    scene.add_fault({"preset": "sent_late", "seconds": 2.5}, user_id=user_id(0), count=1)
    await _send_with_living_webhooks(scene)

    reports = await _resolve_until(
        scene, timing=LookUpTiming(least_grace_seconds=5, acceptances=0), is_done=lambda report: not report.unknown
    )
    found = scene.evidence()

    assert reports[-1].found == 1
    assert found.states == {"sent": 6}
    assert len(found.posts_to(user_id(0))) == 1


async def test_f13_with_a_grace_shorter_than_the_delay_costs_a_second_copy_that_is_told_of(make_scene, caplog):
    scene = make_scene(people=6, in_flight=2)
    _with_policy_b(scene)
    scene.add_fault({"preset": "sent_late", "seconds": 9}, user_id=user_id(0), count=1)
    await _send_with_living_webhooks(scene)

    await _resolve_until(
        scene, timing=LookUpTiming(least_grace_seconds=0.5, acceptances=0), is_done=lambda report: report.ready_again
    )
    await scene.run()
    while _copies(scene)[user_id(0)] < 2:  # noqa: ASYNC110  the platform is another process
        await asyncio.sleep(0.2)
    scene.carry_webhooks()

    assert _copies(scene) == {user_id(number): 2 if number == 0 else 1 for number in range(6)}
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["an attempt called absent was sent after all; there may be a second copy"]
    with connect(scene.database) as connection:
        assert broken_promises(connection) == {}
        row = connection.execute("SELECT count(*) FROM decision WHERE contradicted_at IS NOT NULL").fetchone()
    assert row["count"] == 1
