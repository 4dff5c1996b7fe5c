"""The moves of messages and campaigns: those of the code are those of the database, and nothing else is written."""

import pytest

from domain.evidence import DecisionKind, LookUpResult
from domain.reasons import HELD_REASONS, Reason
from domain.states import CAMPAIGN_MOVES, MOVES, CampaignState, MessageState
from domain.template import Channel, Provider
from domain.window import InteractionKind
from factories import user_id
from sql import query


def test_the_moves_in_the_database_are_those_of_the_code(world):
    for table, moves in (("message_move", MOVES), ("campaign_move", CAMPAIGN_MOVES)):
        rows = world.connection.execute(f"SELECT from_state, to_state FROM {table}").fetchall()
        in_code = {(str(source), str(target)) for source, targets in moves.items() for target in targets}
        assert {(row["from_state"], row["to_state"]) for row in rows} == in_code


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("channel", Channel),
        ("provider", Provider),
        ("interaction_kind", InteractionKind),
        ("message_state", MessageState),
        ("campaign_state", CampaignState),
        ("reason", Reason),
        ("look_up_result", LookUpResult),
        ("decision_kind", DecisionKind),
    ],
)
def test_each_enum_type_has_the_values_of_its_python_twin(world_18, name, twin):
    rows = world_18.connection.execute(f"SELECT unnest(enum_range(NULL::{name}))::text AS value").fetchall()

    assert [row["value"] for row in rows] == [str(one) for one in twin]


def test_the_held_messages_of_the_database_are_those_of_the_code(world_18):
    rows = world_18.connection.execute(
        "SELECT s AS state, r AS reason FROM unnest(enum_range(NULL::message_state)) AS s, "
        "unnest(enum_range(NULL::reason)) AS r WHERE is_held(s, r)"
    )

    assert {(row["state"], row["reason"]) for row in rows} == {
        (MessageState.INELIGIBLE, reason) for reason in HELD_REASONS
    }


def test_moves_that_the_code_no_longer_knows_are_taken_out(world_18):
    parameters = {"from_states": ["ready"], "to_states": ["sending"]}

    world_18.connection.execute(query("moves/replace_message_moves"), parameters)
    world_18.connection.execute(query("moves/replace_campaign_moves"), {"from_states": [], "to_states": []})

    counts = world_18.row_counts()
    assert (counts["message_move"], counts["campaign_move"]) == (1, 0)


def test_a_move_outside_the_table_is_not_written_and_every_move_inside_it_is(world, tmp_path):
    world.start_ids(tmp_path, numbers=(1,))
    connection, moved = world.connection, set()

    for source in MessageState:
        with connection.transaction(force_rollback=True):
            person = None if source in ("invalid", "duplicate") else user_id(1)
            connection.execute("UPDATE message_list SET state = %s, user_id = %s, reason = NULL", [source, person])
            for target in MessageState:
                with connection.transaction(force_rollback=True):
                    rows = connection.execute(
                        "SELECT move_messages(ARRAY[ROW(message_id, %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
                        "NULL)::message_change]) FROM message_list",
                        [target],
                    ).fetchall()
                    after = connection.execute("SELECT state FROM message_list").fetchone()["state"]
                    assert after == (target if rows else source)
                    moved |= {(source, target)} if rows else set()

    assert moved == {(source, target) for source, targets in MOVES.items() for target in targets}


def test_a_campaign_moves_as_the_table_says_and_no_other_way(world, tmp_path):
    campaign_id = world.start_ids(tmp_path, numbers=(1,))
    connection, moved = world.connection, set()

    for source in CampaignState:
        for target in CampaignState:
            with connection.transaction(force_rollback=True):
                connection.execute("UPDATE campaign SET state = %s", [source])
                row = connection.execute("SELECT move_campaign(%s, %s, 'why')", [campaign_id, target]).fetchone()
                after = world.state(campaign_id)
                assert after == (target if row["move_campaign"] else source)
                moved |= {(source, target)} if row["move_campaign"] else set()

    assert moved == {(source, target) for source, targets in CAMPAIGN_MOVES.items() for target in targets}


def test_an_answer_to_an_older_attempt_moves_nothing(world, tmp_path):
    campaign_id = world.start_ids(tmp_path, numbers=(1,))
    older = world.claim(campaign_id, 1)
    world.end(older, outcome="not_sent", state="ready")
    newer = world.claim(campaign_id, 1)
    change = (
        "SELECT move_messages(ARRAY[ROW(message_id, %s, NULL, %s, NULL, NULL, NULL, NULL, NULL, "
        "NULL)::message_change]) FROM message_list"
    )

    stale = world.connection.execute(change, ["sent", older]).fetchall()
    fresh = world.connection.execute(change, ["sent", newer]).fetchall()

    assert (len(stale), len(fresh)) == (0, 1)
