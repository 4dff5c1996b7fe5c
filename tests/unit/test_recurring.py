"""The moments of a cron expression in a zone, also where its clocks change."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from domain.errors import UsageError
from tasks.recurring import occurrences

BERLIN = "Europe/Berlin"

# Expression, after when, and the next moments in UTC. Berlin leaves out 02:00 to 03:00 on 28 March 2027, and has it
# twice on 31 October.
CASES = {
    "in winter": ("30 9 * * *", "2027-01-10T12:00", ["2027-01-11T08:30", "2027-01-12T08:30"]),
    "on weekdays by name": ("0 10 * * mon-fri", "2027-01-08T12:00", ["2027-01-11T09:00", "2027-01-12T09:00"]),
    "a time that is left out comes an hour later": (
        "30 2 * * *", "2027-03-27T12:00", ["2027-03-28T01:30", "2027-03-29T00:30"],
    ),
    "an hour that is left out is no double": (
        "0 * * * *", "2027-03-28T00:30", ["2027-03-28T01:00", "2027-03-28T02:00"],
    ),
    "a time that comes twice counts once": ("30 2 * * *", "2027-10-30T12:00", ["2027-10-31T00:30", "2027-11-01T01:30"]),
    "also after the first of the two": ("30 2 * * *", "2027-10-31T00:45", ["2027-11-01T01:30", "2027-11-02T01:30"]),
}  # fmt: skip


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_moments(case):
    cron, after, expected = CASES[case]

    found = list(islice(occurrences(cron, time_zone=BERLIN, after=_utc(after)), 2))

    assert found == [_utc(text) for text in expected]


@pytest.mark.parametrize("cron", ["", "* * *", "0 9 * * * *", "61 9 * * *", "0 9 * * someday", "every monday"])
def test_an_expression_that_cannot_be_meant_is_refused_in_a_sentence(cron):
    with pytest.raises(UsageError, match="is no cron expression"):
        occurrences(cron, time_zone=BERLIN, after=datetime.now(UTC))


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="is no time zone"):
        occurrences("0 9 * * *", time_zone="Europe/Atlantis", after=datetime.now(UTC))
