"""`campaigns retry-failed`: whom a retry makes ready again, and whom never."""

from uuid import uuid4

import pytest

from database.place import AUTHOR
from domain.errors import UsageError
from domain.reasons import Reason
from factories import TIMING, user_id
from tasks.campaigns import cancel_campaign, close_campaign, start_campaign
from tasks.retries import RETRYABLE, plan_retry, retry_failed
from tasks.suppressions import add_suppressions


def failed(place, numbers, *, reason="other_app_in_control"):
    place.people_write(numbers)
    campaign_id = place.world.submit_ids(place.folder, numbers, account=place.account)
    start_campaign(place.connection, campaign_id, timing=TIMING)
    for number in numbers:
        attempt_id = place.world.claim(campaign_id, number)
        place.world.end(attempt_id, outcome="refused", state="failed", reason=reason)
    assert close_campaign(place.connection, campaign_id) == "finished"
    return campaign_id


async def test_a_retry_makes_those_ready_who_can_be_reached_and_leaves_the_others_failed(place_on_each):
    place = place_on_each
    campaign_id = failed(place, (1, 2, 3, 4))
    add_suppressions(place.connection, place.account, user_ids=[user_id(2)], source="test")
    place.connection.execute(
        "UPDATE last_interaction SET opener_at = clock() - interval '24 h' WHERE user_id = %s", [user_id(3)]
    )
    place.connection.execute(
        "UPDATE attempt SET opener_at = opener_at - interval '24 h', slot_at = slot_at - interval '24 h' "
        "WHERE user_id = %s",
        [user_id(3)],
    )

    plan = plan_retry(place.connection, campaign_id, reason=Reason.OTHER_APP_IN_CONTROL, timing=TIMING)
    planned = place.world.states(campaign_id)
    done = retry_failed(place.connection, campaign_id, reason=Reason.OTHER_APP_IN_CONTROL, author=AUTHOR, timing=TIMING)

    assert planned == {"failed": 4}
    assert plan == done
    assert (done.failed, done.ready) == (4, 2)
    assert done.staying == {Reason.OPTED_OUT: 1, Reason.WINDOW_CLOSED: 1}
    assert place.world.states(campaign_id) == {"failed": 2, "ready": 2}
    assert place.world.state(campaign_id) == "sending"
    assert [(row["kind"], row["state_before"], row["state_after"]) for row in place.decisions()] == [
        ("retry", "failed", "ready")
    ] * 2
    for number in (1, 4):
        place.world.end(place.world.claim(campaign_id, number), outcome="accepted", state="sent", mid=f"m-{number}")
    assert close_campaign(place.connection, campaign_id) == "finished"


async def test_a_retry_touches_no_other_reason_and_never_an_unknown(place):
    campaign_id = failed(place, (1, 2), reason="message_refused")
    place.connection.execute(
        "UPDATE message_list SET state = 'unknown' WHERE row_number = 1; "
        f"UPDATE attempt SET outcome = 'unknown' WHERE user_id = '{user_id(1)}'"
    )

    nothing = retry_failed(place.connection, campaign_id, reason=Reason.PERSON_UNKNOWN, author=AUTHOR, timing=TIMING)
    some = retry_failed(place.connection, campaign_id, reason=Reason.MESSAGE_REFUSED, author=AUTHOR, timing=TIMING)

    assert (nothing.failed, nothing.ready) == (0, 0)
    assert (some.failed, some.ready) == (1, 1)
    assert place.world.states(campaign_id) == {"unknown": 1, "ready": 1}


async def test_outside_the_window_is_tried_again_only_for_people_who_wrote_since(place):
    campaign_id = failed(place, (1, 2), reason="outside_window")
    place.people_write([2], hours_ago=0.01)

    done = retry_failed(place.connection, campaign_id, reason=Reason.OUTSIDE_WINDOW, author=AUTHOR, timing=TIMING)

    assert (done.failed, done.ready, done.staying) == (2, 1, {Reason.WINDOW_CLOSED: 1})


async def test_a_person_who_is_left_in_peace_is_tried_again_after_writing(place):
    campaign_id = failed(place, (1, 2), reason="person_unavailable")
    for number in (1, 2):
        place.connection.execute(
            "INSERT INTO suppression (account_id, user_id, source, kind, until) "
            "VALUES (%s, %s, 'test', 'unavailable', clock() + interval '1 day') ON CONFLICT DO NOTHING",
            [place.account.account_id, user_id(number)],
        )
    place.wait(minutes=1)
    place.people_write([2], hours_ago=0)

    done = retry_failed(place.connection, campaign_id, reason=Reason.PERSON_UNAVAILABLE, author=AUTHOR, timing=TIMING)

    assert (done.failed, done.ready, done.staying) == (2, 1, {Reason.PERSON_UNAVAILABLE: 1})


async def test_what_the_platform_took_and_failed_later_is_not_sent_again(place):
    campaign_id = failed(place, (1,))
    place.connection.execute("UPDATE attempt SET outcome = 'accepted'; UPDATE message_list SET sent_at = clock()")

    done = retry_failed(place.connection, campaign_id, reason=Reason.OTHER_APP_IN_CONTROL, author=AUTHOR, timing=TIMING)

    assert (done.failed, done.ready) == (0, 0)


@pytest.mark.parametrize("reason", sorted(set(Reason) - set(RETRYABLE)))
async def test_a_reason_that_is_no_refusal_is_not_retried(world_18, reason):
    with pytest.raises(UsageError, match="no reason for which the platform refuses"):
        retry_failed(world_18.connection, uuid4(), reason=reason, author=AUTHOR, timing=TIMING)


async def test_a_cancelled_campaign_is_not_reopened(place):
    place.people_write([1])
    campaign_id = place.world.submit_ids(place.folder, [1], account=place.account)
    start_campaign(place.connection, campaign_id, timing=TIMING)
    place.world.end(place.world.claim(campaign_id, 1), outcome="refused", state="failed", reason="message_refused")
    cancel_campaign(place.connection, campaign_id)

    with pytest.raises(UsageError, match="is cancelled, so nothing of it can be sent again"):
        retry_failed(place.connection, campaign_id, reason=Reason.MESSAGE_REFUSED, author=AUTHOR, timing=TIMING)
