"""`--resend-unknown`: what is proven absent goes once more, and what is told of a second copy when truth comes late."""

from uuid import uuid4

import pytest

from database.place import AUTHOR
from domain.evidence import DecisionKind
from factories import TIMING, user_id
from tasks.campaigns import close_campaign
from tasks.decisions import contradict, decide, list_contradicted
from tasks.reconcile import reconcile_inbox
from tasks.suppressions import add_suppressions


async def test_absent_twice_with_living_webhooks_is_sent_once_more_in_a_reopened_campaign(place_on_each):
    place = place_on_each
    campaign_id, _ = place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    place.echo(uuid4(), number=2, mid="m_other")

    first = await place.resolve()
    place.wait(seconds=125)
    second = await place.resolve()
    again = place.world.claim(campaign_id, 1)
    place.world.end(again, outcome="accepted", state="sent", mid="m-2")
    close_campaign(place.connection, campaign_id)

    assert (first.absent, first.ready_again, second.ready_again) == (1, 0, 1)
    assert second.campaign_ids == {campaign_id}
    (decision,) = place.decisions()
    assert (decision["kind"], decision["decided_by"]) == ("absent", "the campaign (--resend-unknown)")
    assert (decision["state_before"], decision["state_after"]) == ("unknown", "ready")
    outcomes = place.connection.execute("SELECT outcome FROM attempt ORDER BY started_at").fetchall()
    assert [row["outcome"] for row in outcomes] == ["absent", "accepted"]


async def test_without_the_policy_absent_stays_unknown(place):
    _, (attempt_id,) = place.unknown()
    place.wait(seconds=1)
    place.echo(uuid4(), number=2, mid="m_other")
    for _ in range(2):
        place.wait(seconds=125)
        await place.resolve()

    assert place.look_ups() == ["absent", "absent"]
    assert place.stands(attempt_id) == ("unknown", "no_answer", "unknown")


async def test_silent_webhooks_keep_an_absent_message_unknown(place):
    _, (attempt_id,) = place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    await place.resolve()
    place.wait(seconds=125)
    second = await place.resolve()

    assert (second.absent, second.ready_again) == (1, 0)
    assert place.stands(attempt_id)[0] == "unknown"


NO_SIGN_OF_LIFE = {
    "an echo from before": lambda place, campaign: place.connection.execute(
        "UPDATE receipt_inbox SET received_at = received_at - interval '1 h'"
    ),
    "another account's echo": lambda place, campaign: place.connection.execute(
        "UPDATE receipt_inbox SET body = convert_to(replace(convert_from(body, 'UTF8'), %s, %s), 'UTF8')",
        [f'"entry": [{{"id": "{place.account.external_id}"', '"entry": [{"id": "4711"'],
    ),
    "a message of a person": lambda place, campaign: place.connection.execute(
        "UPDATE receipt_inbox SET body = convert_to(replace(convert_from(body, 'UTF8'), 'true', 'false'), 'UTF8')"
    ),
    "the campaign is cancelled": lambda place, campaign: place.connection.execute(
        "UPDATE campaign SET state = 'cancelled'"
    ),
    "the person opted out": lambda place, campaign: add_suppressions(
        place.connection, place.account, user_ids=[user_id(1)], source="test"
    ),
    "the latest time has passed": lambda place, campaign: place.connection.execute(
        "UPDATE campaign SET not_after = clock()"
    ),
    "the window closes": lambda place, campaign: place.connection.execute(
        "UPDATE last_interaction SET opener_at = opener_at - interval '22 h 56 min'; "
        "UPDATE attempt SET opener_at = opener_at - interval '22 h 56 min'"
    ),
}


@pytest.mark.parametrize("name", NO_SIGN_OF_LIFE)
async def test_an_absent_message_stays_unknown_when(place, name):
    campaign_id, (attempt_id,) = place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    place.echo(uuid4(), number=2, mid="m_other")
    NO_SIGN_OF_LIFE[name](place, campaign_id)

    await place.resolve()
    place.wait(seconds=125)
    report = await place.resolve()

    assert place.look_ups() == ["absent", "absent"]
    assert report.ready_again == 0
    assert place.stands(attempt_id)[0] == "unknown"


async def test_a_look_up_that_showed_something_else_in_between_starts_the_count_anew(place):
    place.unknown(resends_unknown=True)
    place.wait(seconds=125)
    place.echo(uuid4(), number=2, mid="m_other")
    await place.resolve()
    place.connection.execute("UPDATE look_up SET result = 'unclear'")
    place.wait(seconds=125)
    second = await place.resolve()
    place.wait(seconds=250)
    third = await place.resolve()

    assert (second.absent, second.ready_again) == (1, 0)
    assert (third.absent, third.ready_again) == (1, 1)


async def declared_absent(place):
    campaign_id, (attempt_id,) = place.unknown()
    decided = decide(
        place.connection, place.row(attempt_id)["message"], kind=DecisionKind.ABSENT, author=AUTHOR, timing=TIMING
    )
    assert decided.after == "ready"
    return campaign_id, attempt_id


async def test_an_echo_for_an_absent_attempt_that_was_not_sent_again_makes_it_sent(place, caplog):
    campaign_id, attempt_id = await declared_absent(place)

    place.echo(attempt_id)
    reconcile_inbox(place.connection, timing=TIMING)

    assert place.stands(attempt_id) == ("sent", None, "accepted")
    assert place.row(attempt_id)["provider_message_id"] == "m_echo"
    assert [row["message_id"] for row in list_contradicted(place.connection)] == [place.row(attempt_id)["message"]]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "an attempt called absent was sent after all"
    ]
    assert close_campaign(place.connection, campaign_id) == "finished"


async def test_an_echo_for_an_absent_attempt_that_was_sent_again_tells_of_a_second_copy(place, caplog):
    campaign_id, attempt_id = await declared_absent(place)
    again = place.world.claim(campaign_id, 1)
    place.world.end(again, outcome="accepted", state="sent", mid="m-2")

    place.echo(attempt_id)
    reconcile_inbox(place.connection, timing=TIMING)
    reconcile_inbox(place.connection, timing=TIMING)

    assert place.row(attempt_id)["outcome"] == "accepted"
    assert place.row(again)["provider_message_id"] == "m-2"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "an attempt called absent was sent after all; there may be a second copy"
    ]
    assert place.decisions()[0]["contradicted_at"] is not None
    close_campaign(place.connection, campaign_id)


async def test_the_answer_of_a_worker_that_was_frozen_contradicts_a_decision_too(place):
    from clients.lasting_connection import LastingConnection
    from domain.outcome import Accepted
    from tasks.recording import write_outcomes

    _, attempt_id = await declared_absent(place)
    recording = LastingConnection(place.connection.info.dsn, role="record", patience_seconds=5)

    await write_outcomes(recording, [(attempt_id, Accepted("m-late"))])
    await recording.close()

    assert place.stands(attempt_id) == ("sent", None, "accepted")
    assert place.decisions()[0]["contradicted_at"] is not None


def test_proof_for_what_was_never_called_absent_contradicts_nothing(world_18):
    assert contradict(world_18.connection, [uuid4()], provider_message_ids=[None]) == 0
