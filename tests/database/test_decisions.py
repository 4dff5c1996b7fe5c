"""`messages decide`: a person says of an unknown message that it was sent, or that it was not."""

from datetime import timedelta

import psycopg
import pytest

from database.place import AUTHOR
from domain.errors import NotFoundError, UsageError
from domain.evidence import DecisionKind
from factories import TIMING, user_id
from tasks.campaigns import close_campaign, pause_campaign, start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author, decide
from tasks.restore import mark_restored
from tasks.suppressions import add_suppressions
from tasks.windows import read_clock


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


def test_a_decision_without_who_or_why_is_refused_by_the_database_itself(world_18):
    for name in ("decided_by", "because"):
        values = {"decided_by": "'me'", "because": "'I saw it'", name: "''"}
        with pytest.raises(psycopg.errors.CheckViolation, match=name):
            world_18.connection.execute(
                "INSERT INTO decision (message_id, attempt_id, kind, decided_by, because, state_before, state_after) "
                f"VALUES (1, gen_random_uuid(), 'sent', {values['decided_by']}, {values['because']}, 'unknown', 'sent')"
            )
