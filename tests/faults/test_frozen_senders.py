"""F21, F22 and F28: senders that freeze, senders whose clock is wrong, and many senders at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from factories import user_id


@pytest.fixture(scope="module")
def frozen(make_module_scene):
    """Three senders that were frozen just after their first claim, of four messages, and what became of all twenty."""
    ways = {
        "for longer than the fence": lambda scene: time.sleep(scene.timing.fence_margin_seconds + 0.3),
        "for longer than the lease": lambda scene: time.sleep(scene.timing.lease_seconds + 0.3),
        # The other worker ends when it has made the frozen one's messages unknown: the campaign is finished then.
        "until another worker is done": lambda scene: scene.run_until_done(),
    }
    scenes = {way: make_module_scene(people=20, in_flight=4) for way in ways}
    with ThreadPoolExecutor(len(ways)) as pool:
        return dict(zip(ways, pool.map(_freeze_after_the_claim, scenes.values(), ways.values()), strict=True))


@pytest.mark.parametrize("how_long", ["for longer than the fence", "for longer than the lease"])
def test_f21_a_sender_frozen_between_claim_and_post_posts_nothing_of_it_and_claims_it_anew(frozen, how_long):
    found = frozen[how_long]

    assert Counter(row["outcome"] for row in found.attempts.values()) == {"not_sent": 4, "accepted": 20}
    assert found.states == {"sent": 20}


def test_f21_messages_of_a_frozen_sender_stay_unknown_when_their_campaign_is_finished_meanwhile(frozen):
    found = frozen["until another worker is done"]

    unknown = [person for person, row in found.messages.items() if row["state"] == "unknown"]
    assert found.states == {"sent": 16, "unknown": 4}
    assert [found.posts_to(person) for person in unknown] == [[]] * 4


def test_f22_a_wall_clock_an_hour_off_changes_nothing(make_scene):
    # By the true clock the last windows close in half an hour, and those of persons 10 to 19 closed half an hour ago.
    def hours_ago(number):
        return 23.5 if number < 10 else 24.5

    scenes = {seconds: make_scene(hours_ago=hours_ago) for seconds in (3600, -3600)}

    with ThreadPoolExecutor(len(scenes)) as pool:
        results = list(pool.map(_send_with_wrong_clock, scenes.values(), scenes))

    assert [result["clock_readers"] for result in results] == [[], []]
    for scene in scenes.values():
        found = scene.evidence()
        assert found.states == {"sent": 10, "ineligible": 10}
        assert found.accepted_people == {user_id(number) for number in range(10)}


def test_f28_four_senders_at_once_claim_every_message_once(make_scene):
    scene = make_scene(people=80, in_flight=5, per_second=80)

    with ExitStack() as stack:
        senders = [stack.enter_context(scene.start_sender()) for _ in range(4)]
        results = [sender.result() for sender in senders]
    found = scene.evidence()

    workers = {row["worker"] for row in found.attempts.values() if row["outcome"] == "accepted"}
    assert {result["state"] for result in results} == {"finished"}
    assert found.states == {"sent": 80}
    assert len(found.posts) == 80
    assert len(workers) > 1


def _freeze_after_the_claim(scene, wait):
    with scene.start_sender(point="claimed") as sender:
        sender.wait_until_reached()
        sender.freeze()
        sender.let_go()
        wait(scene)
        sender.thaw()
        result = sender.result()
    assert result["state"] == "finished"
    return scene.evidence()


def _send_with_wrong_clock(scene, seconds):
    with scene.start_sender(clock_off_seconds=seconds) as sender:
        return sender.result()
