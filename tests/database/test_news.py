"""What people are told: every event once in each place, whoever looks, and not for ever where that fails."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clients.postgres import connect
from clients.settings import Settings
from domain.guards import Guards
from domain.news import TEXTS, News, NewsKind
from domain.sweep import SweepCode, SweepFinding
from factories import TIMING, user_id
from tasks.accounts import find_account, pause_account
from tasks.campaigns import close_campaign, pause_campaign, resume_campaign, start_campaign
from tasks.intake import admit
from tasks.news import (
    gather_news,
    news_of_findings,
    note_telling,
    places_of,
    take_on,
    take_on_again,
)
from tasks.submission import find_target

PLACES = ["slack-webhook/ops", "smtp-email/team"]


@pytest.fixture
def campaign(world_18, tmp_path):
    """A campaign of three people that is about to be sent."""
    account = world_18.account(name="Shop")
    world_18.people_write(account, range(3))
    return world_18.submit_ids(tmp_path, range(3), account=account, name="Spring")


def gathered(world, campaign_id=None):
    return gather_news(world.connection, chosen=Settings(), campaign_id=campaign_id)


def test_nobody_is_told_unless_a_setting_names_a_place():
    assert places_of(Settings(notify_blocks=None)) == []
    assert places_of(Settings(notify_blocks=" slack-webhook/ops, smtp-email/team,")) == PLACES


@pytest.mark.parametrize("kind", NewsKind)
def test_every_kind_of_news_has_its_text(kind):
    assert TEXTS[kind].subject
    assert TEXTS[kind].body


def test_a_campaign_is_told_of_as_it_goes_with_what_to_do(world_18, campaign):
    assert gathered(world_18, campaign) == []

    start_campaign(world_18.connection, campaign, timing=TIMING)
    pause_campaign(world_18.connection, campaign, why="too many were refused")
    (paused,) = gathered(world_18, campaign)

    assert (paused.kind, paused.subject) == (NewsKind.PAUSED, "Spring: paused")
    assert "It is paused: too many were refused. 3 messages are ready" in paused.body
    assert f"`windowcast campaigns resume {campaign}`" in paused.body
    assert user_id(0) not in paused.body


def test_a_second_pause_is_news_again_and_the_same_one_is_not(world_18, campaign):
    start_campaign(world_18.connection, campaign, timing=TIMING)
    pause_campaign(world_18.connection, campaign)
    first = gathered(world_18, campaign)
    again = gathered(world_18, campaign)

    resume_campaign(world_18.connection, campaign)
    pause_campaign(world_18.connection, campaign)
    second = gathered(world_18, campaign)

    assert [one.key for one in first] == [one.key for one in again]
    assert [one.key for one in first] != [one.key for one in second]


def test_a_finished_campaign_is_told_of_with_its_counts(world_18, campaign):
    start_campaign(world_18.connection, campaign, timing=TIMING)
    world_18.connection.execute("UPDATE message_list SET state = 'sent'")
    close_campaign(world_18.connection, campaign)

    (finished,) = gathered(world_18)

    assert finished.subject == "Spring: finished"
    assert finished.body.startswith("Of 3 rows 3 were sent. Refused by the platform: 0;")


def test_who_waits_for_a_second_person_and_what_came_late_is_told(world_18, tmp_path):
    account = world_18.account(name="Shop")
    world_18.people_write(account, range(3))
    template = world_18.template(tmp_path, text="Hello!")
    people = tuple(user_id(number) for number in range(3))
    submission = world_18.submission(account, template, user_ids=people, name="Big", submitted_by="Ada")
    big = world_18.take_in(submission, tmp_path)
    target = find_target(world_18.connection, submission)
    admit(world_18.connection, big, target=target, timing=TIMING, guards=Guards(approval_above=1))
    late = world_18.submit_ids(tmp_path, range(3), account=account, name="Late")
    start_campaign(world_18.connection, late, timing=TIMING)
    world_18.connection.execute(
        "UPDATE campaign SET lost_by_delay = 7, scheduled_at = started_at - interval '12 min' WHERE campaign_id = %s",
        (late,),
    )

    told = {one.kind: one for one in gathered(world_18)}

    assert set(told) == {NewsKind.AWAITING_APPROVAL, NewsKind.LATE}
    assert "Ada has submitted it for 3 people, of whom 3 could be reached." in told[NewsKind.AWAITING_APPROVAL].body
    assert "started 12 min late, which cost 7 people" in told[NewsKind.LATE].body


def test_more_people_at_risk_are_news_and_the_same_ones_are_not(world_18, campaign):
    start_campaign(world_18.connection, campaign, timing=TIMING)
    keys = []
    for warned in (40, 40, 90):
        world_18.connection.execute(
            "UPDATE campaign SET outlook = jsonb_build_object('at', clock(), 'warned', %s::int, 'planned', 3)",
            (warned,),
        )
        (risk,) = gathered(world_18, campaign)
        assert risk.kind is NewsKind.WINDOWS_AT_RISK
        keys.append(risk.key)

    assert keys[0] == keys[1] != keys[2]
    assert "90 people will not get it in time or did not, where the plan gave up 3." in risk.body


def test_a_paused_account_is_told_of(world_18, campaign):
    start_campaign(world_18.connection, campaign, timing=TIMING)
    pause_account(world_18.connection, find_account(world_18.connection, "Shop"), why="its token is dead")

    (told,) = gathered(world_18)

    assert told.kind is NewsKind.ACCOUNT_PAUSED
    assert told.subject == "Shop: the account is paused"
    assert "It is paused (its token is dead), and 1 of its campaigns with it." in told.body


def test_what_happened_long_ago_is_told_to_nobody(world_18, campaign):
    start_campaign(world_18.connection, campaign, timing=TIMING)
    pause_campaign(world_18.connection, campaign)
    world_18.connection.execute("UPDATE campaign SET state_since = clock() - interval '13 h'")

    assert gathered(world_18) == []


def test_a_finding_is_told_once_a_day_and_names_its_line_of_the_runbook(world_18):
    finding = SweepFinding(SweepCode.RECEIPTS_WAITING, "Webhook bodies wait: 3.", 3)

    (news,) = news_of_findings(world_18.connection, [finding])
    (again,) = news_of_findings(world_18.connection, [finding])

    assert news.key == again.key
    assert news.body == "Webhook bodies wait: 3. What to do: docs/runbook.md#receipts_waiting."


def test_whoever_looks_at_the_same_moment_everything_is_taken_on_once(database_18, world_18):
    news = [News(NewsKind.FINISHED, f"finished:{number}", FACTS) for number in range(5)]
    gate = threading.Barrier(4)

    def look(_: int):
        with connect(database_18) as connection:
            gate.wait(timeout=60)
            return take_on(connection, news, places=PLACES)

    with ThreadPoolExecutor(4) as pool:
        taken = [(one.key, one.place) for tellings in pool.map(look, range(4)) for one in tellings]

    assert sorted(taken) == sorted((one.key, place) for one in news for place in PLACES)


def test_what_could_not_be_told_is_tried_again_a_bounded_number_of_times(world_18):
    news = News(NewsKind.FINISHED, "finished:1", FACTS)
    (telling, other) = take_on(world_18.connection, [news], places=PLACES)
    note_telling(world_18.connection, other, failure=None)
    tries = 0

    while tries < 20:
        note_telling(world_18.connection, telling, failure="service_away")
        # Not at once, for whoever took it on may be telling it still.
        assert take_on_again(world_18.connection, places=PLACES) == []
        world_18.connection.execute("UPDATE told SET tried_at = tried_at - interval '5 min'")
        if take_on_again(world_18.connection, places=PLACES) != [telling]:
            break
        tries += 1

    assert tries == 5
    assert take_on(world_18.connection, [news], places=PLACES) == []


FACTS = dict.fromkeys(("campaign", "rows", "sent", "failed", "unknown", "expired", "ineligible"), "1")
