"""Times that people write: offsets, zones, and the hours that clock changes take away or give twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import UsageError
from domain.times import named_zone, parse_moment

BERLIN = "Europe/Berlin"
MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  # Hypothesis takes bounds without a zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("text", "time_zone", "default", "expected"),
    [
        pytest.param("2027-06-01T10:00+02:00", None, None, "2027-06-01T08:00+00:00", id="an offset"),
        pytest.param("2027-06-01T10:00Z", None, None, "2027-06-01T10:00+00:00", id="the letter Z"),
        pytest.param("2027-06-01 10:00", BERLIN, None, "2027-06-01T08:00+00:00", id="a zone beside it, in summer"),
        pytest.param("2027-12-01T10:00", BERLIN, None, "2027-12-01T09:00+00:00", id="a zone beside it, in winter"),
        pytest.param("2027-06-01T10:00", None, BERLIN, "2027-06-01T08:00+00:00", id="the zone of the installation"),
        pytest.param("2027-06-01T10:00", "UTC", BERLIN, "2027-06-01T10:00+00:00", id="the zone beside it wins"),
        pytest.param("2027-06-01T10:00+02:00", BERLIN, None, "2027-06-01T08:00+00:00", id="offset and zone agree"),
        pytest.param(
            "2027-06-01T10:00-05:00", None, BERLIN, "2027-06-01T15:00+00:00", id="an offset wins over the installation"
        ),
        pytest.param("  2027-06-01T10:00Z\n", None, None, "2027-06-01T10:00+00:00", id="blanks around it"),
        pytest.param("2027-06-01", "UTC", None, "2027-06-01T00:00+00:00", id="a day is its midnight"),
    ],
)
def test_a_time_is_understood(text, time_zone, default, expected):
    moment = parse_moment(text, time_zone=time_zone, default_time_zone=default)

    assert moment == datetime.fromisoformat(expected)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_time_that_the_clocks_are_put_forward_over_does_not_exist(minute):
    with pytest.raises(UsageError, match=r"02:\d\d:00 does not exist in Europe/Berlin.*T01:\d\d.*T03:\d\d"):
        parse_moment(f"2027-03-28T02:{minute:02}", time_zone=BERLIN)


def test_the_first_minute_after_the_gap_exists():
    assert parse_moment("2027-03-28T03:00", time_zone=BERLIN) == datetime(2027, 3, 28, 1, tzinfo=UTC)


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_a_time_that_the_clocks_are_put_back_over_exists_twice(minute):
    with pytest.raises(UsageError, match="exists twice in Europe/Berlin") as caught:
        parse_moment(f"2027-10-31T02:{minute:02}", time_zone=BERLIN)

    assert f"2027-10-31T02:{minute:02}:00+02:00 or 2027-10-31T02:{minute:02}:00+01:00" in str(caught.value)


@pytest.mark.parametrize(("offset", "hour"), [("+02:00", 0), ("+01:00", 1)])
def test_an_offset_says_which_of_the_two_is_meant(offset, hour):
    moment = parse_moment(f"2027-10-31T02:30{offset}", time_zone=BERLIN)

    assert moment == datetime(2027, 10, 31, hour, 30, tzinfo=UTC)


def test_an_offset_that_contradicts_the_zone_is_refused():
    with pytest.raises(UsageError, match=r"has the offset \+0200, but Europe/Berlin is at \+0100"):
        parse_moment("2027-12-01T10:00+02:00", time_zone=BERLIN)


def test_a_time_without_any_zone_is_refused_with_the_ways_to_give_one():
    with pytest.raises(UsageError, match=r"--time-zone Europe/Berlin, or set WINDOWCAST_TIME_ZONE"):
        parse_moment("2027-06-01T10:00", time_zone=None)


@pytest.mark.parametrize("text", ["", "tomorrow", "10:00", "2027-13-01T10:00", "2027-02-30T10:00", "01.06.2027 10:00"])
def test_a_text_that_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="is no time that can be understood"):
        parse_moment(text, time_zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "time_zone"),
    [
        ("0001-01-01T00:00+02:00", None),
        ("9999-12-31T23:59-02:00", None),
        ("9999-12-31T23:59", "America/New_York"),
        ("0001-01-01T00:00", "Asia/Tokyo"),
        ("9999-12-31T23:59+00:00", "Asia/Tokyo"),
    ],
)
def test_a_time_at_the_end_of_the_calendar_is_refused_in_words(text, time_zone):
    with pytest.raises(UsageError, match="is no time that can be understood"):
        parse_moment(text, time_zone=time_zone)


@pytest.mark.parametrize(
    "name", ["", "Berlin", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", "a\x00b", "x" * 300]
)
def test_a_name_that_is_no_zone_is_refused(name):
    with pytest.raises(UsageError, match="is no time zone"):
        named_zone(name)


@given(moment=MOMENTS)
def test_a_moment_written_with_its_offset_is_that_moment(moment):
    local = moment.astimezone(named_zone(BERLIN))

    assert parse_moment(local.isoformat(), time_zone=BERLIN) == moment


@given(moment=MOMENTS)
def test_a_local_time_is_either_one_moment_or_refused(moment):
    zone = named_zone(BERLIN)
    local = moment.astimezone(zone).replace(tzinfo=None)
    is_twice = any(
        (moment + step).astimezone(zone).replace(tzinfo=None) == local
        for step in (timedelta(hours=1), timedelta(hours=-1))
    )

    if is_twice:
        with pytest.raises(UsageError, match="exists twice"):
            parse_moment(local.isoformat(), time_zone=BERLIN)
    else:
        assert parse_moment(local.isoformat(), time_zone=BERLIN) == moment
