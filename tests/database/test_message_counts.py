"""The kept counts of a campaign are those of its rows, whoever changes them, and no connection waits for another."""

from datetime import timedelta

import pytest

from clients.postgres import connect
from database.closings import sending
from domain.reasons import Reason
from domain.states import MessageState
from factories import TIMING, user_id
from tasks.campaigns import cancel_campaign, count_messages, get_campaign
from tasks.database import broken_promises
from tasks.history import read_funnel, read_history
from tasks.outlook import look, outlook_now, remaining_of

# Every state with times as a campaign leaves them, in 20 kinds of rows.
_LONG_LIST = """
INSERT INTO message_list (
    campaign_id, account_id, row_number, cells, user_id, state, reason, sent_at, platform_sent_at, delivered_at, read_at
)
SELECT
    m.campaign_id, m.account_id, n, '{}', CASE WHEN n %% 20 > 0 THEN 'person ' || n END,
    CASE WHEN n %% 20 = 0 THEN 'invalid' WHEN n %% 20 = 1 THEN 'failed' ELSE 'read' END::message_state,
    CASE WHEN n %% 20 = 0 THEN 'bad_user_id' WHEN n %% 20 = 1 THEN 'message_refused' END::reason,
    t.at, t.at, t.at + n * interval '1 ms', t.at + n * interval '2 ms'
FROM message_list AS m
CROSS JOIN generate_series(2, %(rows)s) AS n
CROSS JOIN LATERAL (SELECT CASE WHEN n %% 20 > 1 THEN clock() END AS at) AS t
WHERE m.campaign_id = %(campaign_id)s
"""


def counts_of(world, campaign_id):
    counts = count_messages(world.connection, [campaign_id])[campaign_id]
    return {state: count for state, count in counts.by_state.items() if count}, counts.by_reason


def test_counts_follow_rows_that_are_added_moved_and_deleted(world, tmp_path):
    campaign_id = sending(world, tmp_path, range(5))
    other = sending(world, tmp_path, range(3))
    world.end(world.claim(campaign_id, 1), outcome="refused", state="failed", reason="message_refused")
    world.claim(campaign_id, 2)
    world.connection.execute("DELETE FROM message_list WHERE user_id = %s AND campaign_id = %s", [user_id(4), other])

    cancel_campaign(world.connection, campaign_id)

    assert counts_of(world, campaign_id) == (
        {MessageState.CANCELLED: 3, MessageState.FAILED: 1, MessageState.SENDING: 1},
        {Reason.CAMPAIGN_CANCELLED: 3, Reason.MESSAGE_REFUSED: 1},
    )
    assert counts_of(world, other) == ({MessageState.READY: 3}, {})
    assert "p10_counts_are_right" not in broken_promises(world.connection)


def test_what_is_taken_back_is_not_counted(world_18, tmp_path):
    campaign_id = sending(world_18, tmp_path, range(3))

    with world_18.connection.transaction(force_rollback=True):
        world_18.claim(campaign_id, 1)
        assert counts_of(world_18, campaign_id)[0] == {MessageState.READY: 2, MessageState.SENDING: 1}

    assert counts_of(world_18, campaign_id)[0] == {MessageState.READY: 3}


def test_two_connections_that_change_a_campaign_do_not_wait_for_each_others_counts(world_18, database_18, tmp_path):
    campaign_id = sending(world_18, tmp_path, range(3))

    with connect(database_18) as another, world_18.connection.transaction():
        world_18.claim(campaign_id, 1)
        another.execute("SET lock_timeout = '5s'")
        type(world_18)(another).claim(campaign_id, 2)
        seen_by_other = count_messages(another, [campaign_id])[campaign_id].by_state[MessageState.SENDING]

    assert seen_by_other == 1
    assert counts_of(world_18, campaign_id)[0] == {MessageState.READY: 1, MessageState.SENDING: 2}


def test_a_campaign_that_is_deleted_takes_its_counts_with_it(world_18, tmp_path):
    from sql import query

    campaign_id = sending(world_18, tmp_path, range(3))
    world_18.connection.execute("DELETE FROM message_list")

    world_18.connection.execute(query("maintenance/delete_campaign"), {"campaign_id": campaign_id})

    assert world_18.row_counts()["message_count"] == 0


@pytest.mark.parametrize(("rows", "measured"), [(20_000, 20_000), (20_001, 2_223)])
def test_the_medians_of_a_long_list_are_those_of_a_sample(world_18, tmp_path, rows, measured):
    campaign_id = sending(world_18, tmp_path, [1])
    # As the only row of a list that was named by hand is: row 1.
    world_18.connection.execute(_LONG_LIST, {"campaign_id": campaign_id, "rows": rows})

    funnel = read_funnel(world_18.connection, campaign_id)

    (whole,) = read_history(world_18.connection, since=None, account=None, zone=None).campaigns
    assert funnel.measured_count == measured
    assert {name: whole[name] for name in whole if name in funnel.__dataclass_fields__ and "median" not in name} == {
        name: getattr(funnel, name) for name in whole if name in funnel.__dataclass_fields__ and "median" not in name
    }
    for name in ("median_seconds_to_delivery", "median_seconds_to_read_ours"):
        assert getattr(funnel, name) == pytest.approx(whole[name], rel=0.04)


def test_what_is_left_of_a_campaign_is_read_from_the_look_of_its_sender_while_that_is_recent(world_18, tmp_path):
    campaign_id = sending(world_18, tmp_path, range(300))

    def remaining():
        campaign = get_campaign(world_18.connection, campaign_id)
        return remaining_of(world_18.connection, campaign, timing=TIMING)

    assert remaining().ready == 300
    seen = look(world_18.connection, campaign_id, timing=TIMING)
    world_18.connection.execute("DELETE FROM message_list WHERE row_number > 100")

    assert remaining() == seen
    world_18.put_clock_ahead(seconds=61)
    later = remaining()
    assert later.ready == 100
    assert later.at - seen.at > timedelta(seconds=60)
    world_18.connection.execute("UPDATE campaign SET state = 'paused'")
    assert remaining().ready == outlook_now(world_18.connection, campaign_id, timing=TIMING).ready
