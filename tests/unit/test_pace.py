"""The pace: how much a claim takes, how long a lease is, how long a refusal makes all wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pace import (
    DEFAULT_PER_SECOND,
    MOST_PER_CLAIM,
    MOST_SLOT_WAIT_SECONDS,
    Timing,
    claim_lead_seconds,
    claim_size,
    slot_tolerance_seconds,
    slowed_by,
    wait_after,
)

# Quarters of seconds are exact in binary, so that sums are compared without rounding.
QUARTERS = st.integers(1, 480).map(lambda quarters: quarters / 4)
TIMINGS = st.builds(Timing, read_timeout_seconds=QUARTERS, margin_seconds=st.integers(0, 3600))


@pytest.mark.parametrize(
    ("per_second", "free_places", "expected"),
    [
        pytest.param(DEFAULT_PER_SECOND, 200, 10, id="a quarter second of the default pace"),
        pytest.param(250, 200, 50, id="never more than fifty"),
        pytest.param(None, 200, 100, id="a hundred without a pace"),
        pytest.param(1, 200, 1, id="at least one"),
        pytest.param(0.2, 200, 1, id="one every five seconds"),
        pytest.param(40, 3, 3, id="no more than there are places"),
        pytest.param(40, 0, 0, id="no place"),
        pytest.param(40, -2, 0, id="more under way than places"),
        pytest.param(None, 7, 7, id="places count without a pace too"),
    ],
)
def test_a_claim_takes_a_quarter_second_of_pace(per_second, free_places, expected):
    assert claim_size(per_second, free_places=free_places) == expected


@given(per_second=st.floats(4, 10_000), free_places=st.integers(0, 1000))
def test_a_claim_books_slots_for_a_quarter_second_at_most(per_second, free_places):
    size = claim_size(per_second, free_places=free_places)

    assert 0 <= size <= min(MOST_PER_CLAIM, free_places)
    assert size / per_second <= 0.25


@given(timing=TIMINGS)
def test_a_lease_outlasts_the_latest_post_that_it_allows(timing):
    latest_end = timing.fence_margin_seconds + timing.connect_timeout_seconds + timing.read_timeout_seconds

    assert timing.lease_seconds >= latest_end + timing.fence_margin_seconds


@given(timing=TIMINGS)
def test_a_claim_stops_early_enough_for_its_post_to_end_within_the_window(timing):
    latest_end = timing.fence_margin_seconds + timing.connect_timeout_seconds + timing.read_timeout_seconds

    assert timing.reserve_seconds >= MOST_SLOT_WAIT_SECONDS + latest_end


@given(timing=TIMINGS)
def test_a_connection_may_not_take_longer_than_an_answer(timing):
    assert timing.connect_timeout_seconds <= min(5, timing.read_timeout_seconds)


@pytest.mark.parametrize(
    ("times_in_a_row", "seconds"),
    [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1_000_000, 60)],
)
def test_the_wait_doubles_from_a_second_to_a_minute(times_in_a_row, seconds):
    assert wait_after(times_in_a_row) == seconds


@pytest.mark.parametrize(("named", "seconds"), [(90.0, 90), (0.0, 0), (-5.0, 0), (600, 600)])
def test_the_time_that_the_platform_names_wins(named, seconds):
    assert wait_after(5, named_seconds=named) == seconds


@pytest.mark.parametrize(
    ("usage", "times"),
    [(None, 1), (0, 1), (79.9, 1), (80, 2), (89, 2), (90, 4), (95, 8), (100, 8), (208, 8)],
)
def test_the_pace_gives_way_before_the_platform_asks_for_it(usage, times):
    assert slowed_by(usage) == times


@pytest.mark.parametrize(
    ("per_second", "tolerance", "lead"),
    [(40, 0.023, 0.1), (30, 0.0313, 0.1167), (10, 0.09, 0.15), (1, 0.09, 0.1), (0.05, 0.09, 0.1)],
)
def test_a_slow_pace_leaves_its_slots_more_time(per_second, tolerance, lead):
    assert slot_tolerance_seconds(per_second) == pytest.approx(tolerance, abs=0.0001)
    assert claim_lead_seconds(per_second) == pytest.approx(lead, abs=0.0001)


@given(per_second=st.integers(1, 2_000), slowed=st.sampled_from([1, 2, 4, 8]))
def test_however_late_slots_are_used_no_second_has_more_starts_than_the_pace_allows(per_second, slowed):
    pace = per_second / slowed

    # The most that can start in a second: the first as late as it may, and with it all whose slots begin until its end.
    ends_at = slot_tolerance_seconds(per_second) + 1
    starts = sum(number / pace < ends_at for number in range(2 * per_second + 1))

    assert 40 * (starts - 1) < 41 * pace
