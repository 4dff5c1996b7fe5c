"""A person who is or was erased: messages under way, requests, late news, opt-outs, and the key."""

from datetime import timedelta

import pytest

import tasks.erasure
from clients.postgres import connect
from database.erased import OTHER, PERSON, campaign_of, list_of, set_key, where
from domain.errors import ConfigurationError, InputRefusedError, NotFoundError, UnfinishedError
from domain.reasons import Reason
from domain.sweep import SweepCode
from domain.window import InteractionKind
from factories import TIMING, user_id
from sql import query
from tasks.campaigns import close_campaign, start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author
from tasks.deletion_requests import keep_erasures
from tasks.erasure import erase_person
from tasks.interactions import Interaction, store_interactions
from tasks.retries import retry_failed
from tasks.suppressions import add_suppressions, list_suppressions
from tasks.upkeep import find_upkeep
from tasks.windows import read_clock

pytestmark = pytest.mark.usefixtures("erasure_key")


def test_a_message_that_waits_is_set_aside_and_never_claimed(world, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    campaign_id = campaign_of(world, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")])

    report = erase_person(world.connection, PERSON)

    assert report.set_aside == 1
    assert world.verdicts(campaign_id) == {2: "ineligible/erased", 3: "ready"}
    world.people_write(account, [1], hours_ago=-0.001)
    assert world.verdicts(campaign_id) == {2: "ineligible/erased", 3: "ready"}


@pytest.mark.parametrize("outcome", [None, "unknown"])
def test_nobody_is_erased_while_a_message_is_under_way_or_unknown(world_18, tmp_path, outcome):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    attempt_id = world_18.claim(campaign_id, 1)
    if outcome:
        world_18.end(attempt_id, outcome="unknown", state="unknown", reason="no_answer")
    before = where(world_18.connection, PERSON)

    with pytest.raises(UnfinishedError, match=r"nothing was erased. Run this again after .* UTC"):
        erase_person(world_18.connection, PERSON)

    assert where(world_18.connection, PERSON) == before
    world_18.connection.execute("UPDATE attempt SET outcome = 'unknown', settled_at = clock()")
    erase_person(world_18.connection, PERSON)
    assert where(world_18.connection, PERSON) == []
    assert broken_promises(world_18.connection) == {}


def test_a_request_waits_for_the_message_that_is_under_way(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    attempt_id = world_18.claim(campaign_id, 1)
    world_18.connection.execute(
        "INSERT INTO deletion_request (code, app_user_id) VALUES ('1', %s), ('2', '4711')", [PERSON]
    )

    first = keep_erasures(world_18.connection)
    world_18.end(attempt_id, outcome="accepted", state="sent", mid="m")
    second = keep_erasures(world_18.connection)

    assert (first.done, first.unmatched, first.waiting) == (0, 1, 1)
    assert (second.done, second.unmatched, second.waiting) == (1, 0, 0)


def test_a_request_that_nobody_handles_is_told(world_18):
    world_18.connection.execute("INSERT INTO deletion_request (code, app_user_id) VALUES ('1', '4711')")
    assert find_upkeep(world_18.connection) == []

    world_18.put_clock_ahead(days=3)

    assert [one.code for one in find_upkeep(world_18.connection)] == [SweepCode.DELETION_REQUESTS_WAITING]


def test_what_failed_is_not_sent_to_an_erased_person_by_a_retry(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    world_18.end(world_18.claim(campaign_id, 1), outcome="refused", state="failed", reason="message_refused")
    close_campaign(world_18.connection, campaign_id)
    erase_person(world_18.connection, PERSON)

    plan = retry_failed(
        world_18.connection, campaign_id, reason=Reason.MESSAGE_REFUSED, author=Author("a", "b"), timing=TIMING
    )

    assert (plan.ready, plan.staying) == (0, {Reason.ERASED: 1})


def happened(account, number, at, name):
    return Interaction(account.account_id, user_id(number), InteractionKind.MESSAGE, at, name)


def test_late_news_of_an_erased_person_adds_nothing_and_new_contact_does(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    erase_person(world.connection, PERSON)
    now = read_clock(world.connection)

    late = store_interactions(world.connection, [happened(account, 1, now - timedelta(hours=1), "late")], timing=TIMING)
    assert late == (1, 0)
    assert where(world.connection, PERSON) == []

    world.put_clock_ahead(hours=1)
    at = read_clock(world.connection) - timedelta(minutes=1)
    assert store_interactions(world.connection, [happened(account, 1, at, "new")], timing=TIMING) == (1, 1)

    campaign_id = campaign_of(world, tmp_path, account, [(PERSON, "Ada")])
    assert world.verdicts(campaign_id) == {2: "ready"}
    assert broken_promises(world.connection) == {}


def test_an_opt_out_holds_on_when_an_erased_person_writes_again(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    add_suppressions(world.connection, account, user_ids=[PERSON], source="test")
    erase_person(world.connection, PERSON)
    assert [row["kind"] for row in list_suppressions(world.connection, account)] == ["opted_out"]
    world.put_clock_ahead(hours=1)

    world.people_write(account, [1, 2], hours_ago=0.01)
    campaign_id = campaign_of(world, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")])

    assert world.verdicts(campaign_id) == {2: "ineligible/opted_out", 3: "ready"}
    assert broken_promises(world.connection) == {}


def test_who_was_erased_and_came_back_can_be_erased_again(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    first = campaign_of(world, tmp_path, account, [(PERSON, "Ada")])
    erase_person(world.connection, PERSON)
    world.put_clock_ahead(hours=1)
    world.people_write(account, [1], hours_ago=0.01)
    second = campaign_of(world, tmp_path, account, [(PERSON, "Ada")])
    world.end(world.claim(second, 1), outcome="accepted", state="sent", mid="m")

    erase_person(world.connection, PERSON)
    erase_person(world.connection, PERSON)

    assert where(world.connection, PERSON) == []
    assert broken_promises(world.connection) == {}
    assert world.verdicts(first) == {2: "ineligible/erased"}
    assert world.verdicts(second) == {2: "sent"}
    assert world.row_counts()["erased_person"] == 1


def test_an_opt_out_of_an_erased_person_is_kept_without_the_id(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    erase_person(world_18.connection, PERSON)

    assert add_suppressions(world_18.connection, account, user_ids=[PERSON], source="test") == 1

    assert where(world_18.connection, PERSON) == []
    assert [row["kind"] for row in list_suppressions(world_18.connection, account)] == ["opted_out"]


def test_receipts_that_come_after_the_erasure_go_with_the_next_maintenance(world_18):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    erase_person(world_18.connection, PERSON)
    world_18.connection.execute(
        "INSERT INTO mid_receipt (account_id, mid, user_id) SELECT %s, u, u FROM unnest(ARRAY[%s, %s]) AS x (u)",
        [account.account_id, PERSON, OTHER],
    )

    assert keep_erasures(world_18.connection).late == 1

    assert where(world_18.connection, PERSON) == []
    assert world_18.row_counts()["mid_receipt"] == 1


def test_without_the_key_nobody_is_erased_and_nobody_erased_is_guessed_at(world_18, tmp_path, monkeypatch):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    erase_person(world_18.connection, PERSON)
    now = read_clock(world_18.connection)
    steps = (
        lambda: erase_person(world_18.connection, OTHER),
        lambda: world_18.take_in(list_of(world_18, tmp_path, account, [(OTHER, "Bo")]), tmp_path),
        lambda: store_interactions(world_18.connection, [happened(account, 2, now, "x")], timing=TIMING),
        lambda: add_suppressions(world_18.connection, account, user_ids=[OTHER], source="test"),
        lambda: keep_erasures(world_18.connection),
    )

    for key, said in (("", "is not set"), ("another key of the tests", "is not the key that people were erased with")):
        set_key(monkeypatch, key)
        for step in steps:
            with pytest.raises(ConfigurationError, match=said):
                step()

    assert world_18.row_counts()["erased_person"] == 1


def test_before_anybody_is_erased_no_key_is_needed(world_18, tmp_path, monkeypatch):
    set_key(monkeypatch, "")
    account = world_18.account()
    world_18.people_write(account, [1])

    assert world_18.verdicts(campaign_of(world_18, tmp_path, account, [(PERSON, "Ada")])) == {2: "ready"}
    assert keep_erasures(world_18.connection).late == 0


def test_who_is_not_known_is_told_and_can_be_kept_out_all_the_same(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [2])
    with pytest.raises(NotFoundError, match="No account knows a person by this id"):
        erase_person(world_18.connection, PERSON)
    with pytest.raises(InputRefusedError, match="digits alone"):
        erase_person(world_18.connection, "25' OR true")

    erase_person(world_18.connection, PERSON, account=account)

    campaign_id = campaign_of(world_18, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")])
    assert world_18.verdicts(campaign_id) == {2: "ineligible/erased", 3: "ready"}


def test_an_erasure_gives_way_to_an_import_and_says_so(world_18, monkeypatch):
    account = world_18.account()
    world_18.people_write(account, [1])
    monkeypatch.setattr(tasks.erasure, "_TRIES", 2)
    monkeypatch.setattr(tasks.erasure, "_PAUSE_SECONDS", 0.01)

    with connect(world_18.connection.info.dsn) as importing, importing.transaction():
        importing.execute(query("erasure/hold_off"))
        with pytest.raises(UnfinishedError, match="are being taken in"):
            erase_person(world_18.connection, PERSON)

    assert erase_person(world_18.connection, PERSON).interactions == 1


def test_the_same_id_on_another_account_is_another_person(world_18, tmp_path):
    one, other = world_18.account(), world_18.account()
    world_18.people_write(one, [1])
    world_18.people_write(other, [1])

    erase_person(world_18.connection, PERSON, account=one)

    assert world_18.verdicts(campaign_of(world_18, tmp_path, other, [(PERSON, "Ada")])) == {2: "ready"}
