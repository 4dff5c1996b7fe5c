"""The forecast: compared with a send that is played out person by person."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.window import OPENERS, Forecast, InteractionKind, forecast

# Quarters are exact in binary, so that the comparison is about the rule and not about rounding.
PACES = st.integers(1, 400).map(lambda quarters: quarters / 4)
CLOSINGS = st.lists(st.tuples(st.integers(-3, 60), st.integers(0, 12)), max_size=12)


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
