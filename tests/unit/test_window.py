"""The forecast: compared with a send that is played out person by person."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.window import (
    OPENERS,
    Forecast,
    InteractionKind,
    closings_per_hour,
    forecast,
    latest_start,
    lowest_pace,
    reached_from,
)

# Quarters are exact in binary, so that the comparison is about the rule and not about rounding.
PACES = st.integers(1, 400).map(lambda quarters: quarters / 4)
CLOSINGS = st.lists(st.tuples(st.integers(-3, 60), st.integers(0, 12)), max_size=12)
# Campaigns beside ours: when each begins, and how many it will reach.
OTHERS = st.lists(st.tuples(st.integers(-5, 70), st.integers(0, 150)), max_size=3)


def _played_out(closings, per_second) -> int:
    """Send one by one, soonest-closing first: a slot each gap from 0 on, none for whom the window has closed."""
    gap = 1 / Fraction(per_second)
    sent = 0
    for closes_in, count in sorted(closings):
        for _ in range(count):
            if sent * gap <= closes_in:
                sent += 1
    return sent


@given(closings=CLOSINGS, per_second=PACES)
def test_a_forecast_is_what_sending_one_by_one_would_give(closings, per_second):
    people = sum(count for _, count in closings)
    sent = _played_out(closings, per_second)

    foretold = forecast(17, closings=closings, per_second=per_second)

    assert foretold == Forecast(17, people, people - sent, round(sent / per_second, 1))


@given(closings=CLOSINGS, per_second=PACES)
def test_a_forecast_does_not_depend_on_the_order_in_which_people_are_given(closings, per_second):
    forwards = forecast(0, closings=closings, per_second=per_second)
    backwards = forecast(0, closings=list(reversed(closings)), per_second=per_second)

    assert forwards == backwards


@given(closings=CLOSINGS, per_second=PACES)
def test_a_faster_pace_never_loses_more_windows(closings, per_second):
    slow = forecast(0, closings=closings, per_second=per_second)
    fast = forecast(0, closings=closings, per_second=2 * per_second)

    assert fast.closing_before_turn <= slow.closing_before_turn


def test_without_a_pace_no_window_closes_before_its_turn_and_no_time_is_told():
    assert forecast(3, closings=[(0, 2), (50, 5)], per_second=None) == Forecast(3, 7, 0, None)


def test_a_list_on_which_nobody_can_be_reached_takes_no_time():
    assert forecast(0, closings=[], per_second=40) == Forecast(0, 0, 0, 0.0)


@pytest.mark.parametrize(("closes_in", "reached"), [(0, 1), (1, 41), (2, 81)])
def test_a_window_of_some_seconds_holds_one_slot_more_than_their_product_with_the_pace(closes_in, reached):
    foretold = forecast(100, closings=[(closes_in, 100)], per_second=40)

    assert 100 - foretold.closing_before_turn == reached


def test_a_comment_and_a_visitor_post_open_no_window():
    assert frozenset(InteractionKind) - OPENERS == {InteractionKind.COMMENT, InteractionKind.VISITOR_POST}


def _played_out_beside(closings, per_second, others, *, start=0) -> int:
    """Hand out slot by slot, to each campaign that has begun in its turn; ours takes the last of a round."""
    gap = 1 / Fraction(per_second)
    left = [people for _, people in others]
    waiting = [closes_in for closes_in, count in sorted(closings) for _ in range(count) if closes_in >= start]
    round_, at, sent = [], Fraction(0), 0
    while waiting and at <= waiting[-1]:
        if not round_:
            round_ = [n for n, (begins, _) in enumerate(others) if begins <= at and left[n] > 0]
            round_ += ["ours"] if at >= start else []
        if not round_:
            at += gap
            continue
        turn = round_.pop(0)
        if turn == "ours":
            while waiting and waiting[0] < at:
                waiting.pop(0)
            if waiting:
                waiting.pop(0)
                sent += 1
        else:
            left[turn] -= 1
        at += gap
    return sent


@given(closings=CLOSINGS, per_second=PACES, others=OTHERS)
def test_beside_other_campaigns_a_forecast_is_within_a_slot_of_each_of_a_send_in_turns(closings, per_second, others):
    given_ = [one for one in closings if one[0] >= 0]
    sent = _played_out_beside(given_, per_second, others)

    foretold = forecast(0, closings=given_, per_second=per_second, others=others)

    assert abs(foretold.reached - sent) <= len(others) + 1


@given(closings=CLOSINGS, per_second=PACES, others=OTHERS, start=st.integers(0, 40))
def test_a_later_start_beside_others_is_within_a_slot_of_each_of_a_send_in_turns(closings, per_second, others, start):
    sent = _played_out_beside(closings, per_second, others, start=start)

    reached = reached_from(start, closings=closings, per_second=per_second, others=others)

    assert abs(reached - sent) <= len(others) + 1


@given(closings=CLOSINGS, per_second=PACES, others=OTHERS)
def test_others_that_have_nobody_left_take_no_slot(closings, per_second, others):
    alone = forecast(0, closings=closings, per_second=per_second)

    beside = forecast(0, closings=closings, per_second=per_second, others=[(begins, 0) for begins, _ in others])

    assert beside == alone


@given(closings=CLOSINGS, per_second=st.none() | PACES, others=OTHERS, start=st.integers(0, 60))
def test_no_later_start_reaches_more_than_one_now(closings, per_second, others, start):
    now = reached_from(0, closings=closings, per_second=per_second, others=others)

    later = reached_from(start, closings=closings, per_second=per_second, others=others)

    assert later <= now


@given(closings=CLOSINGS, per_second=st.none() | PACES, others=OTHERS)
def test_the_latest_start_is_the_last_second_from_which_everybody_is_reached(closings, per_second, others):
    everybody = sum(count for _, count in closings)
    good = [
        start
        for start in range(62)
        if everybody and reached_from(start, closings=closings, per_second=per_second, others=others) == everybody
    ]

    found = latest_start(closings, per_second=per_second, others=others)

    assert found == max(good, default=None)


@given(closings=CLOSINGS, others=OTHERS)
def test_the_lowest_pace_misses_nobody_and_a_hundredth_less_misses_somebody(closings, others):
    found = lowest_pace(closings, others=others)

    if found is None:
        fast = forecast(0, closings=closings, per_second=1_000_000.0, others=others)
        assert fast.closing_before_turn > 0
    else:
        assert forecast(0, closings=closings, per_second=found, others=others).closing_before_turn == 0
        if found > 0.01:
            slower = round(found - 0.01, 2)
            assert forecast(0, closings=closings, per_second=slower, others=others).closing_before_turn > 0


def test_a_pace_that_binary_fractions_cannot_hold_is_meant_as_it_is_written():
    foretold = forecast(0, closings=[(10, 9)], per_second=0.3)

    assert foretold.reached == 4


def test_two_campaigns_of_the_same_size_take_twice_as_long_together():
    foretold = forecast(0, closings=[(3600, 400)], per_second=40, others=[(0, 400)])

    assert foretold == Forecast(0, 400, 0, 20.0)


def test_a_campaign_timed_for_later_takes_its_share_from_then_on():
    foretold = forecast(0, closings=[(3600, 400)], per_second=40, others=[(5, 1000)])

    assert foretold.seconds == 15.0


def test_what_the_others_have_sent_before_our_start_is_not_counted_again():
    reached = reached_from(10, closings=[(19, 1000)], per_second=40, others=[(0, 400)])

    assert reached == 361


def test_closings_are_counted_in_their_hour():
    assert closings_per_hour([(-1, 9), (0, 1), (3599, 2), (3600, 4), (10800, 8)], hours=3) == [3, 4, 0]
