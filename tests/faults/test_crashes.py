"""F1 to F6: a sender dies, or Postgres does, at every step of a message's way."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
import servers
from factories import user_id

# The fifth of twenty messages, which go out one after the other: what it costs can be said exactly.
HIT = 5
PEOPLE = 20

# For each point: how many messages a kill leaves unknown until echoes are read, and for good.
KILLS = [
    pytest.param("t1_open", 0, 0, id="F1 before T1"),
    pytest.param("claimed", 1, 1, id="F2 after T1, before the POST"),
    pytest.param("posted", 1, 0, id="F3 after the bytes left, before the answer"),
    pytest.param("responded", 1, 0, id="F4 after the answer, before T2"),
    pytest.param("t2_open", 0, 0, id="F4 inside T2, which commits after the death"),
    pytest.param("recorded", 0, 0, id="F5 after T2"),
]
POINTS = [point.values[0] for point in KILLS]


@pytest.fixture(scope="module")
def killed(make_module_scene):
    """What is left of six senders, each killed at another point, after a second run has ended their campaigns."""
    scenes = {point: make_module_scene(people=PEOPLE, in_flight=1) for point in POINTS}
    with ThreadPoolExecutor(len(scenes)) as pool:
        return dict(zip(scenes, pool.map(_kill_and_run_again, scenes.values(), scenes), strict=True))


@pytest.mark.parametrize(("point", "unknown_at_first", "unknown_for_good"), KILLS)
def test_a_killed_sender_costs_no_copy_and_no_row(killed, point, unknown_at_first, unknown_for_good):
    found = killed[point]

    assert found.unknown_before_echoes == unknown_at_first
    assert found.states == _states(unknown=unknown_for_good)
    assert len(found.accepted) == PEOPLE - unknown_for_good


def test_a_message_whose_sender_died_before_the_post_was_never_posted(killed):
    found = killed["claimed"]

    unknown = [person for person, row in found.messages.items() if row["state"] == "unknown"]

    assert [found.posts_to(person) for person in unknown] == [[]]


@pytest.mark.parametrize("point", POINTS)
def test_a_sender_outlives_a_crash_of_postgres_at_every_point(make_scene, private_servers, point):
    scene = make_scene(people=PEOPLE, in_flight=1)

    with standing_at(scene, point) as sender:
        private_servers("18").restart_hard()
        if point not in ("posted", "t2_open"):
            sender.let_go()
        result = sender.result()
    found = scene.evidence()

    assert result["state"] == "finished"
    assert found.unknown_before_echoes == (1 if point == "posted" else 0)
    assert found.states == {"sent": PEOPLE}


@pytest.mark.skipif(servers.found_15() is None, reason="no Postgres 15 on this machine")
def test_postgres_15_keeps_the_same_promises_with_many_messages_under_way(make_scene, private_servers):
    pass


def _states(*, unknown):
    return {"sent": PEOPLE - unknown, **({"unknown": unknown} if unknown else {})}


def _kill_and_run_again(scene, point):
    with standing_at(scene, point) as sender:
        sender.kill()
    scene.run_until_done()
    return scene.evidence()


@contextmanager
def standing_at(scene, point):
    """Run a sender until it stands at its fifth pass of a point, and yield it."""
    match point:
        case "posted":
            scene.add_fault({"kind": "perform_then_hang", "seconds": 2}, after=HIT - 1, count=1)
            with scene.start_sender() as sender:
                _wait_for(lambda: any(post.fault for post in scene.posts()))
                yield sender
        case "t2_open":
            with scene.start_sender(point="responded", hit=HIT) as sender, _holding_attempts(scene):
                yield sender
        case _:
            with scene.start_sender(point=point, hit=HIT) as sender:
                sender.wait_until_reached()
                yield sender
