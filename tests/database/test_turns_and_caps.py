"""Who is claimed next: campaigns of an account take turns, caps hold over all of them, cool-offs are kept."""

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.outcome import Accepted, ProviderAnswer, Refused
from domain.reasons import Reason
from factories import TIMING, StoppedClock, user_id
from sql import query
from tasks.accounts import set_cap
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.sending import send_share
from tasks.share import ShareEnd, ShareOrder
from tasks.suppressions import add_suppressions, list_suppressions
from tasks.windows import claim_parameters, read_clock


def claim(world, campaign_id, *, most=10, is_media=False):
    """Claim once, as a sender does; return the people in the order of their slots."""
    parameters = {"campaign_ids": [campaign_id], "mosts": [most], "worker": "test", "are_media": [is_media]}
    parameters |= {"media_gap_seconds": 0.1, "aheads": [0.1], "attempt_ids": [uuid.uuid4() for _ in range(most)]}
    rows = world.connection.execute(query("messages/claim"), {**parameters, **claim_parameters(TIMING)})
    return [row["user_id"] for row in rows.fetchall()]


def started(world, tmp_path, account, numbers, **fields):
    campaign_id = world.submit_ids(tmp_path, numbers, account=account, **fields)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return campaign_id


def two_campaigns(world, tmp_path, *, urgent_weight=1.0, patient_weight=1.0):
    """One account at 40 a second: 200 people whose windows close in an hour, and 200 who have twenty."""
    account = world.account(per_second=40)
    world.people_write(account, range(200), hours_ago=23)
    world.people_write(account, range(200, 400), hours_ago=4)
    urgent = started(world, tmp_path, account, range(200), weight=urgent_weight)
    patient = started(world, tmp_path, account, range(200, 400), weight=patient_weight)
    return urgent, patient


def shares(world, urgent, patient, *, clock, seconds=20):
    """Let both campaigns ask for a claim every twentieth of a second; return how many people each got."""
    got = {urgent: 0, patient: 0}
    for _ in range(seconds * 20):
        for campaign_id in (patient, urgent):
            got[campaign_id] += len(claim(world, campaign_id))
        world.connection.execute("UPDATE attempt SET outcome = 'accepted', settled_at = clock(), ended_at = clock()")
        clock.step(0.05)
    return got[urgent], got[patient]


def test_the_campaign_whose_windows_close_first_gets_most_and_starves_no_other(world_18, tmp_path):
    urgent, patient = two_campaigns(world_18, tmp_path)

    first, second = shares(world_18, urgent, patient, clock=StoppedClock(world_18), seconds=6)

    assert first + second == pytest.approx(6 * 40, abs=45)
    assert first == pytest.approx(2.6 * second, rel=0.35)


@pytest.mark.parametrize(("weight", "least", "most"), [(0, 0, 10), (3, 70, 110)])
def test_a_weight_sets_the_share_that_is_kept_for_a_campaign(world_18, tmp_path, weight, least, most):
    urgent, patient = two_campaigns(world_18, tmp_path, patient_weight=weight)

    _, second = shares(world_18, urgent, patient, clock=StoppedClock(world_18), seconds=5)

    assert least <= second <= most


def test_a_campaign_alone_on_its_account_waits_for_nobody(world_18, tmp_path):
    urgent, patient = two_campaigns(world_18, tmp_path)
    clock = StoppedClock(world_18)
    assert len(claim(world_18, urgent)) == 10
    assert len(claim(world_18, patient)) == 10
    assert claim(world_18, patient) == []

    # The other run is dead: after two seconds its campaign is no rival any more.
    clock.step(3)

    assert len(claim(world_18, patient)) == 10


def test_the_campaigns_latest_time_makes_it_urgent_too(world_18, tmp_path):
    account = world_18.account(per_second=40)
    world_18.people_write(account, range(40), hours_ago=4)
    soon = read_clock(world_18.connection) + timedelta(minutes=5)
    closing = started(world_18, tmp_path, account, range(20))
    flash = started(world_18, tmp_path, account, range(20, 40), not_after=soon)
    StoppedClock(world_18)

    assert len(claim(world_18, closing)) == 10
    assert len(claim(world_18, flash)) == 10
    assert claim(world_18, closing) == []
    assert len(claim(world_18, flash)) == 10


def test_audio_and_video_take_one_slot_of_the_pace_and_wait_for_their_own_lane(world_18, tmp_path):
    account = world_18.account(per_second=40)
    world_18.people_write(account, range(400))
    media = started(world_18, tmp_path, account, range(200))
    clock = StoppedClock(world_18)

    taken = 0
    for _ in range(200):
        taken += len(claim(world_18, media, is_media=True))
        clock.step(0.01)
    text = started(world_18, tmp_path, account, range(200, 400))
    beside = len(claim(world_18, text))

    assert taken == pytest.approx(20, abs=1)
    assert beside == 10
    slots = world_18.connection.execute("SELECT slot_at FROM attempt ORDER BY slot_at").fetchall()
    gaps = [after["slot_at"] - before["slot_at"] for before, after in itertools.pairwise(slots[:taken])]
    assert min(gaps) >= timedelta(seconds=0.0999)


def test_a_slowed_pace_books_its_slots_further_apart_until_the_time_is_over(world_18, tmp_path):
    account = world_18.account(per_second=40)
    world_18.people_write(account, range(100))
    campaign_id = started(world_18, tmp_path, account, range(100))
    clock = StoppedClock(world_18)
    slow = {"account_id": account.account_id, "usage_percent": 91, "slowed_by": 4.0, "seconds": 60}
    world_18.connection.execute(query("pace/slow"), slow)

    slowed = len(claim(world_18, campaign_id))
    clock.step(61)
    after = len(claim(world_18, campaign_id))

    assert (slowed, after) == (2, 10)
    first, second = world_18.connection.execute("SELECT slot_at FROM attempt ORDER BY slot_at LIMIT 2").fetchall()
    assert second["slot_at"] - first["slot_at"] == timedelta(seconds=0.1)


def test_a_smaller_usage_does_not_end_a_slower_pace_that_holds(world_18):
    account = world_18.account(per_second=40)
    StoppedClock(world_18)
    for usage, times in ((96, 8.0), (82, 2.0)):
        parameters = {"account_id": account.account_id, "usage_percent": usage, "slowed_by": times, "seconds": 60}
        world_18.connection.execute(query("pace/slow"), parameters)

    kept = world_18.connection.execute("SELECT usage_percent, pace_now(account_id) AS now FROM pace").fetchone()

    assert (kept["usage_percent"], float(kept["now"])) == (82, 5.0)


# caps


def sent(world, campaign_id, numbers, *, hours_ago):
    """As if these people had got their message of the campaign so long ago."""
    for number in numbers:
        world.end(world.claim(campaign_id, number), outcome="accepted", state="sent", mid=f"m{campaign_id}{number}")
    world.connection.execute(
        "UPDATE message_list SET sent_at = clock() - %s * interval '1 h' WHERE campaign_id = %s AND state = 'sent'",
        [hours_ago, campaign_id],
    )


def test_a_person_at_the_cap_is_passed_over_whatever_campaign_asks(world, tmp_path):
    account = set_cap(world.connection, world.account(), messages=1, hours=6)
    world.people_write(account, [1, 2, 3])
    first = started(world, tmp_path, account, [1, 2])
    sent(world, first, [1], hours_ago=1)
    world.end(world.claim(first, 2), outcome="unknown", state="unknown", reason="no_answer")
    world.connection.execute("UPDATE attempt SET settled_at = clock()")
    second = started(world, tmp_path, account, [1, 2, 3])

    assert claim(world, second) == [user_id(3)]

    assert world.verdicts(second)[1] == "ready"
    world.put_clock_ahead(hours=7)
    assert sorted(claim(world, second)) == [user_id(1), user_id(2)]


def test_a_cap_that_holds_until_the_window_has_closed_is_told_at_the_start(world, tmp_path):
    account = set_cap(world.connection, world.account(), messages=2, hours=48)
    world.people_write(account, [1, 2])
    for _ in range(2):
        sent(world, started(world, tmp_path, account, [1]), [1], hours_ago=1)

    third = started(world, tmp_path, account, [1, 2])

    assert world.verdicts(third) == {1: "ineligible/cap_reached", 2: "ready"}


def test_whoever_is_at_the_cap_when_the_window_closes_has_the_cap_as_the_reason(world, tmp_path):
    account = set_cap(world.connection, world.account(), messages=1, hours=48)
    world.people_write(account, [1, 2], hours_ago=0)
    campaign_id = started(world, tmp_path, account, [1, 2])
    sent(world, started(world, tmp_path, account, [1]), [1], hours_ago=0)

    world.put_clock_ahead(hours=24)
    world.connection.execute(
        query("messages/close_turns"), {"campaign_ids": [campaign_id], "most": 100, **claim_parameters(TIMING)}
    )

    assert world.verdicts(campaign_id) == {1: "expired/cap_reached", 2: "expired/window_closed"}


# cool-offs


class Platform:
    """A platform that cannot reach some people."""

    usage = None

    def __init__(self, *, unavailable=()) -> None:
        self.posts: list[str] = []
        self._unavailable = set(unavailable)

    async def send(self, recipient_id, *, content, metadata):
        self.posts.append(recipient_id)
        if recipient_id in self._unavailable:
            return Refused(Reason.PERSON_UNAVAILABLE, ProviderAnswer(551, 1545041, "This person isn't available"))
        return Accepted(f"mid-{metadata}")


async def run(database, world, campaign_id, account, platform, **fields):
    template = world.connection.execute("SELECT template_id FROM campaign WHERE campaign_id = %s", [campaign_id])
    from tasks.templates import get_template

    order = ShareOrder(
        campaign_id=campaign_id,
        account=account,
        template=get_template(world.connection, template.fetchone()["template_id"]),
        timing=TIMING,
    )
    return await send_share(database, platform, order=replace(order, **fields))


async def test_who_cannot_be_reached_is_left_in_peace_by_every_campaign_until_they_write(world, database, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    platform = Platform(unavailable=[user_id(1)])
    await run(database, world, started(world, tmp_path, account, [1, 2]), account, platform)

    second = started(world, tmp_path, account, [1, 2])

    assert world.verdicts(second) == {1: "ineligible/person_unavailable", 2: "ready"}
    kept = list_suppressions(world.connection, account)
    assert [(row["user_id"], row["kind"], row["source"]) for row in kept] == [
        (user_id(1), "unavailable", "the platform, code 551/1545041")
    ]
    assert abs(kept[0]["until"] - kept[0]["added_at"] - timedelta(days=7)) < timedelta(seconds=1)
    world.people_write(account, [1], hours_ago=0)
    assert list_suppressions(world.connection, account) == []
    assert broken_promises(world.connection) == {}


async def test_a_cool_off_ends_by_itself_and_an_opt_out_outlasts_it(world, database, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    platform = Platform(unavailable=[user_id(1), user_id(2)])
    await run(database, world, started(world, tmp_path, account, [1, 2]), account, platform)
    assert add_suppressions(world.connection, account, user_ids=[user_id(2)], source="test") == 1

    world.put_clock_ahead(days=8)

    kept = list_suppressions(world.connection, account)
    assert [(row["user_id"], row["kind"], row["until"]) for row in kept] == [(user_id(2), "opted_out", None)]


# errors and limits


async def test_too_large_a_share_of_errors_pauses_the_campaign_and_says_why(world, database, tmp_path):
    account = world.account()
    world.people_write(account, range(200))
    campaign_id = started(world, tmp_path, account, range(200))
    platform = Platform(unavailable=map(user_id, range(200)))

    report = await run(database, world, campaign_id, account, platform, error_share_limit=0.25, in_flight=10)

    assert report.end is ShareEnd.PAUSED
    assert "ended in an error, most of them person_unavailable" in report.detail
    assert world.state(campaign_id) == "paused"
    assert 40 <= len(platform.posts) < 120


async def test_usage_near_the_platforms_limits_slows_every_worker_of_the_account(world, database, tmp_path):
    account = world.account(per_second=200)
    world.people_write(account, range(60))
    campaign_id = started(world, tmp_path, account, range(60))
    platform = Platform()
    platform.usage = 92.0

    await run(database, world, campaign_id, account, platform)

    kept = world.connection.execute("SELECT usage_percent, pace_now(account_id) AS now FROM pace").fetchone()
    assert (kept["usage_percent"], float(kept["now"])) == (92.0, 50.0)
