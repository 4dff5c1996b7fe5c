"""The tables of moves: complete, without dead ends that are none, without states that nothing leads to."""

import pytest

from domain.states import CAMPAIGN_MOVES, MOVES, CampaignState, MessageState

# A message is made in one of these: judged bad, judged good, or good in a file that was refused.
MESSAGE_STARTS = {MessageState.INVALID, MessageState.DUPLICATE, MessageState.READY, MessageState.CANCELLED}
TABLES = [
    pytest.param(MOVES, MessageState, MESSAGE_STARTS, id="message"),
    pytest.param(CAMPAIGN_MOVES, CampaignState, {CampaignState.DRAFT}, id="campaign"),
]


def _reached(moves, starts):
    reached, waiting = set(starts), list(starts)
    while waiting:
        for state in moves[waiting.pop()] - reached:
            reached.add(state)
            waiting.append(state)
    return reached


@pytest.mark.parametrize(("moves", "states", "starts"), TABLES)
def test_the_table_speaks_of_every_state(moves, states, starts):
    assert set(moves) == set(states)
    assert starts <= set(states)


@pytest.mark.parametrize(("moves", "states", "starts"), TABLES)
def test_every_state_can_be_reached(moves, states, starts):
    assert _reached(moves, starts) == set(states)


@pytest.mark.parametrize("moves", [MOVES, CAMPAIGN_MOVES])
def test_no_state_moves_to_itself(moves):
    assert [state for state, targets in moves.items() if state in targets] == []


@pytest.mark.parametrize("moves", [MOVES, CAMPAIGN_MOVES])
def test_from_every_state_an_end_can_be_reached(moves):
    ends = {state for state, targets in moves.items() if not targets}

    assert [state for state in moves if not _reached(moves, {state}) & ends] == []


def test_these_states_of_a_message_are_final():
    final = {state for state, targets in MOVES.items() if not targets}

    assert final == {
        MessageState.INVALID,
        MessageState.DUPLICATE,
        MessageState.READ,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
    }


def test_these_states_of_a_campaign_are_final():
    final = {state for state, targets in CAMPAIGN_MOVES.items() if not targets}

    assert final == {CampaignState.CANCELLED, CampaignState.REFUSED}


def test_a_claimed_message_never_becomes_one_that_was_not_sent_for_a_rule():
    # Its POST may have left: no rule about windows, opt-outs or campaigns may hide that.
    after_claim = MOVES[MessageState.SENDING] | MOVES[MessageState.UNKNOWN]

    assert after_claim & {MessageState.EXPIRED, MessageState.CANCELLED, MessageState.INELIGIBLE} == set()


def test_only_a_ready_message_can_be_claimed():
    assert [state for state, targets in MOVES.items() if MessageState.SENDING in targets] == [MessageState.READY]


def test_silence_is_not_final():
    assert MessageState.DELIVERED in MOVES[MessageState.SENT]
    assert MessageState.SENT in MOVES[MessageState.UNKNOWN]
